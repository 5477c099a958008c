"""What is announced and not received, in the caller's scope."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select
from sqlmodel import Session

from schemas.recordings import Recording, RecordingState
from service.access.queries import visible_recordings
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.keyset import Page, page, time, unique


def announced(actor: Actor, *, squad_id: UUID | None = None, late_at: datetime | None = None) -> Select:
    """`late_at`: only those that are late at that moment."""
    statement = visible_recordings(actor).where(
        Recording.state == RecordingState.announced, Recording.merged_into.is_(None)
    )
    if squad_id is not None:
        statement = statement.where(Recording.squad_id == squad_id)
    if late_at is not None:
        statement = statement.where(Recording.due_at < late_at)
    return statement


def list_announced(
    session: Session,
    actor: Actor,
    *,
    squad_id: UUID | None = None,
    late_at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """The first to turn late comes first."""
    statement = announced(actor, squad_id=squad_id, late_at=late_at)
    return page(session, statement, [time(Recording.due_at), unique(Recording.id)], cursor, limit)


def is_late(recording: Recording) -> bool:
    return (
        recording.state == RecordingState.announced
        and recording.due_at is not None
        and recording.due_at < now()
    )
