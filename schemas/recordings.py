"""Recordings 录音录像, receipts 回执 of bytes, tags."""

import enum
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Row, String, text
from sqlmodel import Field, SQLModel

from schemas.approvals import ApprovalRequest, second_person
from schemas.base import AsStored, enum_check, enum_field, id_field, json_field, time_field
from schemas.claims import Claims, FileFacts
from schemas.recording_clock import RecordingClock


class RecordingState(enum.StrEnum):
    announced = "announced"  # a station's list names it; its bytes are not here
    receiving = "receiving"
    processing = "processing"
    ready = "ready"
    partial = "partial"
    unplayable = "unplayable"
    refused = "refused"


class Media(enum.StrEnum):
    """A photo shows one moment: it makes no event recorded, and stands in no figure on coverage, completeness and
    punctual upload."""

    video = "video"
    sound = "sound"
    photo = "photo"


PlaysToo = Literal["hevc", "av1"]  # codecs that some browsers play


class Playback(enum.StrEnum):
    """What plays for who asks: the original's own bytes, a copy of its picture and sound in a container that browsers
    open, the encode; or nothing before somebody asks for it, or nothing at all."""

    original = "original"
    remux = "remux"
    rendition = "rendition"
    on_demand = "on_demand"
    none = "none"


def claimed(name: str) -> str:
    """What was said under `name`, as PostgreSQL writes it: by the uploader, in the sidecar, in the file's name."""
    return (
        f"COALESCE(claims ->> '{name}'::text, (claims -> 'sidecar'::text) ->> '{name}'::text, "
        f"(claims -> 'file_name'::text) ->> '{name}'::text)"
    )


def claimed_key(name: str) -> str:
    """The same as keys are compared."""
    return f"key_fold({claimed(name)})"


