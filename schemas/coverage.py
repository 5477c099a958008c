"""Coverage 覆盖率: what is kept per event, explanations of what is missing, disputes, frozen months."""

import enum
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from schemas.approvals import ApprovalRequest, second_person
from schemas.base import enum_check, enum_field, id_field, json_field, time_field
from schemas.events import EventKind


class Basis(enum.StrEnum):
    """Which links a row counts."""

    counted = "counted"  # automatic and confirmed
    confirmed = "confirmed"  # confirmed by a person only


class Exclusion(enum.StrEnum):
    """Why an event is in no denominator, whatever the hour."""

    cancelled = "cancelled"
    merged = "merged"
    not_required = "not_required"


class EventCoverage(SQLModel, table=True):
    """Per event and basis, only what does not depend on the hour (service.supervision.coverage.rules makes it).

    `day` is the event's day in the bureau's zone. `required_to` None: the departure is not known yet.
    `recorded_s` lies inside the required interval. `gaps`: [from, to, place, explained] with ISO times and place
    `late_start` | `middle` | `early_stop`, only those beyond what the matter forgives.
    `links`: linked recordings whose bytes are here; `shown`: those of them that can be played and show some of the
    required interval; `archived`: those of them that came as part of an old archive. Of the others
    `first_received_at`/`last_received_at`, and `in_time`: how many of them came by `due_at`. `offered`: links that a
    person has not decided yet, to recordings that are here and play; `offered_alone`: those of them to recordings that
    are offered to no other event.
    """

    __tablename__ = "event_coverage"
    __table_args__ = (
        enum_check("basis", Basis),
        enum_check("kind", EventKind),
        CheckConstraint("excluded IN ('cancelled', 'merged', 'not_required')", name="excluded"),
        # the board reads a year from this index alone
        Index("ix_event_coverage_basis_day", "basis", "day",
              postgresql_include=["squad_id", "kind", "matter_version", "excluded", "exempt", "due_at", "required_to",
                                  "required_s", "links", "announced", "shown", "offered", "in_time",
                                  "recorded_s", "gap_count", "gap_explained", "subject", "campaign_id",
                                  "archived", "offered_alone"]),
        Index("ix_event_coverage_contested", "basis", "day",
              postgresql_where="shown = 0 AND offered > 0 AND offered_alone = 0"),
        Index("ix_event_coverage_squad_id_basis_day", "squad_id", "basis", "day"),
    )  # fmt: skip
    event_id: UUID = Field(foreign_key="enforcement_events.id", primary_key=True)
    basis: Basis = Field(sa_type=enum_field(Basis).sa_type, primary_key=True)
    squad_id: UUID = Field(foreign_key="squads.id")
    kind: EventKind = enum_field(EventKind)
    subject: str = Field(default="", max_length=64)
    campaign_id: UUID | None = Field(default=None, foreign_key="campaigns.id")
    day: date
    excluded: str | None = Field(default=None, max_length=20)
    exempt: str | None = Field(default=None, max_length=40)  # the reason of an approved exemption
    matter_version: int | None = None
    rule_version: str = Field(max_length=20)
    required_from: datetime = time_field()
    required_to: datetime | None = time_field(nullable=True)
    required_s: float = 0.0
    due_at: datetime = time_field()
    links: int = 0
    announced: int = 0
    shown: int = 0
    offered: int = 0
    offered_alone: int = 0
    in_time: int = 0
    archived: int = 0
    recorded_s: float = 0.0
    late_start_s: float = 0.0
    early_stop_s: float = 0.0
    gap_count: int = 0
    gap_explained: int = 0
    gaps: list[Any] = json_field(list)
    first_received_at: datetime | None = time_field(nullable=True)
    last_received_at: datetime | None = time_field(nullable=True)


class EventCoverageRead(SQLModel):
    squad_id: UUID
    kind: EventKind
    subject: str
    campaign_id: UUID | None
    day: date
    excluded: str | None
    exempt: str | None
    matter_version: int | None
    rule_version: str
    required_from: datetime
    required_to: datetime | None
    required_s: float
    due_at: datetime
    links: int
    announced: int
    shown: int
    offered: int
    in_time: int
    archived: int
    recorded_s: float
    late_start_s: float
    early_stop_s: float
    gap_count: int
    gap_explained: int
    gaps: list[Any]
    first_received_at: datetime | None
    last_received_at: datetime | None


class ExplanationKind(enum.StrEnum):
    exemption = "exemption"  # 豁免: of the whole event
    gap_reason = "gap_reason"  # 中断说明: of one stretch


class ExplanationReason(enum.StrEnum):
    secret_or_privacy = "secret_or_privacy"
    urgent = "urgent"
    objective_cause = "objective_cause"
    device_fault = "device_fault"


class ExplanationState(enum.StrEnum):
    asked = "asked"
    approved = "approved"
    declined = "declined"
    withdrawn = "withdrawn"


class Explanation(ApprovalRequest, table=True):
    """Asked by the member, decided by another person. Only an approved one counts."""

    __tablename__ = "explanations"
    __table_args__ = (
        enum_check("kind", ExplanationKind),
        enum_check("reason", ExplanationReason),
        enum_check("state", ExplanationState),
        CheckConstraint(
            "(kind = 'gap_reason') = (gap_from IS NOT NULL AND gap_to > gap_from)", name="stretch"
        ),
        second_person(),
    )
    event_id: UUID = Field(foreign_key="enforcement_events.id", index=True)
    kind: ExplanationKind = enum_field(ExplanationKind)
    reason: ExplanationReason = enum_field(ExplanationReason)
    gap_from: datetime | None = time_field(nullable=True)
    gap_to: datetime | None = time_field(nullable=True)
    note: str = Field(default="", max_length=1000)
    state: ExplanationState = enum_field(ExplanationState, default=ExplanationState.asked, index=True)


