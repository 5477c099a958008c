"""An officer says that a row about them is wrong; a supervisor answers. Figures change only where facts are put right."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.coverage import Dispute, DisputeAbout, DisputeState
from schemas.people import Squad
from service.access.actions import require
from service.access.queries import get_event, get_recording, visible_squads
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.kernel.custody import record
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.registry.recorders.queries import get_recorder, recorder_ratio
from service.supervision.disputes.errors import AnsweredAlready, NotConcerned
from service.supervision.disputes.queries import get_dispute, subject_of
from service.supervision.disputes.subjects import Subject, concerns, frozen_month_of
from service.supervision.explanations.actions import same_person
from service.supervision.explanations.errors import SecondPerson

LONGEST = 2000


def raise_dispute(
    session: Session, actor: Actor, event_id: UUID, statement: str, recording_id: UUID | None = None
) -> Dispute:
    """Of the row of this event, or of what a recording shows of it. Raising it twice answers the one that is open."""
    event = get_event(session, actor, event_id)
    recording = get_recording(session, actor, recording_id) if recording_id else None
    subject = Subject(DisputeAbout.event, event.squad_id, event_id=event.id, recording=recording)
    return _raise(session, actor, subject, event, statement)


def dispute_recording(session: Session, actor: Actor, recording_id: UUID, statement: str) -> Dispute:
    """That it counts as linked to nothing, or as anything else."""
    recording = get_recording(session, actor, recording_id)
    subject = Subject(DisputeAbout.recording, recording.squad_id, recording=recording)
    return _raise(session, actor, subject, recording, statement)


def dispute_recorder(
    session: Session, actor: Actor, recorder_id: UUID, statement: str, day: date | None = None
) -> Dispute:
    """How it stood on `day` (today): its clock, its docking."""
    recorder = get_recorder(session, actor, recorder_id)
    today = local(now()).date()
    if day is not None and day > today:
        raise Invalid(field="day", problem=day.isoformat())
    subject = Subject(DisputeAbout.recorder, recorder.squad_id, recorder_id=recorder.id, day=day or today)
    return _raise(session, actor, subject, recorder, statement)


def dispute_duty_day(session: Session, actor: Actor, squad_id: UUID, day: date, statement: str) -> Dispute:
    """Of a squad's day that the figure counts: one for which a roster is known."""
    squad = session.scalars(visible_squads(actor).where(Squad.id == squad_id)).first()
    try:
        known = squad and recorder_ratio(session, actor, day, day + timedelta(days=1), squad_id=squad_id)
    except OverflowError as error:
        raise Invalid(field="day", problem=day.isoformat()) from error
    if not squad or not known:
        raise NotFound
    return _raise(session, actor, Subject(DisputeAbout.duty_day, squad.id, day=day), squad, statement)


def dispute_row(
    session: Session, actor: Actor, about: str, row: UUID, statement: str, day: date | None
) -> Dispute:
    """`row`: the id of the recording or the recorder; of a day on duty that of its squad."""
    match about:
        case DisputeAbout.recording:
            return dispute_recording(session, actor, row, statement)
        case DisputeAbout.recorder:
            return dispute_recorder(session, actor, row, statement, day)
        case DisputeAbout.duty_day if day is not None:
            return dispute_duty_day(session, actor, row, day, statement)
    raise Invalid(field="about" if day else "day", problem=about)


def _raise(session: Session, actor: Actor, subject: Subject, row: Any, statement: str) -> Dispute:
    """`row` is locked until the transaction ends, so that two wishes at once are one."""
    if not concerns(session, actor, subject):
        raise NotConcerned
    if not statement.strip():
        raise Invalid(field="statement", problem="empty")
    session.refresh(row, with_for_update={"key_share": True})
    columns = subject.columns()
    open_one = session.scalars(
        select(Dispute).where(
            *(getattr(Dispute, name).is_not_distinct_from(value) for name, value in columns.items()),
            Dispute.raised_by == actor.account_id,
            Dispute.state == DisputeState.open,
        )
    ).first()
    if open_one is not None:
        return open_one
    dispute = Dispute(**columns, statement=statement.strip()[:LONGEST], raised_by=actor.account_id)
    dispute.snapshot_id = frozen_month_of(session, dispute)
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
    dispute.snapshot_id = frozen_month_of(session, dispute)
    session.add(dispute)
    _note(session, actor, "answer_dispute", dispute, outcome=str(state), answer=dispute.answer)
    return dispute


def _note(session: Session, actor: Actor, action: str, dispute: Dispute, **detail: Any) -> None:
    session.flush()  # what cannot be kept is refused before it is answered
    subject = subject_of(session, actor, dispute)
    kind, subject_id = {
        DisputeAbout.event: ("event", dispute.event_id),
        DisputeAbout.recording: ("recording", dispute.recording_id),
        DisputeAbout.recorder: ("recorder", dispute.recorder_id),
        DisputeAbout.duty_day: ("squad", dispute.squad_id),
    }[DisputeAbout(dispute.about)]
    more: dict[str, Any] = {"day": dispute.day.isoformat()} if dispute.day else {}
    if dispute.about == DisputeAbout.event:
        more["recording"] = str(dispute.recording_id) if dispute.recording_id else None
    record(
        session, actor, action, kind, subject_id,
        squad_id=subject.squad_id, dispute=str(dispute.id), **more, **detail,
    )  # fmt: skip
