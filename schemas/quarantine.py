"""Quarantine 隔离: files that are kept apart, and what a person decided of them when their term was over."""

import enum
from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from schemas.base import enum_check, enum_field, examples, id_field, time_field
from schemas.plain_text import Lines
from schemas.recordings import RecordingState


class QuarantineChoice(enum.StrEnum):
    keep = "keep"  # for another term
    again = "again"  # taken in once more: read anew, and hashed anew
    dispose = "dispose"  # asked for; what disposes of bytes decides on it, and nothing is deleted here


class QuarantineDecision(SQLModel, table=True):
    """`until`: when a person is to look at it again; None: it waits for nobody."""

    __tablename__ = "quarantine_decisions"
    __table_args__ = (enum_check("choice", QuarantineChoice),)
    id: UUID = id_field()
    recording_id: UUID = Field(foreign_key="recordings.id", index=True)
    choice: QuarantineChoice = enum_field(QuarantineChoice)
    reason: str = Field(max_length=1000)
    until: datetime | None = time_field(nullable=True)
    decided_by: UUID = Field(foreign_key="accounts.id")
    decided_at: datetime = time_field(default_now=True)


class QuarantineDecisionCreate(SQLModel):
    model_config = {"json_schema_extra": examples({"choice": "keep", "reason": "the case is still open"})}

    choice: QuarantineChoice
    reason: Lines = Field(max_length=1000)


class QuarantineRead(SQLModel):
    """A file that is kept apart. `reason`: a code, `sentence` in words. `decide_by`: when its term is over; null: it was
    decided that it is disposed of. `choice`, `decided_at`: what was decided last."""

    recording_id: UUID
    squad_id: UUID
    file_name: str
    state: RecordingState
    reason: str | None
    sentence: str | None
    received_at: datetime
    decide_by: datetime | None
    choice: QuarantineChoice | None
    decided_at: datetime | None
