"""Searching, always within the caller's squads.

Newest first, over windows of time that widen as they go back (one month, one, two, four …):
1. walk: the newest WALK documents of the scope in index order, each checked. Common words fill a page here.
2. Once a walk came to its end without filling the page, what is asked for is rare: the rest of the window and all
   older ones are looked up in the token index, where few rows are read.
So neither kind of word meets the plan that is slow for it, and no statistics are trusted.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.finding.search.criteria import Criteria, SearchFilters, criteria
from service.finding.search.cursor import Position, read_cursor, write_cursor
from service.finding.search.errors import FilterUnreadable
from service.finding.search.rules import key_token
from service.finding.search.schema import TABLE, partition_months

MAX_LIMIT = 200
WALK = 2000
USUAL_DELAY = timedelta(days=3)  # from recording to arrival
FACET_CAP = 1000
FACET_SAMPLE = 10_000
TOTAL = ("total", "")
_CHECKED = "recording_id, received_at, squad_id, recorded_from, lat, lon, linked, state, media, kinds, tags, refs, body"

Counts = Counter[tuple[str, str]]

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
    walk: bool = True

    def condition(self) -> str:
        bounds = [
            f"received_at {op} '{at.isoformat()}'" for op, at in ((">=", self.since), ("<", self.until)) if at
        ]
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
    for window in _windows(_prepare(session), start, filters.until):
        after = start
        if window.walk and not rare:
            hits, after = _walk(session, wanted, window, start, limit + 1 - len(found))
            found += hits
            rare = after is not None and wanted.indexed
        if (rare or not window.walk) and len(found) <= limit:
            found += _look_up(session, wanted, window, after, limit + 1 - len(found))
        if len(found) > limit:
            items = tuple(found[:limit])
            return Page(items, write_cursor(Position(items[-1].received_at, items[-1].recording_id), filters))
    return Page(tuple(found), None)


def _prepare(session: Session) -> list[datetime]:
    """Compiling or parallel workers would cost more than these statements do. Until the transaction's end."""
    session.execute(
        text(
            "SELECT set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)"
        )
    )
    return partition_months(session)


def _windows(
    months: list[datetime], start: Position | None = None, recorded_until: datetime | None = None
) -> Iterator[Window]:
    """All of time, newest first, cut at the beginnings of partitions.

    Where only recordings from before `recorded_until` are wanted, few will have arrived long after it: that part is
    not walked, and walking begins where they are many."""
    newest, until = start.received_at if start else datetime.now(UTC), None
    top = recorded_until + USUAL_DELAY if recorded_until and recorded_until.year < 9999 else newest
    if top < newest:
        yield Window(top, None, walk=False)
        newest = until = top
    cuts = [month for month in months if month <= newest]
    size, index = 1, 0
    while index < len(cuts):
        since = cuts[min(index + size, len(cuts)) - 1]
        yield Window(since, until)
        index, size, until = index + size, size * 2 if index else 1, since
    yield Window(None, until)


def _walk(
    session: Session, wanted: Criteria, window: Window, after: Position | None, count: int
) -> tuple[list[Hit], Position | None]:
    """The first `count` hits among the newest WALK documents of the window, and where the walk broke off for their
    number (None: it saw the whole window). What no index can answer is walked to the end."""
    squad = "squad_id = CAST(:squad AS uuid)" if wanted.squad else "true"
    source = f"FROM {TABLE} WHERE {squad} AND {window.condition()} AND {_older(after)}"
    newest = "ORDER BY received_at DESC, recording_id DESC"
    params = {**wanted.params, **_at(after), "squad": wanted.squad, "count": count, "walk": WALK}
    if not wanted.indexed:
        statement = f"SELECT recording_id, received_at {source} AND {wanted.check} {newest} LIMIT :count"
        return _hits(session, statement, params), None
    statement = f"""
        SELECT recording_id, received_at FROM (SELECT {_CHECKED} {source} {newest} LIMIT :walk) AS walked
        WHERE {wanted.check} LIMIT :count
    """
    hits = _hits(session, statement, params)
    if len(hits) == count:
        return hits, None
    last = _hits(
        session, f"SELECT recording_id, received_at {source} {newest} OFFSET :walk - 1 LIMIT 1", params
    )
    return hits, Position(last[0].received_at, last[0].recording_id) if last else None


def _hits(session: Session, statement: str, params: dict[str, Any]) -> list[Hit]:
    return [Hit(row.recording_id, row.received_at) for row in session.execute(text(statement), params)]


def _look_up(
    session: Session, wanted: Criteria, window: Window, after: Position | None, count: int
) -> list[Hit]:
    """The first `count` hits of the window, by the token index. OFFSET 0 keeps the planner from walking in order
    until it has `count`."""
    statement = f"""
        SELECT recording_id, received_at
        FROM (
            SELECT recording_id, received_at FROM {TABLE}
            WHERE {window.condition()} AND {_older(after)} AND {wanted.lookup}
            OFFSET 0
        ) AS found
        ORDER BY received_at DESC, recording_id DESC
        LIMIT :count
    """
    return _hits(session, statement, {**wanted.params, **_at(after), "count": count})


