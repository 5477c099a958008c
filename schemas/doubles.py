"""Rows that stood twice under one key and were merged by a person."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from schemas.base import examples, id_field, json_field, time_field


class MergedDouble(SQLModel, table=True):
    """`said`: all that the merged row said. `differs`: what the row that stays says otherwise, by field: what it says,
    what the merged one said. Both as text; the ids of other rows by the keys that people use."""

    __tablename__ = "merged_doubles"
    id: UUID = id_field()
    kind: str = Field(max_length=20)
    into_id: UUID = Field(index=True)
    gone_id: UUID = Field(unique=True)
    key: str = Field(max_length=128)
    said: dict[str, str | None] = json_field()
    differs: dict[str, list[str]] = json_field()
    merged_at: datetime = time_field(default_now=True)
    merged_by: UUID | None = Field(default=None, foreign_key="accounts.id")


class MergedDoubleRead(SQLModel):
    """`into`: the row that stays. `key`: as the merged one wrote it. `differs`: what both said, by field, the row that
    stays first."""

    kind: str
    into: UUID
    merged: UUID
    key: str
    differs: dict[str, list[str]]
    merged_at: datetime


class DoubleMerge(SQLModel):
    """`into`: the row that stays, as the list of doubles names it."""

    model_config = {"json_schema_extra": examples({"into": "01970000-0000-7000-8000-000000000000"})}

    into: UUID
