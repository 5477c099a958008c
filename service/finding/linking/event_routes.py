"""What of /api/v1/events needs the links: events merged, and unmade."""

from uuid import UUID

from fastapi import APIRouter
from sqlmodel import SQLModel

from schemas.base import examples
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.finding.linking import from_recording, merging
from service.finding.linking.errors import (
    MergeAcrossSquads,
    MergeFarApart,
    MergeIntoCancelled,
    MergeWithItself,
    NothingToUndo,
    NotMadeFromRecording,
    NotMerged,
)
from service.kernel.contract import raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.registry.events.errors import EventMerged
from service.registry.events.reads import EventRead, event_reads

router = APIRouter(prefix="/api/v1/events", tags=["events"], route_class=Gate)


class MergeWanted(SQLModel):
    """`into`: the event that survives."""

    model_config = {"json_schema_extra": examples({"into": "01970000-0000-7000-8000-000000000000"})}

    into: UUID


@router.post("/{event_id}/merge")
@raises(NotFound, EventMerged, MergeWithItself, MergeIntoCancelled, MergeFarApart, MergeAcrossSquads)
@needs("edit_events")
def merge_event(
    event_id: UUID, wanted: MergeWanted, actor: CurrentActor, session: DatabaseSession
) -> EventRead:
    """One act that was entered twice. Answers the surviving event."""
    return event_reads(session, [merging.merge_event(session, actor, event_id, wanted.into)])[0]


@router.post("/{event_id}/unmerge")
@raises(NotFound, NotMerged, EventMerged)
def unmerge_event(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    """The merge taken back; decisions about links go back with it."""
    return event_reads(session, [merging.unmerge_event(session, actor, event_id)])[0]


@router.post("/{event_id}/unmake")
@raises(NotFound, NotMadeFromRecording, EventMerged, NothingToUndo)
def unmake_event(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> EventRead:
    """An event made from a recording, taken back: it is cancelled and the recording is unlinked from it."""
    return event_reads(session, [from_recording.unmake_event(session, actor, event_id)])[0]
