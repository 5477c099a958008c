"""What of a recorder and an assignment may be changed. Fields left out stay as they are."""

from sqlmodel import Field, SQLModel

from schemas.base import Conventions, FieldTime, KeySaid, examples
from schemas.recorders import RecorderState


class RecorderUpdate(SQLModel):
    model_config = {"json_schema_extra": examples({"state": "repair"})}

    squad: KeySaid | None = None
    model: KeySaid | None = None
    state: RecorderState | None = None
    last_dock_at: FieldTime | None = None
    battery_percent: int | None = Field(default=None, ge=0, le=100)


class RecorderModelUpdate(SQLModel):
    model_config = {"json_schema_extra": examples({"conventions": {"container_clock": "utc"}})}

    vendor: str | None = Field(default=None, max_length=100)
    name: str | None = Field(default=None, max_length=100)
    conventions: Conventions | None = None


class AssignmentUpdate(SQLModel):
    model_config = {"json_schema_extra": examples({"held_to": "2024-06-03T20:00:00+08:00"})}

    held_from: FieldTime | None = None
    held_to: FieldTime | None = None
