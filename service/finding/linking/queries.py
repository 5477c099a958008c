"""Links as people look at them, in the caller's scope."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlmodel import Session

from schemas.links import COUNTED, Link, LinkEvidence, LinkState
from schemas.people import Squad
from schemas.recordings import Recording, RecordingState
from service.access.queries import visible_links, visible_recordings
from service.kernel.actor import Actor
from service.kernel.keyset import Page, page, time, unique


def list_links(
    session: Session,
    actor: Actor,
    *,
    recording: UUID | None = None,
    event: UUID | None = None,
    case: UUID | None = None,
    state: LinkState | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Newest first."""
    statement = visible_links(actor)
    if recording is not None:
        statement = statement.where(Link.recording_id == recording)
    if event is not None:
        statement = statement.where(Link.event_id == event)
    if case is not None:
        statement = statement.where(Link.case_id == case)
    if state is not None:
        statement = statement.where(Link.state == state)
    order = [time(Link.created_at, newest_first=True), unique(Link.id, newest_first=True)]
    return page(session, statement, order, cursor, limit)


def offered_links(session: Session, actor: Actor, *, limit: int = 100) -> list[Link]:
    """What waits for a person's key press, best first."""
    return list(
        session.scalars(
            visible_links(actor)
            .where(Link.state == LinkState.offered)
            .order_by(Link.score.desc(), Link.id)
            .limit(limit)
        )
    )


def is_linked() -> ColumnElement[bool]:
    return exists().where(Link.recording_id == Recording.id, Link.state.in_(COUNTED))


def unlinked_recordings(actor: Actor, squad_id: UUID | None = None) -> Select:
    """Recordings that show no known event or case, the longest waiting first. Refused ones do not wait."""
    statement = visible_recordings(actor).where(
        Recording.merged_into.is_(None),
        Recording.state.not_in((RecordingState.refused, RecordingState.receiving, RecordingState.announced)),
        ~is_linked(),
    )
    if squad_id is not None:
        statement = statement.where(Recording.squad_id == squad_id)
    return statement.order_by(Recording.received_at, Recording.id)


@dataclass(frozen=True)
class Unlinked:
    """How many recordings of a squad are unlinked, how many of these have an offer, since when the oldest."""

    squad: Squad
    count: int
    offered: int
    oldest: datetime


def unlinked_by_squad(session: Session, actor: Actor) -> list[Unlinked]:
    rows = unlinked_recordings(actor).order_by(None).subquery()
    offer = exists().where(Link.recording_id == rows.c.id, Link.state == LinkState.offered)
    found = session.execute(
        select(Squad, func.count(), func.count().filter(offer), func.min(rows.c.received_at))
        .join(rows, rows.c.squad_id == Squad.id)
        .group_by(Squad.id)
        .order_by(Squad.code)
    )
    return [Unlinked(squad, count, offered, oldest) for squad, count, offered, oldest in found]


def was_linked(session: Session, recording_id: UUID) -> bool:
    """Whether anything rests on what it says: a link of its own, or those of its neighbouring files."""
    told = exists().where(LinkEvidence.recording_id == recording_id)
    return bool(session.scalar(select(told | exists().where(Link.recording_id == recording_id))))
