"""What of a squad's officer may be changed."""

from datetime import date

from sqlmodel import Field, SQLModel


class OfficerUpdate(SQLModel):
    """Fields left out stay as they are."""

    name: str | None = Field(default=None, max_length=200)
    squad: str | None = None
    left_on: date | None = None
