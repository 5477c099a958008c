"""Asking that a recording be taken out of sight. Nothing is removed by it: a supervisor answers, the bytes stay."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.recordings import Recording, RecordingState, RemovalRequest, RemovalState
from service.access.actions import require
from service.access.queries import get_recording
from service.footage.announcements.rules import WITHDRAWN
from service.footage.recordings.errors import NothingToRemove
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.errors import Invalid, NotAllowed, NotFound


def ask_removal(session: Session, actor: Actor, recording_id: UUID, reason: str) -> RemovalRequest:
    """Asking twice answers the wish that is open."""
    require(actor, "upload")
    recording = get_recording(session, actor, recording_id)
    if not reason.strip():
        raise Invalid(field="reason", problem="empty")
    if recording.original_id is None and (
        recording.state == RecordingState.announced or recording.reason == WITHDRAWN
    ):
        raise NothingToRemove
    # Two who ask at one moment ask once: a second open wish would outlive the answer to the first.
    session.execute(select(Recording.id).where(Recording.id == recording.id).with_for_update())
    open_wish = _open(session, recording.id)
    if open_wish is not None:
        return open_wish
    wish = RemovalRequest(recording_id=recording.id, asked_by=actor.account_id, reason=reason.strip()[:1000])
    session.add(wish)
    record(
        session,
        actor,
        "ask_removal",
        "recording",
        recording.id,
        squad_id=recording.squad_id,
        reason=wish.reason,
    )
    return wish


def withdraw_removal(session: Session, actor: Actor, recording_id: UUID) -> None:
    recording = get_recording(session, actor, recording_id)
    wish = _open(session, recording.id)
    if wish is None:
        raise NotFound
    if wish.asked_by != actor.account_id:
        raise NotAllowed
    wish.state, wish.decided_at, wish.decided_by = RemovalState.withdrawn, now(), actor.account_id
    session.add(wish)
    record(session, actor, "withdraw_removal", "recording", recording.id, squad_id=recording.squad_id)


def decline_removal(session: Session, actor: Actor, recording_id: UUID, answer: str) -> None:
    """Never by the person who asked."""
    require(actor, "decide_removal")
    recording = get_recording(session, actor, recording_id)
    wish = _open(session, recording.id)
    if wish is None:
        raise NotFound
    if wish.asked_by == actor.account_id:
        raise NotAllowed
    wish.state, wish.decided_at, wish.decided_by = RemovalState.declined, now(), actor.account_id
    wish.answer = answer.strip()[:1000]
    session.add(wish)
    record(
        session,
        actor,
        "decide_removal",
        "recording",
        recording.id,
        squad_id=recording.squad_id,
        outcome=wish.state,
        answer=wish.answer,
    )


def _open(session: Session, recording_id: UUID) -> RemovalRequest | None:
    return session.scalars(
        select(RemovalRequest)
        .where(RemovalRequest.recording_id == recording_id, RemovalRequest.state == RemovalState.asked)
        .with_for_update()
    ).first()
