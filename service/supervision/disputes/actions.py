"""An officer says that a row about them is wrong; a supervisor answers. Figures change only where facts are put right."""

from datetime import date, timedelta
from uuid import UUID

from sqlmodel import Session, SQLModel

from schemas.coverage import Dispute, DisputeAbout
from schemas.people import Squad
from service.access.queries import get_event, get_recording, visible_squads
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.kernel.errors import Invalid, NotFound
from service.registry.recorders.queries import get_recorder, recorder_ratio
from service.supervision.disputes.approval import DISPUTE
from service.supervision.disputes.errors import NotConcerned
from service.supervision.disputes.subjects import Subject, concerns


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


def _raise(session: Session, actor: Actor, subject: Subject, row: SQLModel, statement: str) -> Dispute:
    if not concerns(session, actor, subject):
        raise NotConcerned
    wish = Dispute(**subject.columns(), statement=statement, asked_by=actor.account_id)
    return DISPUTE.ask(session, actor, wish, row)
