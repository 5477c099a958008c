"""Films of a few seconds, padded to any size with bytes that no other one has at the same place.

What is sent is never held as a whole: many of them share one noise, of which each has another stretch.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.fixtures.media import footage

MIB = 2**20
LONGEST = 64 * MIB
STEP = 64 * 1024
APART = 1024
"""So many stretches of the noise: each begins elsewhere."""


def noise(seed: int) -> memoryview:
    return memoryview(random.Random(seed).randbytes(LONGEST + APART * STEP))


def clips(folder: Path) -> list[memoryview]:
    """Whole films that a browser plays as they are: their index stands first, so bytes may follow."""
    made = [
        footage(folder / f"{n}.mp4", seconds=1.0 + n / 2, size="160x120", rate=5, officer=f"{n:03d}")
        for n in range(3)
    ]
    return [memoryview(path.read_bytes()) for path in made]


@dataclass(frozen=True)
class Film:
    """A film and, behind it, a box of bytes that players skip."""

    name: str
    size: int
    parts: tuple[memoryview, ...] = field(repr=False)

    @classmethod
    def padded(cls, name: str, clip: memoryview, noise: memoryview, size: int, stretch: int) -> "Film":
        padding = size - len(clip)
        box = padding.to_bytes(4, "big") + b"free" + stretch.to_bytes(8, "big")
        start = stretch % APART * STEP
        return cls(name, size, (clip, memoryview(box), noise[start : start + padding - len(box)]))

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for part in self.parts:
            digest.update(part)
        return digest.hexdigest()

    def between(self, start: int, end: int) -> Iterator[memoryview]:
        at = 0
        for part in self.parts:
            low, high = max(start - at, 0), min(end - at, len(part))
            if low < high:
                yield part[low:high]
            at += len(part)

    def write(self, path: Path) -> Path:
        with path.open("wb") as file:
            file.writelines(self.parts)
        return path


def films(folder: Path, count: int, sizes: tuple[int, int], chance: random.Random) -> list[Film]:
    """Sizes in bytes, from the least to the most, as many small ones as large ones on a scale of doublings."""
    ways, same, least = clips(folder), noise(chance.getrandbits(32)), sizes[0]
    made = []
    for number in range(count):
        size = int(least * (sizes[1] / least) ** chance.random())
        made.append(Film.padded(f"film-{number:03d}.mp4", ways[number % len(ways)], same, size, number))
    return made
