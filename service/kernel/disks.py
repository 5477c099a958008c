"""How much room there is where the parts on this machine write: the same for pages, metrics and `zhenglu doctor`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy, size
from service.kernel.settings import Settings

NO_ROOM, LITTLE_ROOM = 2**30, 20 * 2**30
OF_A_SMALL_ONE = 0.05

PARTS = {
    "data": lazy("data folder"),
    "database": lazy("database"),
    "objects": lazy("object store"),
    "scratch": lazy("scratch"),
}


@dataclass(frozen=True)
class Disk:
    """One file system. `parts`: what writes there, by the names of PARTS."""

    parts: tuple[str, ...]
    folder: Path
    free: int
    total: int

    @property
    def full(self) -> bool:
        return self.free < min(NO_ROOM, self.total * OF_A_SMALL_ONE)

    @property
    def low(self) -> bool:
        return self.free < LITTLE_ROOM

    @property
    def label(self) -> str:
        return _(", ").join(str(PARTS[part]) for part in self.parts)

    @property
    def alarm(self) -> str | None:
        if not self.full:
            return None
        return _(
            "No room for {parts}: {free} of {all} are free. What was received is kept, and work goes on by itself"
            " when there is room."
        ).format(parts=self.label, free=size(self.free), all=size(self.total))


def disks(settings: Settings) -> list[Disk]:
    """Those of this machine, the data folder's first. A backup's folder is not asked: it may be a network's that hangs."""
    parts: dict[int, list[str]] = {}
    folders: dict[int, Path] = {}
    for part, wanted in _folders(settings):
        folder = wanted
        while not folder.exists():
            folder = folder.parent
        device = folder.stat().st_dev
        parts.setdefault(device, []).append(part)
        folders.setdefault(device, folder)
    return [_disk(tuple(parts[device]), folder) for device, folder in folders.items()]


def _folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "data", settings.data_dir.absolute()
    if (settings.data_dir / "postgres").is_dir():
        yield "database", settings.data_dir.absolute() / "postgres"
    where = urlsplit(settings.store_url)
    if where.scheme == "file":
        yield "objects", Path(unquote(where.path))
    yield "scratch", settings.scratch.absolute()


def _disk(parts: tuple[str, ...], folder: Path) -> Disk:
    found = os.statvfs(folder)
    return Disk(parts, folder, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
