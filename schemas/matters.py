"""The recording matters list 音像记录事项清单: what must be recorded, from when to when, with which steps."""

import enum
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from schemas.base import enum_check, enum_field, id_field, json_field, time_field
from schemas.events import EventKind
from schemas.plain_text import Line, Lines


class MatterList(SQLModel, table=True):
    """One published version. The one with the latest `in_force_from` not after an event's day applies to it;
    of two from the same day, the higher version."""

    __tablename__ = "matter_lists"
    id: UUID = id_field()
    version: int = Field(unique=True)
    in_force_from: date = Field(index=True)
    note: Lines = Field(default="", max_length=1000)
    published_at: datetime = time_field(default_now=True)
    published_by: UUID | None = Field(default=None, foreign_key="accounts.id")


class Duty(enum.StrEnum):
    must = "must"
    text_suffices = "text_suffices"  # a written record is enough: not counted


class Moment(enum.StrEnum):
    arrival = "arrival"
    departure = "departure"


class Step(enum.StrEnum):
    """What the law asks to be seen 环节."""

    show_identification = "show_identification"
    state_purpose = "state_purpose"
    state_rights = "state_rights"
    scene = "scene"
    questioning = "questioning"
    statement_and_defence = "statement_and_defence"
    sampling = "sampling"
    listing = "listing"
    measure = "measure"
    signature = "signature"
    witness = "witness"
    service = "service"


class MatterBase(SQLModel):
    """`subject` "": any subject of this kind that has no line of its own. Seconds may be negative (earlier).

    `late_start_s`, `early_stop_s`, `gap_s`: up to this much is forgiven. `retention_days` None: permanent.
    """

    kind: EventKind = enum_field(EventKind)
    subject: Line = Field(default="", max_length=64)
    duty: Duty = enum_field(Duty, default=Duty.must)
    from_moment: Moment = enum_field(Moment, default=Moment.arrival)
    from_offset_s: int = 0
    to_moment: Moment = enum_field(Moment, default=Moment.departure)
    to_offset_s: int = 0
    late_start_s: int = Field(default=60, ge=0)
    early_stop_s: int = Field(default=60, ge=0)
    gap_s: int = Field(default=30, ge=0)
    steps: list[Any] = json_field(list)
    retention_days: int | None = Field(default=None, ge=1)
    upload_hours: int = Field(default=24, ge=0)
    filing_days: int = Field(default=30, ge=0)
    place: Line = Field(default="", max_length=300)
    carrier: Line = Field(default="", max_length=300)


class RecordingMatter(MatterBase, table=True):
    __tablename__ = "recording_matters"
    __table_args__ = (
        enum_check("kind", EventKind),
        enum_check("duty", Duty),
        enum_check("from_moment", Moment),
        enum_check("to_moment", Moment),
        CheckConstraint("late_start_s >= 0 AND early_stop_s >= 0 AND gap_s >= 0", name="tolerances"),
        CheckConstraint("upload_hours >= 0 AND filing_days >= 0", name="deadlines"),
        Index("uq_recording_matters_list_id_kind_subject", "list_id", "kind", "subject", unique=True),
    )
    id: UUID = id_field()
    list_id: UUID = Field(foreign_key="matter_lists.id")
