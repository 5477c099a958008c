"""/api/v1/events."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from schemas.events import EventCreate, EventUpdate
from service.access import queries as scoped
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.kernel.asked import QueryTooLong
from service.kernel.asked_times import WrittenTime
from service.kernel.contract import Page, Reason, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.keys import NOT_NEW
from service.registry.events import actions, queries
from service.registry.events.errors import (
    UNBELIEVABLE,
    EventMerged,
    ExternalIdTaken,
    NotCancelled,
)
from service.registry.events.history import History, history
from service.registry.events.reads import EventRead, event_reads
from service.registry.events.subjects import subjects

router = APIRouter(prefix="/api/v1/events", tags=["events"], route_class=Gate)


@router.get("")
@raises(QueryTooLong)
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
    from_: Annotated[WrittenTime | None, Query(alias="from")] = None,
    to: WrittenTime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[EventRead]:
    """Latest first. `squad`, `officer`, `case` and `campaign` by id, or by the number or code that people use;
    `from` and `to` bound the arrival; `recorded`: whether a recording is linked; `cancelled` and `merged`: null for
    both."""
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
        since=from_,
        until=to,
    )
    found = queries.list_events(session, actor, wanted, cursor, limit)
    return Page[EventRead](items=event_reads(session, found.items), next=found.next)


@router.post("", status_code=201)
@raises(*UNBELIEVABLE, ExternalIdTaken, *NOT_NEW)
@needs("edit_events")
def create_event(wanted: EventCreate, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    """Enters an event. `squad`, `officers`, `case` and `campaign` by id, or by the number or code that people use."""
    return event_reads(session, [actions.create_event(session, actor, wanted)])[0]


@router.get("/subjects")
def get_event_subjects(actor: CurrentActor, session: DatabaseSession) -> dict[str, dict[str, str]]:
    """What events may be about: code → words. Other words are accepted as they are written."""
    return subjects(session).words


@router.get("/{event_id}")
@raises(NotFound)
def get_event(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    """One event, cancelled or merged ones too."""
    return event_reads(session, [scoped.get_event(session, actor, event_id)])[0]


@router.patch("/{event_id}")
@raises(NotFound, *UNBELIEVABLE, EventMerged)
@needs("edit_events")
def update_event(
    event_id: UUID, wanted: EventUpdate, actor: CurrentActor, session: DatabaseSession
) -> EventRead:
    """Fields left out stay as they are. Links and coverage follow."""
    return event_reads(session, [actions.update_event(session, actor, event_id, wanted)])[0]


@router.post("/{event_id}/cancel")
@raises(NotFound, EventMerged)
@needs("edit_events")
def cancel_event(event_id: UUID, wanted: Reason, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    """It did not take place: it counts no more and stays on record."""
    return event_reads(session, [actions.cancel_event(session, actor, event_id, wanted.reason)])[0]


@router.post("/{event_id}/restore")
@raises(NotFound, EventMerged, NotCancelled)
@needs("edit_events")
def restore_event(event_id: UUID, wanted: Reason, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    """The cancellation taken back."""
    return event_reads(session, [actions.restore_event(session, actor, event_id, wanted.reason)])[0]


@router.get("/{event_id}/history")
@raises(NotFound)
def get_event_history(
    event_id: UUID, actor: CurrentActor, session: DatabaseSession, before: int | None = None
) -> History:
    """What was done to it, newest first; `next` goes into `before`."""
    return history(session, actor, event_id, before)
