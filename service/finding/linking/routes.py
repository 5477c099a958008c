"""/api/v1/links, and what a person says about a recording's event."""

from uuid import UUID

from fastapi import APIRouter
from sqlmodel import SQLModel

from schemas.base import FieldTime, KeySaid, KeysSaid, Prose, examples
from schemas.events import EventKind
from schemas.links import LinkState
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.finding.linking import actions, queries
from service.finding.linking.errors import EventCancelled, NothingToUndo, NoTime, PartUnclear
from service.finding.linking.reads import LinkShown, link_read, link_reads
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.keys import NOT_NEW
from service.registry.events.errors import UNBELIEVABLE, ExternalIdTaken

router = APIRouter(prefix="/api/v1", tags=["links"], route_class=Gate)


class EventDeclared(SQLModel):
    """`event` null: none of the events that the recording is linked to."""

    model_config = {
        "json_schema_extra": examples({"event": "01970000-0000-7000-8000-000000000000"}, {"event": None})
    }

    event: UUID | None


class PartChosen(SQLModel):
    """Seconds into the recording; both null: what lies in the event, as the rules see it."""

    model_config = {"json_schema_extra": examples({"start_s": 12.5, "end_s": 340})}

    start_s: float | None = None
    end_s: float | None = None


class EventMade(SQLModel):
    """An event to be made from a recording; what is left out comes from the recording."""

    model_config = {
        "json_schema_extra": examples(
            {"title": "Inspection of a restaurant kitchen", "kind": "inspection", "place": "12 Renmin Road"}
        )
    }

    title: Prose | None = None
    kind: EventKind | None = None
    arrived_at: FieldTime | None = None
    departed_at: FieldTime | None = None
    officers: KeysSaid | None = None
    party: Prose | None = None
    object: Prose | None = None
    place: Prose | None = None
    subject: Prose | None = None
    case: KeySaid | None = None
    campaign: KeySaid | None = None
    external_id: KeySaid | None = None


class LinksOfRecording(SQLModel):
    links: list[LinkShown]


class EventFromRecording(LinksOfRecording):
    """`event`: the id of the event that was made."""

    event: UUID


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
) -> Page[LinkShown]:
    """Which recording shows which event or case, how sure that is, and why."""
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
    return Page[LinkShown](items=link_reads(found.items), next=found.next)


@router.post("/links/{link_id}/confirm")
@raises(NotFound)
def confirm_link(link_id: UUID, actor: CurrentActor, session: DatabaseSession) -> LinkShown:
    """A person says that it is right: no rule overwrites that."""
    return link_read(actions.confirm(session, actor, link_id))


@router.post("/links/{link_id}/reject")
@raises(NotFound)
def reject_link(link_id: UUID, actor: CurrentActor, session: DatabaseSession) -> LinkShown:
    """A person says that it is wrong: no rule links the two again."""
    return link_read(actions.reject(session, actor, link_id))


@router.post("/links/{link_id}/undo")
@raises(NotFound, NothingToUndo)
def undo_link(link_id: UUID, actor: CurrentActor, session: DatabaseSession) -> LinkShown | None:
    """What a person decided about it is taken back. Null when nothing is left of the link."""
    link = actions.undo(session, actor, link_id)
    return link_read(link) if link is not None else None


@router.post("/links/{link_id}/part")
@raises(NotFound, PartUnclear)
@needs("link")
def set_link_part(
    link_id: UUID, wanted: PartChosen, actor: CurrentActor, session: DatabaseSession
) -> LinkShown:
    """Which part of the recording belongs. Confirms the link."""
    return link_read(actions.set_part(session, actor, link_id, wanted.start_s, wanted.end_s))


@router.post("/recordings/{recording_id}/event")
@raises(NotFound, EventCancelled)
@needs("link")
def declare_event(
    recording_id: UUID, wanted: EventDeclared, actor: CurrentActor, session: DatabaseSession
) -> LinksOfRecording:
    """A person says which event the recording shows. Answers all its links."""
    links = actions.declare_event(session, actor, recording_id, wanted.event)
    return LinksOfRecording(links=link_reads(links))


@router.post("/recordings/{recording_id}/new-event", status_code=201)
@raises(NotFound, NoTime, *UNBELIEVABLE, ExternalIdTaken, *NOT_NEW)
@needs("edit_events")
def create_event_from_recording(
    recording_id: UUID, wanted: EventMade, actor: CurrentActor, session: DatabaseSession
) -> EventFromRecording:
    """The commonest repair: an event that was never entered, made from the recording that shows it."""
    event = actions.event_from_recording(
        session, actor, recording_id, **wanted.model_dump(exclude_unset=True)
    )
    made, links = actions.create_event_from_recording(session, actor, recording_id, event)
    return EventFromRecording(event=made.id, links=link_reads(links))
