"""The server's clock, as the schedule sees it go: what it should show, and where it was set by a jump."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from schemas.base import id_field, time_field


class ClockMark(SQLModel, table=True):
    """Where the clock stood (`seen_at`, of the database) when the machine had run for `ran_s` since it was started as
    `boot`."""

    __tablename__ = "clock_marks"
    name: str = Field(primary_key=True, max_length=40)
    seen_at: datetime = time_field()
    boot: str = Field(default="", max_length=100)
    ran_s: float = 0.0


class ClockJump(SQLModel, table=True):
    """`by_s`: forward, or back (negative). `seen_at`: by the new time. `certain`: the machine ran all the while, so that
    it was the clock and not a long rest."""

    __tablename__ = "clock_jumps"
    id: UUID = id_field()
    seen_at: datetime = time_field(default_now=True)
    by_s: float
    certain: bool = Field(default=True)
