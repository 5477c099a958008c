"""Searching, always within the caller's squads.

Newest first, over windows of time that widen as they go back (one month, one, two, four …):
1. walk: the newest WALK documents of the scope in index order, each checked. Common words fill a page here.
2. Once a walk came to its end without filling the page, what is asked for is rare: the rest of the window and all
   older ones are looked up in the token index, where few rows are read.
So neither kind of word meets the plan that is slow for it, and no statistics are trusted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.search.criteria import Criteria, SearchFilters, criteria
from service.search.cursor import Position, read_cursor, write_cursor
from service.search.errors import FilterUnreadable
from service.search.schema import TABLE, month_of, partition_months

MAX_LIMIT = 200
WALK = 2000
FACET_CAP = 1000
FACET_SAMPLE = 5000

__all__ = ["Facet", "Hit", "Page", "SearchFilters", "facets", "search"]


@dataclass(frozen=True, slots=True)
class Hit:
    recording_id: UUID
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[Hit, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Facet:
    """`capped`: there are at least `count`."""

    value: str
    count: int
    capped: bool


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until) of the time of arrival; None is open."""

    since: datetime | None
    until: datetime | None

    def condition(self) -> str:
        bounds = [f"received_at {op} '{at.isoformat()}'" for op, at in ((">=", self.since), ("<", self.until)) if at]
        return " AND ".join(bounds) or "true"


def search(
    session: Session,
    scope: frozenset[UUID] | None,
    filters: SearchFilters,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """A page of recordings by time of arrival, newest first. `scope` None is the whole bureau."""
    if not 1 <= limit <= MAX_LIMIT:
        raise FilterUnreadable(field="limit", problem=f"1…{MAX_LIMIT}")
    wanted = criteria(scope, filters)
    start = read_cursor(cursor, filters) if cursor else None
    if wanted.nothing:
        return Page((), None)
    found: list[Hit] = []
    rare = False
    for window in _windows(_prepare(session), start):
        after = start
        if not rare:
            hits, after = _walk(session, wanted, window, start, limit + 1 - len(found))
            found += hits
            rare = after is not None and wanted.indexed
        if rare and len(found) <= limit:
            found += _look_up(session, wanted, window, after, limit + 1 - len(found))
        if len(found) > limit:
            items = tuple(found[:limit])
            return Page(items, write_cursor(Position(items[-1].received_at, items[-1].recording_id), filters))
    return Page(tuple(found), None)


def _prepare(session: Session) -> list[datetime]:
    """Compiling or parallel workers would cost more than these statements do. Until the transaction's end."""
    session.execute(
        text("SELECT set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)")
    )
    return partition_months(session)


def _windows(months: list[datetime], start: Position | None = None) -> Iterator[Window]:
    """All of time, newest first, cut at the beginnings of partitions."""
    newest = month_of(start.received_at if start else datetime.now(UTC))
    cuts = [month for month in months if month <= newest]
    until, size, index = None, 1, 0
    while index < len(cuts):
        since = cuts[min(index + size, len(cuts)) - 1]
        yield Window(since, until)
        index, size, until = index + size, size * 2 if index else 1, since
    yield Window(None, until)


def _walk(
    session: Session, wanted: Criteria, window: Window, after: Position | None, count: int
) -> tuple[list[Hit], Position | None]:
    """The first `count` hits among the newest WALK documents of the window, and where the walk broke off (None: it
    came to the window's end, or it is complete). What no index can answer is walked to the end."""
    budget = WALK if wanted.indexed else None
    statement = f"""
        SELECT recording_id, received_at, {wanted.condition} AS hit
        FROM (
            SELECT *, row_number() OVER (ORDER BY received_at DESC, recording_id DESC) AS n
            FROM {TABLE}
            WHERE {window.condition()} AND {wanted.walk_condition} AND {_older(after)}
            ORDER BY received_at DESC, recording_id DESC
            LIMIT :budget
        ) AS walked
        WHERE {wanted.condition} OR n = :budget
        LIMIT :count
    """
    rows = session.execute(text(statement), {**wanted.params, **_at(after), "count": count, "budget": budget}).all()
    hits = [Hit(row.recording_id, row.received_at) for row in rows if row.hit]
    broke_off = budget is not None and len(hits) < count and len(rows) > 0 and len(rows)
    return hits, rows
