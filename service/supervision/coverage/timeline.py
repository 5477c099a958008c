"""One event's coverage: the required interval, the recordings on it, and the gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from schemas.coverage import Basis, EventCoverage
from schemas.events import EnforcementEvent, EventKind
from schemas.links import LinkState
from schemas.recordings import Recording
from service.access.queries import get_event, visible_recordings
from service.footage.stretches import COUNTS_IF_SPARSE, STRETCHES, in_real_time
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.kernel.intervals import clip, common, union
from service.registry.matters.queries import book
from service.registry.matters.rules import Rule
from service.supervision.coverage.counting import BEGUN, COUNTS, FILMED_END, FILMED_START, HERE, PLAYS
from service.supervision.coverage.rows import EventRow, event_rows
from service.supervision.coverage.rules import Stretch, length

BESIDE = ("black", "frozen", "covered", "silent")  # recorded all the same, and a finding


@dataclass(frozen=True)
class Strip:
    """A linked recording on the line. `start`/`end`: what of it belongs to the event, None if nobody knows when it
    was made; `stretches`: where of that it really has samples. `here`: its bytes were received; what is only announced
    records nothing. `counts`: its stretches count as recorded."""

    recording: Recording
    link_id: UUID
    state: LinkState
    start: datetime | None
    end: datetime | None
    here: bool
    stretches: tuple[Stretch, ...] = ()
    measured: bool = True
    sparse: bool = False
    counts: bool = True


@dataclass(frozen=True)
class Timeline:
    """`kept`: by basis; empty for the moment until a new event was counted. `elsewhere`: recordings of squads that
    the caller may not see, which count but are not shown. `rule`: the line of the matters list that holds for it.
    `beside`: of BESIDE, how many seconds of what counts as recorded some recording was so, by all links that count."""

    event: EnforcementEvent
    as_of: datetime
    kept: Mapping[Basis, EventRow]
    strips: tuple[Strip, ...]
    elsewhere: int
    rule: Rule
    beside: Mapping[str, float] = field(default_factory=dict)


_STRIPS = text(
    f"""
    SELECT l.id, l.recording_id, l.state, {FILMED_START} AS since, {FILMED_END} AS until, {HERE} AS here,
           {BEGUN} AS begun, {STRETCHES} AS stretches, {PLAYS} AND {COUNTS_IF_SPARSE} AS counts,
           r.sample OR o.id IS NULL OR o.stretches IS NOT NULL AS measured,
           coalesce(o.sparse, false) AND NOT r.sample AS sparse, o.measurements
    FROM links l JOIN recordings r ON r.id = l.recording_id LEFT JOIN originals o ON o.id = r.original_id
    WHERE l.event_id = :event AND {COUNTS}
    ORDER BY since NULLS LAST, l.id
    """  # fragments of service.supervision.coverage.counting
)


def timeline(session: Session, actor: Actor, event_id: UUID, as_of: datetime | None = None) -> Timeline:
    event = get_event(session, actor, event_id)
    moment = as_of or now()
    kept = {}
    for basis in Basis:
        row = session.get(EventCoverage, (event.id, basis))
        if row is not None:
            kept[basis] = event_rows(session, [row], moment)[0]
    found = session.execute(_STRIPS, {"event": event.id}).all()
    seen = {
        one.id: one
        for one in session.scalars(
            visible_recordings(actor).where(Recording.id.in_([row.recording_id for row in found]))
        )
    }
    strips = tuple(
        Strip(
            seen[row.recording_id],
            row.id,
            LinkState(row.state),
            row.since,
            row.until,
            row.here,
            _stretches(row),
            measured=row.measured,
            sparse=row.sparse,
            counts=row.counts,
        )
        for row in found
        if row.recording_id in seen
    )
    rule = book(session).find(local(event.arrived_at).date(), EventKind(event.kind), event.subject)
    required = rule.required(event.arrived_at, event.departed_at)
    beside = {name: _seconds_of(name, found, *required) for name in BESIDE}
    return Timeline(
        event,
        moment,
        kept,
        strips,
        len(found) - len(strips),
        rule,
        {name: count for name, count in beside.items() if count},
    )


def _stretches(row: Any) -> tuple[Stretch, ...]:
    if row.since is None or row.until is None:
        return ()
    return in_real_time(row.stretches, row.begun, row.since, row.until)


def _seconds_of(name: str, rows: Sequence[Any], start: datetime, end: datetime | None) -> float:
    """Of the required interval, where some recording that counts was so; counted once however many were."""
    found: list[Stretch] = []
    for row in rows:
        ranges = (row.measurements or {}).get(name)
        if row.here and row.counts and ranges and (shown := _stretches(row)):
            so = union(in_real_time(ranges, row.begun, shown[0][0], shown[-1][1]))
            found += common(so, union(shown))
    return length(union(clip(found, start, end))).total_seconds()
