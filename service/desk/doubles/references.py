"""What hangs on a row: every column of every table that points to it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlmodel import SQLModel

# What stands for the row itself, and what is kept from other rows: the coverage follows by its own reaction.
NOT_MOVED = frozenset({"double_of", "merged_into"})
KEPT_BY_REACTION = frozenset({"event_coverage"})


def references(table: type[SQLModel]) -> Iterator[ColumnElement[Any]]:
    """In the order of the tables."""
    mine: Table = table.__table__  # type: ignore[attr-defined]  # of a table class
    for other in SQLModel.metadata.sorted_tables:
        if other.name in KEPT_BY_REACTION:
            continue
        for column in other.columns:
            if column.name not in NOT_MOVED and any(key.column.table is mine for key in column.foreign_keys):
                yield column


def class_of(table: Any) -> type[SQLModel]:
    return next(one.class_ for one in SQLModel._sa_registry.mappers if one.local_table is table)
