"""The log of a part that `zhenglu up` runs: written by us and not by the part, so that nothing in it moves a cursor, a
full file is put by, old ones are kept as long as is asked, and all of them have a bound."""

import contextlib
import gzip
import os
import shutil
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from service.kernel.logs import visible

LONGEST_LINE = 64 * 2**10
REMEMBERED = 64 * 2**10  # of what was written since the part's start, for whoever asks why it ended
LOOK_EVERY_S = 3600.0


@dataclass(frozen=True)
class Keeping:
    """Of one part. `file_bytes`: then the file is put by, compressed. `all_bytes`: of those put by; `days`: how long."""

    file_bytes: int
    all_bytes: int
    days: int

    @classmethod
    def shared(cls, all_bytes: int, days: int, parts: int) -> "Keeping":
        """So that none pushes out what another has said."""
        share = max(2**20, all_bytes // parts)
        file_bytes = min(16 * 2**20, share // 4)
        return cls(file_bytes, share - file_bytes, days)


class KeptLog:
    def __init__(self, path: Path, keeping: Keeping) -> None:
        self.path, self.keeping = path, keeping
        self._lock = Lock()
        self._remembered: deque[bytes] = deque()
        self._remembered_bytes = 0
        self._lost = 0  # lines that found no room
        self._looked_at = 0.0

    def begin(self) -> None:
        """The part starts anew."""
        for unfinished in self.path.parent.glob(f"{self.path.stem}-*.log.new"):
            unfinished.unlink(missing_ok=True)
        with self._lock:
            self._remembered.clear()
            self._remembered_bytes = 0

    def output(self) -> str:
        with self._lock:
            return b"".join(self._remembered).decode(errors="replace")

    def follow(self, source: BinaryIO) -> None:
        """Until all who write there have ended. Never stands still: a part whose output nobody took would, too."""
        rest = b""
        with source:
            while chunk := os.read(source.fileno(), 2**16):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > LONGEST_LINE:
                    lines, rest = [*lines, rest], b""
                self.write(lines)
            self.write([rest] if rest else [])

    def write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        shown = b"".join(_shown(line) for line in lines)
        with self._lock:
            self._remember(shown)
            try:
                self._write(shown)
            except OSError:  # a full disk
                self._lost += len(lines)

    def _write(self, shown: bytes) -> None:
        if self._lost:
            shown = f"here {self._lost} lines found no room\n".encode() + shown
        with self._opened() as file:
            if file.tell() and file.tell() + len(shown) > self.keeping.file_bytes:
                self._put_by()
            elif time.monotonic() - self._looked_at > LOOK_EVERY_S:
                self._forget_old()
        with self._opened() as file:
            file.write(shown)
        self._lost = 0

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with open(self.path, "ab", buffering=0, opener=_for_the_group) as file:
            yield file

    def _remember(self, shown: bytes) -> None:
        self._remembered.append(shown)
        self._remembered_bytes += len(shown)
        while self._remembered_bytes > REMEMBERED and len(self._remembered) > 1:
            self._remembered_bytes -= len(self._remembered.popleft())

    def _put_by(self) -> None:
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        put_by = self.path.with_name(f"{self.path.stem}-{moment}.log.gz")
        unfinished = put_by.with_suffix(".new")
        try:
            with self.path.open("rb") as full, gzip.open(unfinished, "wb", compresslevel=6) as packed:
                shutil.copyfileobj(full, packed)
            unfinished.chmod(0o640)
            unfinished.rename(put_by)
        except OSError:  # no room to pack it: the oldest makes some, and the next line tries again
            unfinished.unlink(missing_ok=True)
            self._forget_oldest()
            raise
        self.path.unlink()
        self._forget_old()

    def put_by(self) -> list[Path]:
        """The oldest first."""
        return sorted(self.path.parent.glob(f"{self.path.stem}-*.log.gz"))

    def _forget_old(self) -> None:
        self._looked_at = time.monotonic()
        there = self.put_by()
        sizes = {path: path.stat().st_size for path in there}
        since = time.time() - self.keeping.days * 86400
        for path in there:
            if sum(sizes.values()) <= self.keeping.all_bytes and path.stat().st_mtime >= since:
                break
            path.unlink(missing_ok=True)
            del sizes[path]

    def _forget_oldest(self) -> None:
        for path in self.put_by()[:1]:
            path.unlink(missing_ok=True)


def _for_the_group(path: str, flags: int) -> int:
    return os.open(path, flags, 0o640)


def _shown(line: bytes) -> bytes:
    """Tabs stay: PostgreSQL begins with one what belongs to the line before."""
    text = line.decode(errors="backslashreplace").rstrip("\r")
    return ("\t".join(visible(part, LONGEST_LINE + 2**16) for part in text.split("\t")) + "\n").encode()
