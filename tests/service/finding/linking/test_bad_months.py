"""Months of bad clocks and of bad days in a real database: what measurements leave open is cleared by what else is known,
and the links are those of the rules."""

from dataclasses import replace

import pytest
import sqlalchemy
from sqlmodel import Session, select

from deploy.demo.simulator.rates import BAD_CLOCKS, BAD_DAYS, Rates
from deploy.demo.simulator.rounds import rounds_year
from schemas.links import Link
from schemas.recordings import Recording
from service.finding.linking.batch import relink_all
from service.finding.linking.evidence import Limits
from service.finding.linking.rules import decide
from tests.bench.linking_pure import Clocks, as_seen
from tests.bench.year_index import load

WORSE_CLOCKS = replace(BAD_CLOCKS, eight_off=0.15, reset=0.1, unread=0.15)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("rates", "seed", "settled"), [(WORSE_CLOCKS, 31, 20), (BAD_DAYS, 32, 0)], ids=["clocks", "days"]
)
def test_the_database_clears_clocks_and_links_as_the_pure_rules_do(
    clean_engine: sqlalchemy.Engine, rates: Rates, seed: int, settled: int
) -> None:
    year, limits = rounds_year(seed, squads=2, crews=2 if not settled else 1, days=4, rates=rates), Limits()
    load(clean_engine, year)
    assert relink_all(clean_engine).recordings == len(year.files)
    clocks = Clocks(year)
    assert len(clocks.settled) >= settled
    with Session(clean_engine) as session:
        recordings = {one.id: one for one in session.scalars(select(Recording))}
        kept: dict = {one: {} for one in recordings}
        for link in session.scalars(select(Link).where(Link.event_id.is_not(None))):
            kept[link.recording_id][link.event_id] = (str(link.state), round(link.score, 2))
    for file, facts, events in as_seen(year, limits, clocks):
        mine = recordings[file.id]
        assert ("settled" in mine.clock) == (file.id in clocks.settled)
        if facts.presumed_s == 0:
            assert (mine.recorded_from, mine.recorded_to) == (facts.start, facts.end)
        wanted = {
            one.event_id: (str(one.state), round(one.score, 2))
            for one in decide(facts, events, limits)
            if one.event_id
        }
        assert kept[file.id] == wanted, (sorted(file.faults), facts)
