"""Lists in pages that stay right while rows come and go: the next page begins after the last row seen."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlmodel import Session

from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _

MOST = 200


@dataclass(frozen=True)
class Order:
    """One column of the order; the last one must be unique. `read` turns the cursor's word into a value. `of`: what it
    is of a row, where it is an expression."""

    column: Any
    read: Callable[[str], Any] = str
    newest_first: bool = False
    of: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Page:
    items: list[Any]
    next: str | None


def page(session: Session, statement: Select, order: Sequence[Order], cursor: str | None, limit: int) -> Page:
    """One page of whole entities. A cursor grants nothing: the statement carries the scope."""
    within(limit)
    if cursor:
        statement = statement.where(_after(order, _read(order, cursor)))
    ordered = [one.column.desc() if one.newest_first else one.column.asc() for one in order]
    rows = list(session.scalars(statement.order_by(*ordered).limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, _write(order, rows[-1]) if more else None)


def within(limit: int) -> None:
    if not 1 <= limit <= MOST:
        raise Invalid(field="limit", problem=f"1…{MOST}")


def sliced(items: Sequence[Any], cursor: str | None, limit: int) -> tuple[Sequence[Any], str | None]:
    """Of a list that was made whole anyway (a few hundred rows): the cursor is a place in it."""
    if not (cursor or "0").isdigit() or len(cursor or "0") > 9:
        raise Invalid(field="cursor", problem=_("it cannot be read"))
    within(limit)
    start = int(cursor or 0)
    more = len(items) > start + limit
    return items[start : start + limit], str(start + limit) if more else None


def _after(order: Sequence[Order], values: list[Any]) -> ColumnElement[bool]:
    steps = []
    for index, one in enumerate(order):
        same = [order[i].column == values[i] for i in range(index)]
        beyond = one.column < values[index] if one.newest_first else one.column > values[index]
        steps.append(and_(*same, beyond))
    return or_(*steps)


def _write(order: Sequence[Order], row: Any) -> str:
    values = [one.of(row) if one.of else getattr(row, one.column.key) for one in order]
    words = [value.isoformat() if isinstance(value, (datetime, date)) else str(value) for value in values]
    return urlsafe_b64encode(json.dumps(words, ensure_ascii=False).encode()).decode().rstrip("=")


def _read(order: Sequence[Order], cursor: str) -> list[Any]:
    try:
        words = json.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        if not isinstance(words, list) or len(words) != len(order):
            raise ValueError("length")
        values = [one.read(str(word)) for one, word in zip(order, words, strict=True)]
    except (ValueError, RecursionError) as error:
        raise Invalid(field="cursor", problem=_("it cannot be read")) from error
    if any(isinstance(value, str) and "\x00" in value for value in values):
        raise Invalid(field="cursor", problem=_("it cannot be read"))
    if any(isinstance(value, datetime) and value.tzinfo is None for value in values):
        raise Invalid(field="cursor", problem=_("it cannot be read"))
    return values


def time(column: Any, *, newest_first: bool = False) -> Order:
    return Order(column, datetime.fromisoformat, newest_first)


def unique(column: Any, *, newest_first: bool = False) -> Order:
    return Order(column, UUID, newest_first)
