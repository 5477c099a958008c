"""Scratch space of one machine, shared by all its worker processes: private rooms, and fetched files.

    ledger             held while anything below is counted, made or removed
    rooms/<id>         a private folder of one attempt      rooms/<id>.held    its reserved bytes
    files/<digest>     one object, fetched from the store   files/<digest>.held its size

Whoever uses a room or file holds a flock on its `.held`. The kernel lets go when the process ends, however it
ends, so what a killed worker left is seen as free by the next one that counts.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO

from schemas.base import new_id
from service.kernel.settings import get_settings
from service.kernel.storage.protocols import Objects
from workers.lease import JobFailed, LeaseLost, TryLater

KEEP_UNUSED_S = 3600.0
DISK_RESERVE = 64 * 2**20
CHUNK = 2**20


@dataclass(frozen=True)
class AtHand:
    """`fetched`: the bytes came from the store just now, and `tee` has seen all of them."""

    path: Path
    fetched: bool


class Scratch:
    def __init__(self, root: Path, quota: int) -> None:
        self.root, self.quota = root, quota
        self.rooms, self.files = root / "rooms", root / "files"
        for folder in (self.rooms, self.files):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)

    @contextlib.contextmanager
    def room(self, reserve: int) -> Iterator[Path]:
        """A private folder with `reserve` bytes of the quota; TryLater("scratch_full") when they are not there."""
        path = self.rooms / str(new_id())
        with contextlib.ExitStack() as stack:
            with self._ledger():
                self._make_room(reserve)
                mark = stack.enter_context(path.with_suffix(".held").open("w"))
                fcntl.flock(mark, fcntl.LOCK_EX)
                mark.write(str(reserve))
                mark.flush()
                path.mkdir(mode=0o700)
            try:
                yield path
            finally:
                shutil.rmtree(path, ignore_errors=True)
                path.with_suffix(".held").unlink(missing_ok=True)

    @contextlib.contextmanager
    def fetched(
        self,
        objects: Objects,
        key: str,
        version: str | None,
        size: int,
        cancel: Event,
        tee: Callable[[bytes], object] | None = None,
    ) -> Iterator[AtHand]:
        """The object as a file that anyone may read, fetched once for all who want it on this machine."""
        path = self.files / hashlib.sha256(f"{key}\n{version}".encode()).hexdigest()[:40]
        mark, complete = self._use(path, size, cancel)
        with mark:
            if not complete:
                try:
                    _fetch(objects, key, version, path, cancel, tee)
                except BaseException:
                    with self._ledger():
                        _remove_file(path)
                    raise
                with self._ledger():
                    fcntl.flock(mark, fcntl.LOCK_SH)
            os.utime(path)
            yield AtHand(path, fetched=not complete)

    def _use(self, path: Path, size: int, cancel: Event) -> tuple[IO[str], bool]:
        """The mark of `path`, shared when its bytes are there, else exclusive for the one who fetches them."""
        while True:
            with self._ledger():
                if not path.with_suffix(".held").exists():
                    self._make_room(size)
                mark = path.with_suffix(".held").open("a+")
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    if path.exists():
                        return mark, True
                    # Nobody can come between: all of this happens under the ledger.
                    fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    mark.seek(0)
                    mark.truncate()
                    mark.write(str(size))
                    mark.flush()
                    return mark, False
                mark.close()
            if cancel.wait(0.2):
                raise LeaseLost

    def sweep(self, keep_unused_s: float = KEEP_UNUSED_S) -> None:
        """Removes what nobody holds: rooms at once, fetched files when they were not used for a while."""
        with self._ledger():
            self._held_bytes()
            for path, _ in self._unused_files():
                with contextlib.suppress(FileNotFoundError):
                    if not path.exists() or time.time() - path.stat().st_mtime > keep_unused_s:
                        _remove_file(path)

    def used_bytes(self) -> int:
        with self._ledger():
            return self._held_bytes()

    @contextlib.contextmanager
    def _ledger(self) -> Iterator[None]:
        with (self.root / "ledger").open("a") as ledger:
            fcntl.flock(ledger, fcntl.LOCK_EX)
            yield

    def _make_room(self, needed: int) -> None:
        if needed > self.quota:
            raise JobFailed("scratch_full", final=True, needed=needed, quota=self.quota)
        missing = self._held_bytes() + needed - self.quota
        missing = max(missing, needed + DISK_RESERVE - shutil.disk_usage(self.root).free)
        for path, size in self._unused_files():
            if missing <= 0:
                break
            _remove_file(path)
            missing -= size
        if missing > 0:
            raise TryLater("scratch_full", after_s=5, needed=needed, quota=self.quota)

    def _held_bytes(self) -> int:
        """Reserved by living rooms, plus the fetched files. Rooms of dead processes are removed on the way."""
        total = 0
        for mark in self.rooms.glob("*.held"):
            if _is_free(mark):
                shutil.rmtree(mark.with_suffix(""), ignore_errors=True)
                mark.unlink(missing_ok=True)
            else:
                total += _size_in(mark)
        return total + sum(_size_in(mark) for mark in self.files.glob("*.held"))

    def _unused_files(self) -> list[tuple[Path, int]]:
        """Longest unused first."""
        unused = [
            (mark.with_suffix(""), _size_in(mark)) for mark in self.files.glob("*.held") if _is_free(mark)
        ]
        return sorted(unused, key=lambda entry: entry[0].stat().st_mtime if entry[0].exists() else 0.0)


def _fetch(
    objects: Objects,
    key: str,
    version: str | None,
    path: Path,
    cancel: Event,
    tee: Callable[[bytes], object] | None,
) -> None:
    part = path.with_suffix(".part")
    with objects.read(key, version) as stream, part.open("wb") as file:
        for chunk in stream:
            if cancel.is_set():
                raise LeaseLost
            file.write(chunk)
            if tee is not None:
                tee(chunk)
    part.chmod(0o444)
    part.rename(path)


def _remove_file(path: Path) -> None:
    for name in (path, path.with_suffix(".part"), path.with_suffix(".held")):
        name.unlink(missing_ok=True)


def _is_free(mark: Path) -> bool:
    """Whether no living process holds it. Only under the ledger: nobody can take it the moment after."""
    try:
        with mark.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _size_in(mark: Path) -> int:
    with contextlib.suppress(FileNotFoundError, ValueError):
        return int(mark.read_text() or 0)
    return 0


def here() -> Scratch:
    settings = get_settings()
    return Scratch(settings.scratch, settings.scratch_bytes)


def sweep() -> None:
    here().sweep()
