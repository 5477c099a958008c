"""A whole year linked anew, by chunks that share what they read, after a threshold was changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

from sqlalchemy import Engine, create_engine
from sqlmodel import Session

from deploy.demo.simulator.rounds import rounds_year
from schemas.policy import PolicyValue
from service.finding.linking.batch import relink_all
from tests.bench.report import Row, against
from tests.bench.scale import Scale
from tests.bench.year_index import DayClocks, database, decided_links, load

SEED = 301
DAYS = (93, 372)
CHANGES = (0.8, 0.75, 0.8)  # of link_automatic_from, 0.75 before: a round each


def run(scale: Scale) -> list[Row]:
    squads, crews, days = (3, 3, DAYS) if scale.name == "full" else (1, 1, (10, 40))
    with database() as first, _beside(first) as second:
        small, large = (
            _loaded(engine, squads, crews, one) for engine, one in zip((first, second), days, strict=True)
        )
        for threshold in CHANGES:  # in turn, because the machine's own speed drifts
            small.relink(threshold)
            large.relink(threshold)
    seconds, before = median(large.rounds), median(small.rounds)
    times, data = seconds / before, large.recordings / small.recordings
    facts = {
        "recordings": large.recordings,
        "links_changed": large.changed,
        "us_each": round(seconds / large.recordings * 1e6),
    }
    each = seconds * 100_000 / large.recordings
    return [
        against(
            "relink a whole year, a threshold changed",
            "s per 100,000 recordings",
            each,
            None,
            None,
            digits=1,
            aim="≤ 120 s",
            met=each <= 120,
            **facts,
        ),
        against(
            f"relink a whole year: {data:.2f} × the data take",
            "s",
            seconds,
            before,
            f"the same for {small.recordings:,} recordings",
            digits=1,
            aim="≤ 4.5 × for 4 × the data",
            met=times <= 4.5 * data / 4,
            rounds=[round(one, 1) for one in large.rounds],
            reference_rounds=[round(one, 1) for one in small.rounds],
        ),
    ]


@dataclass
class Loaded:
    """`rounds`: seconds of each; `changed`: links, by the last."""

    engine: Engine
    recordings: int
    rounds: list[float] = field(default_factory=list)
    changed: int = 0

    def relink(self, threshold: float) -> None:
        with Session(self.engine) as session:
            session.merge(PolicyValue(name="link_automatic_from", value=threshold))
            session.commit()
        begun = perf_counter()
        self.changed = relink_all(self.engine).changed
        self.rounds.append(perf_counter() - begun)


@contextmanager
def _beside(engine: Engine) -> Iterator[Engine]:
    """A second database of the same server, as empty as the first."""
    name = "beside"
    engine.dispose()  # a template has no guests
    owner = create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE {name} TEMPLATE "{engine.url.database}"')
    owner.dispose()
    second = create_engine(engine.url.set(database=name))
    yield second
    second.dispose()


def _loaded(engine: Engine, squads: int, crews: int, days: int) -> Loaded:
    year = rounds_year(SEED, squads=squads, crews=crews, days=days)
    clocks = DayClocks(year)
    load(engine, year, decided_links(year, clocks), clocks)
    # the evidence of neighbours is written once, and every cache is warm
    return Loaded(engine, relink_all(engine).recordings)
