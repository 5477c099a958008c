"""Makes a backup while the service is in use: the database as of one snapshot, every object that this snapshot
names, the settings without their secrets. It counts only once every byte of it was read back from its disk."""

import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import psycopg

from schemas.backups import BackupObjects
from service.kernel.database import transaction
from service.kernel.kept_bytes import read_proven
from service.kernel.policy import policy
from service.kernel.settings import Settings
from service.kernel.storage import Store, get_store
from service.kernel.storage.errors import BytesChanged, ObjectMissing
from service.preservation.backups import actions, dump
from service.preservation.backups.errors import (
    BackupError,
    FolderInsideStore,
    FolderOfAnother,
    NeverReadBack,
    ToolFailed,
)
from service.preservation.backups.folder import BackupFolder, disk_errors, sync
from service.preservation.backups.manifest import (
    DATABASE,
    FORM,
    OBJECTS,
    SETTINGS,
    Manifest,
    Named,
    TableFacts,
    facts_of,
    read_objects,
    write_manifest,
)
from service.preservation.backups.policy import BACKUP_KEEP

Step = Literal["dump", "copy", "verify", "check", "store", "load", "compare"]
Told = Callable[[Step, int, int], None]
"""(what is being done, bytes done, bytes in all; 0 where that is not known)."""

NAMED_BY = """
    SELECT DISTINCT ON (key COLLATE "C") key, version, size, sha256, kind, row
    FROM (
        SELECT store_key AS key, store_version AS version, size, sha256, 'original' AS kind, id::text AS row, 1 AS rank
        FROM originals
        UNION ALL
        SELECT receipts.store_key, receipts.store_version, size, stored_sha256,
               CASE WHEN uploads.state = 'open' THEN 'joining' ELSE 'receipt' END, receipts.id::text, 2
        FROM receipts LEFT JOIN uploads ON uploads.id = receipts.upload_id
        UNION ALL
        SELECT store_key, store_version, upload_offset, facts -> 'sidecar' ->> 'sha256', 'sidecar', id::text, 4
        FROM uploads
        WHERE state = 'complete' AND NOT partial AND recording_id IS NULL AND cleared_at IS NULL
        UNION ALL
        SELECT piece.store_key, piece.store_version, piece.upload_offset, NULL, 'piece', piece.id::text, 4
        FROM uploads AS piece JOIN uploads AS final ON final.id = piece.joined_into
        WHERE piece.state = 'complete' AND piece.partial AND final.recording_id IS NOT NULL AND (
            final.state = 'open' OR EXISTS (
                SELECT FROM receipts WHERE receipts.upload_id = final.id AND receipts.outcome = 'pending'
            )
        )
        UNION ALL
        SELECT store_key, store_version, size, NULL, 'rendition', id::text, 3 FROM renditions
        WHERE store_key IS NOT NULL
    ) AS named
    ORDER BY key COLLATE "C", rank
"""
MOVED = {
    "original": "SELECT store_key, store_version FROM originals WHERE id = %s",
    "receipt": "SELECT store_key, store_version FROM receipts WHERE id = %s",
    "joining": "SELECT store_key, store_version FROM receipts WHERE id = %s",
}
TOLD_EVERY_S = 2.0


@dataclass(frozen=True)
class Made:
    """`lacking`: keys that the store no longer had whole. `removed`: older backups that made room."""

    path: Path
    manifest: Manifest
    copied: int
    lacking: list[str]
    removed: int


SECRET = re.compile(r"secret|password|token|access_key")
SECRETS_INSIDE = (
    (re.compile(r"(?<=//)([^/@\s:]*):[^/@\s]*@"), r"\1@"),
    (re.compile(r"[?&][^=&]*(?:secret|password|token|key)[^=&]*=[^&]*", re.IGNORECASE), ""),
)


