"""How much memory all processes of the service take more while one large upload runs, into both stores."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.bench.installation import Running, installed, workspace
from tests.bench.report import Row
from tests.bench.scale import MIB, Scale
from tests.bench.tus_client import send
from tests.fixtures.ceph import CephNode

MOST = 64 * MIB
EVERY_S = 0.05
SMALL_UPLOADS = 4


def run(scale: Scale) -> list[Row]:
    with workspace() as folder:
        file, small = folder / "large.mp4", folder / "small.mp4"
        for path, size in ((file, scale.large_bytes), (small, MIB)):
            with path.open("wb") as made:
                made.truncate(size)  # what the bytes are makes no difference here
        with installed("web") as ours:
            directory = grown(ours, file, small, "the directory store")
        with CephNode(store="bluestore") as ceph, installed("web", ceph=ceph) as ours:
            return [directory, grown(ours, file, small, "S3")]


def grown(ours: Running, file: Path, small: Path, store: str) -> Row:
    """From a service that has answered nothing but /readyz to the highest sum seen: what it loads and opens for its
    first upload counts too."""
    main = psutil.Process(ours.children["web"].pid)
    fresh = resident(main)
    for _ in range(SMALL_UPLOADS):
        send(ours.uploads, ours.dock, small)
    warm = resident(main)
    with watched(main) as seen:
        send(ours.uploads, ours.dock, file, within_s=600)
    value = (seen.peak - fresh) / MIB
    return Row(
        name=f"RSS growth of all service processes during {file.stat().st_size // MIB} MiB into {store}",
        value=round(value, 1),
        unit="MiB",
        reference=None,
        reference_command=None,
        ratio=None,
        aim=f"≤ {MOST // MIB} MiB",
        met=seen.peak - fresh <= MOST,
        detail={
            "before_mib": round(fresh / MIB, 1),
            "after_small_uploads_mib": round(warm / MIB, 1),
            "peak_mib": round(seen.peak / MIB, 1),
            "processes": len(main.children(recursive=True)) + 1,
            "samples": seen.samples,
        },
    )


def resident(main: psutil.Process) -> int:
    total = 0
    for process in (main, *main.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


@dataclass
class Seen:
    peak: int = 0
    samples: int = 0
    end: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def watched(main: psutil.Process) -> Iterator[Seen]:
    seen = Seen()

    def look() -> None:
        while not seen.end.wait(EVERY_S):
            seen.peak = max(seen.peak, resident(main))
            seen.samples += 1

    thread = threading.Thread(target=look, name="memory", daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        seen.end.set()
        thread.join()
