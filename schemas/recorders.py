"""Recorders (body cameras), their models' conventions, and who held which from when to when."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from schemas.base import (
    Conventions,
    FieldTime,
    KeySaid,
    double_field,
    enum_check,
    enum_field,
    examples,
    folded_field,
    id_field,
    json_field,
    one_key,
    time_field,
)
from schemas.plain_text import Line


class RecorderState(enum.StrEnum):
    in_use = "in_use"
    spare = "spare"
    repair = "repair"
    retired = "retired"


class RecorderModelBase(SQLModel):
    code: Line = Field(unique=True, max_length=64)
    vendor: Line = Field(default="", max_length=100)
    name: Line = Field(default="", max_length=100)


class RecorderModel(RecorderModelBase, table=True):
    """One make of camera and its habits.

    `conventions`: `clock_zone` ("utc" or an IANA name: what a time written by it means),
    `container_clock` ("utc" | "local_as_utc"), `stamp` ("start" | "end"),
    `filename_patterns` (list of regular expressions with the groups recorder, officer, at, event, case),
    `sidecar` (mapping from our field names to the vendor's keys), `time_lapse` (true: it takes pictures far apart on
    purpose, and they count as recorded).
    """

    __tablename__ = "recorder_models"
    __table_args__ = (one_key("recorder_models"),)
    id: UUID = id_field()
    folded: str | None = folded_field("code")
    double_of: UUID | None = double_field("recorder_models")
    conventions: dict[str, Any] = json_field()


class RecorderModelCreate(RecorderModelBase):
    model_config = {
        "json_schema_extra": examples(
            {
                "code": "DSJ-A1",
                "vendor": "Vendor",
                "name": "A1",
                "conventions": {"container_clock": "local_as_utc", "stamp": "start"},
            }
        )
    }

    conventions: Conventions = {}


class RecorderModelRead(SQLModel):
    id: UUID
    code: str
    vendor: str
    name: str
    conventions: dict[str, Any]


class RecorderBase(SQLModel):
    serial: Line = Field(unique=True, max_length=64)


class Recorder(RecorderBase, table=True):
    __tablename__ = "recorders"
    __table_args__ = (enum_check("state", RecorderState), one_key("recorders"))
    id: UUID = id_field()
    folded: str | None = folded_field("serial")
    double_of: UUID | None = double_field("recorders")
    model_id: UUID | None = Field(default=None, foreign_key="recorder_models.id")
    squad_id: UUID = Field(foreign_key="squads.id", index=True)
    state: RecorderState = enum_field(RecorderState, default=RecorderState.in_use)
    last_dock_at: datetime | None = time_field(nullable=True)
    battery_percent: int | None = None  # when it last sat in its dock


class RecorderCreate(RecorderBase):
    model_config = {
        "json_schema_extra": examples({"serial": "R-07", "squad": "1", "model": "DSJ-A1", "state": "in_use"})
    }

    squad: KeySaid
    model: KeySaid | None = None
    state: RecorderState = RecorderState.in_use
    last_dock_at: FieldTime | None = None
    battery_percent: int | None = Field(default=None, ge=0, le=100)


class RecorderRead(SQLModel):
    id: UUID
    serial: str
    squad_id: UUID
    model_id: UUID | None
    state: RecorderState
    last_dock_at: datetime | None
    battery_percent: int | None


class Assignment(SQLModel, table=True):
    """`officer_id` held `recorder_id` from `held_from` to `held_to` (open end: still holds it). `hand_over`: from then
    on nobody else did."""

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("held_to IS NULL OR held_to > held_from", name="span"),
        one_key("assignments"),
        Index("ix_assignments_recorder_id_held_from", "recorder_id", "held_from"),
        Index("ix_assignments_span", text("tstzrange(held_from, held_to)"), postgresql_using="gist"),
    )
    id: UUID = id_field()
    external_id: Line | None = Field(default=None, unique=True, max_length=128)
    folded: str | None = folded_field("external_id")
    double_of: UUID | None = double_field("assignments")
    recorder_id: UUID = Field(foreign_key="recorders.id", index=True)
    officer_id: UUID = Field(foreign_key="officers.id", index=True)
    held_from: datetime = time_field(index=True)
    held_to: datetime | None = time_field(nullable=True)
    hand_over: bool = False


class AssignmentCreate(SQLModel):
    """Several may hold one recorder at a time (one recorder for two officers). `hand_over`: from `held_from` on
    nobody else does: it ends the open holdings of the others."""

    model_config = {
        "json_schema_extra": examples(
            {
                "recorder": "R-07",
                "officer": "000001",
                "held_from": "2024-06-03T08:00:00+08:00",
                "held_to": "2024-06-03T18:00:00+08:00",
            }
        )
    }

    external_id: Line | None = Field(default=None, max_length=128)
    recorder: KeySaid
    officer: KeySaid
    held_from: FieldTime
    held_to: FieldTime | None = None
    hand_over: bool = False


class AssignmentRead(SQLModel):
    id: UUID
    external_id: str | None
    recorder_id: UUID
    officer_id: UUID
    held_from: datetime
    held_to: datetime | None
