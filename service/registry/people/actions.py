"""Squads and officers."""

from uuid import UUID

from sqlmodel import Session

from schemas.people import Officer, OfficerCreate, Squad, SquadCreate
from service.access.actions import require, require_bureau
from service.access.queries import visible_officers
from service.kernel.actor import Actor
from service.kernel.changes import NEW, changed
from service.kernel.custody import record
from service.kernel.keys import new_key
from service.registry.people import acts
from service.registry.people.errors import NumberTaken
from service.registry.people.queries import get_officer, squad_of
from service.registry.people.updates import OfficerUpdate


def create_squad(session: Session, actor: Actor, wanted: SquadCreate) -> Squad:
    """Only those who see the whole bureau: another could not see what they made."""
    require_bureau(actor, "people")
    code = new_key(session, Squad.code, wanted.code, NumberTaken(number=wanted.code))
    squad = Squad(code=code, name=wanted.name)
    session.add(squad)
    session.flush()
    record(session, actor, acts.CREATE_SQUAD, "squad", squad.id, squad_id=squad.id, code=squad.code)
    changed(session, Squad, [squad.id], NEW)
    return squad


def create_officer(session: Session, actor: Actor, wanted: OfficerCreate) -> Officer:
    require(actor, "people")
    squad = squad_of(session, actor, wanted.squad)
    number = wanted.certificate_no
    number = new_key(
        session, Officer.certificate_no, number, NumberTaken(number=number), visible_officers(actor)
    )
    officer = Officer(
        **wanted.model_dump(exclude={"squad", "certificate_no"}), certificate_no=number, squad_id=squad.id
    )
    session.add(officer)
    session.flush()
    record(
        session,
        actor,
        acts.CREATE_OFFICER,
        "officer",
        officer.id,
        squad_id=squad.id,
        number=officer.certificate_no,
    )
    changed(session, Officer, [officer.id], NEW)
    return officer


def update_officer(session: Session, actor: Actor, officer_id: UUID, wanted: OfficerUpdate) -> Officer:
    """A transfer changes where the officer is from now on; rows about past acts keep the squad of their day."""
    require(actor, "people")
    officer = get_officer(session, actor, officer_id)
    values = wanted.model_dump(exclude_unset=True, exclude={"squad"})
    if wanted.squad is not None:
        values["squad_id"] = squad_of(session, actor, wanted.squad).id
    changes = {name: value for name, value in values.items() if getattr(officer, name) != value}
    if not changes:
        return officer
    before = {name: str(getattr(officer, name)) for name in changes}
    for name, value in changes.items():
        setattr(officer, name, value)
    session.add(officer)
    record(
        session,
        actor,
        acts.EDIT,
        "officer",
        officer.id,
        squad_id=officer.squad_id,
        before=before,
        after={name: str(value) for name, value in changes.items()},
    )
    session.flush()
    changed(session, Officer, [officer.id], changes)
    return officer
