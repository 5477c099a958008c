"""The generated year is what it says, and the rules do on a small one what the bench shows of large ones."""

from deploy.demo.simulator.rates import Rates
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