class Recording(SQLModel, table=True):
    """One act of filming as reported to us. Several recordings may share one Original.

    `claims`: what was said on arrival, as said. `clock`: every time claim with its verdict and the chosen one.
    `track`: [latitude, longitude, seconds into the recording] rows.
    `received_at` is when its last byte was durable; of an announced one, when the list arrived.
    `claimed_from` is what the camera's clock said, read by its model's convention; `recorded_from` is that less
    `clock_offset_s` (device − true, true within ± `clock_doubt_s`), where one was measured.
    `due_at`: when the bytes of an announced one turn late.
    `archived`: its bytes first came here as part of an old archive, so no upload deadline judges them.
    `first_received_at`: the earliest at which such an archive is said to have received it.
    """

    __tablename__ = "recordings"
    __table_args__ = (
        enum_check("state", RecordingState),
        enum_check("media", Media),
        CheckConstraint("recorded_to IS NULL OR recorded_to >= recorded_from", name="span"),
        Index("ix_recordings_squad_id_received_at", "squad_id", "received_at"),
        # those without a time, by when they were there
        Index("ix_recordings_first_received_at", "first_received_at",
              postgresql_where="first_received_at IS NOT NULL AND recorded_from IS NULL"),
        Index("ix_recordings_received_at_id", "received_at", "id"),
        Index("ix_recordings_recorder_id_recorded_from", "recorder_id", "recorded_from"),
        # the interval join with events
        Index("ix_recordings_span", text("tstzrange(recorded_from, recorded_to, '[]'::text)"),
              postgresql_using="gist", postgresql_where="recorded_from IS NOT NULL"),
        Index("ix_recordings_announced", "squad_id", "due_at", postgresql_where="state = 'announced'"),
        Index("uq_recordings_recorder_id_device_file_id", "recorder_id", "device_file_id", unique=True,
              postgresql_where="device_file_id IS NOT NULL AND merged_into IS NULL"),
        # who is asked for when an officer, a recorder or an event becomes known
        Index("ix_recordings_claimed_officer", text(claimed_key("officer")), postgresql_where="officer_id IS NULL"),
        Index("ix_recordings_claimed_recorder", text(claimed_key("recorder")), postgresql_where="recorder_id IS NULL"),
        Index("ix_recordings_claimed_event", text(claimed_key("event")),
              postgresql_where=text(f"{claimed('event')} IS NOT NULL")),
        # the same bytes from the same squad are one recording
        Index("uq_recordings_original_id_squad_id", "original_id", "squad_id", unique=True,
              postgresql_where="NOT sample"),
    )  # fmt: skip
    id: UUID = id_field()
    original_id: UUID | None = Field(default=None, foreign_key="originals.id", index=True)
    squad_id: UUID = Field(foreign_key="squads.id", index=True)
    uploaded_by: UUID | None = Field(default=None, foreign_key="accounts.id", index=True)
    state: RecordingState = enum_field(RecordingState, default=RecordingState.receiving, index=True)
    media: Media | None = Field(
        default=None, sa_type=String
    )  # None: not looked at, or nothing to see or hear
    reason: str | None = Field(default=None, max_length=100)
    reason_params: dict[str, Any] = json_field()
    file_name: str = Field(default="", max_length=500)
    note: str = Field(default="", max_length=2000)
    claims: Annotated[Claims, AsStored()] = json_field()
    recorder_id: UUID | None = Field(default=None, foreign_key="recorders.id")
    officer_id: UUID | None = Field(default=None, foreign_key="officers.id", index=True)
    claimed_from: datetime | None = time_field(nullable=True)
    clock_offset_s: float | None = None
    clock_doubt_s: float | None = None
    recorded_from: datetime | None = time_field(nullable=True, index=True)
    recorded_to: datetime | None = time_field(nullable=True)
    duration_s: float | None = None
    clock: Annotated[RecordingClock, AsStored()] = json_field()
    latitude: float | None = None
    longitude: float | None = None
    track: list[Any] = json_field(list)
    received_at: datetime = time_field(default_now=True)
    playable_at: datetime | None = time_field(nullable=True)
    announced_at: datetime | None = time_field(nullable=True)
    due_at: datetime | None = time_field(nullable=True)
    archived: bool = Field(default=False)
    first_received_at: datetime | None = time_field(nullable=True)
    device_file_id: str | None = Field(default=None, max_length=200)
    merged_into: UUID | None = Field(default=None, foreign_key="recordings.id")
    sample: bool = Field(default=False)


def there_by(recording: Recording | Row) -> datetime:
    """It was filmed before this: somebody had its bytes. An archive had them long before they came here."""
    first: datetime | None = recording.first_received_at
    received: datetime = recording.received_at
    return min(received, first) if first is not None else received


def there_by_sql(alias: str) -> str:
    """The same, as PostgreSQL finds it."""
    return f"least({alias}.received_at, {alias}.first_received_at)"


class RecordingBrief(SQLModel):
    """Of a recording what a row needs."""

    id: UUID
    squad_id: UUID
    state: RecordingState
    media: Media | None
    file_name: str
    recorder_id: UUID | None
    officer_id: UUID | None
    recorded_from: datetime | None
    recorded_to: datetime | None
    duration_s: float | None
    received_at: datetime
    announced_at: datetime | None
    due_at: datetime | None


class ReceiptOutcome(enum.StrEnum):
    pending = "pending"  # the stored bytes are not hashed yet
    verified = "verified"  # the stored bytes have this fingerprint (and it is the declared one, if any)
    duplicate = "duplicate"  # verified, and this squad had these bytes already
    mismatch = "mismatch"  # the declared hash differs: kept apart, never counted as received
    quarantined = "quarantined"  # not a recording: kept in quarantine


