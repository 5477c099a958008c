"""The one entry to scoped data: every query on what follows starts here. Out of scope is not found."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, defer
from sqlmodel import Session

from schemas.accounts import Role
from schemas.cases import Case
from schemas.coverage import EventCoverage
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent
from schemas.imports import TableImport
from schemas.links import Link
from schemas.people import Officer, Squad
from schemas.recorders import Recorder
from schemas.recordings import Receipt, Recording
from schemas.uploads import Upload
from service.kernel.actor import Actor
from service.kernel.errors import NotFound, OutOfScope

T = TypeVar("T")


def squad_scope(actor: Actor) -> frozenset[UUID] | None:
    """The squads whose data the actor may see; None for the whole bureau."""
    if actor.squad_id is not None:
        return frozenset({actor.squad_id})
    return frozenset() if actor.role == Role.member else None


def _in_scope(statement: Select[T], column: InstrumentedAttribute[UUID | None], actor: Actor) -> Select[T]:
    scope = squad_scope(actor)
    if scope is None:
        return statement
    return statement.where(column.in_(scope)) if scope else statement.where(false())


def visible_recordings(actor: Actor) -> Select[Recording]:
    """A dock's token reaches only what its own account uploaded."""
    statement = _in_scope(select(Recording), Recording.squad_id, actor)
    return statement.where(Recording.uploaded_by == actor.account_id) if actor.is_dock else statement


def visible_events(actor: Actor) -> Select[EnforcementEvent]:
    statement = _in_scope(select(EnforcementEvent), EnforcementEvent.squad_id, actor)
    return statement.where(false()) if actor.is_dock else statement


def visible_coverage(actor: Actor) -> Select[EventCoverage]:
    """The kept rows of the events that the actor may see."""
    statement = _in_scope(select(EventCoverage), EventCoverage.squad_id, actor)
    return statement.where(false()) if actor.is_dock else statement


def visible_cases(actor: Actor) -> Select[Case]:
    """A squad sees its own cases and those in which one of its events lies."""
    scope = squad_scope(actor)
    statement = select(Case)
    if scope is not None:
        own_events = select(EnforcementEvent.case_id).where(EnforcementEvent.squad_id.in_(scope))
        statement = statement.where(or_(Case.squad_id.in_(scope), Case.id.in_(own_events)))
    return statement.where(false()) if actor.is_dock else statement


def visible_links(actor: Actor) -> Select[Link]:
    """Both ends must be visible: a link tells of its event or case, too."""
    recordings = visible_recordings(actor).with_only_columns(Recording.id)
    statement = select(Link).where(Link.recording_id.in_(recordings))
    if squad_scope(actor) is None and not actor.is_dock:
        return statement
    events = visible_events(actor).with_only_columns(EnforcementEvent.id)
    cases = visible_cases(actor).with_only_columns(Case.id)
    return statement.where(or_(Link.event_id.in_(events), Link.case_id.in_(cases)))


def visible_receipts(actor: Actor) -> Select[Receipt]:
    recordings = visible_recordings(actor).with_only_columns(Recording.id)
    return select(Receipt).where(Receipt.recording_id.in_(recordings))


def visible_uploads(actor: Actor) -> Select[Upload]:
    """An upload in progress belongs to the account that began it, and to nobody else. A dock's token reaches
    only what it began itself: one dock must not end the uploads of another, or those of its owner's browser."""
    statement = select(Upload).where(Upload.account_id == actor.account_id)
    return statement.where(Upload.token_id == actor.token_id) if actor.is_dock else statement


def visible_imports(actor: Actor) -> Select[TableImport]:
    """An import belongs to the account that asked for it, a dock's to that dock; administrators see all. Without its
    bytes, which may be many."""
    statement = select(TableImport).options(
        defer(TableImport.data, raiseload=True), defer(TableImport.report, raiseload=True)
    )
    if actor.has(Role.admin) and squad_scope(actor) is None:
        return statement
    statement = statement.where(TableImport.account_id == actor.account_id)
    return statement.where(TableImport.token_id == actor.token_id) if actor.is_dock else statement


def visible_squads(actor: Actor) -> Select[Squad]:
    return _in_scope(select(Squad), Squad.id, actor)


def visible_officers(actor: Actor) -> Select[Officer]:
    return _in_scope(select(Officer), Officer.squad_id, actor)


def visible_recorders(actor: Actor) -> Select[Recorder]:
    return _in_scope(select(Recorder), Recorder.squad_id, actor)


def visible_custody(actor: Actor) -> Select[CustodyEntry]:
    return _in_scope(select(CustodyEntry), CustodyEntry.squad_id, actor)


def get_recording(session: Session, actor: Actor, recording_id: UUID) -> Recording:
    """The recording; for an id that was merged into another (the same bytes again), that other one."""
    recording = session.scalars(visible_recordings(actor).where(Recording.id == recording_id)).first()
    if recording is not None and recording.merged_into is not None:
        return get_recording(session, actor, recording.merged_into)
    if recording is None:
        raise _unseen(session, "recording", Recording, recording_id)
    return recording


def get_event(session: Session, actor: Actor, event_id: UUID) -> EnforcementEvent:
    event = session.scalars(visible_events(actor).where(EnforcementEvent.id == event_id)).first()
    if event is None:
        raise _unseen(session, "event", EnforcementEvent, event_id)
    return event


def get_case(session: Session, actor: Actor, case_id: UUID) -> Case:
    case = session.scalars(visible_cases(actor).where(Case.id == case_id)).first()
    if case is None:
        raise _unseen(session, "case", Case, case_id)
    return case


def _unseen(session: Session, kind: str, table: Any, subject_id: UUID) -> NotFound:
    """The answer is the same whether it does not exist or is not the caller's; custody knows the difference."""
    row = session.get(table, subject_id)
    return NotFound() if row is None else OutOfScope(kind, subject_id, row.squad_id)
