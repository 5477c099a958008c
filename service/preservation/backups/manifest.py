"""What a backup says of itself: `manifest.json`, sealed by its own hash, and `objects.jsonl`, a line for each object
in the order of their keys. A stranger can check both with sha256sum and a text editor."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NotRequired, cast

from typing_extensions import TypedDict

from service.preservation.backups.errors import MISSING, OTHER_BYTES, UNREADABLE, Damaged, MadeByNewer

FORM = 1
MANIFEST, DATABASE, SETTINGS, OBJECTS = "manifest.json", "database.dump", "settings.json", "objects.jsonl"
MIB = 1024 * 1024


class FileFacts(TypedDict):
    name: str
    size: int
    sha256: str


class TableFacts(TypedDict):
    """`digest`: the sum of hashes of all rows, the same in whatever order they lie."""

    rows: int
    digest: str


class Manifest(TypedDict):
    """`revision`: of the schema. `server`: PostgreSQL's version number; `dumped_by`: the major
    one of pg_dump. `bytes`: of all objects together.
    `database_bytes`: what the database took on its disk. `open_uploads`: uploads in progress, whose bytes are not
    here. `lacking`: objects that the store no longer had whole. `number`: of those in its folder, in the order in which
    they were made; those of before it was kept have none, and are older."""

    form: int
    number: NotRequired[int]
    id: str
    at: str
    verified_at: str
    revision: str
    server: int
    dumped_by: int
    store: str
    timezone: str
    objects_by: Literal["copy", "reference"]
    files: list[FileFacts]
    objects: int
    bytes: int
    lacking: int
    database_bytes: int
    tables: dict[str, TableFacts]
    open_uploads: int
    running_jobs: int


def order_of(manifest: Manifest) -> tuple[int, datetime]:
    """Of the backups in one folder, by what they say themselves: a clock may have been wrong, and a folder renamed."""
    return manifest.get("number", 0), datetime.fromisoformat(manifest["at"])


def size_of(manifest: Manifest) -> int:
    """Of all that this backup needs in its folder; what it shares with others is counted for each."""
    held = manifest["bytes"] if manifest["objects_by"] == "copy" else 0
    return held + sum(one["size"] for one in manifest["files"])


@dataclass(frozen=True)
class Named:
    """An object that the database names. `sha256` None: nobody has read it yet. `lacks`: `missing` or `damaged`, of
    what the store no longer had whole when the backup was made; `replaced`, of renditions that others
    followed, of pieces that were put together, and of what is put together of pieces that are here."""

    key: str
    version: str | None
    size: int
    sha256: str | None
    of: Literal["original", "receipt", "sidecar", "rendition", "piece", "joining"]
    row: str
    lacks: str | None = None

    @property
    def is_lost(self) -> bool:
        """Nothing makes it anew."""
        return self.lacks not in (None, "replaced") and self.of != "rendition"

    def line(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


def read_objects(path: Path) -> Iterator[Named]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Named(**json.loads(line))


def write_objects(path: Path, objects: Iterable[Named]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(one.line() for one in objects)


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def facts_of(path: Path) -> FileFacts:
    return FileFacts(name=path.name, size=path.stat().st_size, sha256=hash_of(path))


def _seal(manifest: Any) -> str:
    plain = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    sealed = {"manifest": manifest, "sha256": _seal(manifest)}
    (folder / MANIFEST).write_text(json.dumps(sealed, ensure_ascii=False, indent=1), encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Raises Damaged or MadeByNewer."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest, seal = told["manifest"], told["sha256"]
        form = manifest["form"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(file=folder / MANIFEST, detail=UNREADABLE) from error
    if isinstance(form, int) and form > FORM:
        raise MadeByNewer(version=f"form {form}")
    if seal != _seal(manifest):
        raise Damaged(file=folder / MANIFEST, detail=OTHER_BYTES)
    return cast(Manifest, manifest)


def check_files(folder: Path, manifest: Manifest) -> None:
    """The dump, the settings and the list are there, with the bytes that the manifest names."""
    for facts in manifest["files"]:
        path = folder / Path(facts["name"]).name
        if not path.is_file():
            raise Damaged(file=path, detail=MISSING)
        if path.stat().st_size != facts["size"] or hash_of(path) != facts["sha256"]:
            raise Damaged(file=path, detail=OTHER_BYTES)
