"""What every table shares: time-ordered ids, UTC timestamps, text enums, constraint names."""

import enum
import os
import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from annotated_types import Len
from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema
from sqlalchemy import CheckConstraint, Column, Computed, DateTime, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from schemas.plain_text import Line, Lines

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): 48 bits of milliseconds, then random, so ids sort by creation."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def now() -> datetime:
    return datetime.now(UTC)


def examples(*values: Mapping[str, Any]) -> dict[str, Any]:
    """`json_schema_extra` of a model that requests carry."""
    return {"examples": [dict(value) for value in values]}


YEARS = range(2000, 2101)


def believable(moment: datetime) -> bool:
    """A year mistyped, or at the edge of the calendar, would make spans that no index and no zone can hold."""
    return moment.year in YEARS


def _within_years(moment: datetime) -> datetime:
    if not believable(moment):
        raise ValueError(f"the year must lie between {YEARS[0]} and {YEARS[-1]}")
    return moment


def _no_bare_number(said: Any) -> Any:
    """2026112009 would be taken for seconds since 1970, and stand as the year 2034."""
    if isinstance(said, int | float) or (isinstance(said, str) and re.fullmatch(r"\s*[+-]?[\d.]+\s*", said)):
        raise ValueError("a time such as 2026-03-02T08:10:00+08:00 is wanted, not a number")
    return said


def _whole(said: Any) -> Any:
    """A day alone would stand as its midnight."""
    if isinstance(said, str) and re.fullmatch(r"\s*\d{4}-\d\d-\d\d\s*", said):
        raise ValueError("a time such as 2026-03-02T08:10:00+08:00 is wanted, not a day alone")
    return said


AskedTime = Annotated[datetime, BeforeValidator(_no_bare_number)]
# a time of the field, as said by others
FieldTime = Annotated[AskedTime, BeforeValidator(_whole), AfterValidator(_within_years)]


# What a request may say. A text that is kept says besides how long its column is.
KeySaid = Annotated[Line, StringConstraints(max_length=200)]
"""What names a row: an id, or the number or code that people use."""
KeysSaid = Annotated[list[KeySaid], Len(max_length=50)]
Prose = Annotated[Lines, StringConstraints(max_length=4000)]
"""Of a person; an action may keep fewer."""
Conventions = Annotated[dict[str, Any], Len(max_length=100)]


def id_field() -> Any:
    return Field(default_factory=new_id, primary_key=True)


def time_field(*, nullable: bool = False, index: bool = False, default_now: bool = False) -> Any:
    """A `timestamptz`. The value is always UTC in code; the zone is applied only for display."""
    column: dict[str, Any] = {"sa_type": DateTime(timezone=True), "nullable": nullable, "index": index}
    if default_now:
        return Field(default_factory=now, **column)
    return Field(default=None, **column) if nullable else Field(**column)


def json_field(default_factory: Any = dict) -> Any:
    return Field(default_factory=default_factory, sa_column=Column(JSONB, nullable=False))


class AsStored:
    """The annotation of a JSON value whose shape is told and not enforced: what is kept goes out as it is."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        shape = handler(source)
        # named as its serializer, which does nothing with it, or pydantic would drop it from the document
        as_it_is = core_schema.wrap_serializer_function_ser_schema(lambda value, _shape: value, schema=shape)
        return core_schema.any_schema(
            metadata={"pydantic_js_annotation_functions": [lambda _schema, describe: describe(shape)]},
            serialization=as_it_is,
        )


def folded_field(key: str) -> Any:
    """The key in column `key` as keys are compared (service.kernel.keys): the database fills it, whoever writes."""
    return Field(default=None, sa_column=Column(String, Computed(f"key_fold(({key})::text)", persisted=True)))


def double_field(table: str) -> Any:
    """Which older row has the same key: of two that were made before they were known to be the same. None of all
    others, of which no two have one key (`one_key`)."""
    return Field(default=None, foreign_key=f"{table}.id")


def one_key(table: str) -> Index:
    return Index(f"uq_{table}_folded", "folded", unique=True, postgresql_where="double_of IS NULL")


def enum_field(kind: type[enum.StrEnum], *, default: enum.StrEnum | None = None, index: bool = False) -> Any:
    """A text column. The allowed values stand in a CHECK (see `enum_check`), never in a native type."""
    options: dict[str, Any] = {"sa_type": String, "nullable": False, "index": index}
    return Field(**options) if default is None else Field(default=default, **options)


def enum_check(column: str, kind: type[enum.StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({quoted(kind)})", name=column)


def quoted(codes: Iterable[str]) -> str:
    """Codes as a list in SQL. Only for words of our own."""
    return ", ".join(f"'{code}'" for code in codes)
