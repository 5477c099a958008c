"""Background work. The job row is the outbox: written in the transaction that creates the need."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from schemas.base import enum_check, enum_field, id_field, json_field, time_field


class JobKind(enum.StrEnum):
    assemble = "assemble"  # of a recording: its bytes, from the pieces that were sent
    intake = "intake"
    playable = "playable"
    plain = "plain"  # of an original: a copy of its picture and sound alone
    tags = "tags"
    link = "link"
    renditions = "renditions"
    clock = "clock"  # of an original: the time burned into its picture
    walk = "walk"  # of an original: what its bytes really show, tried out; its stretches, where they are not known
    looks = "looks"  # of an original: its pictures, its waveform, and when it is black, frozen, dark, covered or silent
    sums = "sums"  # of an original from before they were kept: the sums of its blocks
    table = "table"  # of an import: the rows of a large table
    recount = "recount"  # of a matter list: the coverage of every event
    reindex = "reindex"  # of an officer, a squad, or the list of subjects: search documents by its new words
    noop = "noop"


class JobState(enum.StrEnum):
    queued = "queued"
    running = "running"
    done = "done"
    failed = "failed"


class Job(SQLModel, table=True):
    """One row per kind and subject.

    `requested` counts the wishes, `satisfied` the wish that the last finished run had seen: equal means
    nothing is owed. A wish made while the job runs therefore is not lost. `attempt` grows for ever and
    names output keys; `tries` counts the attempts at the present wish and is what `max_tries` bounds.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        enum_check("kind", JobKind),
        enum_check("state", JobState),
        Index("uq_jobs_kind_subject_id", "kind", "subject_id", unique=True),
        Index("ix_jobs_waiting", "queue", "priority", "not_before", postgresql_where="state = 'queued'"),
        Index("ix_jobs_leased", "lease_until", postgresql_where="state = 'running'"),
        Index("ix_jobs_subject_id", "subject_id"),
    )
    id: UUID = id_field()
    kind: JobKind = enum_field(JobKind)
    subject_id: UUID
    queue: str = Field(max_length=20)
    priority: int = Field(default=5)  # 0 first, 9 last
    state: JobState = enum_field(JobState, default=JobState.queued)
    requested: int = Field(default=1)
    satisfied: int = Field(default=0)
    attempt: int = Field(default=0)
    tries: int = Field(default=0)
    max_tries: int = Field(default=5)
    seen_request: int = Field(default=0)
    worker: str | None = Field(default=None, max_length=200)
    lease_until: datetime | None = time_field(nullable=True)
    not_before: datetime = time_field(default_now=True)
    published_at: datetime | None = time_field(nullable=True)
    progress: float | None = None
    progress_note: str = Field(default="", max_length=200)
    cost_s: float | None = None  # estimated seconds of work, for the backlog
    reason: str | None = Field(default=None, max_length=100)
    reason_params: dict[str, Any] = json_field()
    created_at: datetime = time_field(default_now=True)
    requested_at: datetime = time_field(default_now=True)
    started_at: datetime | None = time_field(nullable=True)
    finished_at: datetime | None = time_field(nullable=True)


class AttemptOutcome(enum.StrEnum):
    running = "running"
    done = "done"
    retry = "retry"
    failed = "failed"
    lost = "lost"  # its lease ran out and another worker took over


class JobAttempt(SQLModel, table=True):
    """The story of a job: one row for each lease. `cpu_s`: seconds of the processor that it took, with all that it
    started, whatever came of it; None where its process could not tell any more."""

    __tablename__ = "job_attempts"
    __table_args__ = (
        enum_check("outcome", AttemptOutcome),
        Index("ix_job_attempts_ended_at", "ended_at"),
    )
    job_id: UUID = Field(foreign_key="jobs.id", primary_key=True)
    attempt: int = Field(primary_key=True)
    worker: str = Field(max_length=200)
    outcome: AttemptOutcome = enum_field(AttemptOutcome, default=AttemptOutcome.running)
    reason: str | None = Field(default=None, max_length=100)
    reason_params: dict[str, Any] = json_field()
    started_at: datetime = time_field(default_now=True)
    ended_at: datetime | None = time_field(nullable=True)
    cpu_s: float | None = None


class Heartbeat(SQLModel, table=True):
    """A worker process that lives, and the queue that it serves."""

    __tablename__ = "heartbeats"
    worker: str = Field(primary_key=True, max_length=200)
    queue: str = Field(max_length=20)
    started_at: datetime = time_field(default_now=True)
    seen_at: datetime = time_field(default_now=True)
    stopped_at: datetime | None = time_field(nullable=True)
