"""What a kept row means at a given hour: one SQL expression each, over `EventCoverage`.

`status` is what an event is called wherever it is shown. `standing` is how figures count it: before its deadline
an event stands in no figure, even if it is complete already, because only those that went well could be counted
early, and every figure of a running month would look too good.
"""

import enum
from datetime import datetime

from sqlalchemy import ColumnElement, Extract, and_, case, extract, literal, literal_column, or_

from schemas.coverage import EventCoverage, Exclusion, ExplanationReason
from service.registry.events.recorded import filmed


class Status(enum.StrEnum):
    not_counted = "not_counted"
    exempt = "exempt"
    pending = "pending"
    complete = "complete"
    partly = "partly"
    missing = "missing"


NOT_DUE = "not_due"
OPEN = (
    Status.complete.value,
    Status.partly.value,
    Status.missing.value,
)  # the standings that count as required
EXCLUDED = frozenset(one.value for one in Exclusion)
EXEMPT = frozenset(one.value for one in ExplanationReason)

_row = EventCoverage


def counted() -> ColumnElement[bool]:
    """It had to be recorded, and nobody was let off."""
    return and_(_row.excluded.is_(None), _row.exempt.is_(None))


def over(as_of: datetime) -> ColumnElement[bool]:
    """The time for bringing the bytes is over."""
    return _row.due_at <= as_of


def whole() -> ColumnElement[bool]:
    """Filmed from the required start to the required end; what is missing is forgiven or explained. Without a
    departure nobody can say that."""
    return and_(filmed(), _row.required_to.is_not(None), _row.gap_count == _row.gap_explained)


def unexplained() -> ColumnElement[bool]:
    return and_(counted(), _row.gap_count > _row.gap_explained)


def status(as_of: datetime) -> ColumnElement[str]:
    return case(
        (_row.excluded.is_not(None), _word(Status.not_counted)),
        (_row.exempt.is_not(None), _word(Status.exempt)),
        (whole(), _word(Status.complete)),
        (~over(as_of), _word(Status.pending)),
        (filmed(), _word(Status.partly)),
        else_=_word(Status.missing),
    )


def standing(as_of: datetime) -> ColumnElement[str]:
    """The exclusion; `not_due`; the reason of the exemption; else complete, partly or missing."""
    return case(
        (_row.excluded.is_not(None), _row.excluded),
        (~over(as_of), _word(NOT_DUE)),
        (_row.exempt.is_not(None), _row.exempt),
        (whole(), _word(Status.complete)),
        (filmed(), _word(Status.partly)),
        else_=_word(Status.missing),
    )


def late(as_of: datetime) -> ColumnElement[bool]:
    """The deadline passed while something was not here: nothing at all, something announced, or what came later."""
    absent = or_(_row.links == 0, _row.announced > 0)
    return and_(counted(), or_(and_(over(as_of), absent), _row.last_received_at > _row.due_at))


def due_in(as_of: datetime) -> Extract:
    """Seconds left until the deadline; negative after it."""
    return extract("epoch", _row.due_at - literal(as_of))


def delay() -> Extract:
    """Seconds from the end of what had to be recorded to the arrival of the last recording; null while unknown."""
    return extract("epoch", _row.last_received_at - _row.required_to)


def _word(value: str) -> ColumnElement[str]:
    return literal_column(f"'{value}'")  # words of this file
