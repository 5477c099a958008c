"""How well recordings are linked, on a generated year with known truth that the rules were not tuned on.

The rules are judged on what the pure path gathers; on a sample of the same year the links that the real database
path writes are compared with it, one by one.
"""

from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import Session

from deploy.demo.simulator.rates import BAD_CLOCKS, BAD_DAYS, OUTSIDERS
from deploy.demo.simulator.rounds import rounds_year
from deploy.demo.simulator.rows import FAULTS, STRAY, Year
from schemas.links import Link, LinkState
from service.finding.linking.batch import relink_all
from service.finding.linking.evidence import Limits
from service.finding.linking.rules import VERSION, decide
from tests.bench.linking_pure import Marks, Tally, as_seen, rival
from tests.bench.report import Row, against
from tests.bench.scale import Scale
from tests.bench.year_index import database, load

HELD_OUT = (101, 102, 103)
"""Seeds that nothing was tuned on. Tuned on 1, 2 and 3."""
SAMPLE_SEED, SAMPLE_DAYS = 104, 12
BAD_HELD_OUT = (7101, 7102)
"""Months of bad clocks and of bad days, likewise; what the rules do about these was tuned on 21 to 25."""
AT_OUTSIDERS_RATES = {"precision": 0.995, "recall": 0.92, "rest offered": 0.93}
AIMS = {
    "clocks": {"eight_off": ("recall", 0.9), "reset": ("recall", 0.8), "unread": ("rest offered", 0.8)},
    "days": {
        "over_two": ("recall", 0.85), "no_crew": ("rest offered", 0.97), "outside": ("recall", 0.7),
        "early_stop": ("rest offered", 0.9), "late_start": ("rest offered", 0.9), "before_neighbour": ("precision", None),
    },
}  # fmt: skip
RIVAL = "officer id equal, start of the recording from 5 min before arrival to departure; no offers"


def run(scale: Scale) -> list[Row]:
    days = 365 if scale.name == "full" else 10
    ours, theirs, sizes = Marks(), Marks(), []
    for seed in HELD_OUT if scale.name == "full" else HELD_OUT[:1]:
        year = rounds_year(seed, squads=6, crews=1 if scale.name == "full" else 2, days=days)
        sizes.append((len(year.events), len(year.files)))
        _judge(year, ours)
        rival(year, theirs)
    different, compared = _same_by_database()
    return [
        *_figures(ours, theirs, sizes),
        _agreement(different, compared),
        *_by_fault(ours, theirs),
        *_bad_months(30 if scale.name == "full" else 6),
    ]


def _bad_months(days: int) -> list[Row]:
    """Of months of bad clocks and of bad days only the rows are judged, not the sum: each fault comes in at least one
    file of twenty-five. Of a month with the rates of an outsider's, the sum. `pairs`: those that the figure is of."""
    rows = []
    for kind, rates in (("clocks", BAD_CLOCKS), ("days", BAD_DAYS)):
        for seed in BAD_HELD_OUT:
            ours, theirs = Marks(), Marks()
            year = rounds_year(seed, squads=4, crews=2, days=days, rates=rates)
            _judge(year, ours)
            rival(year, theirs)
            for fault, (what, aim) in AIMS[kind].items():
                of = f"a month of bad {kind}, seed {seed}: {fault}"
                rows.append(_bad_row(of, what, aim, ours.by_fault[fault], theirs.by_fault[fault], year))
    for seed in BAD_HELD_OUT:
        ours, theirs = Marks(), Marks()
        year = rounds_year(seed, squads=4, crews=2, days=days, rates=OUTSIDERS)
        _judge(year, ours)
        rival(year, theirs)
        for what, aim in AT_OUTSIDERS_RATES.items():
            rows.append(
                _bad_row(
                    f"a month at an outsider's rates, seed {seed}", what, aim, ours.all, theirs.all, year
                )
            )
    return rows


