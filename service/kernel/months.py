"""Months, each as its first day."""

from datetime import MAXYEAR, MINYEAR, date
from typing import TypeVar

Day = TypeVar("Day", bound=date)  # a time too: it stays what it is within the day


def months_on(day: Day, by: int) -> Day:
    """The first day of the month that comes `by` months after that of `day`. OverflowError: beyond the calendar."""
    there = day.year * 12 + day.month - 1 + by
    if not MINYEAR <= there // 12 <= MAXYEAR:
        raise OverflowError("beyond the calendar")
    return day.replace(year=there // 12, month=there % 12 + 1, day=1)


def next_month(day: Day) -> Day:
    return months_on(day, 1)
