"""/api/v1/events."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel import Session, SQLModel

from schemas.events import EnforcementEvent, EventBase, EventCreate, EventKind, EventUpdate
from service.access.dependencies import CurrentActor
from service.access.queries import get_event
from service.kernel.clock import as_utc
from service.kernel.database import DatabaseSession
from service.registry.events import actions, merging, queries
from service.registry.events.from_recording import unmake_event
from service.registry.events.history import History, history
from service.registry.events.importers import EventImporter
from service.registry.events.subjects import subjects
from service.registry.importing.routes import DryRun, ImportBody, import_rows

router = APIRouter(prefix="/api/v1/events", tags=["events"])


class EventRead(EventBase):
    """`officers`: certificate numbers of who took part. `merged_into`: the event that stands for this one."""

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


class Reason(SQLModel):
    """Why; it stays on record."""

    reason: str


class MergeWanted(SQLModel):
    """`into`: the event that survives."""

    into: UUID


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
    merged: bool | None = False,
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
        merged=merged,
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


@router.get("/subjects")
def list_subjects(actor: CurrentActor, session: DatabaseSession) -> dict[str, dict[str, str]]:
    """What events may be about: code → words. Other words are accepted as they are written."""
    return subjects(session).words


@router.get("/{event_id}")
def read_event(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    return event_reads(session, [get_event(session, actor, event_id)])[0]


@router.patch("/{event_id}")
def update_event(
    event_id: UUID, wanted: EventUpdate, actor: CurrentActor, session: DatabaseSession
) -> EventRead:
    return event_reads(session, [actions.update_event(session, actor, event_id, wanted)])[0]


@router.post("/{event_id}/cancel")
def cancel_event(event_id: UUID, wanted: Reason, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    return event_reads(session, [actions.cancel_event(session, actor, event_id, wanted.reason)])[0]


@router.post("/{event_id}/restore")
def restore_event(event_id: UUID, wanted: Reason, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    """The cancellation taken back."""
    return event_reads(session, [actions.restore_event(session, actor, event_id, wanted.reason)])[0]


@router.post("/{event_id}/merge")
def merge_event(
    event_id: UUID, wanted: MergeWanted, actor: CurrentActor, session: DatabaseSession
) -> EventRead:
    """One act that was entered twice. Answers the surviving event."""
    return event_reads(session, [merging.merge_event(session, actor, event_id, wanted.into)])[0]


@router.post("/{event_id}/unmerge")
def unmerge_event(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    return event_reads(session, [merging.unmerge_event(session, actor, event_id)])[0]


@router.post("/{event_id}/unmake")
def unmake(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    """An event made from a recording, taken back: it is cancelled and the recording is unlinked from it."""
    return event_reads(session, [unmake_event(session, actor, event_id)])[0]


@router.get("/{event_id}/history")
def read_history(
    event_id: UUID, actor: CurrentActor, session: DatabaseSession, before: int | None = None
) -> History:
    """What was done to it, newest first; `next` goes into `before`."""
    return history(session, actor, event_id, before)