def _bad_row(of: str, what: str, aim: float | None, mine: Tally, other: Tally, year: Year) -> Row:
    value = {"recall": mine.recall, "precision": mine.precision, "rest offered": mine.rest_offered}[what]
    pairs = {"recall": mine.true, "precision": mine.linked, "rest offered": mine.rest}[what]
    reference = {"recall": other.recall, "precision": other.precision}.get(what)
    name = f"linking, {of}: {what}, n {pairs} of {len(year.files)} files"
    return _row(name, value, reference, aim, recordings=mine.recordings, pairs=pairs)


def _judge(year: Year, marks: Marks) -> None:
    limits = Limits()
    for file, facts, events in as_seen(year, limits):
        decisions = decide(facts, events, limits)
        automatic = {one.event_id for one in decisions if one.state == LinkState.automatic and one.event_id}
        offers = [one.event_id for one in decisions if one.state == LinkState.offered and one.event_id]
        marks.count(file, automatic, offers)


# ---- the same by the database ------------------------------------------------------------------------


def _same_by_database() -> tuple[int, int]:
    """(recordings whose links differ, recordings)."""
    year = rounds_year(SAMPLE_SEED, squads=4, crews=2, days=SAMPLE_DAYS)
    with database() as engine:
        load(engine, year)
        # Recorders, officers and cases are known from the start: one pass writes what any order ends with.
        relink_all(engine)
        return _different(engine, year), len(year.files)


def _different(engine: Engine, year: Year) -> int:
    limits, different = Limits(), 0
    with Session(engine) as session:
        kept: dict[Any, dict[Any, tuple[str, float]]] = {}
        for link in session.scalars(select(Link).where(Link.event_id.is_not(None))):
            kept.setdefault(link.recording_id, {})[link.event_id] = (str(link.state), round(link.score, 2))
    for file, facts, events in as_seen(year, limits):
        wanted = {
            one.event_id: (str(one.state), round(one.score, 2))
            for one in decide(facts, events, limits)
            if one.event_id
        }
        different += wanted != kept.get(file.id, {})
    return different


# ---- figures -----------------------------------------------------------------------------------------


def _figures(ours: Marks, theirs: Marks, sizes: list[tuple[int, int]]) -> list[Row]:
    mine, other = ours.all, theirs.all
    facts = {"rules": VERSION, "seeds": list(HELD_OUT), "events_recordings": sizes, "faults": list(FAULTS)}
    return [
        _row("linking: precision of automatic links", mine.precision, other.precision, 0.99, **facts),
        _row("linking: recall of automatic links", mine.recall, other.recall, 0.90),
        _row(
            "linking: the rest among the first three offered", mine.rest_offered, None, 0.97, rest=mine.rest
        ),
    ]


def _row(name: str, value: float, reference: float | None, aim: float | None = None, **more: Any) -> Row:
    wanted, met = ("", None) if aim is None else (f"≥ {aim}", value >= aim)
    return against(name, "", value, reference, RIVAL, digits=4, aim=wanted, met=met, **more)


def _agreement(different: int, compared: int) -> Row:
    return Row(
        name="linking: recordings that the database path links otherwise than the pure one",
        value=different,
        unit=f"of {compared}",
        aim="0",
        met=different == 0,
    )


def _by_fault(ours: Marks, theirs: Marks) -> list[Row]:
    """Of the recordings that have a fault, whatever else they have; those that show nothing have only precision."""
    rows = []
    for name in ("none", *FAULTS, STRAY):
        mine, other = ours.by_fault[name], theirs.by_fault[name]
        if name == STRAY:
            wrong = _row(f"linking: {name}: share linked by mistake", mine.linked / max(1, mine.recordings),
                         other.linked / max(1, other.recordings), recordings=mine.recordings)  # fmt: skip
            rows.append(wrong)
            continue
        counts = {"recordings": mine.recordings, "pairs": mine.true, "rest": mine.rest}
        rows.append(_row(f"linking: {name}: precision", mine.precision, other.precision, **counts))
        rows.append(_row(f"linking: {name}: recall", mine.recall, other.recall))
        rows.append(_row(f"linking: {name}: the rest offered", mine.rest_offered, None))
    return rows
