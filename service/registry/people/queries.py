"""Squads and officers, in the caller's scope; and by the names that people use for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlmodel import Session

from schemas.accounts import Account
from schemas.people import Officer, Squad
from service.access.acquainted import officer_known_to
from service.access.queries import squad_scope, visible_officers, visible_squads
from service.kernel import keys
from service.kernel.actor import Actor
from service.kernel.asked import few
from service.kernel.errors import Invalid, NotFound
from service.kernel.folded import all_stand_in
from service.kernel.i18n import gettext as _
from service.kernel.ids import as_id
from service.kernel.keys import ByEither, ByKey
from service.kernel.keyset import Order, Page, page
from service.kernel.text import words
from service.registry.importing.errors import RowRefused


def squad_of(session: Session, actor: Actor, name: str) -> Squad:
    """By code or id; one that the actor may not see is as unknown as one that does not exist."""
    known = as_id(name)
    coded = keys.known(Squad, [name])
    found = session.scalars(
        visible_squads(actor).where(or_(coded, Squad.id == known) if known else coded)
    ).first()
    if found is None:
        raise Invalid(field="squad", problem=name)
    return found


def squads_said(session: Session) -> ByEither[Squad]:
    """Every squad by what a table may call it: its code, else its name where only one has it."""
    found = session.scalars(select(Squad).where(Squad.double_of.is_(None)).order_by(Squad.code))
    return ByEither((squad.code, squad.name, squad) for squad in found)


def squad_called(squads: ByEither[Squad], name: str, in_scope: Callable[[UUID], bool]) -> Squad:
    """The one squad that a row of a table means."""
    meant = squads.meant(name)
    if len(meant) > 1 and any(in_scope(squad.id) for squad in meant):
        raise RowRefused(
            _(
                "{name} is the code or the name of more than one squad: rename one, or use a code that is clear"
            ).format(name=name)
        )
    squad = squads.get(name)
    if squad is None or not in_scope(squad.id):
        raise RowRefused(_("squad {name} is not known").format(name=name))
    return squad


def known_officers(actor: Actor) -> Select[Officer]:
    """Of any squad, as far as the actor knows them: officers work together across squads."""
    scope = squad_scope(actor)
    return select(Officer) if scope is None else select(Officer).where(officer_known_to(scope))


def officer_of(session: Session, actor: Actor, name: str) -> Officer:
    """By certificate number or id."""
    known = as_id(name)
    found = session.scalars(
        known_officers(actor).where(Officer.id == known if known else keys.known(Officer, [name]))
    ).first()
    if found is None:
        raise Invalid(field="officer", problem=name)
    return found


def officers_named(session: Session, actor: Actor, names: Sequence[str]) -> list[Officer]:
    """All of them, in one query, in the order of the names; said twice, given once."""
    ids = {name: known for name in names if (known := as_id(name))}
    found = list(
        session.scalars(
            known_officers(actor).where(
                or_(Officer.id.in_(ids.values()), keys.known(Officer, [n for n in names if n not in ids]))
            )
        )
    )
    by_id, by_key = {one.id: one for one in found}, ByKey([(one.certificate_no, one) for one in found])
    officers = dict[UUID, Officer]()
    for name in names:
        officer = by_id.get(ids[name]) if name in ids else by_key.get(name)
        if officer is None:
            raise Invalid(field="officer", problem=name)
        officers[officer.id] = officer
    return list(officers.values())


def list_squads(session: Session, actor: Actor, cursor: str | None = None, limit: int = 50) -> Page:
    return page(session, visible_squads(actor), [Order(Squad.code)], cursor, limit)


def get_squad(session: Session, actor: Actor, squad_id: UUID) -> Squad:
    found = session.scalars(visible_squads(actor).where(Squad.id == squad_id)).first()
    if found is None:
        raise NotFound
    return found


def list_officers(
    session: Session,
    actor: Actor,
    *,
    q: str = "",
    squad: str = "",
    active: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """By certificate number. `active`: not left by today."""
    statement = visible_officers(actor)
    if q:
        statement = statement.where(all_stand_in(few(words(q)), Officer.certificate_no, Officer.name))
    if squad:
        statement = statement.where(Officer.squad_id == squad_of(session, actor, squad).id)
    if active is not None:
        here = or_(Officer.left_on.is_(None), Officer.left_on > func.current_date())
        statement = statement.where(here if active else ~here)
    return page(session, statement, [Order(Officer.certificate_no)], cursor, limit)


def get_officer(session: Session, actor: Actor, officer_id: UUID) -> Officer:
    found = session.scalars(visible_officers(actor).where(Officer.id == officer_id)).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class OfficerRow:
    """An officer with squad and account, for the people page."""

    officer: Officer
    squad: Squad
    account: Account | None


def officer_rows(session: Session, actor: Actor, limit: int = 1000) -> list[OfficerRow]:
    scope = squad_scope(actor)
    statement = (
        select(Officer, Squad, Account)
        .join(Squad, Squad.id == Officer.squad_id)
        .outerjoin(Account, Account.officer_id == Officer.id)
        .order_by(Squad.code, Officer.certificate_no, Account.username)
        .limit(limit)
    )
    if scope is not None:
        statement = statement.where(Officer.squad_id.in_(scope))
    return [OfficerRow(officer, squad, account) for officer, squad, account in session.execute(statement)]
