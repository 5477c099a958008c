"""Clock offsets: how far a recorder's clock was measured to be off, when, and from what."""

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from schemas.base import (
    AskedTime,
    FieldTime,
    KeySaid,
    Prose,
    double_field,
    enum_check,
    enum_field,
    folded_field,
    id_field,
    one_key,
    time_field,
)
from schemas.plain_text import Line


class OffsetSource(enum.StrEnum):
    dock = "dock"  # device clock against the server's, read at the dock
    sidecar = "sidecar"
    gps = "gps"  # the time in the file against that of the satellites
    burned_in = "burned_in"  # the time in the picture against that of the satellites
    hand = "hand"


class ClockOffset(SQLModel, table=True):
    """`offset_s` = device clock − true time, in seconds: a fast clock is positive. True within ± `doubt_s`.

    `measured_at` is true time. A withdrawn measurement stays on record and counts no more.
    """

    __tablename__ = "clock_offsets"
    __table_args__ = (
        enum_check("source", OffsetSource),
        CheckConstraint("doubt_s >= 0", name="doubt"),
        one_key("clock_offsets"),
        Index("ix_clock_offsets_recorder_id_measured_at", "recorder_id", "measured_at"),
        # one measurement a source and recording, however often it is read
        Index("uq_clock_offsets_recording_id_source", "recording_id", "source", unique=True,
              postgresql_where="recording_id IS NOT NULL AND withdrawn_at IS NULL"),
    )  # fmt: skip
    id: UUID = id_field()
    external_id: Line | None = Field(default=None, unique=True, max_length=128)
    folded: str | None = folded_field("external_id")
    double_of: UUID | None = double_field("clock_offsets")
    recorder_id: UUID = Field(foreign_key="recorders.id")
    source: OffsetSource = enum_field(OffsetSource)
    measured_at: datetime = time_field()
    offset_s: float
    doubt_s: float = 0.0
    recording_id: UUID | None = Field(default=None, foreign_key="recordings.id")
    note: Prose = Field(default="", max_length=500)
    created_at: datetime = time_field(default_now=True)
    created_by: UUID | None = Field(default=None, foreign_key="accounts.id")
    withdrawn_at: datetime | None = time_field(nullable=True)
    withdrawn_by: UUID | None = Field(default=None, foreign_key="accounts.id")


class ClockOffsetCreate(SQLModel):
    """Either `offset_s`, or `device_time` as the device showed it at `measured_at`."""

    recorder: KeySaid
    external_id: Line | None = Field(default=None, max_length=128)
    measured_at: FieldTime
    offset_s: float | None = None
    device_time: AskedTime | None = None  # in whatever year the clock stood
    doubt_s: float = 1.0
    note: Prose = ""


class ClockOffsetRead(SQLModel):
    """`used`: recordings are corrected by it; else `unused_reason` says why not, as a stable word, `unused_text` as a
    sentence."""

    id: UUID
    external_id: str | None
    source: OffsetSource
    measured_at: datetime
    offset_s: float
    doubt_s: float
    recording_id: UUID | None
    note: str
    withdrawn_at: datetime | None
    used: bool
    unused_reason: str | None
    unused_text: str | None
