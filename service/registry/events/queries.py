"""Events in the caller's scope."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, literal, or_, select
from sqlmodel import Session

from schemas.events import EnforcementEvent, EventOfficer
from schemas.people import Officer, Squad
from service.access.queries import visible_events
from service.kernel.actor import Actor
from service.kernel.asked import few
from service.kernel.errors import Invalid
from service.kernel.folded import all_stand_in
from service.kernel.keyset import Page, page, time, unique
from service.registry.cases.queries import campaign_of, case_of
from service.registry.cases.rules import pieces
from service.registry.events.kinds import KINDS
from service.registry.events.recorded import is_recorded
from service.registry.people.queries import officer_of, squad_of


@dataclass(frozen=True)
class EventFilter:
    """`merged`: those merged into another event; left out unless asked for. `since`/`until`: events that lie, in part, within [since, until). Names are codes, numbers or ids."""

    q: str = ""
    kind: str = ""
    squad: str = ""
    officer: str = ""
    case: str = ""
    campaign: str = ""
    recorded: bool | None = None
    cancelled: bool | None = None
    merged: bool | None = False
    since: datetime | None = None
    until: datetime | None = None


def list_events(
    session: Session, actor: Actor, wanted: EventFilter, cursor: str | None = None, limit: int = 50
) -> Page:
    """Latest arrival first."""
    statement = visible_events(actor)
    if wanted.q:
        statement = statement.where(said_in(wanted.q))
    if wanted.kind:
        if wanted.kind not in KINDS:
            raise Invalid(field="kind", problem=wanted.kind)
        statement = statement.where(EnforcementEvent.kind == literal(wanted.kind))
    if wanted.squad:
        statement = statement.where(EnforcementEvent.squad_id == squad_of(session, actor, wanted.squad).id)
    if wanted.officer:
        officer = officer_of(session, actor, wanted.officer)
        statement = statement.where(
            exists().where(
                EventOfficer.event_id == EnforcementEvent.id, EventOfficer.officer_id == officer.id
            )
        )
    if wanted.case:
        statement = statement.where(EnforcementEvent.case_id == case_of(session, actor, wanted.case).id)
    if wanted.campaign:
        statement = statement.where(EnforcementEvent.campaign_id == campaign_of(session, wanted.campaign).id)
    if wanted.recorded is not None:
        statement = statement.where(
            is_recorded(EnforcementEvent.id) if wanted.recorded else ~is_recorded(EnforcementEvent.id)
        )
    if wanted.cancelled is not None:
        gone = EnforcementEvent.cancelled_at.is_not(None)
        statement = statement.where(gone if wanted.cancelled else ~gone)
    if wanted.merged is not None:
        merged = EnforcementEvent.merged_into.is_not(None)
        statement = statement.where(merged if wanted.merged else ~merged)
    if wanted.since is not None:
        ended = or_(EnforcementEvent.departed_at >= wanted.since, EnforcementEvent.arrived_at >= wanted.since)
        statement = statement.where(ended)
    if wanted.until is not None:
        statement = statement.where(EnforcementEvent.arrived_at < wanted.until)
    order = [
        time(EnforcementEvent.arrived_at, newest_first=True),
        unique(EnforcementEvent.id, newest_first=True),
    ]
    return page(session, statement, order, cursor, limit)


def said_in(q: str) -> ColumnElement[bool]:
    """All its words stand in what is written of an event."""
    return all_stand_in(
        few(pieces(q)),
        EnforcementEvent.title,
        EnforcementEvent.place,
        EnforcementEvent.party,
        EnforcementEvent.object,
        EnforcementEvent.subject,
        EnforcementEvent.external_id,
    )


def officers_of(session: Session, event_ids: Iterable[UUID]) -> dict[UUID, list[Officer]]:
    """Who took part in each event, by certificate number."""
    found: dict[UUID, list[Officer]] = defaultdict(list)
    for event_id, officer in session.execute(
        select(EventOfficer.event_id, Officer)
        .join(Officer, Officer.id == EventOfficer.officer_id)
        .where(EventOfficer.event_id.in_(list(event_ids)))
        .order_by(Officer.certificate_no)
    ):
        found[event_id].append(officer)
    return found


def events_without_recording(
    session: Session, actor: Actor, *, squad_id: UUID | None = None, limit: int = 200
) -> list[EnforcementEvent]:
    """Those that are neither cancelled nor merged and that nothing shows, oldest first."""
    statement = visible_events(actor).where(
        EnforcementEvent.cancelled_at.is_(None),
        EnforcementEvent.merged_into.is_(None),
        ~is_recorded(EnforcementEvent.id),
    )
    if squad_id is not None:
        statement = statement.where(EnforcementEvent.squad_id == squad_id)
    return list(
        session.scalars(statement.order_by(EnforcementEvent.arrived_at, EnforcementEvent.id).limit(limit))
    )


def events_named(session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Title and squad of those that the caller may see."""
    statement = (
        visible_events(actor)
        .where(EnforcementEvent.id.in_(set(ids)))
        .join(Squad, Squad.id == EnforcementEvent.squad_id)
        .add_columns(Squad.name)
    )
    return {event.id: (event.title, squad) for event, squad in session.execute(statement)}
