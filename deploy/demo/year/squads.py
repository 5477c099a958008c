"""Who was on duty on each day of the year, with whom, and who held which recorder. Pure."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID

from deploy.demo.bureau import ZONE
from deploy.demo.year.report import DAYS, YEAR, on_holiday

SHIFT = (time(8, 0), time(18, 0))
HAND_OVER = time(12, 0)
NOT_WRITTEN_DOWN, SWAPPED = 0.05, 0.02  # of a pair's days: who held the recorder


@dataclass(frozen=True)
class Habits:
    """What makes squads differ. `share`: of the bureau's work. `missed`: of events nobody filmed, where nothing was in
    the way. `undocked`: of a pair's days, the recorder came into its dock a day or more too late. `explains`: of its
    gaps and missing recordings. `repairs`: spans in which one recorder was away and not replaced."""

    share: float
    missed: float
    late_start: float
    early_stop: float
    undocked: float
    explains: float
    repairs: tuple[tuple[date, date], ...] = ()


HABITS = (
    Habits(0.38, 0.033, 0.07, 0.05, 0.02, 0.75, ((date(YEAR, 9, 9), date(YEAR, 9, 13)),)),
    Habits(0.34, 0.070, 0.11, 0.08, 0.05, 0.50, ((date(YEAR, 3, 18), date(YEAR, 3, 27)),)),
    Habits(
        0.28, 0.150, 0.16, 0.12, 0.11, 0.25,
        ((date(YEAR, 1, 22), date(YEAR, 2, 6)), (date(YEAR, 8, 5), date(YEAR, 8, 16))),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Squad:
    """`officers`: (id, certificate number); `recorders`: (id, serial). `member`: the account of one of its officers."""

    id: UUID
    code: str
    officers: tuple[tuple[UUID, str], ...]
    recorders: tuple[tuple[UUID, str], ...]
    habits: Habits
    member: UUID | None = None
    member_officer: UUID | None = None

    @property
    def shared(self) -> tuple[tuple[UUID, str], ...]:
        """One recorder for two officers; what else there is stays in the cupboard."""
        return self.recorders[: len(self.officers) // 2]


@dataclass(frozen=True)
class Pair:
    """Two officers on duty with one recorder, which changes hands at noon; or with none."""

    day: date
    squad: Squad
    officers: tuple[tuple[UUID, str], tuple[UUID, str]]
    recorder: tuple[UUID, str] | None
    written_down: bool  # who held the recorder

    @property
    def hours(self) -> tuple[datetime, datetime]:
        return at(self.day, SHIFT[0]), at(self.day, SHIFT[1])

    def holder(self, moment: datetime) -> tuple[UUID, str]:
        return self.officers[moment >= at(self.day, HAND_OVER)]


def at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, ZONE)


def duty(squad: Squad, rng: Random) -> dict[date, list[Pair]]:
    """Partners change every month; one pair rests on weekends, and one stays on holidays."""
    found: dict[date, list[Pair]] = {}
    people = list(squad.officers)
    for day in DAYS:
        if day.day == 1:
            rng.shuffle(people)
        pairs = [(people[n], people[n + 1]) for n in range(0, len(people) - 1, 2)]
        on = 1 if on_holiday(day) else max(1, len(pairs) - (day.weekday() >= 5))
        first = day.toordinal() % len(pairs)
        chosen = [pairs[(first + n) % len(pairs)] for n in range(on)]
        broken = any(since <= day <= until for since, until in squad.habits.repairs)
        usable = squad.shared[: len(pairs) - broken]
        found[day] = [
            Pair(
                day,
                squad,
                pair,
                usable[n] if n < len(usable) else None,
                written_down=rng.random() >= NOT_WRITTEN_DOWN,
            )
            for n, pair in enumerate(chosen)
        ]
    return found


def rosters(pairs: Sequence[Pair]) -> list[dict]:
    found = []
    for pair in pairs:
        start, end = pair.hours
        for officer, number in pair.officers:
            found.append(
                {
                    "external_id": f"Y-D-{pair.day:%Y%m%d}-{number}",
                    "officer_id": officer,
                    "squad_id": pair.squad.id,
                    "starts_at": start,
                    "ends_at": end,
                }
            )
    return found


def holdings(pairs: Sequence[Pair], rng: Random) -> list[dict]:
    """Hand-overs are written down to a few minutes, now and then not at all, and now and then two pairs took each
    other's recorder."""
    found = []
    swapped: dict[tuple[date, UUID], tuple[UUID, str]] = {}
    for pair, other in itertools.pairwise(pairs):
        same = pair.day == other.day and pair.squad is other.squad
        if same and pair.recorder and other.recorder and rng.random() < SWAPPED:
            swapped[pair.day, pair.recorder[0]] = other.recorder
            swapped[pair.day, other.recorder[0]] = pair.recorder
    for pair in pairs:
        if pair.recorder is None or not pair.written_down:
            continue
        recorder = swapped.get((pair.day, pair.recorder[0]), pair.recorder)
        start, end = pair.hours
        noon = at(pair.day, HAND_OVER) + timedelta(minutes=rng.choice((-5, 0, 0, 0, 5)))
        for officer, since, until in (
            (pair.officers[0], start - timedelta(minutes=rng.choice((0, 5, 10))), noon),
            (pair.officers[1], noon, end + timedelta(minutes=rng.choice((0, 10, 20)))),
        ):
            found.append(
                {
                    "external_id": f"Y-A-{pair.day:%Y%m%d}-{officer[1]}",
                    "recorder_id": recorder[0],
                    "officer_id": officer[0],
                    "held_from": since,
                    "held_to": until,
                }
            )
    return found
