"""How much a directory store may still take: a quota of its own, and free disk that it must leave to others."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.kernel.boot import boot_id
from service.kernel.storage.errors import StorageFull

DIGITS = 20


class Room:
    """The bytes in use are counted in one file under a lock, shared by all processes; only kept with a quota. Nothing
    syncs it: what it says is believed until the machine starts anew, and then counted again."""

    def __init__(self, root: Path, quota: int | None, reserve: int) -> None:
        self.root, self.quota, self.reserve = root, quota, reserve
        self._ledger = root / "usage"

    def prepare(self) -> None:
        if self.quota is None:
            # A count that nobody keeps would be wrong later.
            self._ledger.unlink(missing_ok=True)
            return
        with self._held() as ledger:
            if _said(ledger) is None:
                self._count(ledger)

    def take(self, size: int) -> None:
        """Raises `StorageFull` unless `size` more bytes fit."""
        disk = os.statvfs(self.root)
        if disk.f_bavail * disk.f_frsize - size < self.reserve:
            raise StorageFull("the disk has no more room than must stay free")
        if self.quota is not None and not self._add(size, self.quota):
            raise StorageFull(f"the store's quota of {self.quota} bytes is used up")

    def give(self, size: int) -> None:
        if self.quota is not None and size:
            self._add(-size, None)

    def used(self) -> int:
        with self._held() as ledger:
            return _said(ledger) or 0

    def recount(self) -> int:
        """Counts what really lies there; a crash may leave the ledger wrong by the bytes of one write."""
        with self._held() as ledger:
            return self._count(ledger)

    def _count(self, ledger: int) -> int:
        sizes: dict[int, int] = {}  # by inode: between publishing and clearing up one file has two names
        for folder in ("objects", "uploads", "tmp"):
            for path, _, names in os.walk(self.root / folder):
                for name in names:
                    try:
                        found = (Path(path) / name).lstat()
                    except FileNotFoundError:
                        continue
                    if name != "fence":
                        sizes[found.st_ino] = found.st_size
        total = sum(sizes.values())
        _say(ledger, total)
        return total

    def _add(self, size: int, limit: int | None) -> bool:
        with self._held() as ledger:
            said = _said(ledger)
            used = max((self._count(ledger) if said is None else said) + size, 0)
            if limit is not None and used > limit:
                return False
            _say(ledger, used)
            return True

    @contextmanager
    def _held(self) -> Iterator[int]:
        ledger = os.open(self._ledger, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(ledger, fcntl.LOCK_EX)
            yield ledger
        finally:
            os.close(ledger)


def _said(ledger: int) -> int | None:
    """None where nothing was counted since the machine started."""
    now = boot_id().encode()
    used, _, boot = os.pread(ledger, DIGITS + 1 + len(now), 0).partition(b" ")
    return int(used) if boot == now and used.isdigit() else None


def _say(ledger: int, used: int) -> None:
    os.pwrite(ledger, f"{used:0{DIGITS}d} {boot_id()}".encode(), 0)
