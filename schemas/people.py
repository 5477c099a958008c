"""Squads, officers and their duty rosters: whose act a recording shows."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from schemas.base import (
    FieldTime,
    KeySaid,
    double_field,
    examples,
    folded_field,
    id_field,
    one_key,
    time_field,
)
from schemas.plain_text import Line


class SquadBase(SQLModel):
    code: Line = Field(unique=True, max_length=64)
    name: Line = Field(max_length=200)


class Squad(SquadBase, table=True):
    __tablename__ = "squads"
    __table_args__ = (one_key("squads"),)
    id: UUID = id_field()
    folded: str | None = folded_field("code")
    double_of: UUID | None = double_field("squads")


class SquadCreate(SquadBase):
    model_config = {"json_schema_extra": examples({"code": "1", "name": "第一中队"})}


class SquadRead(SQLModel):
    id: UUID
    code: str
    name: str


class OfficerBase(SQLModel):
    certificate_no: Line = Field(unique=True, max_length=64)
    name: Line = Field(max_length=200)
    left_on: date | None = None


class Officer(OfficerBase, table=True):
    __tablename__ = "officers"
    __table_args__ = (one_key("officers"),)
    id: UUID = id_field()
    folded: str | None = folded_field("certificate_no")
    double_of: UUID | None = double_field("officers")
    squad_id: UUID = Field(foreign_key="squads.id", index=True)


class OfficerCreate(OfficerBase):
    model_config = {
        "json_schema_extra": examples({"certificate_no": "000001", "name": "队员 001", "squad": "1"})
    }

    squad: KeySaid


class OfficerRead(SQLModel):
    id: UUID
    certificate_no: str
    name: str
    squad_id: UUID
    left_on: date | None


class Roster(SQLModel, table=True):
    """`officer_id` was on duty 值班 from `starts_at` to `ends_at`, for the squad of that day."""

    __tablename__ = "rosters"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="span"),
        one_key("rosters"),
        Index("ix_rosters_squad_id_starts_at", "squad_id", "starts_at"),
    )
    id: UUID = id_field()
    external_id: Line | None = Field(default=None, unique=True, max_length=128)
    folded: str | None = folded_field("external_id")
    double_of: UUID | None = double_field("rosters")
    officer_id: UUID = Field(foreign_key="officers.id", index=True)
    squad_id: UUID = Field(foreign_key="squads.id")
    starts_at: datetime = time_field(index=True)
    ends_at: datetime = time_field()


class RosterCreate(SQLModel):
    """`squad`: of that day, where it is not the officer's present one."""

    model_config = {
        "json_schema_extra": examples(
            {
                "external_id": "2024-06-03-000001",
                "officer": "000001",
                "starts_at": "2024-06-03T08:00:00+08:00",
                "ends_at": "2024-06-03T18:00:00+08:00",
            }
        )
    }

    external_id: Line | None = Field(default=None, max_length=128)
    officer: KeySaid
    squad: KeySaid | None = None
    starts_at: FieldTime
    ends_at: FieldTime


class RosterRead(SQLModel):
    id: UUID
    external_id: str | None
    officer_id: UUID
    squad_id: UUID
    starts_at: datetime
    ends_at: datetime
