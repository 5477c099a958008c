"""What failed, waits, is unlinked or refused: the same conditions for the figures and for the rows behind them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent
from schemas.jobs import Job, JobState
from schemas.links import COUNTED, Link, LinkState
from schemas.people import Squad
from schemas.recordings import Recording, RecordingState, RemovalRequest, RemovalState
from service.access.queries import (
    squad_scope,
    visible_cases,
    visible_events,
    visible_links,
    visible_recordings,
    visible_squads,
)
from service.footage.announcements.rules import WITHDRAWN
from service.footage.recordings import quarantine
from service.kernel.actor import Actor
from service.kernel.errors import NotFound
from service.kernel.keyset import Page, page, time, unique
from service.registry.events.recorded import is_recorded

WHAT = ("failed", "waiting", "unlinked", "refused", "term_over", "removal")
NEWS = 200


def _has_job(*states: JobState) -> ColumnElement[bool]:
    return exists().where(
        or_(Job.subject_id == Recording.id, Job.subject_id == Recording.original_id), Job.state.in_(states)
    )


def _condition(what: str) -> ColumnElement[bool]:
    shows_something = exists().where(Link.recording_id == Recording.id, Link.state.in_(COUNTED))
    asked = exists().where(
        RemovalRequest.recording_id == Recording.id, RemovalRequest.state == RemovalState.asked
    )
    return {
        "failed": _has_job(JobState.failed),
        "waiting": Recording.state.in_((RecordingState.processing, RecordingState.receiving)),
        "unlinked": ~shows_something
        & Recording.state.not_in((RecordingState.refused, RecordingState.announced)),
        "refused": (Recording.state == RecordingState.refused) & Recording.reason.is_distinct_from(WITHDRAWN),
        "removal": asked,
    }[what]


def rows(session: Session, actor: Actor, what: str) -> Select:
    if what == "term_over":
        return quarantine.term_over(session, actor)
    return visible_recordings(actor).where(Recording.merged_into.is_(None), _condition(what))


def unlinked(session: Session, actor: Actor) -> Select:
    return rows(session, actor, "unlinked")


def counts(session: Session, actor: Actor, squad_id: UUID | None = None) -> dict[str, int]:
    found = {}
    for what in WHAT:
        statement = rows(session, actor, what)
        if squad_id is not None:
            statement = statement.where(Recording.squad_id == squad_id)
        found[what] = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    offered = visible_links(actor).where(Link.state == LinkState.offered).subquery()
    found["offered"] = session.scalar(select(func.count()).select_from(offered)) or 0
    return found


def recordings(
    session: Session, actor: Actor, what: str, squad_id: UUID | None, cursor: str | None, limit: int
) -> Page:
    statement = rows(session, actor, what)
    if squad_id is not None:
        statement = statement.where(Recording.squad_id == squad_id)
    order = [time(Recording.received_at, newest_first=True), unique(Recording.id, newest_first=True)]
    return page(session, statement, order, cursor, limit)


@dataclass(slots=True)
class SquadRow:
    """Counts of one squad; each figure links to its rows by `/attention?squad=…&what=…`."""

    id: str
    squad: str
    failed: int = 0
    waiting: int = 0
    unlinked: int = 0
    refused: int = 0
    without_recording: int = 0
    oldest: datetime | None = None


def by_squad(session: Session, actor: Actor) -> list[SquadRow]:
    squads = {
        squad.id: SquadRow(id=str(squad.id), squad=squad.name)
        for squad in session.scalars(visible_squads(actor).order_by(Squad.code))
    }
    for what in ("failed", "waiting", "unlinked", "refused"):
        counted = rows(session, actor, what).subquery()
        for squad_id, count, oldest in session.execute(
            select(counted.c.squad_id, func.count(), func.min(counted.c.received_at)).group_by(
                counted.c.squad_id
            )
        ):
            row = squads.get(squad_id)
            if row is None:
                continue
            setattr(row, what, count)
            if what in ("waiting", "unlinked"):
                row.oldest = min(filter(None, (row.oldest, oldest)), default=None)
    bare = (
        visible_events(actor)
        .where(
            EnforcementEvent.cancelled_at.is_(None),
            EnforcementEvent.merged_into.is_(None),
            ~is_recorded(EnforcementEvent.id),
        )
        .subquery()
    )
    for squad_id, count in session.execute(select(bare.c.squad_id, func.count()).group_by(bare.c.squad_id)):
        if squad_id in squads:
            squads[squad_id].without_recording = count
    return list(squads.values())


def with_news(session: Session, actor: Actor, limit: int) -> list[Case]:
    """The cases of the recordings received last, newest first; where they are few, the cases entered last."""
    recordings = (
        visible_recordings(actor)
        .with_only_columns(Recording.id, Recording.received_at)
        .where(Recording.merged_into.is_(None))
        .order_by(Recording.received_at.desc(), Recording.id.desc())
        .limit(NEWS)
        .subquery()
    )
    case_id = func.coalesce(Link.case_id, EnforcementEvent.case_id)
    newest = func.max(recordings.c.received_at)
    ids = session.scalars(
        select(case_id)
        .join(recordings, recordings.c.id == Link.recording_id)
        .outerjoin(EnforcementEvent, EnforcementEvent.id == Link.event_id)
        .where(Link.state.in_(COUNTED), case_id.is_not(None))
        .group_by(case_id)
        .order_by(newest.desc(), case_id)
        .limit(limit)
    ).all()
    known = {case.id: case for case in session.scalars(visible_cases(actor).where(Case.id.in_(ids)))}
    found = [known[one] for one in ids if one in known]
    others = visible_cases(actor).where(Case.id.not_in(ids)).order_by(Case.created_at.desc(), Case.id.desc())
    return found + list(session.scalars(others.limit(limit - len(found))))


def job_in_scope(session: Session, actor: Actor, job_id: UUID) -> tuple[Job, UUID | None]:
    """The job and the squad that it works for. An original's jobs are those of every squad that sent its bytes."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound
    squads = session.scalars(
        visible_recordings(actor)
        .with_only_columns(Recording.squad_id)
        .where(or_(Recording.id == job.subject_id, Recording.original_id == job.subject_id))
        .order_by(Recording.received_at)
    ).all()
    if not squads and squad_scope(actor) is not None:
        raise NotFound
    return job, next(iter(squads), None)


def failed_jobs(actor: Actor) -> Select:
    """Of recordings in scope, newest first: filtered before anyone counts off a page."""
    statement = select(Job).where(Job.state == JobState.failed).order_by(Job.finished_at.desc())
    mine = visible_recordings(actor).subquery()
    return statement.where(
        exists().where(or_(mine.c.id == Job.subject_id, mine.c.original_id == Job.subject_id))
    )
