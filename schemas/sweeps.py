"""What the schedule clears up behind others, and what of it cannot be cleared up."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from schemas.base import time_field


class SetAside(SQLModel, table=True):
    """One item that a duty of the schedule could not get done. It is tried again at `next_at`, until its tries are spent;
    from `held_at` on it is left alone, and a person decides."""

    __tablename__ = "set_aside"
    duty: str = Field(primary_key=True, max_length=40)
    subject_id: UUID = Field(primary_key=True)
    tries: int = Field(default=1)
    problem: str = Field(default="", max_length=500)
    first_failed_at: datetime = time_field(default_now=True)
    next_at: datetime = time_field(default_now=True)
    held_at: datetime | None = time_field(nullable=True)


class DutyState(SQLModel, table=True):
    """How a duty of the schedule fares as a whole. `failing_since`: it has not come to its end once since then."""

    __tablename__ = "duty_states"
    name: str = Field(primary_key=True, max_length=40)
    done_at: datetime | None = time_field(nullable=True)
    failing_since: datetime | None = time_field(nullable=True)
    problem: str = Field(default="", max_length=500)
