"""/api/v1/squads, /api/v1/officers and /api/v1/rosters."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlmodel import SQLModel

from schemas.people import (
    Officer,
    OfficerCreate,
    OfficerRead,
    Roster,
    RosterCreate,
    RosterRead,
    Squad,
    SquadCreate,
    SquadRead,
)
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.kernel.asked import QueryTooLong
from service.kernel.asked_times import WrittenTime
from service.kernel.clock import now
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.keys import NOT_NEW
from service.registry.people import actions, queries, rosters
from service.registry.people.errors import (
    AlreadyOnDuty,
    DutyTooLong,
    LeftBefore,
    NumberTaken,
    OnDutyElsewhere,
    SpanReversed,
)
from service.registry.people.rosters import RosterUpdate
from service.registry.people.updates import OfficerUpdate

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=Gate)


def squad_read(squad: Squad) -> SquadRead:
    return SquadRead.model_validate(squad, from_attributes=True)


def officer_read(officer: Officer) -> OfficerRead:
    return OfficerRead.model_validate(officer, from_attributes=True)


@router.get("/squads")
def list_squads(
    actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> Page[SquadRead]:
    """By code."""
    found = queries.list_squads(session, actor, cursor, limit)
    return Page[SquadRead](items=[squad_read(one) for one in found.items], next=found.next)


@router.post("/squads", status_code=201)
@raises(NumberTaken, *NOT_NEW)
@needs("people", bureau=True)
def create_squad(wanted: SquadCreate, actor: CurrentActor, session: DatabaseSession) -> SquadRead:
    """A new squad, by who sees the whole bureau."""
    return squad_read(actions.create_squad(session, actor, wanted))


@router.get("/squads/{squad_id}")
@raises(NotFound)
def get_squad(squad_id: UUID, actor: CurrentActor, session: DatabaseSession) -> SquadRead:
    """One squad."""
    return squad_read(queries.get_squad(session, actor, squad_id))


@router.get("/officers")
@raises(QueryTooLong)
def list_officers(
    actor: CurrentActor,
    session: DatabaseSession,
    q: str = "",
    squad: str = "",
    active: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[OfficerRead]:
    """By certificate number. `active`: true for those who have not left; `squad` by id or code."""
    found = queries.list_officers(session, actor, q=q, squad=squad, active=active, cursor=cursor, limit=limit)
    return Page[OfficerRead](items=[officer_read(one) for one in found.items], next=found.next)


@router.post("/officers", status_code=201)
@raises(NumberTaken, *NOT_NEW)
@needs("people")
def create_officer(wanted: OfficerCreate, actor: CurrentActor, session: DatabaseSession) -> OfficerRead:
    """A new officer. `squad` by id or code."""
    return officer_read(actions.create_officer(session, actor, wanted))


@router.get("/officers/{officer_id}")
@raises(NotFound)
def get_officer(officer_id: UUID, actor: CurrentActor, session: DatabaseSession) -> OfficerRead:
    """One officer."""
    return officer_read(queries.get_officer(session, actor, officer_id))


@router.patch("/officers/{officer_id}")
@raises(NotFound)
@needs("people")
def update_officer(
    officer_id: UUID, wanted: OfficerUpdate, actor: CurrentActor, session: DatabaseSession
) -> OfficerRead:
    """Fields left out stay as they are. A transfer to another squad rewrites nothing of what was."""
    return officer_read(actions.update_officer(session, actor, officer_id, wanted))


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
    since: Annotated[WrittenTime | None, Query(alias="from")] = None,
    until: Annotated[WrittenTime | None, Query(alias="to")] = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[RosterRead]:
    """Duties with time between `from` and `to`, latest first."""
    found = rosters.list_rosters(
        session,
        actor,
        officer=officer,
        squad=squad,
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    return Page[RosterRead](items=[roster_read(one) for one in found.items], next=found.next)


@router.get("/rosters/on-duty")
def list_on_duty(
    actor: CurrentActor, session: DatabaseSession, at: WrittenTime | None = None, squad: str = ""
) -> Page[OnDutyRead]:
    """Who is on duty at that moment; now, if none is said."""
    squad_id = queries.squad_of(session, actor, squad).id if squad else None
    found = rosters.on_duty(session, actor, at or now(), squad_id=squad_id)
    return Page[OnDutyRead](
        items=[
            OnDutyRead(
                officer=officer_read(one.officer),
                squad=squad_read(one.squad),
                starts_at=one.roster.starts_at,
                ends_at=one.roster.ends_at,
            )
            for one in found
        ]
    )


@router.post("/rosters", status_code=201)
@raises(AlreadyOnDuty, OnDutyElsewhere, NumberTaken, *NOT_NEW, DutyTooLong, LeftBefore, SpanReversed)
@needs("people")
def create_roster(wanted: RosterCreate, actor: CurrentActor, session: DatabaseSession) -> RosterRead:
    """A duty of one officer. `squad`: of that day, where it is not the officer's present one."""
    return roster_read(rosters.create_roster(session, actor, wanted))


@router.get("/rosters/{roster_id}")
@raises(NotFound)
def get_roster(roster_id: UUID, actor: CurrentActor, session: DatabaseSession) -> RosterRead:
    """One duty."""
    return roster_read(rosters.get_roster(session, actor, roster_id))


@router.patch("/rosters/{roster_id}")
@raises(NotFound, AlreadyOnDuty, OnDutyElsewhere, DutyTooLong, LeftBefore, SpanReversed)
@needs("people")
def update_roster(
    roster_id: UUID, wanted: RosterUpdate, actor: CurrentActor, session: DatabaseSession
) -> RosterRead:
    """Fields left out stay as they are."""
    return roster_read(rosters.update_roster(session, actor, roster_id, wanted))


@router.delete("/rosters/{roster_id}", status_code=204)
@raises(NotFound)
def remove_roster(roster_id: UUID, actor: CurrentActor, session: DatabaseSession) -> None:
    """A duty that was entered wrongly."""
    rosters.remove_roster(session, actor, roster_id)
