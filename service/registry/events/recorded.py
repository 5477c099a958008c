"""Whether an event is recorded, as its kept coverage says: an SQL expression over `EventCoverage`."""

from typing import Any

from sqlalchemy import ColumnElement, exists

from schemas.coverage import Basis, EventCoverage


def filmed() -> ColumnElement[bool]:
    """Some received recording that can be played shows some of what had to be recorded."""
    return EventCoverage.shown > 0


def is_recorded(event_id: Any) -> ColumnElement[bool]:
    """The event of this column stands as figure 1 counts it, whoever asks: of an event that one sees one is told so
    also where a recording of another squad, which one does not see, shows it."""
    return exists().where(EventCoverage.event_id == event_id, EventCoverage.basis == Basis.counted, filmed())
