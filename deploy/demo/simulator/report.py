"""The bureau's own year: what its report counts, spread over the days on which such work is done."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

from deploy.demo.simulator.filming import Act
from deploy.demo.simulator.rates import (
    BUSY,
    BUSY_ON_HOLIDAYS,
    FAST,
    HOLIDAYS,
    REPORT,
    SUMMER_TIME,
    YEAR,
    Rates,
    Work,
)
from deploy.demo.simulator.rows import BEGIN, HOUR, MINUTE, Camera, Officer, Year, day_of, morning
from deploy.demo.simulator.squad import Crew, Squad
from deploy.demo.simulator.whole import whole_year

DAYS = tuple(date(YEAR, 1, 1) + timedelta(days=n) for n in range((date(YEAR + 1, 1, 1) - BEGIN.date()).days))
SHIFT = (8 * HOUR, 18 * HOUR)
AT_WORK = (25 * MINUTE, 580 * MINUTE)  # after the shift began
BETWEEN = 4 * MINUTE


@dataclass(frozen=True)
class Roll:
    """A squad as the bureau knows it. Of its recorders each pair takes one; what else there is stays in the cupboard."""

    id: UUID
    code: str
    officers: tuple[Officer, ...]
    cameras: tuple[Camera, ...]
    rates: Rates


def report_year(seed: int, rolls: Sequence[Roll], times: int = 1) -> Year:
    """`times`: as much work of each line as the report has."""
    squads = [Reported(seed, number, roll) for number, roll in enumerate(rolls)]
    _hand_out([replace(work, count=work.count * times) for work in REPORT], squads, Random(f"{seed}/report"))
    clocks = [clock for one in squads for clock in one.clocks.values()]
    for place, clock in enumerate(clocks):
        clock.drift = FAST.get(place, clock.drift)
        if place in SUMMER_TIME:
            first, last = SUMMER_TIME[place]
            clock.put_on(HOUR, morning(first) + 7 * HOUR, morning(last) + 19.5 * HOUR)
    return whole_year(squads)


class Reported(Squad):
    def __init__(self, seed: int, number: int, roll: Roll) -> None:
        super().__init__(seed, number, len(DAYS), roll.rates)
        self.id, self.code = roll.id, roll.code
        self.officers = list(roll.officers)
        self.cameras = list(roll.cameras[: len(roll.officers) // 2])
        self.work: dict[date, list[tuple[Work, int]]] = defaultdict(list)
        self._equip()

    def _shifts(self, day: int, pairs: list[Crew]) -> Iterable[tuple[list[Crew], float, float]]:
        """One pair rests on weekends, and one stays on holidays."""
        today = DAYS[day]
        on = 1 if on_holiday(today) else max(1, len(pairs) - (today.weekday() >= 5))
        yield pairs[:on], *SHIFT

    def _agenda(self, crews: list[Crew], start: float, end: float) -> list[list[Act]]:
        works = self.work[day_of(start)]
        self.chance.shuffle(works)
        return [self._laid_out(works[place :: len(crews)], start) for place in range(len(crews))]

    def _laid_out(self, works: list[tuple[Work, int]], start: float) -> list[Act]:
        """One after the other, pauses by chance, all of it within the hours of work."""
        first, last = (start + after for after in AT_WORK)
        room = last - first - BETWEEN * len(works)
        lengths = [self._length(work) for work, _ in works]
        if sum(lengths) > room:
            lengths = [length * room / sum(lengths) for length in lengths]
        pauses = [self.chance.expovariate(1) for _ in range(len(works) + 1)]
        spare, at, acts = room - sum(lengths), first, []
        for (work, nth), length, pause in zip(works, lengths, pauses, strict=False):
            at += BETWEEN / 2 + spare * pause / sum(pauses)
            place = self._near(self.centre, 3000)
            unfilmed = work.unfilmed * self.rates.months[day_of(start).month - 1]
            acts.append(Act(at, at + length, place, work, nth=nth, unfilmed=unfilmed))
            at += length + BETWEEN / 2
        return acts


def on_holiday(day: date) -> bool:
    return any(first <= day <= last for first, last in HOLIDAYS)


def campaign_days(n: int, campaigns: int) -> tuple[date, date]:
    """The n-th campaign of the year: its first and last day."""
    start = date(YEAR, 1, 2) + timedelta(days=n * 361 // campaigns)
    return start, start + timedelta(days=2)


def campaign_of(work: Work, nth: int) -> int | None:
    """In which campaign the nth act of this line of work was."""
    return nth * work.campaigns // int(work.count) if work.campaigns else None


def _hand_out(works: Sequence[Work], squads: Sequence[Reported], chance: Random) -> None:
    """Each act to a squad and a day."""
    shares = [squad.rates.share for squad in squads]
    busy = [BUSY_ON_HOLIDAYS if on_holiday(day) else BUSY[day.weekday()] for day in DAYS]
    for work in works:
        weights = [usual * work.months[day.month - 1] for usual, day in zip(busy, DAYS, strict=True)]
        for nth, day in enumerate(chance.choices(DAYS, weights, k=int(work.count))):
            campaign = campaign_of(work, nth)
            if campaign is not None:
                first, last = campaign_days(campaign, work.campaigns)
                day = first + timedelta(days=chance.randint(0, (last - first).days))
            chance.choices(squads, shares)[0].work[day].append((work, nth))
