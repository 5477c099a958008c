"""A case as its recordings show it: each of its events, with the links."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent
from schemas.links import COUNTED, Link, LinkState
from service.access.queries import get_case, visible_events, visible_links
from service.kernel.actor import Actor
from service.registry.events.recorded import is_recorded


@dataclass(frozen=True)
class CaseEvent:
    """One event of the case with its links: automatic and confirmed ones, and those offered. `recorded`: as figure 1
    counts it."""

    event: EnforcementEvent
    recorded: bool
    links: list[Link]
    offered: list[Link]


@dataclass(frozen=True)
class CaseDetail:
    """`direct`: links to the case itself, to none of its events."""

    case: Case
    events: list[CaseEvent]
    direct: list[Link]

    @property
    def without_recording(self) -> list[EnforcementEvent]:
        return [one.event for one in self.events if not one.recorded and one.event.cancelled_at is None]


def case_detail(session: Session, actor: Actor, case_id: UUID) -> CaseDetail:
    """The case with every event of it that the actor may see, recorded or not."""
    case = get_case(session, actor, case_id)
    found = session.execute(
        visible_events(actor)
        .add_columns(is_recorded(EnforcementEvent.id))
        .where(EnforcementEvent.case_id == case.id, EnforcementEvent.merged_into.is_(None))
        .order_by(EnforcementEvent.arrived_at, EnforcementEvent.id)
    ).all()
    events = [event for event, _recorded in found]
    links = session.scalars(
        visible_links(actor)
        .where(
            or_(Link.case_id == case.id, Link.event_id.in_([event.id for event in events])),
            Link.state != LinkState.rejected,
        )
        .order_by(Link.score.desc(), Link.id)
    ).all()
    shown = [
        CaseEvent(
            event,
            recorded,
            [link for link in links if link.event_id == event.id and link.state in COUNTED],
            [link for link in links if link.event_id == event.id and link.state == LinkState.offered],
        )
        for event, recorded in found
    ]
    return CaseDetail(case, shown, [link for link in links if link.case_id == case.id])
