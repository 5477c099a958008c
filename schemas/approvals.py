"""What one person asks and another answers: the columns that all such tables share."""

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from schemas.base import id_field, time_field


class ApprovalState(enum.StrEnum):
    """A table may have words of its own for them."""

    asked = "asked"
    approved = "approved"
    declined = "declined"
    withdrawn = "withdrawn"


class ApprovalRequest(SQLModel):
    """Each table has a `state` of its own, and `second_person()` among its constraints.

    `decided_at`: also of its withdrawal, which has no `decided_by`."""

    id: UUID = id_field()
    state: str
    asked_by: UUID = Field(foreign_key="accounts.id")
    asked_at: datetime = time_field(default_now=True)
    decided_by: UUID | None = Field(default=None, foreign_key="accounts.id")
    decided_at: datetime | None = time_field(nullable=True)
    answer: str = Field(default="", max_length=1000)


def second_person() -> CheckConstraint:
    return CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="second_person")
