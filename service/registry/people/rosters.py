"""Duty rosters 值班表: who is on duty when, for which squad. A duty belongs to the day on which it begins."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlmodel import Session, SQLModel

from schemas.base import FieldTime, examples
from schemas.people import Officer, Roster, RosterCreate, Squad
from service.access.actions import require
from service.access.queries import squad_scope
from service.kernel.actor import Actor
from service.kernel.clock import as_utc, local
from service.kernel.custody import record
from service.kernel.errors import Invalid, NotFound
from service.kernel.i18n import moment as shown
from service.kernel.keys import new_key
from service.kernel.keyset import Page, page, time, unique
from service.kernel.policy import policy
from service.registry.people import acts
from service.registry.people.errors import (
    AlreadyOnDuty,
    DutyTooLong,
    LeftBefore,
    NumberTaken,
    OnDutyElsewhere,
    SpanReversed,
)
from service.registry.people.policy import LONGEST_DUTY
from service.registry.people.queries import officer_of, squad_of
from service.registry.people.rules import left_by, overlapping


class RosterUpdate(SQLModel):
    """Fields left out stay as they are."""

    model_config = {"json_schema_extra": examples({"ends_at": "2024-06-03T20:00:00+08:00"})}

    starts_at: FieldTime | None = None
    ends_at: FieldTime | None = None


def visible_rosters(actor: Actor) -> Select:
    scope = squad_scope(actor)
    statement = select(Roster)
    return statement if scope is None else statement.where(Roster.squad_id.in_(scope))


def list_rosters(
    session: Session,
    actor: Actor,
    *,
    officer: str = "",
    squad: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Latest first; those with time between `since` and `until`."""
    statement = visible_rosters(actor)
    if officer:
        statement = statement.where(Roster.officer_id == officer_of(session, actor, officer).id)
    if squad:
        statement = statement.where(Roster.squad_id == squad_of(session, actor, squad).id)
    if since is not None:
        statement = statement.where(Roster.ends_at > since)
    if until is not None:
        statement = statement.where(Roster.starts_at < until)
    order = [time(Roster.starts_at, newest_first=True), unique(Roster.id, newest_first=True)]
    return page(session, statement, order, cursor, limit)


def get_roster(session: Session, actor: Actor, roster_id: UUID) -> Roster:
    found = session.scalars(visible_rosters(actor).where(Roster.id == roster_id)).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class OnDuty:
    roster: Roster
    officer: Officer
    squad: Squad


def on_duty(session: Session, actor: Actor, at: datetime, *, squad_id: UUID | None = None) -> list[OnDuty]:
    """Who is on duty at this moment, by squad and certificate number."""
    statement = (
        visible_rosters(actor)
        .with_only_columns(Roster, Officer, Squad)
        .join(Officer, Officer.id == Roster.officer_id)
        .join(Squad, Squad.id == Roster.squad_id)
        .where(
            Roster.starts_at <= at,
            Roster.ends_at > at,
            or_(Officer.left_on.is_(None), Officer.left_on > local(at).date()),
        )
        .order_by(Squad.code, Officer.certificate_no)
    )
    if squad_id is not None:
        statement = statement.where(Roster.squad_id == squad_id)
    return [OnDuty(*row) for row in session.execute(statement)]


def create_roster(session: Session, actor: Actor, wanted: RosterCreate) -> Roster:
    require(actor, "people")
    officer = officer_of(session, actor, wanted.officer)
    if wanted.squad:
        squad_id = squad_of(session, actor, wanted.squad).id
    else:
        scope, squad_id = squad_scope(actor), officer.squad_id
        if scope is not None and squad_id not in scope:
            raise Invalid(field="officer", problem=wanted.officer)
    name = wanted.external_id
    taken, seen = NumberTaken(number=name), visible_rosters(actor)
    roster = Roster(
        external_id=new_key(session, Roster.external_id, name, taken, seen) if name else None,
        officer_id=officer.id,
        squad_id=squad_id,
        starts_at=as_utc(wanted.starts_at),
        ends_at=as_utc(wanted.ends_at),
    )
    _possible(session, actor, officer, roster.id, roster.starts_at, roster.ends_at)
    session.add(roster)
    session.flush()
    record(
        session,
        actor,
        acts.CREATE_ROSTER,
        "roster",
        roster.id,
        squad_id=squad_id,
        officer=officer.certificate_no,
        starts_at=roster.starts_at.isoformat(),
        ends_at=roster.ends_at.isoformat(),
    )
    return roster


def update_roster(session: Session, actor: Actor, roster_id: UUID, wanted: RosterUpdate) -> Roster:
    require(actor, "people")
    roster = get_roster(session, actor, roster_id)
    values: dict[str, Any] = {
        name: as_utc(value) for name, value in wanted.model_dump(exclude_unset=True).items() if value
    }
    changes = {name: value for name, value in values.items() if getattr(roster, name) != value}
    if not changes:
        return roster
    officer = session.get_one(Officer, roster.officer_id)
    _possible(
        session,
        actor,
        officer,
        roster.id,
        changes.get("starts_at", roster.starts_at),
        changes.get("ends_at", roster.ends_at),
    )
    before = {name: str(getattr(roster, name)) for name in changes}
    for name, value in changes.items():
        setattr(roster, name, value)
    session.add(roster)
    after = {name: str(value) for name, value in changes.items()}
    record(
        session, actor, acts.EDIT, "roster", roster.id, squad_id=roster.squad_id, before=before, after=after
    )
    session.flush()
    return roster


def remove_roster(session: Session, actor: Actor, roster_id: UUID) -> None:
    """What it said stays in custody."""
    require(actor, "people")
    roster = get_roster(session, actor, roster_id)
    said = {name: str(value) for name, value in roster.model_dump(exclude={"id", "squad_id"}).items()}
    record(session, actor, acts.REMOVE_ROSTER, "roster", roster.id, squad_id=roster.squad_id, **said)
    session.delete(roster)
    session.flush()


def _possible(
    session: Session, actor: Actor, officer: Officer, own: UUID, starts_at: datetime, ends_at: datetime
) -> None:
    # two at once would each see no duty of the other
    session.execute(select(Officer.id).where(Officer.id == officer.id).with_for_update(key_share=True))
    if ends_at <= starts_at:
        raise SpanReversed
    hours = policy(session, LONGEST_DUTY)
    if ends_at - starts_at > timedelta(hours=hours):
        raise DutyTooLong(hours=hours)
    if left_by(officer.left_on, local(starts_at).date()):
        raise LeftBefore(officer=officer.certificate_no, day=officer.left_on)
    others = session.execute(
        select(Roster.starts_at, Roster.ends_at, Roster.squad_id).where(
            Roster.officer_id == officer.id,
            Roster.id != own,
            Roster.starts_at < ends_at,
            Roster.ends_at > starts_at,
        )
    )
    squads = {(start, end): squad_id for start, end, squad_id in others}
    taken = overlapping((starts_at, ends_at), squads)
    if taken:
        scope = squad_scope(actor)
        if scope is not None and squads[taken] not in scope:
            raise OnDutyElsewhere(officer=officer.certificate_no)
        raise AlreadyOnDuty(officer=officer.certificate_no, since=shown(taken[0]), until=shown(taken[1]))
