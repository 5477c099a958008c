"""How much a directory store may still take: a quota of its own, and free disk that it must leave to others."""

import fcntl
import os
from pathlib import Path

from service.kernel.storage.errors import StorageFull


class Room:
    """The bytes in use are counted in one file under a lock, shared by all processes; only kept with a quota."""

    def __init__(self, root: Path, quota: int | None, reserve: int) -> None:
        self.root, self.quota, self.reserve = root, quota, reserve
        self._ledger = root / "usage"

    def prepare(self) -> None:
        if self.quota is None:
            # A count that nobody keeps would be wrong later.
            self._ledger.unlink(missing_ok=True)
        elif not self._ledger.exists():
            self.recount()

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
        return int(self._ledger.read_text() or 0)

    def recount(self) -> int:
        """Counts what really lies there; a crash may leave the ledger wrong by the bytes of one write."""
        total = 0
        for folder in ("objects", "uploads", "tmp"):
            for path, _, names in os.walk(self.root / folder):
                total += sum(
                    (Path(path) / name).lstat().st_size
                    for name in names
                    if name != "fence" and (Path(path) / name).exists()
                )
        self._ledger.write_text(f"{total:020d}")
        return total

    def _add(self, size: int, limit: int | None) -> bool:
        ledger = os.open(self._ledger, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(ledger, fcntl.LOCK_EX)
            used = max(int(os.pread(ledger, 20, 0) or 0) + size, 0)
            if limit is not None and used > limit:
                return False
            os.pwrite(ledger, b"%020d" % used, 0)
            return True
        finally:
            os.close(ledger)
