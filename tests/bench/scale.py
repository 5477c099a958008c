"""How large a run is: the full one gives the figures, the quick one only shows that everything works."""

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Scale:
    """`rounds`: repetitions of each side, interleaved; figures are medians over them. `day_part`: the rehearsed day has so
    little of a whole one's film, in `day_films` recordings."""

    name: str
    rounds: int
    upload_bytes: int
    large_bytes: int
    clip_s: int
    video_bytes: int
    no_ops: int
    visits: int
    day_part: int
    day_films: int


FULL = Scale("full", 5, 1024 * MIB, 4096 * MIB, 60, 1024 * MIB, 100, 60, 60, 100)
QUICK = Scale("quick", 1, 128 * MIB, 512 * MIB, 6, 128 * MIB, 40, 5, 14400, 10)
