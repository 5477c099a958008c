"""An officer says that a row about them is wrong; a supervisor answers. Figures change only where facts are put right."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.coverage import Dispute, DisputeState
from service.access.actions import require
from service.access.actor import Actor
from service.access.queries import get_event, get_recording
from service.clock import now
from service.custody.actions import record
from service.disputes.errors import AnsweredAlready, NotConcerned
from service.disputes.queries import concerns, frozen_month_of, get_dispute
from service.errors import Invalid, NotAllowed
from service.explanations.actions import same_person
from service.explanations.errors import SecondPerson

LONGEST = 2000


def raise_dispute(
    session: Session, actor: Actor, event_id: UUID, statement: str, recording_id: UUID | None = None
) -> Dispute:
    """Of the row of this event. Raising it twice answers the one that is open."""
    event = get_event(session, actor, event_id)
    recording = get_recording(session, actor, recording_id) if recording_id else None
    if actor.is_dock or not concerns(session, actor, event.id, recording):
        raise NotConcerned
    if not statement.strip():
        raise Invalid(field="statement", problem="empty")
    session.refresh(event, with_for_update=True)
    same = session.scalars(
        select(Dispute).where(
            Dispute.event_id == event.id,
            Dispute.raised_by == actor.account_id,
            Dispute.state == DisputeState.open,
        )
    ).first()
    if same is not None:
        return same
    dispute = Dispute(
        event_id=event.id,
        recording_id=recording.id if recording else None,
        snapshot_id=frozen_month_of(session, event.id),
        statement=statement.strip()[:LONGEST],
        raised_by=actor.account_id,
    )
    session.add(dispute)
    _note(session, actor, "raise_dispute", dispute, statement=dispute.statement)
    return dispute


def uphold(session: Session, actor: Actor, dispute_id: UUID, answer: str) -> Dispute:
    return _answer(session, actor, dispute_id, DisputeState.upheld, answer)


def dismiss(session: Session, actor: Actor, dispute_id: UUID, answer: str) -> Dispute:
    return _answer(session, actor, dispute_id, DisputeState.dismissed, answer)


def withdraw(session: Session, actor: Actor, dispute_id: UUID) -> Dispute:
    dispute = get_dispute(session, actor, dispute_id)
    if dispute.raised_by != actor.account_id:
        raise NotAllowed
    if dispute.state != DisputeState.open:
        raise AnsweredAlready
    dispute.state = DisputeState.withdrawn
    session.add(dispute)
    _note(session, actor, "withdraw_dispute", dispute)
    return dispute


def _answer(session: Session, actor: Actor, dispute_id: UUID, state: DisputeState, answer: str) -> Dispute:
    """Always with a sentence, and never by the one who raised it."""
    require(actor, "answer_disputes")
    dispute = get_dispute(session, actor, dispute_id)
    if same_person(session, actor, dispute.raised_by):
        raise SecondPerson
    if dispute.state != DisputeState.open:
        raise AnsweredAlready
    if not answer.strip():
        raise Invalid(field="answer", problem="empty")
    dispute.state, dispute.answer = state, answer.strip()[:LONGEST]
    dispute.answered_by, dispute.answered_at = actor.account_id, now()
    dispute.snapshot_id = frozen_month_of(session, dispute.event_id)
    session.add(dispute)
    _note(session, actor, "answer_dispute", dispute, outcome=str(state), answer=dispute.answer)
    return dispute


def _note(session: Session, actor: Actor, action: str, dispute: Dispute, **detail: Any) -> None:
    session.flush()  # what cannot be kept is refused before it is answered
    event = get_event(session, actor, dispute.event_id)
    record(
        session,
        actor,
        action,
        "event",
        dispute.event_id,
        squad_id=event.squad_id,
        dispute=str(dispute.id),
        recording=str(dispute.recording_id) if dispute.recording_id else None,
        **detail,
    )
