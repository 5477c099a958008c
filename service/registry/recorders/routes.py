"""/api/v1/recorders, /api/v1/recorder-models and /api/v1/assignments."""

from uuid import UUID

from fastapi import APIRouter

from schemas.recorders import (
    Assignment,
    AssignmentCreate,
    AssignmentRead,
    Recorder,
    RecorderCreate,
    RecorderModel,
    RecorderModelCreate,
    RecorderModelRead,
    RecorderRead,
)
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.kernel.asked import QueryTooLong
from service.kernel.asked_times import WrittenTime
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.keys import NOT_NEW
from service.registry.people.errors import LeftBefore, NumberTaken, SpanReversed
from service.registry.recorders import actions, queries
from service.registry.recorders.updates import AssignmentUpdate, RecorderModelUpdate, RecorderUpdate

router = APIRouter(prefix="/api/v1", tags=["recorders"], route_class=Gate)


def model_read(model: RecorderModel) -> RecorderModelRead:
    return RecorderModelRead.model_validate(model, from_attributes=True)


def recorder_read(recorder: Recorder) -> RecorderRead:
    return RecorderRead.model_validate(recorder, from_attributes=True)


def assignment_read(assignment: Assignment) -> AssignmentRead:
    return AssignmentRead.model_validate(assignment, from_attributes=True)


@router.get("/recorder-models")
def list_recorder_models(
    actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> Page[RecorderModelRead]:
    """Makes of camera by code, with the habits of each."""
    found = queries.list_models(session, cursor, limit)
    return Page[RecorderModelRead](items=[model_read(one) for one in found.items], next=found.next)


@router.post("/recorder-models", status_code=201)
@raises(NumberTaken, *NOT_NEW)
@needs("people", bureau=True)
def create_recorder_model(
    wanted: RecorderModelCreate, actor: CurrentActor, session: DatabaseSession
) -> RecorderModelRead:
    """A make of camera, by who sees the whole bureau. `conventions`: how its file names, clock and sidecars are read."""
    return model_read(actions.create_model(session, actor, wanted))


@router.patch("/recorder-models/{model_id}")
@raises(NotFound)
@needs("people", bureau=True)
def update_recorder_model(
    model_id: UUID, wanted: RecorderModelUpdate, actor: CurrentActor, session: DatabaseSession
) -> RecorderModelRead:
    """By who sees the whole bureau. Fields left out stay as they are. New conventions hold for what comes from then on."""
    return model_read(actions.update_model(session, actor, model_id, wanted))


@router.get("/recorders")
@raises(QueryTooLong)
def list_recorders(
    actor: CurrentActor,
    session: DatabaseSession,
    q: str = "",
    squad: str = "",
    state: str = "",
    model: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[RecorderRead]:
    """By serial number. `squad` and `model` by id or code."""
    found = queries.list_recorders(
        session, actor, q=q, squad=squad, state=state, model=model, cursor=cursor, limit=limit
    )
    return Page[RecorderRead](items=[recorder_read(one) for one in found.items], next=found.next)


@router.post("/recorders", status_code=201)
@raises(NumberTaken, *NOT_NEW)
@needs("people")
def create_recorder(wanted: RecorderCreate, actor: CurrentActor, session: DatabaseSession) -> RecorderRead:
    """A new recorder. `squad` and `model` by id or code."""
    return recorder_read(actions.create_recorder(session, actor, wanted))


@router.get("/recorders/{recorder_id}")
@raises(NotFound)
def get_recorder(recorder_id: UUID, actor: CurrentActor, session: DatabaseSession) -> RecorderRead:
    """One recorder."""
    return recorder_read(queries.get_recorder(session, actor, recorder_id))


@router.patch("/recorders/{recorder_id}")
@raises(NotFound)
@needs("people")
def update_recorder(
    recorder_id: UUID, wanted: RecorderUpdate, actor: CurrentActor, session: DatabaseSession
) -> RecorderRead:
    """Fields left out stay as they are."""
    return recorder_read(actions.update_recorder(session, actor, recorder_id, wanted))


@router.get("/assignments")
def list_assignments(
    actor: CurrentActor,
    session: DatabaseSession,
    recorder: str = "",
    officer: str = "",
    at: WrittenTime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AssignmentRead]:
    """Who held which recorder, latest first. `at`: at that moment."""
    found = queries.list_assignments(
        session,
        actor,
        recorder=recorder,
        officer=officer,
        at=at,
        cursor=cursor,
        limit=limit,
    )
    return Page[AssignmentRead](items=[assignment_read(one) for one in found.items], next=found.next)


@router.post("/assignments", status_code=201)
@raises(NumberTaken, *NOT_NEW, LeftBefore, SpanReversed)
@needs("people")
def create_assignment(
    wanted: AssignmentCreate, actor: CurrentActor, session: DatabaseSession
) -> AssignmentRead:
    """Who holds it from when to when. Several may hold one recorder at a time; `hand_over` ends the open holdings of the others."""
    return assignment_read(actions.create_assignment(session, actor, wanted))


@router.get("/assignments/{assignment_id}")
@raises(NotFound)
def get_assignment(assignment_id: UUID, actor: CurrentActor, session: DatabaseSession) -> AssignmentRead:
    """One holding."""
    return assignment_read(queries.get_assignment(session, actor, assignment_id))


@router.patch("/assignments/{assignment_id}")
@raises(NotFound, LeftBefore, SpanReversed)
@needs("people")
def update_assignment(
    assignment_id: UUID, wanted: AssignmentUpdate, actor: CurrentActor, session: DatabaseSession
) -> AssignmentRead:
    """Fields left out stay as they are; `held_to` null: it is still held."""
    return assignment_read(actions.update_assignment(session, actor, assignment_id, wanted))


@router.delete("/assignments/{assignment_id}", status_code=204)
@raises(NotFound)
def remove_assignment(assignment_id: UUID, actor: CurrentActor, session: DatabaseSession) -> None:
    """A holding that was entered wrongly."""
    actions.remove_assignment(session, actor, assignment_id)
