"""Disputes, always in the caller's scope."""

from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlmodel import Session

from schemas.coverage import CoverageSnapshot, Dispute, DisputeAbout, DisputeState, SnapshotRow
from schemas.events import EnforcementEvent
from schemas.people import Squad
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.access.queries import (
    get_event,
    visible_events,
    visible_recorders,
    visible_recordings,
    visible_squads,
)
from service.kernel.actor import Actor
from service.kernel.errors import NotFound
from service.kernel.keyset import Page, page, time, unique
from service.registry.recorders.queries import get_recorder
from service.supervision.disputes.subjects import Subject

ROW = "the table's check on the row that a dispute is about"


def visible_disputes(actor: Actor) -> Select:
    """Of the rows that the actor may see."""
    events = visible_events(actor).with_only_columns(EnforcementEvent.id)
    recordings = visible_recordings(actor).with_only_columns(Recording.id)
    recorders = visible_recorders(actor).with_only_columns(Recorder.id)
    squads = visible_squads(actor).with_only_columns(Squad.id)
    return select(Dispute).where(
        or_(
            Dispute.event_id.in_(events),
            and_(Dispute.about == DisputeAbout.recording, Dispute.recording_id.in_(recordings)),
            Dispute.recorder_id.in_(recorders),
            Dispute.squad_id.in_(squads),
        )
    )


def subject_of(session: Session, actor: Actor, dispute: Dispute) -> Subject:
    """Of a dispute that the actor may see."""
    about = DisputeAbout(dispute.about)
    recording = session.get(Recording, dispute.recording_id) if dispute.recording_id else None
    match about:
        case DisputeAbout.event:
            assert dispute.event_id, ROW
            squad_id = get_event(session, actor, dispute.event_id).squad_id
        case DisputeAbout.recorder:
            assert dispute.recorder_id, ROW
            squad_id = get_recorder(session, actor, dispute.recorder_id).squad_id
        case DisputeAbout.recording:
            assert recording, ROW
            squad_id = recording.squad_id
        case DisputeAbout.duty_day:
            assert dispute.squad_id, ROW
            squad_id = dispute.squad_id
    return Subject(about, squad_id, dispute.event_id, recording, dispute.recorder_id, dispute.day)


def get_dispute(session: Session, actor: Actor, dispute_id: UUID) -> Dispute:
    """Locked until the transaction ends."""
    found = session.scalars(visible_disputes(actor).where(Dispute.id == dispute_id).with_for_update()).first()
    if found is None:
        raise NotFound
    return found


def list_disputes(
    session: Session,
    actor: Actor,
    *,
    event: UUID | None = None,
    state: DisputeState | None = None,
    about: DisputeAbout | None = None,
    raised_by: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    statement = visible_disputes(actor)
    if event is not None:
        statement = statement.where(Dispute.event_id == event)
    if state is not None:
        statement = statement.where(Dispute.state == state)
    if about is not None:
        statement = statement.where(Dispute.about == about)
    if raised_by is not None:
        statement = statement.where(Dispute.raised_by == raised_by)
    return page(session, statement, [time(Dispute.raised_at), unique(Dispute.id)], cursor, limit)


def upheld_since(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> list[Dispute]:
    """Upheld after the month was frozen, about rows that stand in it: to be shown beside its figures."""
    frozen = select(SnapshotRow.subject_id).where(
        SnapshotRow.snapshot_id == snapshot.id, SnapshotRow.about == "event"
    )
    statement = visible_disputes(actor).where(
        Dispute.state == DisputeState.upheld,
        Dispute.answered_at > snapshot.taken_at,
        or_(
            Dispute.event_id.in_(frozen),
            and_(Dispute.about != DisputeAbout.event, Dispute.snapshot_id == snapshot.id),
        ),
    )
    return list(session.scalars(statement.order_by(Dispute.answered_at, Dispute.id)))
