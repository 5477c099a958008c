"""A bureau's year for the measures of coverage: the report's, as many times as asked for, and two matters lists."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session

from deploy.demo.simulator.rates import REPORT, REPORTED, YEAR
from deploy.demo.simulator.report import Roll, report_year
from deploy.demo.simulator.rows import Camera, Officer, Year
from schemas.base import new_id
from schemas.matters import MatterList, RecordingMatter
from service.registry.matters.defaults import DEFAULT_LINES
from tests.bench.year_index import DayClocks, load

EVENTS = {"full": 100_000, "quick": 2_000}  # and about three recordings for each
AS_OF = datetime(YEAR + 1, 1, 1, tzinfo=UTC)
SQUADS, OFFICERS = 12, 20
RATES = replace(REPORTED, split=1.0, short_by_finger=1.0, stray=0.1, open_end=0.01, called_off=0.02)


def build(engine: Engine, events: int, seed: int = 7) -> None:
    with Session(engine) as session:
        _lists(session)
        session.commit()
    times = -(-events // int(sum(work.count for work in REPORT)))
    year = _thinned(report_year(seed, [_roll(n) for n in range(SQUADS)], times), events, Random(seed))
    load(engine, year, _links(year, Random(seed)), DayClocks(year))


def _roll(n: int) -> Roll:
    squad = UUID(int=n + 1)
    return Roll(
        squad,
        f"S{n:02}",
        tuple(Officer(UUID(int=1000 + 100 * n + m), f"{n:02}-{m:03}", squad) for m in range(OFFICERS)),
        tuple(Camera(UUID(int=5000 + 100 * n + m), f"R-{n:02}{m:03}", squad, True) for m in range(OFFICERS)),
        RATES,
    )


def _lists(session: Session) -> None:
    """Two versions: from the middle of the year on more is asked for."""
    for version, day, more in ((1, date(YEAR, 1, 1), {}), (2, date(YEAR, 7, 1), {"late_start_s": 30})):
        listed = MatterList(version=version, in_force_from=day)
        session.add(listed)
        session.flush()
        for line in DEFAULT_LINES:
            session.add(RecordingMatter(list_id=listed.id, **(line.model_dump() | more)))


def _thinned(year: Year, events: int, chance: Random) -> Year:
    """With that many events, and the files that show no other."""
    kept = {event.id for event in chance.sample(year.events, events)}
    return replace(
        year,
        events=tuple(
            one if one.merged_into in kept else replace(one, merged_into=None)
            for one in year.events
            if one.id in kept
        ),
        files=tuple(file for file in year.files if file.shows <= kept),
    )


def _links(year: Year, chance: Random) -> Iterator[tuple]:
    """The true ones, but for what nobody has found yet: confirmed, the machine's alone, or only offered."""
    for file in year.files:
        for event in file.shows:
            drawn = chance.random()
            if drawn < 0.97:
                state = "confirmed" if drawn < 0.3 else "automatic" if drawn < 0.92 else "offered"
                yield (new_id(), file.id, event, state, 0.9, "[]", None, None, "1", file.received)
