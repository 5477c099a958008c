"""What of a case or campaign may be changed. Fields left out stay as they are."""

from datetime import date

from sqlmodel import Field, SQLModel

from schemas.base import KeySaid, examples


class CaseUpdate(SQLModel):
    model_config = {"json_schema_extra": examples({"title": "Waste water on the road"})}

    number: str | None = Field(default=None, max_length=100, min_length=1)
    title: str | None = Field(default=None, max_length=500)
    party: str | None = Field(default=None, max_length=300)
    place: str | None = Field(default=None, max_length=500)
    opened_on: date | None = None
    squad: KeySaid | None = None


class CampaignUpdate(SQLModel):
    model_config = {"json_schema_extra": examples({"ends_on": "2024-07-15"})}

    name: str | None = Field(default=None, max_length=300, min_length=1)
    starts_on: date | None = None
    ends_on: date | None = None
