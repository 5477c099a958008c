"""Links 关联: which recording shows which event or case, how sure, why, and who said so."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String
from sqlmodel import Field, SQLModel

from schemas.base import enum_check, enum_field, id_field, json_field, time_field


class LinkState(enum.StrEnum):
    offered = "offered"
    automatic = "automatic"
    confirmed = "confirmed"
    rejected = "rejected"


# What counts as linked. (Figures of the basis `confirmed` count only what a person said.)
COUNTED = (LinkState.automatic, LinkState.confirmed)


class Link(SQLModel, table=True):
    """Recording ↔ event, or recording ↔ case where no event is known.

    `reasons`: list of {code, params, weight}; the words are made where they are shown (service.finding.linking.rules).
    `part_from`/`part_to`: which part of the recording belongs, as real time. `part_start_s`/`part_end_s`: the
    part that a person chose, in seconds into the recording, so that it holds when the clock is corrected. `taken_from`: when the recording is taken to have begun, where a
    person said that it shows the event and its own time says otherwise. A state set by a person
    (`decided_by`) is never overwritten by the machine. `previous_state` is what undo returns to.
    """

    __tablename__ = "links"
    __table_args__ = (
        enum_check("state", LinkState),
        CheckConstraint("num_nonnulls(event_id, case_id) = 1", name="target"),
        CheckConstraint("score >= 0 AND score <= 1", name="score"),
        Index("uq_links_recording_id_event_id", "recording_id", "event_id", unique=True,
              postgresql_where="event_id IS NOT NULL"),
        Index("uq_links_recording_id_case_id", "recording_id", "case_id", unique=True,
              postgresql_where="case_id IS NOT NULL"),
    )  # fmt: skip
    id: UUID = id_field()
    recording_id: UUID = Field(foreign_key="recordings.id", index=True)
    event_id: UUID | None = Field(default=None, foreign_key="enforcement_events.id", index=True)
    case_id: UUID | None = Field(default=None, foreign_key="cases.id", index=True)
    state: LinkState = enum_field(LinkState, index=True)
    previous_state: LinkState | None = Field(default=None, sa_type=String)
    score: float
    reasons: list[Any] = json_field(list)
    part_from: datetime | None = time_field(nullable=True)
    part_to: datetime | None = time_field(nullable=True)
    part_start_s: float | None = None
    part_end_s: float | None = None
    taken_from: datetime | None = time_field(nullable=True)
    rule_version: str = Field(max_length=20)
    decided_by: UUID | None = Field(default=None, foreign_key="accounts.id")
    decided_at: datetime | None = time_field(nullable=True)
    created_at: datetime = time_field(default_now=True)


class LinkEvidence(SQLModel, table=True):
    """What a recording last told the neighbouring files of its recorder: where it lay, and a digest of what it says.
    Their links rest on it, so they are linked anew when it changes. `case_folded`: the case that it claims."""

    __tablename__ = "link_evidence"
    recording_id: UUID = Field(foreign_key="recordings.id", primary_key=True)
    recorder_id: UUID | None = Field(default=None, foreign_key="recorders.id")
    since: datetime | None = time_field(nullable=True)
    until: datetime | None = time_field(nullable=True)
    case_folded: str | None = Field(default=None, max_length=128, index=True)
    digest: str = Field(max_length=64)


class LinkRead(SQLModel):
    id: UUID
    recording_id: UUID
    event_id: UUID | None
    case_id: UUID | None
    state: LinkState
    score: float
    reasons: list[dict[str, Any]]
    part_from: datetime | None
    part_to: datetime | None
    part_start_s: float | None
    part_end_s: float | None
    taken_from: datetime | None
    decided_at: datetime | None
