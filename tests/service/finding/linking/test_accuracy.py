"""The generated year is what it says, and the rules do on a small one what the bench shows of large ones."""

import pytest

from deploy.demo.simulator.rates import BAD_CLOCKS, BAD_DAYS, Rates
from deploy.demo.simulator.rounds import rounds_year
from deploy.demo.simulator.rows import FAULTS, STRAY
from schemas.links import LinkState
from service.finding.linking.evidence import Limits
from service.finding.linking.rules import decide
from tests.bench.linking_pure import Marks, as_seen, rival


def test_the_same_seed_gives_the_same_year_and_another_seed_another() -> None:
    years = [rounds_year(seed, squads=2, crews=1, days=3) for seed in (5, 5, 6)]
    assert years[0] == years[1] != years[2]


def test_faults_come_at_the_stated_rates() -> None:
    year = rounds_year(11, squads=8, crews=3, days=12)
    files = [file for file in year.files if STRAY not in file.faults]
    share = {name: sum(name in file.faults for file in files) / len(files) for name in FAULTS}
    rates = Rates()
    for name in ("no_gps", "late_start", "shared"):
        assert abs(share[name] - getattr(rates, name)) < 0.25 * getattr(rates, name), name
    assert 0.035 < 1 - len(files) / len(year.files) < 0.065
    assert all(not file.shows for file in year.files if STRAY in file.faults)
    events = {event.id for event in year.events}
    assert all(file.shows <= events for file in year.files)


@pytest.mark.parametrize(
    ("rates", "faults"),
    [
        (BAD_CLOCKS, {"eight_off", "reset", "unread"}),
        (BAD_DAYS, {"over_two", "no_crew", "outside", "before_neighbour", "early_stop", "late_start"}),
    ],
)
def test_a_bad_month_has_enough_of_each_of_its_faults(rates: Rates, faults: set[str]) -> None:
    files = [
        file for seed in (13, 14) for file in rounds_year(seed, squads=4, crews=2, days=15, rates=rates).files
    ]
    for fault in faults:
        assert sum(fault in file.faults for file in files) >= 0.03 * len(files), fault


def test_in_bad_months_a_measured_clock_links_and_what_is_not_sure_is_offered() -> None:
    """Bounds far below the bench's aims: what a small month can hold."""
    clocks = _marks(15, BAD_CLOCKS)
    assert clocks.all.precision >= 0.99
    assert clocks.by_fault["eight_off"].recall >= 0.8 and clocks.by_fault["reset"].recall >= 0.7
    assert clocks.by_fault["unread"].rest_offered >= 0.7
    days = _marks(15, BAD_DAYS)
    assert days.by_fault["over_two"].recall >= 0.72 and days.by_fault["outside"].recall >= 0.55
    assert days.by_fault["no_crew"].rest_offered >= 0.9
    assert days.by_fault["before_neighbour"].precision >= 0.88


def _marks(seed: int, rates: Rates) -> Marks:
    marks, limits = Marks(), Limits()
    for file, facts, events in as_seen(rounds_year(seed, squads=4, crews=2, days=10, rates=rates), limits):
        found = decide(facts, events, limits)
        automatic = {one.event_id for one in found if one.state == LinkState.automatic and one.event_id}
        marks.count(
            file,
            automatic,
            [one.event_id for one in found if one.state == LinkState.offered and one.event_id],
        )
    return marks


def test_on_a_small_year_the_rules_keep_their_aims_and_leave_the_rival_behind() -> None:
    year, limits = rounds_year(12, squads=4, crews=3, days=8), Limits()
    ours, theirs = Marks(), Marks()
    for file, facts, events in as_seen(year, limits):
        found = decide(facts, events, limits)
        ours.count(
            file,
            {one.event_id for one in found if one.state == LinkState.automatic and one.event_id},
            [one.event_id for one in found if one.state == LinkState.offered and one.event_id],
        )
    rival(year, theirs)
    assert ours.all.precision >= 0.985
    assert ours.all.recall >= 0.90
    assert ours.all.rest_offered >= 0.95
    assert ours.all.precision > theirs.all.precision
    assert ours.all.recall > theirs.all.recall