def without_secrets(settings: Settings) -> dict[str, Any]:
    """As they are in force, by the names of the environment; keys and passwords are left out, also in addresses."""
    shown: dict[str, Any] = {}
    for name, value in settings.model_dump(mode="json").items():
        if SECRET.search(name):
            continue
        if isinstance(value, str):
            for pattern, instead in SECRETS_INSIDE:
                value = pattern.sub(instead, value)
        shown[f"ZHENGLU_{name.upper()}"] = value
    return shown


class Making:
    def __init__(
        self, settings: Settings, folder: BackupFolder, mode: BackupObjects, by: str, told: Told
    ) -> None:
        self.settings, self.folder, self.mode, self.by = settings, folder, mode, by
        self.url = settings.database_url
        self.store: Store = get_store()
        self._told, self._told_at = told, 0.0
        self.id: uuid.UUID | None = None
        self.copied = 0
        self._last: tuple[Step, int, int] = ("dump", 0, 0)

    def run(self, owner: tuple[int, int] | None) -> Made:
        with actions.one_at_a_time():
            self.id = actions.begin(self.by, str(self.folder.root), self.mode)
            try:
                self._must_lie_outside()
                self.folder.prepare(owner)
                with self.folder.held(alone=True):
                    there = self.folder.published()
                    if there and not actions.known(one.manifest for one in there):
                        raise FolderOfAnother(folder=self.folder.root)
                    self.folder.clear()
                    try:
                        return self._made()
                    finally:
                        with suppress(BackupError):
                            self.folder.clear()
            except BaseException as error:  # its row says why, and it is raised again
                with suppress(Exception):  # the reason may be the database itself
                    actions.failed(self.id, error)
                raise

    def _must_lie_outside(self) -> None:
        where = urlsplit(self.settings.store_url)
        if where.scheme == "file" and self.folder.root.is_relative_to(Path(unquote(where.path))):
            raise FolderInsideStore(folder=self.folder.root)

    def _made(self) -> Made:
        assert self.id is not None, "its row is there"
        self.folder.must_have_room()
        begun = self.folder.unfinished / str(self.id)
        with disk_errors(self.folder.root):
            begun.mkdir(mode=0o700)
            self.folder.given(begun)
        named = begun / "named.jsonl"
        manifest = self._dump(begun, named)
        wanted = sum(one.size for one in read_objects(named))
        copied = begun / "copied.jsonl"
        if self.mode == BackupObjects.copy:
            self._write(copied, self._copy(named, wanted))
            self.folder.sync_all()
            self._write(begun / OBJECTS, self._verify(copied, wanted))
        else:
            self._write(begun / OBJECTS, self._stand(named, wanted))
        lacking = []
        for one in read_objects(begun / OBJECTS):
            if one.lacks is None:
                manifest["objects"] += 1
                manifest["bytes"] += one.size
            elif one.is_lost:
                lacking.append(one.key)
        manifest["lacking"] = len(lacking)
        with disk_errors(self.folder.root):
            for left in (named, copied):
                left.unlink(missing_ok=True)
            shown = json.dumps(without_secrets(self.settings), ensure_ascii=False, indent=1)
            (begun / SETTINGS).write_text(shown, encoding="utf-8")
            for name in (DATABASE, SETTINGS, OBJECTS):
                sync(begun / name)
                manifest["files"].append(facts_of(begun / name))
            dump.check_listing(begun / DATABASE, manifest["tables"], manifest["dumped_by"])
            manifest["verified_at"] = datetime.now(UTC).isoformat()
            write_manifest(begun, manifest)
        at = datetime.fromisoformat(manifest["at"])
        path = self.folder.publish(begun, at.strftime("%Y-%m-%dT%H-%M-%S.%fZ"))
        actions.verified(manifest, self.copied)
        with transaction() as session:
            keep = policy(session, BACKUP_KEEP)
        removed = self.folder.keep_newest(keep, made=path)
        actions.removed(removed)
        return Made(path, manifest, self.copied, lacking, len(removed))

    def _write(self, path: Path, objects: Iterator[Named]) -> None:
        with disk_errors(self.folder.root), path.open("w", encoding="utf-8") as file:
            file.writelines(one.line() for one in objects)

    # the database

    def _dump(self, begun: Path, named: Path) -> Manifest:
        self._say("dump", 0, 0)
        with closing(dump.connect(self.url)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            told = connection.execute(
                "SELECT pg_export_snapshot(), clock_timestamp(), pg_database_size(current_database()),"
                " (SELECT version_num FROM alembic_version),"
                " (SELECT count(*) FROM uploads WHERE state = 'open' AND recording_id IS NULL),"
                " (SELECT count(*) FROM jobs WHERE state = 'running')"
            ).fetchone()
            assert told is not None, "it asks for one row"
            snapshot, at, database_bytes, revision, open_uploads, running_jobs = told
            program, made_by = dump.tool("pg_dump", dump.server_major(connection))
            with dump.dumping(self.url, snapshot, begun / DATABASE, program) as dumping:
                with disk_errors(self.folder.root), named.open("w", encoding="utf-8") as file:
                    rows = connection.cursor("named")
                    rows.itersize = 5000
                    for row in rows.execute(NAMED_BY):
                        file.write(Named(*row).line())
                tables: dict[str, TableFacts] = dump.digests(connection)
                while True:
                    with suppress(TimeoutError):
                        try:
                            dumping.wait(within_s=TOLD_EVERY_S)
                        except ToolFailed:
                            self.folder.must_have_room()  # a full disk is what made it fail
                            raise
                        break
                    self._say("dump", 0, 0)
            self._say("dump", 0, 0)
            return Manifest(
                form=FORM,
                number=self.folder.next_number(),
                id=str(self.id),
                at=at.isoformat(),
                verified_at="",
                revision=revision,
                server=connection.info.server_version,
                dumped_by=made_by,
                store=self.store.kind,
                timezone=self.settings.timezone,
                objects_by=self.mode.value,
                files=[],
                objects=0,
                bytes=0,
                lacking=0,
                database_bytes=database_bytes,
                tables=tables,
                open_uploads=open_uploads,
                running_jobs=running_jobs,
            )

    # the objects

    def _copy(self, named: Path, wanted: int) -> Iterator[Named]:
        """What the folder does not hold yet. A rendition's fingerprint is known from the backup before: what stands
        under a key never changes."""
        before = _Before(self.folder)
        done = 0
        self._say("copy", done, wanted)
        joining: list[Named] = []
        pieces_gone = False
        for one in read_objects(named):
            if one.of == "joining":
                joining.append(one)
                continue
            sha256 = one.sha256 or before.sha256(one)
            if sha256 is not None and self.folder.holds(sha256, one.size):
                yield replace(one, sha256=sha256)
            else:
                kept = self._taken(one)
                pieces_gone |= kept.of == "piece" and kept.lacks is not None
                yield kept
            done += one.size
            self._say("copy", done, wanted)
        # Pieces go once the whole is there: so it is looked for after them, and one of both is found.
        for one in joining:
            kept = self._taken(one)
            yield replace(kept, lacks="missing") if kept.lacks == "replaced" and pieces_gone else kept

    def _taken(self, one: Named, *, anew: bool = False) -> Named:
        """Copied from the store, by its hash. `anew`: what the folder holds under that hash is not believed."""
        for key, version in self._where(one):
            try:
                with read_proven(key, version, one.size) as chunks:
                    sha256, size, path = self.folder.add(self._counted(chunks), one.size)
            except ObjectMissing:
                continue
            except BytesChanged:
                return replace(one, lacks="damaged")
            if size != one.size or (one.sha256 is not None and sha256 != one.sha256):
                path.unlink()
                return replace(one, lacks="damaged")
            if not anew and self.folder.holds(sha256, size):  # under another name
                path.unlink()
            else:
                self.folder.keep(path, sha256)
                self.copied += size
            return replace(one, sha256=sha256)
        return replace(one, lacks=_absent(one))

    def _where(self, one: Named) -> Iterator[tuple[str, str | None]]:
        """As the snapshot has it; else where its row has it now: a second copy of the same bytes goes once the first
        is proven, and its row points there from then on."""
        yield one.key, one.version
        if one.of in MOVED:
            with closing(dump.connect(self.url, autocommit=True)) as connection:
                found = connection.execute(MOVED[one.of], [one.row]).fetchone()
            if found and tuple(found) != (one.key, one.version):
                yield found[0], found[1]

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Told of within one object, too: it may have 64 GiB."""
        step, before, total = self._last
        part = 0
        for chunk in chunks:
            part += len(chunk)
            if time.monotonic() - self._told_at >= TOLD_EVERY_S:
                self._say(step, before + part, total)
            yield chunk

    def _verify(self, copied: Path, wanted: int) -> Iterator[Named]:
        """Reads every byte back. What lies there with other bytes is copied anew, once."""
        done = 0
        self._say("verify", done, wanted)
        for one in read_objects(copied):
            if one.sha256 is not None and one.lacks is None and not self.folder.true(one.sha256):
                one = self._taken(one, anew=True)
                if one.lacks is None:
                    self.folder.sync_all()
                    if one.sha256 is None or not self.folder.true(one.sha256):
                        raise NeverReadBack(file=self.folder.path(one.sha256 or ""))
            done += one.size
            self._say("verify", done, wanted)
            yield one

    def _stand(self, named: Path, wanted: int) -> Iterator[Named]:
        """Without copies: whether the store has each object, in its size; and its hash, read from there."""
        done = 0
        self._say("verify", done, wanted)
        for one in read_objects(named):
            digest, size = hashlib.sha256(), 0
            lacks = None
            try:
                with read_proven(one.key, one.version, one.size) as chunks:
                    for chunk in self._counted(chunks):
                        digest.update(chunk)
                        size += len(chunk)
            except ObjectMissing:
                lacks = _absent(one)
            except BytesChanged:
                lacks = "damaged"
            if lacks is None and (
                size != one.size or digest.hexdigest() != (one.sha256 or digest.hexdigest())
            ):
                lacks = "damaged"
            yield replace(one, sha256=one.sha256 if lacks else digest.hexdigest(), lacks=lacks)
            done += one.size
            self._say("verify", done, wanted)

    # how far it is

    def _say(self, step: Step, done: int, total: int) -> None:
        self._last = (step, done, total)
        self._told(step, done, total)
        if time.monotonic() - self._told_at < TOLD_EVERY_S or self.id is None:
            return
        self._told_at = time.monotonic()
        share = done / total if total else 0.0
        begins = {"dump": 0.0, "copy": 0.1, "verify": 0.55}[step]
        actions.seen(self.id, begins + 0.45 * share if total else begins)


def _absent(one: Named) -> str:
    """Renditions and pieces go when others are there in their place; what is being joined is not there yet."""
    return "replaced" if one.of in ("rendition", "piece", "joining") else "missing"


class _Before:
    """Fingerprints by the newest backup's list, read along in the order of keys."""

    def __init__(self, folder: BackupFolder) -> None:
        whole = folder.published()
        self._lines = read_objects(whole[-1].path / OBJECTS) if whole else iter(())
        self._at = self._next()

    def _next(self) -> Named | None:
        try:
            return next(self._lines, None)
        except (ValueError, TypeError, OSError):  # a damaged list only costs copies
            return None

    def sha256(self, one: Named) -> str | None:
        while self._at is not None and self._at.key < one.key:
            self._at = self._next()
        at = self._at
        same = at is not None and (at.key, at.version, at.size) == (one.key, one.version, one.size)
        return at.sha256 if at is not None and same and at.lacks is None else None


def make_backup(
    settings: Settings,
    root: Path,
    *,
    mode: BackupObjects = BackupObjects.copy,
    by: str,
    told: Told = lambda step, done, total: None,
    owner: tuple[int, int] | None = None,
) -> Made:
    """`owner`: of a folder that is made by this, where root makes it."""
    return Making(settings, BackupFolder(root), mode, by, told).run(owner)
