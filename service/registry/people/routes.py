"""/api/v1/squads, /api/v1/officers and /api/v1/rosters."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel import SQLModel

from schemas.people import Officer, OfficerCreate, Roster, RosterCreate, Squad, SquadCreate
from service.access.dependencies import CurrentActor
from service.kernel.clock import as_utc, now
from service.kernel.database import DatabaseSession
from service.registry.importing.routes import DryRun, ImportBody, import_rows
from service.registry.people import actions, queries, rosters
from service.registry.people.importers import OfficerImporter, RosterImporter, SquadImporter
from service.registry.people.rosters import RosterUpdate
from service.registry.people.updates import OfficerUpdate

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


class RosterRead(SQLModel):
    id: UUID
    external_id: str | None
    officer_id: UUID
    squad_id: UUID
    starts_at: datetime
    ends_at: datetime


class OnDutyRead(SQLModel):
    officer: OfficerRead
    squad: SquadRead
    starts_at: datetime
    ends_at: datetime


def roster_read(roster: Roster) -> RosterRead:
    return RosterRead.model_validate(roster, from_attributes=True)


@router.get("/rosters")
def list_rosters(
    actor: CurrentActor,
    session: DatabaseSession,
    officer: str = "",
    squad: str = "",
    since: Annotated[datetime | None, Query(alias="from")] = None,
    until: Annotated[datetime | None, Query(alias="to")] = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Duties with time between `from` and `to`, latest first."""
    found = rosters.list_rosters(
        session,
        actor,
        officer=officer,
        squad=squad,
        since=as_utc(since) if since else None,
        until=as_utc(until) if until else None,
        cursor=cursor,
        limit=limit,
    )
    return {"items": [roster_read(one) for one in found.items], "next": found.next}


@router.get("/rosters/on-duty")
def list_on_duty(
    actor: CurrentActor, session: DatabaseSession, at: datetime | None = None, squad: str = ""
) -> dict[str, list[OnDutyRead]]:
    """Who is on duty at that moment; now, if none is said."""
    squad_id = queries.squad_of(session, actor, squad).id if squad else None
    found = rosters.on_duty(session, actor, as_utc(at) if at else now(), squad_id=squad_id)
    return {
        "items": [
            OnDutyRead(
                officer=officer_read(one.officer),
                squad=squad_read(one.squad),
                starts_at=one.roster.starts_at,
                ends_at=one.roster.ends_at,
            )
            for one in found
        ]
    }


@router.post("/rosters", status_code=201)
def create_roster(wanted: RosterCreate, actor: CurrentActor, session: DatabaseSession) -> RosterRead:
    return roster_read(rosters.create_roster(session, actor, wanted))


@router.post("/rosters/import")
def import_rosters(
    actor: CurrentActor, session: DatabaseSession, body: ImportBody, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    return import_rows(RosterImporter(session, actor), body, request, dry_run)


@router.get("/rosters/{roster_id}")
def get_roster(roster_id: UUID, actor: CurrentActor, session: DatabaseSession) -> RosterRead:
    return roster_read(rosters.get_roster(session, actor, roster_id))


@router.patch("/rosters/{roster_id}")
def update_roster(
    roster_id: UUID, wanted: RosterUpdate, actor: CurrentActor, session: DatabaseSession
) -> RosterRead:
    return roster_read(rosters.update_roster(session, actor, roster_id, wanted))


@router.delete("/rosters/{roster_id}", status_code=204)
def remove_roster(roster_id: UUID, actor: CurrentActor, session: DatabaseSession) -> None:
    rosters.remove_roster(session, actor, roster_id)
