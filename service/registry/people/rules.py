"""Duties 值班: how a table writes them, and which cannot be. Pure."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from service.kernel.written_times import UnreadableTime, time_of_day
from service.registry.importing.rules import day as day_of
from service.registry.importing.rules import moment

_TOMORROW = re.compile(r"\s*(?:次日|第二天|翌日)(.*)", re.DOTALL)


def clock(value: Any) -> timedelta | None:
    """20:00, 8时30分, 24:00, 次日08:00 as the time since midnight."""
    tomorrow = _TOMORROW.fullmatch(value) if isinstance(value, str) else None
    try:
        since = time_of_day(tomorrow[1] if tomorrow else value)
    except UnreadableTime:
        return None
    return since + timedelta(days=1) if tomorrow else since


def clock_or_moment(value: Any) -> Any:
    """A clock time stays as it is written, for `shift`."""
    return value if clock(value) is not None else moment(value)


def shift(values: dict[str, Any]) -> dict[str, Any]:
    """A row's `day` with `starts_at` and `ends_at` as clock times becomes two moments; a shift that would end before
    it begins ends on the next day. Whole moments stay as they are."""
    values = dict(values)
    on = _read(day_of, values.pop("day", None))
    start, end = values.get("starts_at"), values.get("ends_at")
    from_clock, to_clock = clock(start), clock(end)
    if from_clock is not None and isinstance(on, date):
        values["starts_at"] = _midnight(on) + from_clock
    start = _read(moment, values.get("starts_at"))
    if to_clock is not None and isinstance(start, datetime):
        ends = _midnight(start.date()) + to_clock
        values["ends_at"] = ends if ends > start.replace(tzinfo=None) else ends + timedelta(days=1)
    return values


def _read(how: Callable[[Any], Any], value: Any) -> Any:
    try:
        return how(value)
    except UnreadableTime:
        return value


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
