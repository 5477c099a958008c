"""Scratch space of one machine, shared by all its worker processes: private rooms, and fetched files.

    ledger             held while anything below is counted, made or removed; says during which start of the machine
    rooms/<id>         a private folder of one attempt      rooms/<id>.held    its reserved bytes, and for what
    files/<digest>     one object, fetched from the store   files/<digest>.held its size, and for what

A part of it is intake's own: whatever the other stages hold, what arrives can be taken in.

Whoever uses a room or file holds a flock on its `.held`. The kernel lets go when the process ends, however it
ends, so what a killed worker left is seen as free by the next one that counts. Nothing here is ever synced: after a
power cut a file may have its name and not its bytes, so what is of an earlier start of the machine goes unread.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO, Literal, Protocol

from schemas.base import new_id
from service.kernel.boot import boot_id
from service.kernel.settings import get_settings
from service.kernel.storage.protocols import ByteStream
from workers.lease import JobFailed, LeaseLost, TryLater

KEEP_UNUSED_S = 3600.0
DISK_RESERVE = 64 * 2**20
CHUNK = 2**20
INTAKES_SHARE, INTAKES_MOST = 0.25, 4 * 2**30
Part = Literal["whole", "shared"]  # of the quota: all of it, or what intake does not need for itself


class Source(Protocol):
    def read(self, key: str, version: str | None = None) -> ByteStream: ...


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

    @property
    def shared(self) -> int:
        """What stages other than intake may hold together."""
        return self.quota - min(int(self.quota * INTAKES_SHARE), INTAKES_MOST)

    @property
    def most_of_one(self) -> int:
        """What one attempt should not ask for more than."""
        return self.shared // 2

    @contextlib.contextmanager
    def room(self, reserve: int, of: Part = "whole") -> Iterator[Path]:
        """A private folder with `reserve` bytes of the quota; TryLater("scratch_full") when they are not there."""
        path = self.rooms / str(new_id())
        with contextlib.ExitStack() as stack:
            with self._ledger():
                self._make_room(reserve, of)
                mark = stack.enter_context(path.with_suffix(".held").open("w"))
                fcntl.flock(mark, fcntl.LOCK_EX)
                mark.write(f"{reserve} {of}")
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
        objects: Source,
        key: str,
        version: str | None,
        size: int,
        cancel: Event,
        tee: Callable[[bytes], object] | None = None,
        of: Part = "whole",
    ) -> Iterator[AtHand]:
        """The object as a file that anyone may read, fetched once for all who want it on this machine."""
        path = self._file_of(key, version)
        mark, complete = self._use(path, size, cancel, of)
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

    def _file_of(self, key: str, version: str | None) -> Path:
        return self.files / hashlib.sha256(f"{key}\n{version}".encode()).hexdigest()[:40]

    def forget(self, key: str, version: str | None) -> None:
        """A fetched file that is not what it should be: the next one fetches it anew."""
        path = self._file_of(key, version)
        with self._ledger():
            if _is_free(path.with_suffix(".held")):
                _remove_file(path)

    def _use(self, path: Path, size: int, cancel: Event, of: Part) -> tuple[IO[str], bool]:
        """The mark of `path`, shared when its bytes are there, else exclusive for the one who fetches them."""
        while True:
            with self._ledger():
                held = path.with_suffix(".held")
                if not held.exists():
                    self._make_room(size, of)
                elif of == "shared" and _said_in(held)[1] == "whole":
                    self._make_room(0, of, taken_over=size)
                mark = held.open("a+")
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    if path.exists():
                        if of == "shared":  # from now on it does not count as intake's
                            _say(mark, size, of)
                        return mark, True
                    # Nobody can come between: all of this happens under the ledger.
                    fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _say(mark, size, of)
                    return mark, False
                mark.close()
            if cancel.wait(0.2):
                raise LeaseLost

    def sweep(self, keep_unused_s: float = KEEP_UNUSED_S) -> None:
        """Removes what nobody holds: rooms at once, fetched files when they were not used for a while."""
        with self._ledger():
            self._held_bytes()
            for path, *_ in self._unused_files():
                with contextlib.suppress(FileNotFoundError):
                    if not path.exists() or time.time() - path.stat().st_mtime > keep_unused_s:
                        _remove_file(path)

    def used_bytes(self) -> int:
        with self._ledger():
            return sum(self._held_bytes().values())

    @contextlib.contextmanager
    def _ledger(self) -> Iterator[None]:
        with (self.root / "ledger").open("a+b") as ledger:
            fcntl.flock(ledger, fcntl.LOCK_EX)
            ledger.seek(0)
            if ledger.read() != boot_id().encode():
                self._forget()
                ledger.truncate(0)
                ledger.write(boot_id().encode())
                ledger.flush()
            yield

    def _forget(self) -> None:
        """All but what somebody holds."""
        self._held_bytes()
        for left in self.rooms.iterdir():
            if left.suffix != ".held" and not left.with_suffix(".held").exists():
                shutil.rmtree(left, ignore_errors=True)
        for left in self.files.iterdir():
            mark = left.with_suffix(".held")
            if not mark.exists() or _is_free(mark):
                left.unlink(missing_ok=True)

    def _make_room(self, needed: int, of: Part, taken_over: int = 0) -> None:
        """`taken_over`: bytes that are there already, and were intake's so far."""
        quota = self.quota if of == "whole" else self.shared
        if needed + taken_over > quota:
            raise JobFailed("scratch_full", final=True, needed=needed + taken_over, quota=quota)
        held = self._held_bytes()
        missing = sum(held.values()) + needed - self.quota
        missing = max(missing, needed + DISK_RESERVE - shutil.disk_usage(self.root).free)
        of_shared = held["shared"] + needed + taken_over - self.shared if of == "shared" else 0
        for path, size, of_file in self._unused_files():
            if missing <= 0 and of_shared <= 0:
                break
            if missing > 0 or of_file == "shared":
                _remove_file(path)
                missing -= size
                of_shared -= size if of_file == "shared" else 0
        if missing > 0 or of_shared > 0:
            raise TryLater("scratch_full", after_s=5, needed=needed, quota=quota)

    def _held_bytes(self) -> Counter[Part]:
        """Reserved by living rooms, plus the fetched files. Rooms of dead processes are removed on the way."""
        total: Counter[Part] = Counter()
        for mark in self.rooms.glob("*.held"):
            if _is_free(mark):
                shutil.rmtree(mark.with_suffix(""), ignore_errors=True)
                mark.unlink(missing_ok=True)
            else:
                size, of = _said_in(mark)
                total[of] += size
        for mark in self.files.glob("*.held"):
            size, of = _said_in(mark)
            total[of] += size
        return total

    def _unused_files(self) -> list[tuple[Path, int, Part]]:
        """Longest unused first."""
        unused = [
            (mark.with_suffix(""), *_said_in(mark)) for mark in self.files.glob("*.held") if _is_free(mark)
        ]
        return sorted(unused, key=lambda entry: entry[0].stat().st_mtime if entry[0].exists() else 0.0)


def _fetch(
    objects: Source,
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


def _said_in(mark: Path) -> tuple[int, Part]:
    with contextlib.suppress(FileNotFoundError, ValueError):
        size, _, of = mark.read_text().partition(" ")
        return int(size or 0), "whole" if of == "whole" else "shared"
    return 0, "shared"


def _say(mark: IO[str], size: int, of: Part) -> None:
    mark.seek(0)
    mark.truncate()
    mark.write(f"{size} {of}")
    mark.flush()


def here() -> Scratch:
    settings = get_settings()
    return Scratch(settings.scratch, settings.scratch_bytes)


def sweep() -> None:
    here().sweep()
