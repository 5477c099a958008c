"""/api/v1/links, and what a person says about a recording's event."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlmodel import SQLModel

from schemas.base import FieldTime
from schemas.events import EventKind
from schemas.links import Link, LinkRead, LinkState
from service.access.dependencies import CurrentActor
from service.finding.linking import actions, queries
from service.finding.linking.words import said
from service.kernel.database import DatabaseSession

router = APIRouter(prefix="/api/v1", tags=["links"])


class LinkShown(LinkRead):
    """`words`: the reasons in the caller's language. `decided`: by a person."""

    words: list[str]
    decided: bool


class EventDeclared(SQLModel):
    """`event` null: none of the events that the recording is linked to."""

    event: UUID | None


class PartChosen(SQLModel):
    """Seconds into the recording; both null: what lies in the event, as the rules see it."""

    start_s: float | None = None
    end_s: float | None = None


class EventMade(SQLModel):
    """An event to be made from a recording; what is left out comes from the recording."""

    title: str | None = None
    kind: EventKind | None = None
    arrived_at: FieldTime | None = None
    departed_at: FieldTime | None = None
    officers: list[str] | None = None
    party: str | None = None
    place: str | None = None
    subject: str | None = None
    case: str | None = None
    campaign: str | None = None
    external_id: str | None = None


def link_read(link: Link) -> LinkShown:
    kept = {name: getattr(link, name) for name in LinkRead.model_fields}
    return LinkShown(**kept, words=said(link.reasons), decided=link.decided_by is not None)


def link_reads(links: list[Link]) -> list[LinkShown]:
    return [link_read(link) for link in links]


@router.get("/links")
def list_links(
    actor: CurrentActor,
    session: DatabaseSession,
    recording: UUID | None = None,
    event: UUID | None = None,
    case: UUID | None = None,
    state: LinkState | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    found = queries.list_links(
        session,
        actor,
        recording=recording,
        event=event,
        case=case,
        state=state,
        cursor=cursor,
        limit=limit,
    )
    return {"items": link_reads(found.items), "next": found.next}


@router.post("/links/{link_id}/confirm")
def confirm(link_id: UUID, actor: CurrentActor, session: DatabaseSession) -> LinkShown:
    return link_read(actions.confirm(session, actor, link_id))


@router.post("/links/{link_id}/reject")
def reject(link_id: UUID, actor: CurrentActor, session: DatabaseSession) -> LinkShown:
    return link_read(actions.reject(session, actor, link_id))


@router.post("/links/{link_id}/undo")
def undo(link_id: UUID, actor: CurrentActor, session: DatabaseSession) -> LinkShown | None:
    """Null when nothing is left of the link."""
    link = actions.undo(session, actor, link_id)
    return link_read(link) if link is not None else None


@router.post("/links/{link_id}/part")
def set_part(link_id: UUID, wanted: PartChosen, actor: CurrentActor, session: DatabaseSession) -> LinkShown:
    """Which part of the recording belongs. Confirms the link."""
    return link_read(actions.set_part(session, actor, link_id, wanted.start_s, wanted.end_s))


@router.post("/recordings/{recording_id}/event")
def declare_event(
    recording_id: UUID, wanted: EventDeclared, actor: CurrentActor, session: DatabaseSession
) -> dict[str, Any]:
    return {"links": link_reads(actions.declare_event(session, actor, recording_id, wanted.event))}


@router.post("/recordings/{recording_id}/new-event", status_code=201)
def make_event(
    recording_id: UUID, wanted: EventMade, actor: CurrentActor, session: DatabaseSession
) -> dict[str, Any]:
    """The commonest repair: an event that was never entered, made from the recording that shows it."""
    event = actions.event_from_recording(
        session, actor, recording_id, **wanted.model_dump(exclude_unset=True)
    )
    made, links = actions.create_event_from_recording(session, actor, recording_id, event)
    return {"event": made.id, "links": link_reads(links)}
