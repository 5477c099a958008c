"""The board of a year by squad and month, beside the SQL that one would write by hand over the kept rows."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlmodel import Session

from deploy.demo.simulator.rates import YEAR
from schemas.accounts import Role
from service.app import settle
from service.kernel.actor import Actor
from service.kernel.database import get_engine, transaction
from service.supervision.coverage.asking import Shown
from service.supervision.coverage.counting import recount_all
from service.supervision.coverage.figure_types import Dimension
from service.supervision.coverage.queries import Board, board
from service.supervision.coverage.selection import Filters
from service.web.coverage.board_view import board_page
from tests.bench.coverage_year import AS_OF, EVENTS, build
from tests.bench.installation import installed
from tests.bench.report import Row, against, milliseconds, quantile
from tests.bench.scale import Scale

ASKED = 40
FILTERS = Filters(since=date(YEAR, 1, 1), until=date(YEAR + 1, 1, 1))
BY = (Dimension.squad, Dimension.month)
AIM_MS, AIM_RATIO = 30, 2

OPEN = "excluded IS NULL AND exempt IS NULL AND due_at <= :as_of"
DUE = "excluded IS NULL AND due_at <= :as_of"
BY_HAND = f"""
SELECT squad_id, date_trunc('month', CAST(day AS timestamp)), min(matter_version), max(matter_version),
       count(*) FILTER (WHERE {OPEN}), count(*) FILTER (WHERE {OPEN} AND shown > 0),
       sum(required_s) FILTER (WHERE {OPEN} AND required_to IS NOT NULL),
       sum(recorded_s) FILTER (WHERE {OPEN} AND required_to IS NOT NULL),
       count(*) FILTER (WHERE {OPEN} AND required_to IS NULL),
       sum(links + announced - archived) FILTER (WHERE {OPEN}), sum(in_time) FILTER (WHERE {OPEN}),
       count(*) FILTER (WHERE {DUE}), count(*) FILTER (WHERE {DUE} AND exempt IS NOT NULL),
       sum(gap_count) FILTER (WHERE {OPEN}), sum(gap_explained) FILTER (WHERE {OPEN}),
       count(*) FILTER (WHERE excluded = 'cancelled'), count(*) FILTER (WHERE excluded = 'merged'),
       count(*) FILTER (WHERE excluded = 'not_required'),
       count(*) FILTER (WHERE excluded IS NULL AND due_at > :as_of)
FROM event_coverage
WHERE basis = 'counted' AND day >= '{FILTERS.since}' AND day < '{FILTERS.until}'
GROUP BY 1, 2
""".replace(":as_of", f"'{AS_OF.isoformat()}'")


def run(scale: Scale) -> list[Row]:
    with installed() as running:
        build(running.engine, EVENTS[scale.name])
        with transaction() as session:
            recount_all(session)
        with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE) event_coverage"))
        settle()  # as a process of the service does when it has started
        with Session(get_engine()) as session:
            _same(board(session, SEES_ALL, FILTERS, BY, AS_OF), session.execute(text(_plain(BY_HAND))).all())
            board_page(session, SEES_ALL, _asked())
            ours, theirs, page = [], [], []
            for _ in range(ASKED):
                theirs.append(milliseconds(lambda: session.execute(text(_plain(BY_HAND))).all()))
                ours.append(milliseconds(lambda: board(session, SEES_ALL, FILTERS, BY, AS_OF)))
                page.append(milliseconds(lambda: board_page(session, SEES_ALL, _asked())))
            plan = "\n".join(session.scalars(text(_plain("EXPLAIN (ANALYZE, BUFFERS) " + BY_HAND))))
    value, reference = quantile(ours), quantile(theirs)
    return [
        against(
            f"board of a year by squad and month, {EVENTS[scale.name]:,} events, p95",
            "ms",
            value,
            reference,
            BY_HAND,
            digits=1,
            aim=f"≤ {AIM_RATIO} × and ≤ {AIM_MS} ms",
            met=value <= AIM_RATIO * reference and value <= AIM_MS,
            p50=round(quantile(ours, 0.5), 1),
            reference_p50=round(quantile(theirs, 0.5), 1),
            # the same with its margins, lists of choices and drawings, without its HTML
            page_p50=round(quantile(page, 0.5), 1),
            page_p95=round(quantile(page), 1),
            explain=plan,
        )
    ]


SEES_ALL = Actor(uuid4(), "bench", Role.auditor, None)


def _asked() -> Shown:
    return Shown(year=str(YEAR), since="", to="", as_of=AS_OF.isoformat())


def _plain(statement: str) -> str:
    return statement.replace(":", "\\:")


def _same(ours: Board, by_hand: Sequence[Any]) -> None:
    """A reference that answers something else would be no reference."""
    found = {tuple(key.value for key in row.keys): row.figures for row in ours.rows}
    if len(found) != len(by_hand):
        raise AssertionError(f"{len(found)} rows on the board, {len(by_hand)} by hand")
    for (
        squad,
        month,
        _first,
        _last,
        due,
        filmed,
        required,
        recorded,
        _open,
        links,
        in_time,
        _,
        exempt,
        gaps,
        why,
        *_,
    ) in by_hand:
        row = found[str(squad), f"{month:%Y-%m}"]
        pairs = [
            (row["recorded"], filmed, due), (row["completeness"], recorded, required), (row["on_time"], in_time, links),
            (row["exempt"], exempt, due + exempt), (row["explained"], why, gaps),
        ]  # fmt: skip
        for figure, numerator, denominator in pairs:
            if (
                abs(figure.numerator - (numerator or 0)) > 1e-3
                or abs(figure.denominator - (denominator or 0)) > 1e-3
            ):
                raise AssertionError(f"board and SQL differ: {figure}, {numerator} / {denominator}")
