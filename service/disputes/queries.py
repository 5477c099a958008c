"""Disputes, always in the caller's scope."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session

from schemas.coverage import CoverageSnapshot, Dispute, DisputeState, SnapshotRow
from schemas.events import EnforcementEvent, EventOfficer
from schemas.recordings import Recording
from service.access.actor import Actor
from service.access.queries import visible_events
from service.errors import NotFound
from service.keyset import Page, page, time, unique


def visible_disputes(actor: Actor) -> Select:
    events = visible_events(actor).with_only_columns(EnforcementEvent.id)
    return select(Dispute).where(Dispute.event_id.in_(events))


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
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    statement = visible_disputes(actor)
    if event is not None:
        statement = statement.where(Dispute.event_id == event)
    if state is not None:
        statement = statement.where(Dispute.state == state)
    return page(session, statement, [time(Dispute.raised_at), unique(Dispute.id)], cursor, limit)


def upheld_since(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> list[Dispute]:
    """Upheld after the month was frozen, about rows that stand in it: to be shown beside its figures."""
    frozen = select(SnapshotRow.subject_id).where(
        SnapshotRow.snapshot_id == snapshot.id, SnapshotRow.about == "event"
    )
    statement = visible_disputes(actor).where(
        Dispute.state == DisputeState.upheld,
        Dispute.answered_at > snapshot.taken_at,
        Dispute.event_id.in_(frozen),
    )
    return list(session.scalars(statement.order_by(Dispute.answered_at, Dispute.id)))


def concerns(session: Session, actor: Actor, event_id: UUID, recording: Recording | None) -> bool:
    """Whether the actor took part in the event, or filmed the recording."""
    if actor.officer_id is None:
        return False
    took_part = session.get(EventOfficer, (event_id, actor.officer_id)) is not None
    return took_part or (recording is not None and recording.officer_id == actor.officer_id)


def frozen_month_of(session: Session, event_id: UUID) -> UUID | None:
    """The snapshot in which the event stands, if its month is frozen."""
    return session.scalars(
        select(SnapshotRow.snapshot_id)
        .where(SnapshotRow.about == "event", SnapshotRow.subject_id == event_id)
        .limit(1)
    ).first()
