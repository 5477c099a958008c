"""The folder of backups.

    objects/<hh>/<sha256>      bytes, under their fingerprint, shared by all backups; mode 0440
    <moment>/                  one backup: manifest.json, database.dump, objects.jsonl, settings.json
    unfinished/                what is being made or removed; emptied by whoever holds the lock next
    lock                       held while a backup is made (alone) or read (beside others)

A backup is there at once, by the rename of its finished folder, or not at all: whoever is killed leaves the others as
they were. What lies under a fingerprint is believed only after it was hashed.
"""

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from service.kernel.i18n import size as size_said
from service.preservation.backups.errors import (
    AnotherBackupRuns,
    BackupError,
    FolderUnfit,
    NoBackup,
    NoRoom,
    NotABackupFolder,
)
from service.preservation.backups.manifest import (
    MANIFEST,
    MIB,
    OBJECTS,
    Manifest,
    order_of,
    read_manifest,
    read_objects,
)

SPARE = 64 * MIB
"""Left free on the folder's disk: a full disk would also take the logs of whoever watches it."""
OURS = {"objects", "unfinished", "lock", "README.txt", "lost+found"}
README = """\
证录 Zhenglu 备份 backups

每个以时间命名的文件夹是一份完整备份；原始文件按 SHA-256 存放在 objects/ 中，由各份备份共用。
恢复：zhenglu restore 本文件夹（或其中一份） --data 新的数据文件夹
密钥与口令不在备份中，须另行保管。

Each folder that is named by a moment is one whole backup; bytes lie in objects/ under their SHA-256, shared by all.
To restore: zhenglu restore THIS-FOLDER (or one of the backups in it) --data NEW-DATA-FOLDER
Keys and passwords are not in it: keep them elsewhere.
"""


@contextlib.contextmanager
def disk_errors(folder: Path, wanted: int = 0) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise no_room(folder, wanted) from error
        raise FolderUnfit(folder=folder, detail=error.strerror or type(error).__name__) from error


def free(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def no_room(folder: Path, wanted: int) -> NoRoom:
    return NoRoom(folder=folder, wanted=size_said(wanted), free=size_said(free(folder)))


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True)
class Published:
    path: Path
    manifest: Manifest


