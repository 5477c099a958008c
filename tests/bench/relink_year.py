"""A whole year linked anew, by chunks that share what they read, after a threshold was changed."""

from time import perf_counter
from typing import Any

from sqlmodel import Session

from schemas.policy import PolicyValue
from service.linking.batch import Relinked, relink_all
from tests.bench.field_year import field_year
from tests.bench.linking_index import DayClocks, database, decided_links, load
from tests.bench.scale import Scale

SEED = 301
DAYS = (93, 372)
RAISED = 0.8  # link_automatic_from, 0.75 before


def run(scale: Scale) -> list[dict[str, Any]]:
    squads, crews, days = (3, 3, DAYS) if scale.name == "full" else (1, 1, (10, 40))
    small, large = (_relinked(squads, crews, one) for one in days)
    recordings, seconds, done = large
    times, data = seconds / small[1], recordings / small[0]
    facts = {
        "recordings": recordings,
        "links_changed": done.changed,
        "us_each": round(seconds / recordings * 1e6),
    }
    return [
        {
            "name": "relink a whole year, a threshold raised",
            "value": round(seconds * 100_000 / recordings, 1),
            "unit": "s per 100,000 recordings",
            "reference": None,
            "reference_command": None,
            "ratio": None,
            "aim": "≤ 120 s",
            "met": seconds * 100_000 / recordings <= 120,
            **facts,
        },
        {
            "name": f"relink a whole year: {data:.2f} × the data take",
            "value": round(seconds, 1),
            "unit": "s",
            "reference": round(small[1], 1),
            "reference_command": f"the same for {small[0]:,} recordings",
            "ratio": round(times, 2),
            "aim": "≤ 4.5 × for 4 × the data",
            "met": times <= 4.5 * data / 4,
        },
    ]


def _relinked(squads: int, crews: int, days: int) -> tuple[int, float, Relinked]:
    """(recordings, seconds, what was done)."""
    year = field_year(SEED, squads=squads, crews=crews, days=days)
    with database() as engine:
        clocks = DayClocks(year)
        load(engine, year, decided_links(year, clocks), clocks)
        relink_all(engine)  # the evidence of neighbours is written once, and every cache is warm
        with Session(engine) as session:
            session.add(PolicyValue(name="link_automatic_from", value=RAISED))
            session.commit()
        begun = perf_counter()
        done = relink_all(engine)
        return done.recordings, perf_counter() - begun, done
