"""Recorders, their models, and who holds them. A changed holder links the recordings concerned anew."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from schemas.people import Officer
from schemas.recorders import (
    Assignment,
    AssignmentCreate,
    Recorder,
    RecorderCreate,
    RecorderModel,
    RecorderModelCreate,
)
from service.access.actions import require, require_bureau
from service.access.queries import visible_recorders
from service.kernel.actor import Actor
from service.kernel.changes import NEW, changed, changing
from service.kernel.clock import as_utc, local
from service.kernel.custody import record
from service.kernel.errors import Invalid, NotFound
from service.kernel.i18n import gettext as _
from service.kernel.keys import new_key
from service.registry.clocks.correcting import weigh_model, weigh_recorders
from service.registry.conventions.rules import check_settings
from service.registry.people.errors import LeftBefore, NumberTaken, SpanReversed
from service.registry.people.queries import officer_of, squad_of
from service.registry.people.rules import left_by
from service.registry.recorders import acts
from service.registry.recorders.queries import (
    get_assignment,
    get_recorder,
    model_of,
    recorder_of,
    visible_assignments,
)
from service.registry.recorders.updates import AssignmentUpdate, RecorderModelUpdate, RecorderUpdate

TIME_LAPSE = "time_lapse"  # the convention


def create_model(session: Session, actor: Actor, wanted: RecorderModelCreate) -> RecorderModel:
    """A model serves every squad: how its names, clock and pictures are read decides the times and figures of all."""
    require_bureau(actor, "people")
    code = new_key(session, RecorderModel.code, wanted.code, NumberTaken(number=wanted.code))
    _check_conventions(wanted.conventions)
    model = RecorderModel(**wanted.model_dump(exclude={"code"}), code=code)
    session.add(model)
    session.flush()
    record(session, actor, acts.CREATE_RECORDER_MODEL, "recorder_model", model.id, code=model.code)
    changed(session, RecorderModel, [model.id], NEW)
    return model


def update_model(
    session: Session, actor: Actor, model_id: UUID, wanted: RecorderModelUpdate
) -> RecorderModel:
    require_bureau(actor, "people")
    model = session.get(RecorderModel, model_id)
    if model is None:
        raise NotFound
    values = wanted.model_dump(exclude_unset=True)
    if "conventions" in values:
        values["conventions"] = wanted.conventions or {}  # null: none at all
        _check_conventions(values["conventions"])
    anew = values.get("conventions", model.conventions) != model.conventions
    if changes := _change(session, actor, "recorder_model", model, values, None):
        changed(session, RecorderModel, [model.id], changes)
    if anew:
        weigh_model(session, model.id)
    return model


def _check_conventions(stored: dict[str, Any]) -> None:
    """Refused as they are written: once stored, wrong ones would be left out in silence."""
    try:
        check_settings(stored)
    except ValueError as wrong:
        raise Invalid(
            field=f"conventions.{wrong}", problem=_("no such setting, or a value that cannot be used")
        ) from None


def set_time_lapse(session: Session, actor: Actor, recorder_id: UUID, wanted: bool) -> RecorderModel:
    """Of the recorder's model, beside what else its conventions say."""
    require_bureau(actor, "people")
    recorder = get_recorder(session, actor, recorder_id)
    model = session.get(RecorderModel, recorder.model_id) if recorder.model_id else None
    if model is None:
        raise NotFound
    kept = {name: value for name, value in model.conventions.items() if name != TIME_LAPSE}
    conventions = kept | ({TIME_LAPSE: True} if wanted else {})
    return update_model(session, actor, model.id, RecorderModelUpdate(conventions=conventions))


def create_recorder(session: Session, actor: Actor, wanted: RecorderCreate) -> Recorder:
    require(actor, "people")
    squad = squad_of(session, actor, wanted.squad)
    taken = NumberTaken(number=wanted.serial)
    recorder = Recorder(
        serial=new_key(session, Recorder.serial, wanted.serial, taken, visible_recorders(actor)),
        squad_id=squad.id,
        state=wanted.state,
        last_dock_at=as_utc(wanted.last_dock_at) if wanted.last_dock_at else None,
        battery_percent=wanted.battery_percent,
        model_id=model_of(session, wanted.model).id if wanted.model else None,
    )
    session.add(recorder)
    session.flush()
    record(
        session,
        actor,
        acts.CREATE_RECORDER,
        "recorder",
        recorder.id,
        squad_id=squad.id,
        serial=recorder.serial,
    )
    changed(session, Recorder, [recorder.id], NEW)
    return recorder


def update_recorder(session: Session, actor: Actor, recorder_id: UUID, wanted: RecorderUpdate) -> Recorder:
    require(actor, "people")
    recorder = get_recorder(session, actor, recorder_id)
    values = wanted.model_dump(exclude_unset=True, exclude={"squad", "model"})
    if wanted.squad is not None:
        values["squad_id"] = squad_of(session, actor, wanted.squad).id
    if wanted.model is not None:
        values["model_id"] = model_of(session, wanted.model).id
    if values.get("last_dock_at"):
        values["last_dock_at"] = as_utc(values["last_dock_at"])
    other_model = values.get("model_id", recorder.model_id) != recorder.model_id
    if changes := _change(session, actor, "recorder", recorder, values, recorder.squad_id):
        changed(session, Recorder, [recorder.id], changes)
    if other_model:
        weigh_recorders(session, [recorder.id])
    return recorder


