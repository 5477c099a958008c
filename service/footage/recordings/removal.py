"""Asking that a recording be taken out of sight. Nothing is removed by it: a supervisor answers, the bytes stay."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session

from schemas.approvals import ApprovalState
from schemas.recordings import Recording, RecordingState, RemovalRequest, RemovalState
from service.access.queries import get_recording, visible_recordings
from service.access.rules import MAY
from service.footage.announcements.rules import WITHDRAWN
from service.footage.recordings import acts
from service.footage.recordings.errors import NothingToRemove
from service.kernel.actor import Actor
from service.kernel.two_persons.approval import WORDS, Approval, Told
from service.kernel.two_persons.rules import Step


def ask_removal(session: Session, actor: Actor, recording_id: UUID, reason: str) -> RemovalRequest:
    """Asking twice answers the wish that is open, whoever asked it."""
    REMOVAL.admit(actor, Step.ask)
    recording = get_recording(session, actor, recording_id)
    if recording.original_id is None and (
        recording.state == RecordingState.announced or recording.reason == WITHDRAWN
    ):
        raise NothingToRemove
    wish = RemovalRequest(recording_id=recording.id, reason=reason, asked_by=actor.account_id)
    return REMOVAL.ask(session, actor, wish, recording)


def visible_removals(actor: Actor) -> Select:
    recordings = visible_recordings(actor).with_only_columns(Recording.id)
    return select(RemovalRequest).where(RemovalRequest.recording_id.in_(recordings))


def _filmed_it(session: Session, actor: Actor, wish: RemovalRequest) -> bool:
    recording = session.get_one(Recording, wish.recording_id)
    return actor.officer_id is not None and recording.officer_id == actor.officer_id


def _told(session: Session, wish: RemovalRequest) -> Told:
    return Told("recording", wish.recording_id, session.get_one(Recording, wish.recording_id).squad_id, {})


REMOVAL = Approval(
    name="removal",
    table=RemovalRequest,
    said="reason",
    same=("recording_id",),
    may_ask=MAY["upload"],
    may_answer=MAY["decide_removal"],
    acts={
        Step.ask: acts.ASK_REMOVAL,
        Step.decline: acts.DECIDE_REMOVAL,
        Step.withdraw: acts.WITHDRAW_REMOVAL,
    },
    visible=visible_removals,
    concerns=_filmed_it,
    told=_told,
    steps=frozenset({Step.ask, Step.decline, Step.withdraw}),  # what a yes brings about, nobody has said yet
    states={state: state for state in ApprovalState} | {ApprovalState.approved: RemovalState.granted},
    words=WORDS | {"granted": WORDS["approved"]},
)
