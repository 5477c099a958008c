"""Explanations, always in the caller's scope."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session

from schemas.coverage import Explanation, ExplanationState
from schemas.events import EnforcementEvent
from service.access.queries import visible_events
from service.kernel.actor import Actor
from service.kernel.keyset import Page, page, time, unique


def visible_explanations(actor: Actor) -> Select:
    events = visible_events(actor).with_only_columns(EnforcementEvent.id)
    return select(Explanation).where(Explanation.event_id.in_(events))


def list_explanations(
    session: Session,
    actor: Actor,
    *,
    event: UUID | None = None,
    state: ExplanationState | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Oldest first: what waits longest is answered first."""
    statement = visible_explanations(actor)
    if event is not None:
        statement = statement.where(Explanation.event_id == event)
    if state is not None:
        statement = statement.where(Explanation.state == state)
    return page(session, statement, [time(Explanation.asked_at), unique(Explanation.id)], cursor, limit)
