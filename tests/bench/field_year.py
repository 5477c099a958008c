"""A bureau's year with known truth: who filmed what, and what went wrong. Pure: the same seed gives the same year.

Times inside are seconds since `BEGIN` (true time, UTC). What a recorder says is its own clock; what an event says
is what an officer wrote down. Faults are drawn independently of each other and of the rules under test. A pair of
recording and event is true when the file is of the filming of that event; of a filming that ran on through two
events, when it shows at least `SEEN_S` of it.
"""

from math import floor
from random import Random

from tests.bench.field_rows import BEGIN, FAULTS, STRAY, File, Rates, Year
from tests.bench.field_squad import Squad

__all__ = ["BEGIN", "FAULTS", "STRAY", "File", "Rates", "Year", "field_year"]


def field_year(
    seed: int, *, squads: int = 6, crews: int = 3, days: int = 365, rates: Rates | None = None
) -> Year:
    """`crews`: of two officers, a squad and shift. About 12 events and 26 recordings a day for each of these."""
    rates = rates or Rates()
    made = [Squad(seed, number, crews, days, rates) for number in range(squads)]
    cameras = [(one, camera) for one in made for camera in one.cameras]
    wrong = _of_years(len(cameras) * rates.hours_off, seed)
    for one, camera in Random(f"{seed}/wrong").sample(cameras, wrong):
        one.set_wrong(camera)
    for one in made:
        one.live([other.officers for other in made if other is not one])
    return Year(
        squads={one.id: f"{one.number:02}" for one in made},
        officers=tuple(x for one in made for x in one.officers),
        cameras=tuple(x for one in made for x in one.cameras),
        held=tuple(x for one in made for x in one.held),
        cases={case: one.id for one in made for case in one.cases},
        events=tuple(x for one in made for x in one.events),
        measured=tuple(x for one in made for x in one.measured),
        files=tuple(x for one in made for x in one.files),
    )


def _of_years(expected: float, seed: int) -> int:
    """How many of what comes `expected` times a year: over neighbouring seeds as many as stated. A handful of years,
    each drawn for itself, may well have none of what is rare, and then says nothing about it."""
    return floor(expected * (seed + 1)) - floor(expected * seed)