class BackupFolder:
    """`owner`: to whom what is written is given, where root writes into somebody's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.unfinished = self.root / "unfinished"
        self._owner: tuple[int, int] | None = None

    def prepare(self, owner: tuple[int, int] | None = None) -> None:
        """Makes it where it is missing, for `owner`; refuses a folder with anything else in it."""
        with disk_errors(self.root):
            new = not self.root.exists()
            if not new and not self.root.is_dir():
                raise NotABackupFolder(folder=self.root)
            there = set() if new else {one.name for one in self.root.iterdir()} - {"lost+found"}
            if there and "lock" not in there:
                raise NotABackupFolder(folder=self.root)
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.geteuid() == 0:
                if new and owner is not None:
                    os.chown(self.root, *owner)
                told = self.root.stat()
                self._owner = (told.st_uid, told.st_gid)
            for folder in (self.root / "objects", self.unfinished):
                folder.mkdir(mode=0o700, exist_ok=True)
                self.given(folder)
            for file, text in (("lock", ""), ("README.txt", README)):
                if not (self.root / file).exists():
                    (self.root / file).write_text(text, encoding="utf-8")
                    self.given(self.root / file)

    def given(self, path: Path) -> None:
        if self._owner is not None:
            with contextlib.suppress(PermissionError):  # a network folder has its own idea of owners
                os.chown(path, *self._owner)

    @contextlib.contextmanager
    def held(self, *, alone: bool) -> Iterator[None]:
        """Alone to write, beside others to read; AnotherBackupRuns where that cannot be. A medium that is read-only
        has no lock to take, and nobody who writes."""
        try:
            file = (self.root / "lock").open("a" if alone else "r")
        except OSError as error:
            if alone:
                raise FolderUnfit(folder=self.root, detail=error.strerror or "") from error
            yield
            return
        with file:
            try:
                fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AnotherBackupRuns(what=self.root) from None
            except OSError as error:
                if error.errno not in (errno.ENOLCK, errno.EBADF, errno.ENOTSUP) or alone:
                    raise FolderUnfit(folder=self.root, detail=error.strerror or "") from error
            yield

    def clear(self) -> None:
        """What killed runs left. Only under the lock."""
        with disk_errors(self.root):
            for left in self.unfinished.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()

    def names(self) -> list[str]:
        """Of all backups; whether they are whole is not asked."""
        if not self.root.is_dir():
            return []
        return sorted(
            one.name for one in self.root.iterdir() if one.name not in OURS and (one / MANIFEST).is_file()
        )

    def published(self) -> list[Published]:
        """Those whose manifest can be read, the oldest first."""
        found = []
        for name in self.names():
            with contextlib.suppress(BackupError):
                found.append(Published(self.root / name, read_manifest(self.root / name)))
        return sorted(found, key=lambda one: order_of(one.manifest))

    def next_number(self) -> int:
        return 1 + max((one.manifest.get("number", 0) for one in self.published()), default=0)

    # bytes

    def must_have_room(self, wanted: int = 0) -> None:
        if free(self.root) < wanted + SPARE:
            raise no_room(self.root, wanted + SPARE)

    def path(self, sha256: str) -> Path:
        return self.root / "objects" / sha256[:2] / sha256

    def holds(self, sha256: str, size: int) -> bool:
        """By name and size only: enough to skip a copy that is hashed later anyway."""
        try:
            return self.path(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def true(self, sha256: str) -> bool:
        """Reads the bytes, from the disk and not from memory, and compares their hash."""
        try:
            handle = os.open(self.path(sha256), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        with open(handle, "rb") as file, disk_errors(self.path(sha256)):  # noqa: PTH123
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def add(self, chunks: Iterable[bytes], wanted: int) -> tuple[str, int, Path]:
        """Bytes beside the others, not among them yet: their hash, how many, and where. See `keep`."""
        self.must_have_room(wanted)
        path = self.unfinished / uuid.uuid4().hex
        digest, taken = hashlib.sha256(), 0
        with disk_errors(self.root, wanted):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o440)
            with open(handle, "wb") as file:  # noqa: PTH123
                self.given(path)
                for chunk in chunks:
                    digest.update(chunk)
                    taken += len(chunk)
                    file.write(chunk)
        return digest.hexdigest(), taken, path

    def keep(self, path: Path, sha256: str) -> None:
        """Under its fingerprint, in the place of what may lie there with other bytes."""
        target = self.path(sha256)
        with disk_errors(self.root):
            if not target.parent.is_dir():
                target.parent.mkdir(mode=0o700)
                self.given(target.parent)
            path.rename(target)

    def sync_all(self) -> None:
        """All of its disk at once: to wait for each small object would take days."""
        handle = os.open(self.root, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(handle):
                raise FolderUnfit(folder=self.root, detail=os.strerror(ctypes.get_errno()))
        finally:
            os.close(handle)

    # whole backups

    def publish(self, made: Path, name: str) -> Path:
        with disk_errors(self.root):
            for file in made.iterdir():
                with contextlib.suppress(PermissionError):
                    file.chmod(0o440)
                self.given(file)
                sync(file)
            self.given(made)
            sync(made)
            target = self.root / name
            made.rename(target)
            sync(self.root)
        return target

    def keep_newest(self, count: int, made: Path | None = None) -> list[str]:
        """Removes backups beyond `count`, and the bytes that no other names; answers their ids. One whose list cannot
        be read keeps all bytes: they may be its own. `made` just now is the newest, whatever the clock said before."""
        whole = sorted(self.published(), key=lambda one: one.path == made)
        old = whole[: -max(count, 1)]
        with disk_errors(self.root):
            for one in old:
                one.path.rename(self.unfinished / f"old-{one.path.name}")
            sync(self.root)
            self._sweep([self.root / name for name in self.names()])
            self.clear()
        return [one.manifest["id"] for one in old]

    def _sweep(self, backups: list[Path]) -> None:
        with contextlib.closing(sqlite3.connect("")) as named:  # in a file of its own, that goes with it
            named.execute("CREATE TABLE named (sha BLOB PRIMARY KEY) WITHOUT ROWID")
            try:
                for backup in backups:
                    named.executemany(
                        "INSERT OR IGNORE INTO named VALUES (?)",
                        ((bytes.fromhex(o.sha256),) for o in read_objects(backup / OBJECTS) if o.sha256),
                    )
            except (OSError, ValueError, TypeError):
                return
            for shard in (self.root / "objects").iterdir():
                for file in shard.iterdir():
                    sha = (bytes.fromhex(file.name),) if len(file.name) == 64 else (b"",)
                    if not named.execute("SELECT 1 FROM named WHERE sha = ?", sha).fetchone():
                        file.unlink()


def chosen(path: Path) -> tuple[BackupFolder, Published]:
    """`path` is one backup, or a folder of them: then the newest whole one."""
    path = path.absolute()
    if (path / MANIFEST).exists():
        return BackupFolder(path.parent), Published(path, read_manifest(path))
    folder = BackupFolder(path)
    names = folder.names()
    if not names:
        raise NoBackup(folder=path)
    found = folder.published()
    newest = found[-1].path.name if found else ""
    unread = sorted({*names} - {one.path.name for one in found})
    if unread and unread[-1] > newest:  # it may be the newest: an older one must not come back silently
        return folder, Published(path / unread[-1], read_manifest(path / unread[-1]))
    return folder, found[-1]
