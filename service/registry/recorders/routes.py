"""/api/v1/recorders, /api/v1/recorder-models and /api/v1/assignments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import SQLModel

from schemas.recorders import (
    Assignment,
    AssignmentCreate,
    Recorder,
    RecorderCreate,
    RecorderModelCreate,
    RecorderState,
)
from service.access.dependencies import CurrentActor
from service.kernel.clock import as_utc
from service.kernel.database import DatabaseSession
from service.registry.importing.routes import DryRun, ImportBody, import_rows
from service.registry.recorders import actions, queries
from service.registry.recorders.importers import AssignmentImporter, RecorderImporter
from service.registry.recorders.updates import AssignmentUpdate, RecorderModelUpdate, RecorderUpdate

router = APIRouter(prefix="/api/v1", tags=["recorders"])


class RecorderModelRead(SQLModel):
    id: UUID
    code: str
    vendor: str
    name: str
    conventions: dict[str, Any]


class RecorderRead(SQLModel):
    id: UUID
    serial: str
    squad_id: UUID
    model_id: UUID | None
    state: RecorderState
    last_dock_at: datetime | None
    battery_percent: int | None


class AssignmentRead(SQLModel):
    id: UUID
    external_id: str | None
    recorder_id: UUID
    officer_id: UUID
    held_from: datetime
    held_to: datetime | None


def recorder_read(recorder: Recorder) -> RecorderRead:
    return RecorderRead.model_validate(recorder, from_attributes=True)


def assignment_read(assignment: Assignment) -> AssignmentRead:
    return AssignmentRead.model_validate(assignment, from_attributes=True)


@router.get("/recorder-models")
def list_models(
    actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    found = queries.list_models(session, cursor, limit)
    items = [RecorderModelRead.model_validate(one, from_attributes=True) for one in found.items]
    return {"items": items, "next": found.next}


@router.post("/recorder-models", status_code=201)
def create_model(
    wanted: RecorderModelCreate, actor: CurrentActor, session: DatabaseSession
) -> RecorderModelRead:
    model = actions.create_model(session, actor, wanted)
    return RecorderModelRead.model_validate(model, from_attributes=True)


@router.patch("/recorder-models/{model_id}")
def update_model(
    model_id: UUID, wanted: RecorderModelUpdate, actor: CurrentActor, session: DatabaseSession
) -> RecorderModelRead:
    model = actions.update_model(session, actor, model_id, wanted)
    return RecorderModelRead.model_validate(model, from_attributes=True)


@router.get("/recorders")
def list_recorders(
    actor: CurrentActor,
    session: DatabaseSession,
    q: str = "",
    squad: str = "",
    state: str = "",
    model: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    found = queries.list_recorders(
        session, actor, q=q, squad=squad, state=state, model=model, cursor=cursor, limit=limit
    )
    return {"items": [recorder_read(one) for one in found.items], "next": found.next}


@router.post("/recorders", status_code=201)
def create_recorder(wanted: RecorderCreate, actor: CurrentActor, session: DatabaseSession) -> RecorderRead:
    return recorder_read(actions.create_recorder(session, actor, wanted))


@router.post("/recorders/import")
def import_recorders(
    actor: CurrentActor, session: DatabaseSession, body: ImportBody, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    return import_rows(RecorderImporter(session, actor), body, request, dry_run)


@router.get("/recorders/{recorder_id}")
def get_recorder(recorder_id: UUID, actor: CurrentActor, session: DatabaseSession) -> RecorderRead:
    return recorder_read(queries.get_recorder(session, actor, recorder_id))


@router.patch("/recorders/{recorder_id}")
def update_recorder(
    recorder_id: UUID, wanted: RecorderUpdate, actor: CurrentActor, session: DatabaseSession
) -> RecorderRead:
    return recorder_read(actions.update_recorder(session, actor, recorder_id, wanted))


@router.get("/assignments")
def list_assignments(
    actor: CurrentActor,
    session: DatabaseSession,
    recorder: str = "",
    officer: str = "",
    at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    found = queries.list_assignments(
        session,
        actor,
        recorder=recorder,
        officer=officer,
        at=as_utc(at) if at else None,
        cursor=cursor,
        limit=limit,
    )
    return {"items": [assignment_read(one) for one in found.items], "next": found.next}


@router.post("/assignments", status_code=201)
def create_assignment(
    wanted: AssignmentCreate, actor: CurrentActor, session: DatabaseSession
) -> AssignmentRead:
    return assignment_read(actions.create_assignment(session, actor, wanted))


@router.post("/assignments/import")
def import_assignments(
    actor: CurrentActor, session: DatabaseSession, body: ImportBody, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    return import_rows(AssignmentImporter(session, actor), body, request, dry_run)


@router.get("/assignments/{assignment_id}")
def get_assignment(assignment_id: UUID, actor: CurrentActor, session: DatabaseSession) -> AssignmentRead:
    return assignment_read(queries.get_assignment(session, actor, assignment_id))


@router.patch("/assignments/{assignment_id}")
def update_assignment(
    assignment_id: UUID, wanted: AssignmentUpdate, actor: CurrentActor, session: DatabaseSession
) -> AssignmentRead:
    return assignment_read(actions.update_assignment(session, actor, assignment_id, wanted))


@router.delete("/assignments/{assignment_id}", status_code=204)
def remove_assignment(assignment_id: UUID, actor: CurrentActor, session: DatabaseSession) -> None:
    actions.remove_assignment(session, actor, assignment_id)
