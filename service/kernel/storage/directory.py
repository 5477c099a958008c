"""Objects in a folder of a local disk. It cannot lock and says so; what it stored it never opens for writing again.

    objects/<hh>/<key>    finished, mode 0440; hh: first byte of the key's SHA-256, slashes of the key are commas
    uploads/<hh>/<key>/   in progress (directory_multipart.py)
    tmp/                  not yet linked into objects; emptied of what is a day old
    usage                 bytes in use, only with a quota

The disk must be local: the fences of uploads rest on flock. Several machines share an S3 store instead.
"""

import contextlib
import errno
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from service.kernel.storage.errors import (
    InvalidRange,
    ObjectExists,
    ObjectMissing,
    StorageFull,
    StorageUnavailable,
)
from service.kernel.storage.protocols import (
    MIB,
    LockProof,
    LockState,
    Mode,
    ObjectInfo,
    Source,
    Stored,
    checked_key,
)
from service.kernel.storage.room import Room

VERSION = "1"
NOT_LOCKED = LockState(False, detail="a directory cannot refuse deletion")
_NO_COPY_IN_KERNEL = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF}


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull(error.strerror or "") from error
        raise StorageUnavailable(
            f"{error.strerror} ({errno.errorcode.get(error.errno or 0, '?')})"
        ) from error


def sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_durable: set[Path] = set()


def durable_folder(path: Path) -> None:
    """Makes the folder, of which the parent exists, so that it is still there after a power cut. One that is there
    already may have been made a moment ago by another process, which has not come to its own sync yet."""
    try:
        path.mkdir(mode=0o750)
    except FileExistsError:
        if path in _durable:
            return
    sync_folder(path.parent)
    _durable.add(path)


def durable_root(path: Path) -> None:
    """With the folders above it, up to where its disk is mounted."""
    path.mkdir(mode=0o750, parents=True, exist_ok=True)
    path = path.resolve()
    while path not in _durable and not path.is_mount():
        with contextlib.suppress(PermissionError):  # made by somebody else, and not for us
            sync_folder(path.parent)
        _durable.add(path)
        path = path.parent


def sharded(root: Path, key: str) -> Path:
    shard = hashlib.sha256(checked_key(key).encode()).hexdigest()[:2]
    return root / shard / key.replace("/", ",")


def copy_range(source: int, target: int, length: int) -> None:
    """Copies from the start of `source` to the position of `target`, inside the kernel where that is possible."""
    done = 0
    in_kernel = True
    while done < length:
        if in_kernel:
            try:
                step = os.copy_file_range(source, target, min(length - done, 64 * MIB), offset_src=done)
            except OSError as error:
                if error.errno not in _NO_COPY_IN_KERNEL:
                    raise
                in_kernel = False
                continue
        else:
            step = write_all(target, os.pread(source, min(length - done, MIB), done))
        if not step:
            raise ObjectMissing("a file is shorter than was recorded")
        done += step


def write_all(target: int, data: bytes | memoryview) -> int:
    view = memoryview(data)
    done = 0
    while done < len(view):
        done += os.write(target, view[done:])
    return done


