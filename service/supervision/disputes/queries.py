"""Disputes, always in the caller's scope."""

from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlmodel import Session

from schemas.coverage import CoverageSnapshot, Dispute, DisputeAbout, DisputeState, SnapshotRow
from schemas.events import EnforcementEvent
from schemas.people import Squad
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.access.queries import visible_events, visible_recorders, visible_recordings, visible_squads
from service.kernel.actor import Actor
from service.kernel.keyset import Page, page, time, unique


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


def list_disputes(
    session: Session,
    actor: Actor,
    *,
    event: UUID | None = None,
    state: DisputeState | None = None,
    about: DisputeAbout | None = None,
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
    return page(session, statement, [time(Dispute.asked_at), unique(Dispute.id)], cursor, limit)


def upheld_since(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> list[Dispute]:
    """Upheld after the month was frozen, about rows that stand in it: to be shown beside its figures."""
    frozen = select(SnapshotRow.subject_id).where(
        SnapshotRow.snapshot_id == snapshot.id, SnapshotRow.about == "event"
    )
    statement = visible_disputes(actor).where(
        Dispute.state == DisputeState.upheld,
        Dispute.decided_at > snapshot.taken_at,
        or_(
            Dispute.event_id.in_(frozen),
            and_(Dispute.about != DisputeAbout.event, Dispute.snapshot_id == snapshot.id),
        ),
    )
    return list(session.scalars(statement.order_by(Dispute.decided_at, Dispute.id)))
