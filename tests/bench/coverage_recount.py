"""A full recount beside the same rows read and swept in plain Python."""

from collections import defaultdict
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import text

from service.kernel.database import get_engine, transaction
from service.registry.matters.queries import book
from service.supervision.coverage.counting import recount_all
from tests.bench.coverage_year import EVENTS, build
from tests.bench.installation import installed
from tests.bench.report import Row, compared
from tests.bench.scale import Scale

AIM_RATIO = 2.0
STATEMENTS = {
    "events": "SELECT id, squad_id, kind, subject, campaign_id, arrived_at, departed_at, cancelled_at, merged_into"
    " FROM enforcement_events",
    "links": "SELECT l.event_id, l.state, l.part_start_s, l.part_end_s, r.state, r.recorded_from, r.recorded_to,"
    " r.duration_s, r.received_at FROM links l JOIN recordings r ON r.id = l.recording_id"
    " WHERE l.state IN ('automatic', 'confirmed') AND r.state <> 'refused' AND r.merged_into IS NULL",
    "explanations": "SELECT event_id, kind, reason, gap_from, gap_to FROM explanations WHERE state = 'approved'",
    "kept": "SELECT * FROM event_coverage",
}
ZONE = ZoneInfo("Asia/Shanghai")
ZERO = timedelta()


def run(scale: Scale) -> list[Row]:
    with installed() as running:
        build(running.engine, EVENTS[scale.name])
        with transaction() as session:
            started = perf_counter()
            recount_all(session)
            first = perf_counter() - started
        with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE) event_coverage"))
        url = running.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        ours, theirs = [], []
        for _ in range(min(3, scale.rounds)):
            theirs.append(_plain(url))
            with transaction() as session:
                started = perf_counter()
                recount_all(session)
                ours.append(perf_counter() - started)
    return [
        compared(
            f"full recount of {EVENTS[scale.name]:,} events, the reading of rows included",
            "s",
            ours,
            theirs,
            "plain Python (tests/bench/coverage_recount.py) over\n" + ";\n".join(STATEMENTS.values()),
            at_most=AIM_RATIO,
            first_count_s=round(first, 2),
        )
    ]


def _plain(url: str) -> float:
    """Reads the rows that a recount reads and sweeps them for both bases; writes nothing, like a recount that finds
    everything right."""
    with transaction() as session:
        rules = book(session)
    started = perf_counter()
    with psycopg.connect(url) as connection:
        read = {name: connection.execute(statement).fetchall() for name, statement in STATEMENTS.items()}
    links = defaultdict(list)
    for event, state, part_start, part_end, recorded, since, until, duration, received in read["links"]:
        if since is not None and until is None and duration is not None:
            until = since + timedelta(seconds=duration)
        if since is not None and part_end is not None:
            since, until = (
                since + timedelta(seconds=part_start),
                min(until, since + timedelta(seconds=part_end)),
            )
        links[event].append((state, recorded, since, until, received))
    reasons = defaultdict(list)
    for event, kind, reason, since, until in read["explanations"]:
        reasons[event].append((kind, reason, since, until))
    kept = {(row[0], row[1]): row[2:] for row in read["kept"]}
    swept = {}
    for event, _squad, kind, subject, _campaign, arrived, departed, _cancelled, _merged in read["events"]:
        rule = rules.find(arrived.astimezone(ZONE).date(), kind, subject)
        start, end = rule.required(arrived, departed)
        due = rule.due_at(departed or arrived + timedelta(hours=2))
        for basis, states in (("counted", ("automatic", "confirmed")), ("confirmed", ("confirmed",))):
            mine = [one for one in links[event] if one[0] in states and one[1] != "announced"]
            swept[event, basis] = _sweep(rule, start, end, due, mine)
    if len(kept) != len(swept):
        raise AssertionError("not every event is kept")
    return perf_counter() - started


def _sweep(rule: Any, start: datetime, end: datetime | None, due: Any, mine: Any) -> tuple[Any, ...]:
    covered, here, late, early, gaps = ZERO, start, ZERO, ZERO, []
    for _state, _recorded, since, until, _received in sorted(mine, key=lambda one: (one[2] is None, one[2])):
        if since is None:
            continue
        until = until if end is None else min(until, end)
        if until <= here:
            continue
        if since > here:
            if here == start:
                late = since - here
            gaps.append((here, since))
            here = since
        covered += until - here
        here = until
    if end is not None and here < end:
        early = end - here
        gaps.append((here, end))
    beyond = [gap for gap in gaps if gap[1] - gap[0] > timedelta(seconds=rule.gap_s)]
    received = [one[4] for one in mine]
    return (
        len(mine), sum(moment <= due for moment in received), covered, late, early, beyond,
        min(received, default=None), max(received, default=None),
    )  # fmt: skip