class Receipt(SQLModel, table=True):
    """One arrival of bytes: who, when, from which dock, declared hash, outcome. `claims`: what was said with it.
    `archive`: declared as part of an old archive, which had first received it at `first_received_at`, as far as said."""

    __tablename__ = "receipts"
    __table_args__ = (enum_check("outcome", ReceiptOutcome),)
    id: UUID = id_field()
    recording_id: UUID = Field(foreign_key="recordings.id", index=True)
    upload_id: UUID | None = Field(default=None, foreign_key="uploads.id", unique=True)
    account_id: UUID | None = Field(default=None, foreign_key="accounts.id", index=True)
    dock: str = Field(default="", max_length=100)
    file_name: str = Field(default="", max_length=500)
    store_key: str = Field(max_length=300)
    store_version: str | None = Field(default=None, max_length=200)
    size: int = Field(sa_type=BigInteger)
    declared_sha256: str | None = Field(default=None, max_length=64)
    stored_sha256: str | None = Field(default=None, max_length=64)
    outcome: ReceiptOutcome = enum_field(ReceiptOutcome, default=ReceiptOutcome.pending)
    claims: Annotated[Claims, AsStored()] = json_field()
    received_at: datetime = time_field(default_now=True)
    verified_at: datetime | None = time_field(nullable=True)
    archive: bool = Field(default=False)
    first_received_at: datetime | None = time_field(nullable=True)


class ReceiptRead(SQLModel):
    """`claims`: what was said with this arrival; empty for those of before this was kept. `archive`: declared as part
    of an old archive, which had first received it at `first_received_at`; no upload deadline judges such an arrival."""

    id: UUID
    file_name: str
    dock: str
    size: int
    declared_sha256: str | None
    stored_sha256: str | None
    outcome: ReceiptOutcome
    claims: Annotated[Claims, AsStored()]
    received_at: datetime
    verified_at: datetime | None
    archive: bool
    first_received_at: datetime | None


class TagSource(enum.StrEnum):
    container = "container"
    picture = "picture"
    sound = "sound"
    gps = "gps"
    clock = "clock"
    file_name = "file_name"
    sidecar = "sidecar"
    declared = "declared"
    person = "person"


class Tag(SQLModel, table=True):
    """`value` may be empty. `start_s`/`end_s`: seconds of the measured time line; None for the whole."""

    __tablename__ = "tags"
    __table_args__ = (
        enum_check("source", TagSource),
        CheckConstraint("confidence >= 0 AND confidence <= 1", name="confidence"),
        Index("ix_tags_recording_id", "recording_id"),
    )
    id: UUID = id_field()
    recording_id: UUID = Field(foreign_key="recordings.id")
    name: str = Field(max_length=64)
    value: str = Field(default="", max_length=500)
    source: TagSource = enum_field(TagSource)
    confidence: float = 1.0
    start_s: float | None = None
    end_s: float | None = None


class TagRead(SQLModel):
    """`start_s`, `end_s`: null where it is about the whole recording."""

    name: str
    value: str
    source: TagSource
    confidence: float
    start_s: float | None
    end_s: float | None


class Sidecar(SQLModel, table=True):
    """Facts about a file that came beside it, before or after it. Matched by squad and file name."""

    __tablename__ = "sidecars"
    __table_args__ = (
        Index("uq_sidecars_squad_id_file_name", "squad_id", "file_name", unique=True),
    )  # fmt: skip
    id: UUID = id_field()
    squad_id: UUID = Field(foreign_key="squads.id")
    file_name: str = Field(max_length=500)
    facts: Annotated[FileFacts, AsStored()] = json_field()
    received_at: datetime = time_field(default_now=True)


class RemovalState(enum.StrEnum):
    asked = "asked"
    withdrawn = "withdrawn"
    declined = "declined"
    granted = "granted"


class RemovalRequest(ApprovalRequest, table=True):
    """A member asks that a recording be taken out of sight; a supervisor answers. Bytes stay."""

    __tablename__ = "removal_requests"
    __table_args__ = (enum_check("state", RemovalState), second_person())
    recording_id: UUID = Field(foreign_key="recordings.id", index=True)
    reason: str = Field(max_length=1000)
    state: RemovalState = enum_field(RemovalState, default=RemovalState.asked)
