"""Whether an event is recorded, or might be by a key press, as its kept coverage says."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select
from sqlmodel import Session

from schemas.coverage import Basis, EventCoverage


def filmed() -> ColumnElement[bool]:
    """Some received recording that can be played shows some of what had to be recorded."""
    return EventCoverage.shown > 0


def only_offered() -> ColumnElement[bool]:
    """Nothing shows it yet, but a link is offered that a person may confirm."""
    return and_(~filmed(), EventCoverage.offered > 0)


def only_contested() -> ColumnElement[bool]:
    """The same, and each recording that is offered is offered to another event, too."""
    return and_(only_offered(), EventCoverage.offered_alone == 0)


def offers(session: Session, event_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many links are offered to each event, whoever asks: as `is_recorded`."""
    statement = select(EventCoverage.event_id, EventCoverage.offered).where(
        EventCoverage.event_id.in_(list(event_ids)), EventCoverage.basis == Basis.counted
    )
    return {event_id: count for event_id, count in session.execute(statement)}


def is_recorded(event_id: Any) -> ColumnElement[bool]:
    """The event of this column stands as figure 1 counts it, whoever asks: of an event that one sees one is told so
    also where a recording of another squad, which one does not see, shows it."""
    return exists().where(EventCoverage.event_id == event_id, EventCoverage.basis == Basis.counted, filmed())