def _older(after: Position | None) -> str:
    if after is None:
        return "true"
    return "received_at <= :after_at AND (received_at, recording_id) < (:after_at, CAST(:after_id AS uuid))"


def _at(after: Position | None) -> dict[str, Any]:
    return {"after_at": after.received_at, "after_id": after.recording_id} if after else {}


# ---- facets ---------------------------------------------------------------------------------------


def facets(session: Session, scope: frozenset[UUID] | None, filters: SearchFilters) -> dict[str, list[Facet]]:
    """How many hits have each value of total, squad, kind, state, media, tag and linked; most frequent first. Exact below
    FACET_CAP, capped there."""
    wanted = criteria(scope, filters)
    counts = Counter() if wanted.nothing else _count(session, wanted, scope)
    counts.setdefault(TOTAL, 0)
    found: dict[str, list[Facet]] = {
        name: [] for name in ("total", "squad", "kind", "state", "media", "tag", "linked")
    }
    for (name, value), count in sorted(counts.items(), key=lambda item: (-min(item[1], FACET_CAP), item[0])):
        if count or name == "total":
            found[name].append(Facet(value, min(count, FACET_CAP), count > FACET_CAP))
    return found


def _count(session: Session, wanted: Criteria, scope: frozenset[UUID] | None) -> Counts:
    """Window by window, newest first. All hits are read until they are FACET_SAMPLE; by then most values have passed
    the cap, and from there on only hits with one of the others are."""
    counts: Counts = Counter()
    months = _prepare(session)
    # Expecting few hits, the planner would sort them to group them: hashing is three times as quick.
    session.execute(text("SELECT set_config('enable_sort', 'off', true)"))
    rare: list[int] | None = None
    for window in _windows(months):
        if rare is None:
            here = _count_in(session, wanted, window, FACET_SAMPLE - counts[TOTAL])
            if counts[TOTAL] + here[TOTAL] < FACET_SAMPLE:
                counts.update(here)
                continue
            # Perhaps not all of the window's: good for what has passed the cap, the others are counted anew in it.
            counts.update({key: count for key, count in here.items() if counts[key] + count > FACET_CAP})
            session.execute(text("SELECT set_config('enable_seqscan', 'off', true)"))
            values = _values(session, scope)
        rare = [key_token(*key) for key in values if counts[key] <= FACET_CAP]
        if not rare:
            break
        counts.update(_count_in(session, wanted, window, rare=rare))
    session.execute(
        text("SELECT set_config('enable_sort', 'on', true), set_config('enable_seqscan', 'on', true)")
    )
    return counts


def _count_in(
    session: Session,
    wanted: Criteria,
    window: Window,
    at_most: int | None = None,
    rare: list[int] | None = None,
) -> Counts:
    """The values of the window's hits: of at most so many; of those that have one of the tokens `rare`."""
    statement = f"""
        WITH alike AS MATERIALIZED (
            SELECT squad_id, state, media, linked, kinds, tags, count(*) AS n
            FROM (
                SELECT squad_id, state, media, linked, kinds, tags FROM {TABLE}
                WHERE {window.condition()} AND {wanted.lookup}
                    {"AND grams && CAST(:rare AS integer[])" if rare else ""}
                {"LIMIT :at_most" if at_most else ""}
            ) AS hits
            GROUP BY squad_id, state, media, linked, kinds, tags
        )
        SELECT 'total' AS name, '' AS value, sum(n) AS count FROM alike HAVING sum(n) > 0
        UNION ALL SELECT 'squad', coalesce(squad_id::text, 'None'), sum(n) FROM alike GROUP BY squad_id
        UNION ALL SELECT 'state', state, sum(n) FROM alike GROUP BY state
        UNION ALL SELECT 'media', media, sum(n) FROM alike WHERE media <> '' GROUP BY media
        UNION ALL SELECT 'linked', CASE WHEN linked THEN 'yes' ELSE 'no' END, sum(n) FROM alike GROUP BY linked
        UNION ALL SELECT 'kind', kind, sum(n) FROM alike, unnest(kinds) AS kind GROUP BY kind
        UNION ALL SELECT 'tag', tag, sum(n) FROM alike, unnest(tags) AS tag GROUP BY tag
    """
    rows = session.execute(text(statement), {**wanted.params, "at_most": at_most, "rare": rare})
    return Counter({(name, value): int(n) for name, value, n in rows})


def _values(session: Session, scope: frozenset[UUID] | None) -> list[tuple[str, str]]:
    """Every value that any document ever had, of the squads only those in scope."""
    known = session.execute(
        text("SELECT facet, value FROM search_values GROUP BY facet, value ORDER BY facet, value")
    )
    squads = None if scope is None else {str(squad) for squad in scope}
    return [(facet, value) for facet, value in known if facet != "squad" or squads is None or value in squads]
