"""Enforcement events 执法活动: what had to be recorded."""

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from schemas.base import (
    FieldTime,
    KeySaid,
    KeysSaid,
    Prose,
    double_field,
    enum_check,
    enum_field,
    examples,
    folded_field,
    id_field,
    one_key,
    time_field,
)
from schemas.plain_text import Line


class EventKind(enum.StrEnum):
    inspection = "inspection"
    evidence_collection = "evidence_collection"
    document_delivery = "document_delivery"
    coercion = "coercion"


class EventBase(SQLModel):
    """`object`: what was inspected 检查对象; null: not said, empty: none, that is a patrol, which the yearly statistics do
    not count as an inspection."""

    external_id: Line | None = Field(default=None, unique=True, max_length=128)
    title: Line = Field(max_length=500)
    subject: Line = Field(default="", max_length=64)
    party: Line = Field(default="", max_length=300)
    object: Line | None = Field(default=None, max_length=300)
    place: Line = Field(default="", max_length=500)
    latitude: float | None = None
    longitude: float | None = None


class EnforcementEvent(EventBase, table=True):
    """From arrival 抵达 to departure 离开. `squad_id` is the squad of that day: transfers do not rewrite it."""

    __tablename__ = "enforcement_events"
    __table_args__ = (
        enum_check("kind", EventKind),
        one_key("enforcement_events"),
        CheckConstraint("departed_at IS NULL OR departed_at >= arrived_at", name="span"),
        # the interval join with recordings
        Index("ix_enforcement_events_span", text("tstzrange(arrived_at, departed_at, '[]'::text)"),
              postgresql_using="gist"),
        Index("ix_enforcement_events_squad_id_arrived_at", "squad_id", "arrived_at"),
        # which subjects there are, for a choice of them
        Index("ix_enforcement_events_subject_squad_id", "subject", "squad_id"),
        # those that have not ended overlap all that comes after them
        Index("ix_enforcement_events_open", "arrived_at", postgresql_where="departed_at IS NULL"),
    )  # fmt: skip
    id: UUID = id_field()
    folded: str | None = folded_field("external_id")
    double_of: UUID | None = double_field("enforcement_events")
    kind: EventKind = enum_field(EventKind, index=True)
    arrived_at: datetime = time_field(index=True)
    departed_at: datetime | None = time_field(nullable=True)
    squad_id: UUID = Field(foreign_key="squads.id", index=True)
    case_id: UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    campaign_id: UUID | None = Field(default=None, foreign_key="campaigns.id", index=True)
    cancelled_at: datetime | None = time_field(nullable=True)
    merged_into: UUID | None = Field(default=None, foreign_key="enforcement_events.id", index=True)
    sample: bool = Field(default=False)
    created_at: datetime = time_field(default_now=True)


class EventCreate(EventBase):
    model_config = {
        "json_schema_extra": examples(
            {
                "external_id": "E-1",
                "kind": "inspection",
                "title": "Inspection of a restaurant kitchen",
                "squad": "1",
                "officers": ["000001"],
                "arrived_at": "2024-06-03T09:00:00+08:00",
                "departed_at": "2024-06-03T09:30:00+08:00",
                "place": "12 Renmin Road",
                "object": "Restaurant 042",
                "case": "蓉城管罚〔2024〕5号",
            }
        )
    }

    kind: EventKind
    arrived_at: FieldTime
    departed_at: FieldTime | None = None
    squad: KeySaid
    officers: KeysSaid = []
    case: KeySaid | None = None
    campaign: KeySaid | None = None


class EventUpdate(SQLModel):
    """Fields left out stay as they are."""

    model_config = {"json_schema_extra": examples({"departed_at": "2024-06-03T09:45:00+08:00"})}

    title: Line | None = Field(default=None, max_length=500)
    subject: Line | None = Field(default=None, max_length=64)
    party: Line | None = Field(default=None, max_length=300)
    object: Line | None = Field(default=None, max_length=300)
    place: Line | None = Field(default=None, max_length=500)
    latitude: float | None = None
    longitude: float | None = None
    kind: EventKind | None = None
    arrived_at: FieldTime | None = None
    departed_at: FieldTime | None = None
    officers: KeysSaid | None = None
    case: KeySaid | None = None
    campaign: KeySaid | None = None
    cancelled: bool | None = None
    reason: Prose | None = None  # why it is cancelled or restored


class EventOfficer(SQLModel, table=True):
    """An officer who took part in the event."""

    __tablename__ = "event_officers"
    event_id: UUID = Field(foreign_key="enforcement_events.id", primary_key=True)
    officer_id: UUID = Field(foreign_key="officers.id", primary_key=True, index=True)
