"""Brings a backup back, into an empty installation. Everything is read and compared before anything is changed; the
database is made beside and takes its name in one step at the end; what the backup does not know is never touched."""

import contextlib
import hashlib
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import psycopg

from service.kernel.i18n import size as size_said
from service.kernel.storage import Store
from service.kernel.storage.errors import ObjectExists, StorageError
from service.preservation.backups import dump
from service.preservation.backups.errors import (
    CAME_BACK_OTHERWISE,
    MISSING,
    OTHER_BYTES,
    OTHER_LINES,
    Damaged,
    MadeByNewer,
    NoRoom,
    OtherBytesThere,
    StoreLacks,
)
from service.preservation.backups.folder import BackupFolder, Published, free
from service.preservation.backups.making import Told
from service.preservation.backups.manifest import (
    DATABASE,
    OBJECTS,
    Manifest,
    Named,
    check_files,
    read_objects,
)
from service.preservation.backups.objects import Objects
from service.preservation.backups.settling import settle

SHOWN = 5
USED = ("recordings", "receipts", "originals", "uploads", "enforcement_events", "cases", "officers", "squads")
"""A database with rows in any of these is at work, and is never replaced without being asked to."""


@dataclass(frozen=True)
class Schema:
    """What deploy knows of migrations. `knows`: a revision; `upgrade`: a database by its URL to the newest one."""

    knows: Callable[[str], bool]
    upgrade: Callable[[str], None]


@dataclass
class Restored:
    """`unknown`: objects in the store that the backup does not name, some of their keys, and how many. `aside`: the
    name under which the database that was there is kept. `refused`: it was kept where it is, and nothing was
    restored. `lacking`: what the store had lost before the backup."""

    manifest: Manifest
    unknown: list[str] = field(default_factory=list)
    unknown_count: int = 0
    aside: str | None = None
    refused: str | None = None
    lacking: list[str] = field(default_factory=list)
    unlocked: list[str] = field(default_factory=list)

    @property
    def as_expected(self) -> bool:
        return not (self.unknown_count or self.aside or self.refused or self.lacking or self.unlocked)


def check(folder: BackupFolder, backup: Published, schema: Schema, told: Told) -> list[str]:
    """Reads all of it. Raises Damaged or MadeByNewer; answers the keys of what it lacks since it was made."""
    check_files(backup.path, backup.manifest)
    if not schema.knows(backup.manifest["revision"]):
        raise MadeByNewer(version=backup.manifest["revision"])
    total, done, count, lacking = backup.manifest["bytes"], 0, 0, []
    for one in read_objects(backup.path / OBJECTS):
        if one.lacks is not None:
            lacking += [one.key] if one.is_lost else []
            continue
        count += 1
        if backup.manifest["objects_by"] == "copy":
            assert one.sha256 is not None, "copied bytes are hashed"
            if not folder.path(one.sha256).exists():
                raise Damaged(file=folder.path(one.sha256), detail=MISSING)
            if not folder.true(one.sha256):
                raise Damaged(file=folder.path(one.sha256), detail=OTHER_BYTES)
        done += one.size
        told("check", done, total)
    if count != backup.manifest["objects"]:
        raise Damaged(file=backup.path / OBJECTS, detail=OTHER_LINES)
    return lacking


def try_restore(
    folder: BackupFolder, backup: Published, url: str, schema: Schema, told: Told = lambda *_: None
) -> None:
    """Into a throw-away database of the server behind `url`: every byte is read, every table compared, every original
    found among the objects, the schema brought to the newest. Raises what is wrong."""
    with folder.held(alone=False):
        check(folder, backup, schema, told)
        name = f"zhenglu_trial_{uuid.uuid4().hex[:12]}"
        with dump.throw_away(url, name) as beside:
            _load(beside, backup, told)
            with closing(dump.connect(beside)) as connection:
                _must_name_all(connection, backup)
            schema.upgrade(beside)


def _load(url: str, backup: Published, told: Told) -> None:
    told("load", 0, 0)
    with closing(dump.connect(url, autocommit=True)) as connection:
        server = dump.server_major(connection)
    made_by = backup.manifest["dumped_by"]
    dump.load(url, dump.database_of(url), backup.path / DATABASE, made_by, server)
    told("compare", 0, 0)
    with closing(dump.connect(url)) as connection:
        dump.compare(connection, backup.manifest["tables"])


