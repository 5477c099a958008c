"""Duties 值班: how a table writes them, and which cannot be. Pure."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from service.registry.importing.rules import day as day_of
from service.registry.importing.rules import moment

_CLOCK = re.compile(r"(次日|第二天|翌日)?(\d{1,2})[:：时](\d{1,2})?(?:[:：分](\d{1,2})?秒?)?分?")


def clock(value: Any) -> timedelta | None:
    """20:00, 8时30分, 24:00, 次日08:00 as the time since midnight."""
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    tomorrow, hours, minutes, seconds = found.groups()
    if int(hours) > 24 or int(minutes or 0) > 59 or int(seconds or 0) > 59:
        return None
    since = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    return since + timedelta(days=1) if tomorrow else since


def shift(values: dict[str, Any]) -> dict[str, Any]:
    """A row's `day` with `starts_at` and `ends_at` as clock times becomes two moments; a shift that would end before
    it begins ends on the next day. Whole moments stay as they are."""
    values = dict(values)
    on = day_of(values.pop("day", None))
    start, end = values.get("starts_at"), values.get("ends_at")
    from_clock, to_clock = clock(start), clock(end)
    if from_clock is not None and isinstance(on, date):
        values["starts_at"] = _midnight(on) + from_clock
    start = moment(values.get("starts_at"))
    if to_clock is not None and isinstance(start, datetime):
        ends = _midnight(start.date()) + to_clock
        values["ends_at"] = ends if ends > start.replace(tzinfo=None) else ends + timedelta(days=1)
    return values


def _midnight(on: date) -> datetime:
    return datetime(on.year, on.month, on.day)  # noqa: DTZ001 - a time of the bureau's zone, as every table's


Span = tuple[datetime, datetime]


def overlapping(span: Span, others: Iterable[Span]) -> Span | None:
    """The first of the others that shares time with it; one that ends where the next begins does not."""
    found = sorted(other for other in others if other[0] < span[1] and span[0] < other[1])
    return found[0] if found else None


def left_by(left_on: date | None, on: date) -> bool:
    """`left_on` is the first day on which an officer is no longer there."""
    return left_on is not None and on >= left_on
