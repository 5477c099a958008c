"""Recorders, their models, and who held which when."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlmodel import Session

from schemas.people import Officer, Squad
from schemas.recorders import Assignment, Recorder, RecorderModel
from schemas.recordings import Recording
from service.access.actor import Actor
from service.access.queries import squad_scope, visible_recorders
from service.clock import now
from service.errors import Invalid, NotFound
from service.keyset import Order, Page, page, time, unique
from service.people.queries import as_id, escaped, officer_of, squad_of


def recorder_of(session: Session, actor: Actor, name: str) -> Recorder:
    """By serial or id, in scope."""
    known = as_id(name)
    found = session.scalars(
        visible_recorders(actor).where(Recorder.id == known if known else Recorder.serial == name)
    ).first()
    if found is None:
        raise Invalid(field="recorder", problem=name)
    return found


def model_of(session: Session, name: str) -> RecorderModel:
    found = session.scalars(select(RecorderModel).where(RecorderModel.code == name)).first()
    if found is None:
        raise Invalid(field="model", problem=name)
    return found


def list_models(session: Session, cursor: str | None = None, limit: int = 50) -> Page:
    return page(session, select(RecorderModel), [Order(RecorderModel.code)], cursor, limit)


def list_recorders(
    session: Session,
    actor: Actor,
    *,
    q: str = "",
    squad: str = "",
    state: str = "",
    model: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    statement = visible_recorders(actor)
    if q:
        statement = statement.where(Recorder.serial.ilike(f"%{escaped(q)}%"))
    if squad:
        statement = statement.where(Recorder.squad_id == squad_of(session, actor, squad).id)
    if state:
        statement = statement.where(Recorder.state == state)
    if model:
        statement = statement.where(Recorder.model_id == model_of(session, model).id)
    return page(session, statement, [Order(Recorder.serial)], cursor, limit)


def get_recorder(session: Session, actor: Actor, recorder_id: UUID) -> Recorder:
    found = session.scalars(visible_recorders(actor).where(Recorder.id == recorder_id)).first()
    if found is None:
        raise NotFound
    return found


def visible_assignments(actor: Actor) -> Select:
    """Those of the recorders that the actor may see."""
    statement = select(Assignment)
    if squad_scope(actor) is None:
        return statement
    return statement.where(
        Assignment.recorder_id.in_(visible_recorders(actor).with_only_columns(Recorder.id))
    )


def list_assignments(
    session: Session,
    actor: Actor,
    *,
    recorder: str = "",
    officer: str = "",
    at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Latest first. `at`: those in force at that moment."""
    statement = visible_assignments(actor)
    if recorder:
        statement = statement.where(Assignment.recorder_id == recorder_of(session, actor, recorder).id)
    if officer:
        statement = statement.where(Assignment.officer_id == officer_of(session, officer).id)
    if at is not None:
        statement = statement.where(
            Assignment.held_from <= at, or_(Assignment.held_to.is_(None), Assignment.held_to > at)
        )
    order = [time(Assignment.held_from, newest_first=True), unique(Assignment.id, newest_first=True)]
    return page(session, statement, order, cursor, limit)


def get_assignment(session: Session, actor: Actor, assignment_id: UUID) -> Assignment:
    found = session.scalars(visible_assignments(actor).where(Assignment.id == assignment_id)).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class RecorderRow:
    """A recorder with who holds it now, for the recorders page."""

    recorder: Recorder
    squad: Squad
    model: RecorderModel | None
    holders: list[Officer]
    last_recording: datetime | None


def recorder_rows(
    session: Session, actor: Actor, *, at: datetime | None = None, limit: int = 1000
) -> list[RecorderRow]:
    moment = at or now()
    last = (
        select(func.max(Recording.recorded_from))
        .where(Recording.recorder_id == Recorder.id)
        .correlate(Recorder)
        .scalar_subquery()
    )
    statement = (
        select(Recorder, Squad, RecorderModel, last)
        .join(Squad, Squad.id == Recorder.squad_id)
        .outerjoin(RecorderModel, RecorderModel.id == Recorder.model_id)
        .order_by(Squad.code, Recorder.serial)
        .limit(limit)
    )
    scope = squad_scope(actor)
    if scope is not None:
        statement = statement.where(Recorder.squad_id.in_(scope))
    rows = session.execute(statement).all()
    held = session.execute(
        select(Assignment.recorder_id, Officer)
        .join(Officer, Officer.id == Assignment.officer_id)
        .where(
            Assignment.recorder_id.in_([row[0].id for row in rows]),
            Assignment.held_from <= moment,
            or_(Assignment.held_to.is_(None), Assignment.held_to > moment),
        )
        .order_by(Officer.certificate_no)
    ).all()
    holders: dict[UUID, list[Officer]] = {}
    for recorder_id, officer in held:
        if officer not in holders.setdefault(recorder_id, []):
            holders[recorder_id].append(officer)
    return [
        RecorderRow(recorder, squad, model, holders.get(recorder.id, []), filmed)
        for recorder, squad, model, filmed in rows
    ]