class ExplanationRead(SQLModel):
    id: UUID
    event_id: UUID
    kind: ExplanationKind
    reason: ExplanationReason
    gap_from: datetime | None
    gap_to: datetime | None
    note: str
    state: ExplanationState
    asked_at: datetime
    decided_at: datetime | None
    answer: str


class DisputeState(enum.StrEnum):
    open = "open"
    upheld = "upheld"
    dismissed = "dismissed"
    withdrawn = "withdrawn"


class DisputeAbout(enum.StrEnum):
    """What the row is about."""

    event = "event"
    recording = "recording"
    recorder = "recorder"
    duty_day = "duty_day"


class Dispute(ApprovalRequest, table=True):
    """An officer says that a row about them is wrong; a supervisor answers. `snapshot_id`: the frozen month
    that it concerns, set when one exists; the frozen figure stays, the upheld dispute stands beside it.

    `recording_id`: the row itself, or of an event the recording that should have counted. `squad_id`: of a duty day.
    `day`: of a duty day, or the day on which a recorder stood as it did."""

    __tablename__ = "disputes"
    __table_args__ = (
        enum_check("state", DisputeState),
        enum_check("about", DisputeAbout),
        second_person(),
        CheckConstraint(
            "(about = 'event') = (event_id IS NOT NULL) AND (about = 'recorder') = (recorder_id IS NOT NULL)"
            " AND (about = 'duty_day') = (squad_id IS NOT NULL)"
            " AND (about IN ('recorder', 'duty_day')) = (day IS NOT NULL)"
            " AND (about <> 'recording' OR recording_id IS NOT NULL)",
            name="row",
        ),
    )
    about: DisputeAbout = enum_field(DisputeAbout, default=DisputeAbout.event)
    event_id: UUID | None = Field(default=None, foreign_key="enforcement_events.id", index=True)
    recording_id: UUID | None = Field(default=None, foreign_key="recordings.id")
    recorder_id: UUID | None = Field(default=None, foreign_key="recorders.id")
    squad_id: UUID | None = Field(default=None, foreign_key="squads.id")
    day: date | None = None
    snapshot_id: UUID | None = Field(default=None, foreign_key="coverage_snapshots.id", index=True)
    statement: str = Field(max_length=2000)
    state: DisputeState = enum_field(DisputeState, default=DisputeState.open, index=True)
    answer: str = Field(default="", max_length=2000)


class DisputeRead(SQLModel):
    """`snapshot_id`: the frozen month that it concerns."""

    id: UUID
    about: DisputeAbout
    event_id: UUID | None
    recording_id: UUID | None
    recorder_id: UUID | None
    squad_id: UUID | None
    day: date | None
    snapshot_id: UUID | None
    statement: str
    state: DisputeState
    raised_at: datetime
    answered_at: datetime | None
    answer: str


class CoverageSnapshot(SQLModel, table=True):
    """A month 月报, frozen once: figures, the words that define them, and every row behind them.

    `figures` are what the figures' own code answered at `as_of`; from the rows they can be counted again.
    `rows_sha256`: over the rows in order, each as canonical JSON with a line end.
    """

    __tablename__ = "coverage_snapshots"
    id: UUID = id_field()
    month: date = Field(unique=True)  # its first day
    as_of: datetime = time_field()
    rule_version: str = Field(max_length=20)
    definitions: dict[str, Any] = json_field()
    figures: dict[str, Any] = json_field()
    rows_sha256: str = Field(max_length=64)
    taken_at: datetime = time_field(default_now=True)
    taken_by: UUID | None = Field(default=None, foreign_key="accounts.id")


class SnapshotRow(SQLModel, table=True):
    """One row behind a frozen figure. `about`: event | recording | recorder | duty_day. `squad_id`: of that day; two
    squads that were one may have been merged since."""

    __tablename__ = "snapshot_rows"
    __table_args__ = (Index("ix_snapshot_rows_subject_id", "subject_id"),)
    snapshot_id: UUID = Field(foreign_key="coverage_snapshots.id", primary_key=True)
    about: str = Field(primary_key=True, max_length=20)
    subject_id: UUID = Field(primary_key=True)
    basis: str = Field(default="", primary_key=True, max_length=20)
    squad_id: UUID
    row: dict[str, Any] = json_field()


class SnapshotFile(SQLModel, table=True):
    """The notice or the workbook of a frozen month as it was made: the same bytes for whoever asks for the same.

    `scope`: the squads whose rows it holds, "" for the whole bureau. `state`: fingerprint of what it holds besides the
    frozen rows (disputes upheld until then, the bureau's words).
    """

    __tablename__ = "snapshot_files"
    __table_args__ = (
        Index("uq_snapshot_files_of", "snapshot_id", "form", "locale", "scope", "state", unique=True),
    )
    id: UUID = id_field()
    snapshot_id: UUID = Field(foreign_key="coverage_snapshots.id")
    form: str = Field(max_length=10)
    locale: str = Field(max_length=10)
    scope: str = Field(default="", max_length=1000)
    state: str = Field(max_length=64)
    content: bytes
    size: int
    sha256: str = Field(max_length=64)
    made_at: datetime = time_field(default_now=True)
