"""/api/v1/events."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel import Session

from schemas.events import EnforcementEvent, EventBase, EventCreate, EventKind, EventUpdate
from service.access.dependencies import CurrentActor
from service.access.queries import get_event
from service.clock import as_utc
from service.database import DatabaseSession
from service.events import actions, queries
from service.events.importers import EventImporter
from service.importing.routes import DryRun, ImportBody, import_rows

router = APIRouter(prefix="/api/v1/events", tags=["events"])


class EventRead(EventBase):
    """`officers`: certificate numbers of who took part."""

    id: UUID
    kind: EventKind
    arrived_at: datetime
    departed_at: datetime | None
    squad_id: UUID
    case_id: UUID | None
    campaign_id: UUID | None
    cancelled_at: datetime | None
    officers: list[str]


def event_reads(session: Session, events: list[EnforcementEvent]) -> list[EventRead]:
    crews = queries.officers_of(session, [event.id for event in events])
    own = [name for name in EventRead.model_fields if name != "officers"]
    return [
        EventRead(
            **{name: getattr(event, name) for name in own},
            officers=[officer.certificate_no for officer in crews.get(event.id, [])],
        )
        for event in events
    ]


@router.get("")
def list_events(
    actor: CurrentActor,
    session: DatabaseSession,
    q: str = "",
    kind: str = "",
    squad: str = "",
    officer: str = "",
    case: str = "",
    campaign: str = "",
    recorded: bool | None = None,
    cancelled: bool | None = None,
    from_: Annotated[datetime | None, Query(alias="from")] = None,
    to: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    wanted = queries.EventFilter(
        q=q,
        kind=kind,
        squad=squad,
        officer=officer,
        case=case,
        campaign=campaign,
        recorded=recorded,
        cancelled=cancelled,
        since=as_utc(from_) if from_ else None,
        until=as_utc(to) if to else None,
    )
    found = queries.list_events(session, actor, wanted, cursor, limit)
    return {"items": event_reads(session, found.items), "next": found.next}


@router.post("", status_code=201)
def create_event(wanted: EventCreate, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    return event_reads(session, [actions.create_event(session, actor, wanted)])[0]


@router.post("/import")
def import_events(
    actor: CurrentActor, session: DatabaseSession, body: ImportBody, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    return import_rows(EventImporter(session, actor), body, request, dry_run)


@router.get("/{event_id}")
def read_event(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    return event_reads(session, [get_event(session, actor, event_id)])[0]


@router.patch("/{event_id}")
def update_event(
    event_id: UUID, wanted: EventUpdate, actor: CurrentActor, session: DatabaseSession
) -> EventRead:
    return event_reads(session, [actions.update_event(session, actor, event_id, wanted)])[0]
