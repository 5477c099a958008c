"""Cases 案件 and campaigns 专项行动."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from schemas.base import KeySaid, double_field, examples, folded_field, id_field, one_key, time_field
from schemas.plain_text import Line


class CaseBase(SQLModel):
    number: Line = Field(max_length=100)
    title: Line = Field(default="", max_length=500)
    party: Line = Field(default="", max_length=300)
    place: Line = Field(default="", max_length=500)
    opened_on: date | None = None


class Case(CaseBase, table=True):
    """`number_folded` is how it is found: brackets, width, spaces and a missing 号 make no difference. None of one
    that is `double_of` another: two of the same number, from before they were known to be the same."""

    __tablename__ = "cases"
    id: UUID = id_field()
    number_folded: str | None = Field(unique=True, max_length=100)
    double_of: UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    squad_id: UUID = Field(foreign_key="squads.id", index=True)
    sample: bool = Field(default=False)
    created_at: datetime = time_field(default_now=True)


class CaseCreate(CaseBase):
    model_config = {
        "json_schema_extra": examples(
            {
                "number": "蓉城管罚〔2024〕5号",
                "title": "Waste water on the road",
                "squad": "1",
                "opened_on": "2024-06-03",
            }
        )
    }

    squad: KeySaid


class CaseRead(CaseBase):
    id: UUID
    squad_id: UUID
    created_at: datetime


class CampaignBase(SQLModel):
    external_id: Line | None = Field(default=None, unique=True, max_length=128)
    name: Line = Field(max_length=300)
    starts_on: date | None = None
    ends_on: date | None = None


class Campaign(CampaignBase, table=True):
    __tablename__ = "campaigns"
    __table_args__ = (one_key("campaigns"),)
    id: UUID = id_field()
    folded: str | None = folded_field("external_id")
    double_of: UUID | None = double_field("campaigns")


class CampaignCreate(CampaignBase):
    model_config = {
        "json_schema_extra": examples(
            {"external_id": "C-1", "name": "油烟整治", "starts_on": "2024-06-01", "ends_on": "2024-06-30"}
        )
    }


class CampaignRead(SQLModel):
    id: UUID
    external_id: str | None
    name: str
    starts_on: date | None
    ends_on: date | None
