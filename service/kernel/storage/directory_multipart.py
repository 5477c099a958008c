"""Uploads in progress in the directory store.

    uploads/<hh>/<key>/fence     the highest epoch that ever opened the upload
    uploads/<hh>/<key>/<epoch>   a segment, named for the epoch that began it

A writer holds flock on its segment as long as its file is open, so a free lock proves that whoever wrote there
has ended, however it ended; then the next epoch cuts the segment at the durable offset and goes on in it. If the
lock is held (a writer stalled in the middle of a write) the next epoch begins a segment of its own and the
stalled one may write on where nobody looks. Completing one segment is a link; only several are copied together.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from service.kernel.storage.directory import (
    VERSION,
    DirectoryObjects,
    copy_range,
    disk_errors,
    durable_folder,
    sharded,
    sync_folder,
)
from service.kernel.storage.errors import ObjectExists, ObjectMissing, StorageError, WriterFenced
from service.kernel.storage.protocols import MAX_WRITE, MIB, Buffer, Checkpoint, Lingering, State, Stored
from service.kernel.storage.room import Room

SYNC_EVERY = 64 * MIB
SYNC_AFTER_S = 2.0
MAX_UNSYNCED = 256 * MIB
MOST_PIECES = os.sysconf("SC_IOV_MAX")

Segments = list[tuple[str, int]]


def segments_of(state: State) -> Segments:
    return [(name, size) for name, size in state["segments"]]


def checkpoint_of(segments: Segments) -> Checkpoint:
    return Checkpoint(
        sum(size for _, size in segments), {"segments": [[name, size] for name, size in segments]}
    )


def _epoch_in(fence: int) -> int:
    """-1 where none was written, or a power cut has taken it: with it went whoever might have written late."""
    told = os.pread(fence, 20, 0)
    return int(told) if told.isdigit() else -1


def _opened(segment: Path) -> int:
    """A segment whose publisher was killed before it had its final name is whole and read-only already, also for its
    owner. It is published from such a handle as well."""
    try:
        return os.open(segment, os.O_RDWR | os.O_CLOEXEC)
    except PermissionError:
        return os.open(segment, os.O_RDONLY | os.O_CLOEXEC)


class DirectoryWriter:
    def __init__(
        self,
        handle: int,
        segments: Segments,
        length: int | None,
        hold: bool,
        room: Room,
        pool: ThreadPoolExecutor,
    ) -> None:
        """The last of `segments` is the one behind `handle`; its size may be 0."""
        self._handle: int | None = handle
        self._earlier, (self._name, self._durable) = segments[:-1], segments[-1]
        self._base = sum(size for _, size in self._earlier)
        self._began = checkpoint_of([s for s in segments if s[1]])
        self._size = self._offered = self._durable
        self._length, self._hold = length, hold
        self._room, self._pool = room, pool
        self._sync: tuple[int, Future[None]] | None = None
        self._synced_at = time.monotonic()
        self._broken = False

    @property
    def position(self) -> int:
        return self._base + self._size

    def write(self, *pieces: Buffer) -> Checkpoint | None:
        if self._handle is None or self._broken:
            raise ValueError("this writer has ended")
        views = [memoryview(piece).cast("B") for piece in pieces]
        size = sum(map(len, views))
        if size > MAX_WRITE:
            raise ValueError(f"at most {MAX_WRITE} bytes in one write")
        if self._length is not None and self.position + size > self._length:
            raise ValueError("more bytes than the upload's length")
        try:
            with disk_errors():
                self._room.take(size)
            self._append(self._handle, views, size)
            self._follow_sync()
        except BaseException:  # clears up and raises it again
            self._broken = True
            raise
        if self._hold or self._durable <= self._offered:
            return None
        self._offered = self._durable
        return self.durable()

    def _append(self, handle: int, views: list[memoryview], size: int) -> None:
        done = first = 0
        try:
            with disk_errors():
                while done < size:
                    taken = os.pwritev(handle, views[first : first + MOST_PIECES], self._size + done)
                    done += taken
                    while first < len(views) and taken >= len(views[first]):
                        taken -= len(views[first])
                        first += 1
                    if taken:
                        views[first] = views[first][taken:]
        finally:
            self._size += done
            self._room.give(size - done)

    def _follow_sync(self) -> None:
        """Keeps the disk busy behind the writes, so that the last sync finds little to do."""
        if self._sync and (self._sync[1].done() or self._size - self._durable > MAX_UNSYNCED):
            self._settle()
        waiting, now = self._size - self._durable, time.monotonic()
        due = waiting >= SYNC_EVERY or (waiting and now - self._synced_at >= SYNC_AFTER_S)
        if self._sync is None and self._handle is not None and due:
            self._synced_at = now
            self._sync = (self._size, self._pool.submit(os.fdatasync, self._handle))

    def _settle(self) -> None:
        if self._sync:
            size, future = self._sync
            with disk_errors():
                future.result()
            # Not before: one that failed stays, and fails again in `abandon`.
            self._sync = None
            self._durable = size

    def saved(self, checkpoint: Checkpoint) -> None:
        pass

    def durable(self) -> Checkpoint:
        if self._hold:
            return self._began
        return self._all()

    def _all(self) -> Checkpoint:
        return checkpoint_of([*self._earlier, *([(self._name, self._durable)] if self._durable else [])])

    def close(self) -> Checkpoint:
        if self._broken:
            raise ValueError("this writer has ended: abandon it")
        self._finish()
        return self._all()

    def abandon(self) -> Checkpoint:
        # After a failed fdatasync the kernel forgets which pages failed: a second one proves nothing. The settled
        # size is then what counts, and that is what a raise in here leaves.
        with contextlib.suppress(StorageError):
            self._finish()
        return self.durable()

    def _finish(self) -> None:
        if self._handle is None:
            return
        try:
            self._settle()
            if self._size > self._durable:
                with disk_errors():
                    os.fdatasync(self._handle)
                self._durable = self._size
        except BaseException:  # clears up and raises it again
            self._broken = True
            raise
        finally:
            os.close(self._handle)
            self._handle = None

    def __del__(self) -> None:
        handle: int | None = getattr(self, "_handle", None)
        if handle is not None:
            os.close(handle)


class DirectoryMultipart:
    def __init__(self, objects: DirectoryObjects) -> None:
        self._objects, self._room = objects, objects.room
        self._root = objects.root / "uploads"
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="fdatasync")

    def _folder(self, key: str) -> Path:
        return sharded(self._root, key)

    def create(self, key: str) -> Checkpoint:
        with disk_errors():
            self._room.take(0)
            folder = self._folder(key)
            durable_folder(folder.parent)
            try:
                folder.mkdir(mode=0o750)
            except FileExistsError:
                raise ObjectExists(key) from None
            (folder / "fence").touch(mode=0o640)
            sync_folder(folder)
            sync_folder(folder.parent)
        return checkpoint_of([])

    def begin(self, state: State, epoch: int) -> State:
        return state

    @contextlib.contextmanager
    def _fenced(self, folder: Path, epoch: int | None) -> Iterator[None]:
        """Alone with the folder, for an epoch higher than all before. Without it a late writer of a forgotten
        epoch could take the free lock of a segment and cut off what was acknowledged since."""
        with disk_errors():
            try:
                fence = os.open(folder / "fence", os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                raise ObjectMissing(folder.name) from None
            try:
                fcntl.flock(fence, fcntl.LOCK_EX)
                if not os.fstat(fence).st_nlink:
                    raise ObjectMissing(folder.name)  # aborted while this one waited
                if epoch is not None:
                    if _epoch_in(fence) >= epoch:
                        raise WriterFenced()
                    os.pwrite(fence, b"%020d" % epoch, 0)
                yield
            finally:
                os.close(fence)

    def open(
        self, key: str, state: State, epoch: int, length: int | None = None, hold: bool = False
    ) -> DirectoryWriter:
        folder = self._folder(key)
        segments = segments_of(state)
        with self._fenced(folder, epoch):
            self._drop_unlisted(folder, {name for name, _ in segments})
            handle = self._seize(folder, *segments[-1]) if segments else None
            if handle is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                handle = os.open(folder / str(epoch), flags, 0o640)
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                sync_folder(folder)
                segments.append((str(epoch), 0))
        return DirectoryWriter(handle, segments, length, hold, self._room, self._pool)

    def _seize(self, folder: Path, name: str, size: int) -> int | None:
        """The segment, cut to its durable size, if nobody else can still write to it."""
        try:
            handle = _opened(folder / name)
        except FileNotFoundError:
            raise ObjectMissing(f"a part of {folder.name}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # Held, or a file system without flock: both mean that nothing is proven.
            os.close(handle)
            return None
        found = os.fstat(handle).st_size
        if found < size:
            os.close(handle)
            raise ObjectMissing(f"a part of {folder.name}")
        if found > size:
            os.ftruncate(handle, size)
            self._room.give(found - size)
        return handle

    def _drop_unlisted(self, folder: Path, listed: set[str]) -> None:
        for entry in os.scandir(folder):
            if entry.name != "fence" and entry.name not in listed:
                found = entry.stat()
                # A second link is the finished object, published just before a crash: its bytes stay in use.
                self._room.give(found.st_size if found.st_nlink == 1 else 0)
                Path(entry.path).unlink()

    def complete(self, key: str, state: State) -> Stored:
        size = checkpoint_of(segments_of(state)).offset
        done = self._already(key, size)
        if done is None:
            folder = self._folder(key)
            try:
                with self._fenced(folder, None):
                    # Another caller may have completed it while this one waited for the fence.
                    done = self._already(key, size) or self._publish(key, folder, segments_of(state))
            except ObjectMissing:
                done = self._already(key, size)
                if done is None:
                    raise
        self.abort(key)
        return done

    def _publish(self, key: str, folder: Path, segments: Segments) -> Stored:
        if len(segments) == 1 and (handle := self._seize(folder, *segments[0])) is not None:
            try:
                stored = self._objects.publish(key, handle, folder / segments[0][0])
                (folder / segments[0][0]).unlink()
            finally:
                os.close(handle)
            return stored
        return self._join(key, [(folder / name, size) for name, size in segments])

    def concatenate(self, key: str, sources: Sequence[Stored]) -> Stored:
        total = sum(source.size for source in sources)
        with disk_errors():
            return self._already(key, total) or self._join(
                key, [(self._objects.path(source.key), source.size) for source in sources]
            )

    def _join(self, key: str, pieces: Sequence[tuple[Path, int]]) -> Stored:
        total = sum(size for _, size in pieces)
        self._room.take(total)
        try:
            with self._objects.scratch_file() as (target, path):
                os.ftruncate(
                    target, total
                )  # so that what a killed copy leaves tells how much room it had taken
                for piece, size in pieces:
                    try:
                        source = os.open(piece, os.O_RDONLY | os.O_CLOEXEC)
                    except FileNotFoundError:
                        raise ObjectMissing(piece.name) from None
                    try:
                        copy_range(source, target, size)
                    finally:
                        os.close(source)
                return self._objects.publish(key, target, path)
        except BaseException:  # clears up and raises it again
            self._room.give(total)
            raise

    def _already(self, key: str, size: int) -> Stored | None:
        found = self._objects.stat(key)
        if found is None:
            return None
        if found.size != size:
            raise ObjectExists(key)
        return Stored(key, VERSION, size)

    def abort(self, key: str) -> None:
        folder = self._folder(key)
        with disk_errors():
            try:
                with self._fenced(folder, None):
                    self._drop_unlisted(folder, set())
                    shutil.rmtree(folder, ignore_errors=True)
            except ObjectMissing:
                # What an abort that was killed left without its fence.
                with contextlib.suppress(FileNotFoundError):
                    self._drop_unlisted(folder, set())
                shutil.rmtree(folder, ignore_errors=True)

    def list_uploads(self, older_than: datetime) -> Iterator[Lingering]:
        for shard in sorted(self._root.iterdir()):
            for folder in os.scandir(shard):
                try:
                    moments = [entry.stat().st_mtime for entry in os.scandir(folder.path)]
                    touched = datetime.fromtimestamp(max([folder.stat().st_mtime, *moments]), UTC)
                except FileNotFoundError:
                    continue
                if touched < older_than:
                    yield Lingering(folder.name.replace(",", "/"), touched)
