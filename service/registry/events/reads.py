"""An event, as the API answers it."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from schemas.events import EnforcementEvent, EventBase, EventKind
from service.registry.events import queries, recorded
from service.registry.events.words import far_ahead


class EventRead(EventBase):
    """`officers`: certificate numbers of who took part. `merged_into`: the event that stands for this one. `offered`:
    links that wait for a person, to recordings that would count once confirmed. `notes`: what may be a slip, such as a
    year that lies ahead."""

    id: UUID
    kind: EventKind
    arrived_at: datetime
    departed_at: datetime | None
    squad_id: UUID
    case_id: UUID | None
    campaign_id: UUID | None
    cancelled_at: datetime | None
    merged_into: UUID | None
    officers: list[str]
    offered: int
    notes: list[str]


def event_reads(session: Session, events: list[EnforcementEvent]) -> list[EventRead]:
    crews = queries.officers_of(session, [event.id for event in events])
    offered = recorded.offers(session, [event.id for event in events])
    own = [name for name in EventRead.model_fields if name not in ("officers", "offered", "notes")]
    return [
        EventRead(
            **{name: getattr(event, name) for name in own},
            officers=[officer.certificate_no for officer in crews.get(event.id, [])],
            offered=offered.get(event.id, 0),
            notes=[note] if (note := far_ahead(event.arrived_at)) else [],
        )
        for event in events
    ]
