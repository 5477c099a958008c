"""How long each stage may work on one file: a base, and more for what the file really is. Pure.

Seconds of film count only as far as there are bytes or pictures for them: what a small file claims buys it nothing.
"""

from dataclasses import dataclass

from schemas.jobs import JobKind
from workers.media.renditions import PICTURES_A_SECOND
from workers.media.sandbox import Allowance

GIB = 2**30
A_FILE_S, FILM_STAGES = 75.0, 3  # of any file, in all its stages and tries together
BYTES_A_SECOND = 20_000  # of work on a second of film
FETCHED_A_SECOND = 5_000_000  # bytes, from a slow store
WITHOUT_FILE_S = 3600.0


@dataclass(frozen=True)
class Allowed:
    """Seconds of the processor: `base_s` for any file, `film_s` for each second of film, `gib_s` for each GiB."""

    base_s: float
    film_s: float = 0.0
    gib_s: float = 0.0

    def cpu_s(self, size: int = 0, film_s: float = 0.0, pictures: int = 0) -> float:
        film = min(
            self.film_s * film_s, min(1.0, self.film_s) * _shown_s(size, pictures)
        )  # what only copies needs less
        return self.base_s + film + self.gib_s * size / GIB

    def wall_s(self, size: int = 0, film_s: float = 0.0, pictures: int = 0) -> float:
        """A machine that does other things beside may take five times as long, and the store has its time too."""
        return 60.0 + 5 * self.cpu_s(size, film_s, pictures) + size / FETCHED_A_SECOND

    def allowance(self, size: int, film_s: float = 0.0, pictures: int = 0) -> Allowance:
        return Allowance(self.cpu_s(size, film_s, pictures), self.wall_s(size, film_s, pictures))


ALLOWED = {
    JobKind.intake: Allowed(25.0, gib_s=90.0),
    JobKind.playable: Allowed(20.0, film_s=0.1, gib_s=60.0),
    JobKind.plain: Allowed(10.0, film_s=0.1, gib_s=60.0),
    JobKind.tags: Allowed(15.0, gib_s=20.0),
    JobKind.walk: Allowed(20.0, film_s=4.0, gib_s=200.0),
    JobKind.looks: Allowed(10.0, film_s=12.0, gib_s=60.0),
    JobKind.clock: Allowed(20.0, gib_s=20.0),
    JobKind.renditions: Allowed(30.0, film_s=20.0),
}


def of_a_file_s(size: int, film_s: float, pictures: int) -> float:
    """Seconds of the processor that all stages and all their tries may take of one file: what one stage may is a bound on
    each, and five of them with five tries are many. However many look at its film, its bytes buy so much and no more."""
    stages = ALLOWED.values()
    film = min(sum(one.film_s for one in stages) * film_s, FILM_STAGES * _shown_s(size, pictures))
    return A_FILE_S + film + sum(one.gib_s for one in stages) * size / GIB


def _shown_s(size: int, pictures: int) -> float:
    return max(size / BYTES_A_SECOND, pictures / PICTURES_A_SECOND)


def copied_within_s(size: int) -> float:
    """For what only moves bytes in the store."""
    return 600.0 + size / FETCHED_A_SECOND


def within_s(kind: JobKind) -> float:
    """The longest an attempt may last before its stage has said what it works on."""
    return ALLOWED[kind].wall_s() if kind in ALLOWED else WITHOUT_FILE_S
