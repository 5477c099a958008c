"""One event's coverage: the required interval, the recordings on it, and the gaps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from schemas.coverage import Basis, EventCoverage
from schemas.events import EnforcementEvent, EventKind
from schemas.links import LinkState
from schemas.recordings import Recording
from service.access.queries import get_event, visible_recordings
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.registry.matters.queries import book
from service.registry.matters.rules import Rule
from service.supervision.coverage.counting import COUNTS, FILMED_END, FILMED_START, HERE
from service.supervision.coverage.rows import EventRow, event_rows


@dataclass(frozen=True)
class Strip:
    """A linked recording on the line. `start`/`end`: what of it belongs to the event, None if nobody knows when it
    was made. `here`: its bytes were received; what is only announced records nothing."""

    recording: Recording
    link_id: UUID
    state: LinkState
    start: datetime | None
    end: datetime | None
    here: bool


@dataclass(frozen=True)
class Timeline:
    """`kept`: by basis; empty for the moment until a new event was counted. `elsewhere`: recordings of squads that
    the caller may not see, which count but are not shown. `rule`: the line of the matters list that holds for it."""

    event: EnforcementEvent
    as_of: datetime
    kept: Mapping[Basis, EventRow]
    strips: tuple[Strip, ...]
    elsewhere: int
    rule: Rule


_STRIPS = text(
    f"""
    SELECT l.id, l.recording_id, l.state, {FILMED_START} AS since, {FILMED_END} AS until, {HERE} AS here
    FROM links l JOIN recordings r ON r.id = l.recording_id
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
        Strip(seen[row.recording_id], row.id, LinkState(row.state), row.since, row.until, row.here)
        for row in found
        if row.recording_id in seen
    )
    rule = book(session).find(local(event.arrived_at).date(), EventKind(event.kind), event.subject)
    return Timeline(event, moment, kept, strips, len(found) - len(strips), rule)