def create_assignment(session: Session, actor: Actor, wanted: AssignmentCreate) -> Assignment:
    require(actor, "people")
    recorder = recorder_of(session, actor, wanted.recorder)
    officer = officer_of(session, actor, wanted.officer)
    start = as_utc(wanted.held_from)
    end = as_utc(wanted.held_to) if wanted.held_to else None
    if end is not None and end <= start:
        raise SpanReversed
    name = wanted.external_id
    taken, seen = NumberTaken(number=name), visible_assignments(actor)
    kept = new_key(session, Assignment.external_id, name, taken, seen) if name else None
    _still_here(officer, start)
    assignment = Assignment(
        external_id=kept,
        recorder_id=recorder.id,
        officer_id=officer.id,
        held_from=start,
        held_to=end or _taken_over_at(session, recorder, officer, start),
        hand_over=wanted.hand_over,
    )
    session.add(assignment)
    session.flush()
    record(
        session,
        actor,
        acts.CREATE_ASSIGNMENT,
        "assignment",
        assignment.id,
        squad_id=recorder.squad_id,
        recorder=recorder.serial,
        officer=officer.certificate_no,
    )
    if wanted.hand_over:
        _end_others(session, actor, assignment, recorder)
    changed(session, Assignment, [assignment.id], NEW)
    return assignment


def _taken_over_at(
    session: Session, recorder: Recorder, officer: Officer, start: datetime
) -> datetime | None:
    """When somebody else took the recorder over: known before the holding that this ends, or after it."""
    return session.scalars(
        select(func.min(Assignment.held_from)).where(
            Assignment.recorder_id == recorder.id,
            Assignment.officer_id != officer.id,
            Assignment.hand_over,
            Assignment.held_from > start,
        )
    ).one()


def _end_others(session: Session, actor: Actor, taken: Assignment, recorder: Recorder) -> None:
    """A hand-over: whoever else holds the recorder open, held it until now."""
    for held in session.scalars(
        select(Assignment)
        .where(
            Assignment.recorder_id == recorder.id,
            Assignment.officer_id != taken.officer_id,
            Assignment.held_to.is_(None),
            Assignment.held_from < taken.held_from,
        )
        .order_by(Assignment.id)
        .with_for_update()
    ):
        changing(session, Assignment, [held.id])
        _change(session, actor, "assignment", held, {"held_to": taken.held_from}, recorder.squad_id)
        changed(session, Assignment, [held.id], {"held_to"})


def _still_here(officer: Officer, start: datetime) -> None:
    if left_by(officer.left_on, local(start).date()):
        raise LeftBefore(officer=officer.certificate_no, day=officer.left_on)


def update_assignment(
    session: Session, actor: Actor, assignment_id: UUID, wanted: AssignmentUpdate
) -> Assignment:
    require(actor, "people")
    assignment = get_assignment(session, actor, assignment_id)
    changing(session, Assignment, [assignment.id])
    values = {
        name: as_utc(value) if value else None
        for name, value in wanted.model_dump(exclude_unset=True).items()
        if value is not None or name == "held_to"
    }
    start, end = values.get("held_from", assignment.held_from), values.get("held_to", assignment.held_to)
    if end is not None and start is not None and end <= start:
        raise SpanReversed
    if start is not None and start != assignment.held_from:
        _still_here(session.get_one(Officer, assignment.officer_id), start)
    recorder = get_recorder(session, actor, assignment.recorder_id)
    if changes := _change(session, actor, "assignment", assignment, values, recorder.squad_id):
        changed(session, Assignment, [assignment.id], changes)
    return assignment


def remove_assignment(session: Session, actor: Actor, assignment_id: UUID) -> None:
    """A wrong one; what it said stays in custody."""
    require(actor, "people")
    assignment = get_assignment(session, actor, assignment_id)
    recorder = get_recorder(session, actor, assignment.recorder_id)
    changing(session, Assignment, [assignment.id])
    record(
        session,
        actor,
        acts.REMOVE_ASSIGNMENT,
        "assignment",
        assignment.id,
        squad_id=recorder.squad_id,
        **{name: str(value) for name, value in assignment.model_dump(exclude={"id"}).items()},
    )
    session.delete(assignment)
    changed(session, Assignment, [assignment.id])


def _change(
    session: Session, actor: Actor, kind: str, row: Any, values: dict[str, Any], squad_id: UUID | None
) -> list[str]:
    """Answers the names of what differs."""
    changes = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changes:
        return []
    before = {name: str(getattr(row, name)) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)
    session.add(row)
    after = {name: str(value) for name, value in changes.items()}
    record(session, actor, acts.EDIT, kind, row.id, squad_id=squad_id, before=before, after=after)
    session.flush()
    return list(changes)
