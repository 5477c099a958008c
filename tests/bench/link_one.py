"""One recording arrives in an index of a year: its link job, beside the bare SQL of the interval join."""

from collections.abc import Callable
from functools import partial
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from deploy.demo.simulator.rounds import rounds_year
from schemas.recordings import Recording
from service.finding.linking.actions import link_recording
from service.finding.linking.facts import gather, limits
from service.finding.linking.neighbours import tell_neighbours
from service.finding.linking.rules import decide
from service.finding.linking.writing import write_links
from service.kernel.database import transaction
from tests.bench.report import Row, against, milliseconds, quantile
from tests.bench.scale import Scale
from tests.bench.year_index import DayClocks, database, held_back, load, true_links

SEED = 201
ARRIVALS = 300
WARM_UP = 20

# What one would write by hand for one recording: its holders, their partners of the shift, and every event near it of
# its squad or of one of these people, with the overlap and who of them took part.
BARE = """
WITH r AS (
    SELECT squad_id, officer_id, recorder_id, recorded_from, recorded_to,
           tstzrange(recorded_from - interval '10 min', recorded_to + interval '10 min') AS near,
           tstzrange(recorded_from - interval '370 min', recorded_to + interval '370 min') AS shift
    FROM recordings WHERE id = :id
), people AS (
    SELECT officer_id FROM r WHERE officer_id IS NOT NULL
    UNION SELECT a.officer_id FROM r JOIN assignments a
        ON a.recorder_id = r.recorder_id AND tstzrange(a.held_from, a.held_to) && r.near
), around AS MATERIALIZED (
    SELECT e.id, e.squad_id, e.arrived_at, e.departed_at, e.latitude, e.longitude, e.case_id,
           array_agg(x.officer_id) AS crew
    FROM r JOIN enforcement_events e ON tstzrange(e.arrived_at, e.departed_at, '[]') && r.shift
    LEFT JOIN event_officers x ON x.event_id = e.id
    WHERE e.cancelled_at IS NULL AND (e.departed_at IS NOT NULL OR e.arrived_at > lower(r.shift))
    GROUP BY e.id
), partners AS (
    SELECT DISTINCT one AS officer_id FROM around, unnest(crew) AS one
    WHERE crew && (SELECT array_agg(officer_id) FROM people)
)
SELECT e.*, least(e.departed_at, r.recorded_to) - greatest(e.arrived_at, r.recorded_from) AS overlap,
       r.officer_id = ANY(e.crew) AS filmed, e.crew && (SELECT array_agg(officer_id) FROM people) AS held,
       (SELECT array_agg(o.certificate_no) FROM officers o WHERE o.id = ANY(e.crew)) AS numbers
FROM r JOIN around e ON tstzrange(e.arrived_at, e.departed_at, '[]') && r.near
WHERE e.squad_id = r.squad_id OR e.crew && (SELECT array_agg(officer_id) FROM partners)
   OR e.crew && (SELECT array_agg(officer_id) FROM people)
"""


def run(scale: Scale) -> list[Row]:
    full = scale.name == "full"
    year = rounds_year(SEED, squads=9 if full else 2, crews=3, days=372 if full else 20)
    with database() as engine:
        load(engine, year, true_links(year), DayClocks(year))
        chosen = Random(SEED).sample(held_back(year), ARRIVALS + WARM_UP if full else 2 * WARM_UP)
        times = _measured(engine, chosen)
    size = f"{len(year.events):,} events and {len(year.files):,} recordings"
    return _rows(times, size)


def _measured(engine: Engine, chosen: list[UUID]) -> dict[str, list[float]]:
    """Milliseconds of each way, one after the other for each recording, so that all see the same caches."""
    ways: dict[str, Callable[[UUID], Any]] = {
        "bare": lambda one: _bare(engine, one),
        "decide": lambda one: _decide(engine, one),
        "links": lambda one: _links_only(engine, one),
        "job": lambda one: _job(engine, one),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number, one in enumerate(chosen):
        for name, way in ways.items():
            took = milliseconds(partial(way, one))
            if number >= WARM_UP:
                times[name].append(took)
    return times


def _bare(engine: Engine, one: UUID) -> None:
    with engine.connect() as connection:
        connection.execute(text(BARE), {"id": one}).all()


def _decide(engine: Engine, one: UUID) -> None:
    with Session(engine) as session:
        rule = limits(session)
        gathered = gather(session, session.get_one(Recording, one), rule, ())
        decide(gathered.recording, gathered.events, rule)


def _links_only(engine: Engine, one: UUID) -> None:
    """The links and their custody, taken back again: the job is still to do them."""
    with Session(engine) as session:
        write_links(session, [one])
        session.rollback()


def _job(engine: Engine, one: UUID) -> None:
    """What the `link` stage does: links, custody, search document, coverage, and word to the neighbouring files."""
    with transaction(engine) as session:
        link_recording(session, one)
    with transaction(engine) as session:
        tell_neighbours(session, [one])


def _rows(times: dict[str, list[float]], size: str) -> list[Row]:
    bare = quantile(times["bare"])
    rows = []
    for name, title in (
        ("decide", "link one arriving recording: facts read and links decided, p95"),
        ("links", "link one arriving recording: decided and written with custody, p95"),
        (
            "job",
            "link one arriving recording: the whole job with search document, coverage, neighbours, commit, p95",
        ),
    ):
        value = quantile(times[name])
        rows.append(
            against(
                f"{title}, {size}",
                "ms",
                value,
                bare,
                BARE.strip(),
                aim="≤ 3 × and ≤ 30 ms" if name == "decide" else "≤ 20 ms",
                met=value <= min(30, 3 * bare) if name == "decide" else value <= 20,
                p50=round(median(times[name]), 2),
                reference_p50=round(median(times["bare"]), 2),
            )
        )
    return rows