def _must_name_all(connection: psycopg.Connection, backup: Published) -> None:
    """Every original of the database is among the objects, with its size and its fingerprint."""
    named = {
        (one.key, one.size, one.sha256 if one.lacks is None else None)
        for one in read_objects(backup.path / OBJECTS)
        if one.of == "original"
    }
    lost = {(key, size, None) for key, size, sha256 in named if sha256 is None}
    for key, size, sha256 in connection.execute("SELECT store_key, size, sha256 FROM originals"):
        if (key, size, sha256) not in named and (key, size, None) not in lost:
            raise Damaged(file=backup.path / OBJECTS, detail=OTHER_LINES)


class Restoring:
    def __init__(
        self,
        folder: BackupFolder,
        backup: Published,
        url: str,
        store: Store,
        schema: Schema,
        *,
        store_root: Path | None,
        set_aside: bool,
        lacking: list[str],
        told: Told,
    ) -> None:
        self.folder, self.backup, self.manifest = folder, backup, backup.manifest
        self.url, self.store, self.schema, self.told = url, store, schema, told
        self.store_root, self.set_aside = store_root, set_aside
        self.target = dump.database_of(url)
        self.copy = self.manifest["objects_by"] == "copy"
        self.result = Restored(self.manifest, lacking=lacking)

    def run(self) -> Restored:
        with (
            dump.connect(self.url, "postgres", autocommit=True) as admin,
            closing(Objects()) as objects,
        ):
            aside = self._look_at_database(admin)
            if self.result.refused:
                return self.result
            self._look_at_store(objects)
            self._clear(admin)
            made = f"{self.target[:40]}_restoring_{uuid.uuid4().hex[:8]}"
            dump.create(admin, made)
            put: list[tuple[str, str]] = []
            try:
                beside = dump.url_of(self.url, made)
                _load(beside, self.backup, self.told)
                self._put_objects(objects, put)
                with closing(dump.connect(beside)) as connection:
                    settle(connection, self.manifest, objects)
                    connection.commit()
                self.schema.upgrade(beside)
                dump.unused(admin, self.target)
                self._lock(beside, put)
                dump.swap(admin, made, self.target, aside)
            except BaseException:  # nothing is left of it, and it is raised again
                for key, version in put:
                    with contextlib.suppress(StorageError):
                        self.store.objects.delete(key, version)
                with contextlib.suppress(psycopg.Error):
                    dump.drop(admin, made)
                raise
        self.result.aside = aside
        return self.result

    # looking

    def _look_at_database(self, admin: psycopg.Connection) -> str | None:
        """The name for what is there; None where there is nothing worth one."""
        if not dump.exists(admin, self.target):
            return None
        dump.unused(admin, self.target)
        with closing(dump.connect(self.url, autocommit=True)) as connection:
            there = {
                row[0]
                for row in connection.execute(
                    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                    " AND relkind IN ('r', 'p', 'v', 'm', 'f')"
                )
            }
            at_work = [
                name
                for name in USED
                if name in there and connection.execute(f"SELECT 1 FROM public.{name} LIMIT 1").fetchone()
            ]
        if not there:
            return None
        foreign = not {"alembic_version", "policy_values"} <= there
        if (at_work or foreign) and not self.set_aside:
            self.result.refused = self.target
        return f"{self.target[:40]}_before_{datetime.now(UTC):%Y%m%d_%H%M%S}"

    def _look_at_store(self, objects: Objects) -> None:
        """What of the backup is there already, what is there besides, and whether there is room for the rest."""
        wanted = 0
        other: list[str] = []
        for one in read_objects(self.backup.path / OBJECTS):
            objects.name(one)
            if one.lacks is not None:
                continue
            found = self.store.objects.stat(one.key)
            if found is None:
                wanted += one.size
            elif not self._same(one):
                other.append(one.key)
            else:
                objects.is_there(one.key, found.version)
        if not self.copy:
            if wanted or other:
                lost = [*other, *(key for key, _ in islice(objects.absent(), SHOWN))]
                raise StoreLacks(keys=", ".join(lost[:SHOWN]))
        elif other:
            raise OtherBytesThere(keys=", ".join(other[:SHOWN]))
        for found in self.store.objects.list():
            if not objects.knows(found.key):
                self.result.unknown_count += 1
                if len(self.result.unknown) < SHOWN:
                    self.result.unknown.append(found.key)
                objects.is_unknown(found.key)
        if self.store_root is not None and self.copy:
            wanted += self.manifest["database_bytes"]
            if free(self.store_root) < wanted:
                raise NoRoom(
                    folder=self.store_root, wanted=size_said(wanted), free=size_said(free(self.store_root))
                )

    def _same(self, one: Named) -> bool:
        with self.store.objects.read(one.key) as chunks:
            digest = hashlib.sha256()
            for chunk in chunks:
                digest.update(chunk)
        return one.sha256 is None or digest.hexdigest() == one.sha256

    def _clear(self, admin: psycopg.Connection) -> None:
        """Databases that a killed restore left half made."""
        begins = f"{self.target[:40]}_restoring_"
        names = admin.execute("SELECT datname FROM pg_database").fetchall()
        for (name,) in names:
            if name.startswith(begins):
                dump.drop(admin, name)

    # doing

    def _put_objects(self, objects: Objects, put: list[tuple[str, str]]) -> None:
        total, done = sum(size for _, size in objects.absent()), 0
        for key, sha256, size in list(objects.to_put()):
            path = self.folder.path(sha256)
            with path.open("rb") as file:
                hashing = _Hashing(file)
                try:
                    stored = self.store.objects.put_file(key, cast(IO[bytes], hashing), size)
                except ValueError:
                    raise Damaged(file=path, detail=OTHER_BYTES) from None
                except ObjectExists:
                    raise OtherBytesThere(keys=key) from None
            put.append((stored.key, stored.version))
            if hashing.digest.hexdigest() != sha256:
                raise Damaged(file=path, detail=OTHER_BYTES)
            with self.store.objects.read(stored.key, stored.version) as chunks:
                back = hashlib.sha256()
                for chunk in chunks:
                    back.update(chunk)
            if back.hexdigest() != sha256:
                raise Damaged(file=key, detail=CAME_BACK_OTHERWISE)
            objects.is_there(stored.key, stored.version)
            done += size
            self.told("store", done, total)

    def _lock(self, url: str, put: list[tuple[str, str]]) -> None:
        """Originals that were locked are locked again, as long as they were; what the store answers stands in their
        rows."""
        with closing(dump.connect(url)) as connection:
            locked = connection.execute(
                "SELECT id, store_key, store_version, lock_mode, locked_until FROM originals"
                " WHERE locked_until IS NOT NULL"
            ).fetchall()
            for row, key, version, mode, until in locked:
                state: Any = None
                with contextlib.suppress(StorageError):
                    state = self.store.objects.lock(key, version, until, mode)
                if state is None or not state.locked:
                    if until > datetime.now(UTC):
                        self.result.unlocked.append(key)
                    connection.execute(
                        "UPDATE originals SET lock_mode = 'NONE', locked_until = NULL WHERE id = %s", [row]
                    )
                else:
                    connection.execute(
                        "UPDATE originals SET lock_mode = %s, locked_until = %s WHERE id = %s",
                        [state.mode, state.until, row],
                    )
            connection.commit()


def restore(
    folder: BackupFolder,
    backup: Published,
    server: Callable[[], AbstractContextManager[str]],
    store: Callable[[], Store],
    schema: Schema,
    *,
    store_root: Path | None = None,
    set_aside: bool = False,
    told: Told = lambda *_: None,
) -> Restored:
    """`server`: the URL of the database that is to be, where databases may be made; it and `store` are asked for once
    the backup was found whole. `store_root`: the folder of a directory store. `set_aside`: a database that is at work
    there gets another name; without it, it stays as it is and nothing is restored."""
    with folder.held(alone=False):
        lacking = check(folder, backup, schema, told)
        with server() as url:
            return Restoring(
                folder,
                backup,
                url,
                store(),
                schema,
                store_root=store_root,
                set_aside=set_aside,
                lacking=lacking,
                told=told,
            ).run()


class _Hashing:
    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data
