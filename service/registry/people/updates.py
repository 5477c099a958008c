"""What of a squad's officer may be changed."""

from datetime import date

from sqlmodel import Field, SQLModel

from schemas.base import KeySaid, examples


class OfficerUpdate(SQLModel):
    """Fields left out stay as they are."""

    model_config = {"json_schema_extra": examples({"squad": "2"})}

    name: str | None = Field(default=None, max_length=200)
    squad: KeySaid | None = None
    left_on: date | None = None