class FileStream:
    def __init__(self, handle: int, start: int, length: int) -> None:
        self._handle: int | None = handle
        self._at, self._end = start, start + length
        self.length = length

    def __iter__(self) -> "FileStream":
        return self

    def __next__(self) -> bytes:
        if self._handle is None:
            raise StopIteration
        if self._at >= self._end:
            self.close()
            raise StopIteration
        with disk_errors():
            chunk = os.pread(self._handle, min(MIB, self._end - self._at), self._at)
        if not chunk:
            self.close()
            raise StorageUnavailable("a stored file became shorter while it was read")
        self._at += len(chunk)
        return chunk

    def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> "FileStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class DirectoryObjects:
    def __init__(self, root: Path, room: Room) -> None:
        self.root, self.room = root, room

    def prepare(self) -> None:
        with disk_errors():
            durable_root(self.root)
            for name in ("objects", "uploads", "tmp"):
                durable_folder(self.root / name)
            self.room.prepare()
            yesterday = time.time() - 86_400
            for left in (self.root / "tmp").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    found = left.stat()
                    if found.st_mtime < yesterday:
                        left.unlink()
                        # A second link is a finished object, published just before a crash: its bytes stay in use.
                        self.room.give(found.st_size if found.st_nlink == 1 else 0)

    def path(self, key: str) -> Path:
        return sharded(self.root / "objects", key)

    @contextlib.contextmanager
    def scratch_file(self) -> Iterator[tuple[int, Path]]:
        """A new file on the same disk, removed at the end unless it was published by then."""
        path = self.root / "tmp" / uuid.uuid4().hex
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            yield handle, path
        finally:
            os.close(handle)
            path.unlink(missing_ok=True)

    def publish(self, key: str, handle: int, path: Path) -> Stored:
        """Gives a complete file its final name. A link, unlike a rename, never replaces what is there."""
        target = self.path(key)
        os.fchmod(handle, 0o440)
        os.fsync(handle)
        durable_folder(target.parent)
        try:
            os.link(path, target)
        except FileExistsError:
            raise ObjectExists(key) from None
        sync_folder(target.parent)
        return Stored(key, VERSION, os.fstat(handle).st_size)

    def put_file(self, key: str, source: Source, size: int | None = None) -> Stored:
        checked_key(key)
        with contextlib.ExitStack() as stack:
            reader: IO[bytes] = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
            taken = 0
            try:
                with disk_errors(), self.scratch_file() as (handle, path):
                    while size is None or taken < size:
                        data = reader.read(MIB if size is None else min(MIB, size - taken))
                        if not data:
                            break
                        self.room.take(len(data))
                        taken += len(data)
                        write_all(handle, data)
                    if size is not None and taken != size:
                        raise ValueError(f"expected {size} bytes, got {taken}")
                    return self.publish(key, handle, path)
            except BaseException:  # clears up and raises it again
                self.room.give(taken)
                raise

    def read(
        self, key: str, version: str | None = None, start: int = 0, length: int | None = None
    ) -> FileStream:
        with disk_errors():
            try:
                handle = os.open(self.path(key), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                raise ObjectMissing(key) from None
        size = os.fstat(handle).st_size
        if version not in (None, VERSION) or not 0 <= start <= size:
            os.close(handle)
            raise ObjectMissing(key) if version not in (None, VERSION) else InvalidRange(key)
        return FileStream(handle, start, size - start if length is None else min(length, size - start))

    def stat(self, key: str, version: str | None = None) -> ObjectInfo | None:
        if version not in (None, VERSION):
            return None
        with disk_errors():
            try:
                found = self.path(key).stat()
            except FileNotFoundError:
                return None
        return ObjectInfo(key, VERSION, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, key: str, version: str | None = None) -> None:
        found = self.stat(key, version)
        if found is None:
            return
        with disk_errors():
            path = self.path(key)
            try:
                path.unlink()
            except FileNotFoundError:
                return
            self.room.give(found.size)
            sync_folder(path.parent)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for shard in sorted((self.root / "objects").iterdir()):
            for entry in os.scandir(shard):
                key = entry.name.replace(",", "/")
                if key.startswith(prefix):
                    with contextlib.suppress(FileNotFoundError):
                        found = entry.stat()
                        moment = datetime.fromtimestamp(found.st_mtime, UTC)
                        yield ObjectInfo(key, VERSION, found.st_size, moment)

    def lock(self, key: str, version: str, until: datetime, mode: Mode = "GOVERNANCE") -> LockState:
        return self.lock_state(key, version)

    def lock_state(self, key: str, version: str) -> LockState:
        if self.stat(key, version) is None:
            raise ObjectMissing(key)
        return NOT_LOCKED

    def local_path(self, key: str) -> Path | None:
        path = self.path(key)
        return path if path.exists() else None

    def prove_lock(self) -> LockProof:
        return LockProof(False, False, False, NOT_LOCKED.detail)
