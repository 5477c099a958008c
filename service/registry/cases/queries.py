"""Cases and campaigns, in the caller's scope."""

from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session

from schemas.cases import Campaign, Case
from service.access.queries import visible_cases
from service.kernel import keys
from service.kernel.actor import Actor
from service.kernel.asked import few
from service.kernel.errors import Invalid, NotFound
from service.kernel.folded import all_stand_in, stands_in
from service.kernel.ids import as_id
from service.kernel.keyset import Order, Page, page, time, unique
from service.kernel.text import words
from service.registry.cases.rules import case_number_fold, pieces
from service.registry.people.queries import squad_of


def case_of(session: Session, actor: Actor, name: str) -> Case:
    """By id or number, however the number is written."""
    known = as_id(name)
    found = session.scalars(
        visible_cases(actor).where(
            Case.id == known if known else Case.number_folded == case_number_fold(name)
        )
    ).first()
    if found is None:
        raise Invalid(field="case", problem=name)
    return found


def campaign_of(session: Session, name: str) -> Campaign:
    """By id, external id or name."""
    known = as_id(name)
    found = session.scalars(
        select(Campaign)
        .where(Campaign.id == known if known else or_(keys.known(Campaign, [name]), Campaign.name == name))
        .order_by(Campaign.folded == keys.fold(name), Campaign.id)
    ).first()
    if found is None:
        raise Invalid(field="campaign", problem=name)
    return found


def list_cases(
    session: Session,
    actor: Actor,
    *,
    q: str = "",
    squad: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Newest first."""
    statement = visible_cases(actor)
    for piece in few(pieces(q)):
        statement = statement.where(
            or_(
                Case.number_folded.contains(case_number_fold(piece), autoescape=True),
                stands_in(piece, Case.number, Case.title, Case.party, Case.place),
            )
        )
    if squad:
        statement = statement.where(Case.squad_id == squad_of(session, actor, squad).id)
    order = [time(Case.created_at, newest_first=True), unique(Case.id, newest_first=True)]
    return page(session, statement, order, cursor, limit)


def list_campaigns(session: Session, *, q: str = "", cursor: str | None = None, limit: int = 50) -> Page:
    """Campaigns are the bureau's, so everyone sees them."""
    statement = select(Campaign)
    if q:
        statement = statement.where(all_stand_in(few(words(q)), Campaign.name))
    return page(session, statement, [Order(Campaign.name), unique(Campaign.id)], cursor, limit)


def get_campaign(session: Session, campaign_id: UUID) -> Campaign:
    found = session.get(Campaign, campaign_id)
    if found is None:
        raise NotFound
    return found
