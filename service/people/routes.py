"""/api/v1/squads and /api/v1/officers."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import SQLModel

from schemas.people import Officer, OfficerCreate, Squad, SquadCreate
from service.access.dependencies import CurrentActor
from service.database import DatabaseSession
from service.importing.routes import DryRun, ImportBody, import_rows
from service.people import actions, queries
from service.people.importers import OfficerImporter, SquadImporter
from service.people.updates import OfficerUpdate

router = APIRouter(prefix="/api/v1", tags=["people"])


class SquadRead(SQLModel):
    id: UUID
    code: str
    name: str


class OfficerRead(SQLModel):
    id: UUID
    certificate_no: str
    name: str
    squad_id: UUID
    left_on: date | None


def squad_read(squad: Squad) -> SquadRead:
    return SquadRead.model_validate(squad, from_attributes=True)


def officer_read(officer: Officer) -> OfficerRead:
    return OfficerRead.model_validate(officer, from_attributes=True)


@router.get("/squads")
def list_squads(
    actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    found = queries.list_squads(session, actor, cursor, limit)
    return {"items": [squad_read(one) for one in found.items], "next": found.next}


@router.post("/squads", status_code=201)
def create_squad(wanted: SquadCreate, actor: CurrentActor, session: DatabaseSession) -> SquadRead:
    return squad_read(actions.create_squad(session, actor, wanted))


@router.post("/squads/import")
def import_squads(
    actor: CurrentActor, session: DatabaseSession, body: ImportBody, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    return import_rows(SquadImporter(session, actor), body, request, dry_run)


@router.get("/squads/{squad_id}")
def get_squad(squad_id: UUID, actor: CurrentActor, session: DatabaseSession) -> SquadRead:
    return squad_read(queries.get_squad(session, actor, squad_id))


@router.get("/officers")
def list_officers(
    actor: CurrentActor,
    session: DatabaseSession,
    q: str = "",
    squad: str = "",
    active: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    found = queries.list_officers(session, actor, q=q, squad=squad, active=active, cursor=cursor, limit=limit)
    return {"items": [officer_read(one) for one in found.items], "next": found.next}


@router.post("/officers", status_code=201)
def create_officer(wanted: OfficerCreate, actor: CurrentActor, session: DatabaseSession) -> OfficerRead:
    return officer_read(actions.create_officer(session, actor, wanted))


@router.post("/officers/import")
def import_officers(
    actor: CurrentActor, session: DatabaseSession, body: ImportBody, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    return import_rows(OfficerImporter(session, actor), body, request, dry_run)


@router.get("/officers/{officer_id}")
def get_officer(officer_id: UUID, actor: CurrentActor, session: DatabaseSession) -> OfficerRead:
    return officer_read(queries.get_officer(session, actor, officer_id))


@router.patch("/officers/{officer_id}")
def update_officer(
    officer_id: UUID, wanted: OfficerUpdate, actor: CurrentActor, session: DatabaseSession
) -> OfficerRead:
    return officer_read(actions.update_officer(session, actor, officer_id, wanted))
