"""Originals 原始文件: the bytes as received, once; and renditions 代理文件: what was derived from them."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel
from typing_extensions import TypedDict

from schemas.base import enum_check, enum_field, id_field, json_field, time_field


class MediaState(enum.StrEnum):
    """What is known of the bytes as a recording, the same for every recording that shares them."""

    unexamined = "unexamined"
    examined = "examined"
    ready = "ready"
    partial = "partial"
    unplayable = "unplayable"
    refused = "refused"


# There is something in it to look at, in time and picture or sound.
WATCHABLE = (MediaState.examined, MediaState.ready, MediaState.partial)


class ProbeFacts(TypedDict, total=False):
    """Of the probe (the whole of it: workers.media.probe.Probe) what is read as it is stored."""

    container: str | None
    claimed_s: float | None
    streams: list[dict[str, Any]]


class VerdictFacts(TypedDict, total=False):
    """Of the verdict (the whole of it: workers.media.verdict.Verdict) what is read as it is stored."""

    reasons: list[dict[str, Any]]
    remarks: list[dict[str, Any]]
    video: int | None
    audio: int | None
    path: str
    audio_plan: str
    by_codec: dict[str, Any] | None


class BurnedInFacts(TypedDict, total=False):
    """The time in the picture. `read`: workers.media.burned_in_rules.BurnedIn, None where none could be read."""

    read: dict[str, Any] | None
    looked_at: int


class MediaFacts(TypedDict, total=False):
    """Each is there once its job has looked."""

    probe: ProbeFacts
    verdict: VerdictFacts
    burned_in: BurnedInFacts
    md5: str


class Measurements(TypedDict, total=False):
    """Of the pictures and the sound: seconds from the start, as [from, to] (workers.media.quality.Quality)."""

    every_s: float | None
    black: list[list[float]]
    frozen: list[list[float]]
    silent: list[list[float]]
    dark: list[list[float]]
    covered: list[list[float]]


class Original(SQLModel, table=True):
    """Written once, never changed.

    `media` holds the probe and the verdict as measured, `measured_duration_s` the duration from the packets, never the
    header, first sample to last. `locked_until` is set only where the store proved it.
    `stretches`: where its stream (the picture, else the sound) really has samples, as [start, end] in seconds from the
    first one, in order and apart, without holes; None until that was measured. `recorded_s`: how long they are
    together. `sparse`: its samples lie further apart than a hole may be wide. `clock_restarted`: the clock inside the
    file began anew, and its parts are laid end to end.
    """

    __tablename__ = "originals"
    __table_args__ = (
        enum_check("media_state", MediaState),
        Index("ix_originals_unmeasured", "id", postgresql_where="stretches IS NULL"),
    )
    id: UUID = id_field()
    sha256: str = Field(unique=True, max_length=64)
    size: int = Field(sa_type=BigInteger)
    store_key: str = Field(unique=True, max_length=300)
    store_version: str | None = Field(default=None, max_length=200)
    lock_mode: str | None = Field(default=None, max_length=20)
    locked_until: datetime | None = time_field(nullable=True)
    quarantined: bool = Field(default=False)
    media_state: MediaState = enum_field(MediaState, default=MediaState.unexamined)
    reason: str | None = Field(default=None, max_length=100)
    reason_params: dict[str, Any] = json_field()
    media: MediaFacts = json_field()
    measurements: Measurements = json_field()
    measured_duration_s: float | None = None
    stretches: list[list[float]] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True)
    )
    recorded_s: float | None = None
    sparse: bool = Field(default=False)
    clock_restarted: bool = Field(default=False)
    playable_at: datetime | None = time_field(nullable=True)
    created_at: datetime = time_field(default_now=True)


class TrialFacts(TypedDict, total=False):
    """What was decoded of an original to see that it shows what it claims (workers.media.trial). `pieces`: [start, end,
    samples, decoded] rows; `whole`: all of it was decoded; `claimed_s` and `decoded_s`: before and after."""

    pieces: list[list[float]]
    whole: bool
    claimed_s: float
    decoded_s: float


class Walk(SQLModel, table=True):
    """What going through the bytes once behind intake found. `hole_s`: the rule by which stretches were measured.
    `groups`: of pictures, as workers.media.groups packs them, whose digests have the form `form`; None where there are
    none, or where they could not be told apart for certain."""

    __tablename__ = "walks"
    original_id: UUID = Field(foreign_key="originals.id", primary_key=True)
    hole_s: float
    crc32: int = Field(sa_type=BigInteger)
    trial: TrialFacts = json_field()
    form: int | None = None
    groups: bytes | None = Field(default=None, sa_type=LargeBinary)
    walked_at: datetime = time_field(default_now=True)


class RenditionKind(enum.StrEnum):
    playback = "playback"  # what the browser plays now: the original itself, a remux, or the encode
    video = "video"
    plain = "plain"  # picture and sound as they are, and nothing else that stands in the original
    poster = "poster"
    picture = "picture"  # of a photo, the whole of it
    still = "still"
    sprite = "sprite"
    sprite_map = "sprite_map"
    waveform = "waveform"


# What is made by looking at it, without an encode.
LOOKS = (
    RenditionKind.poster,
    RenditionKind.still,
    RenditionKind.sprite,
    RenditionKind.sprite_map,
    RenditionKind.waveform,
)


class Rendition(SQLModel, table=True):
    """Disposable. Published by the attempt that still held its job; `store_key` carries the attempt.

    A `playback` row with `store_key` None means: the original's own bytes are what the browser plays.
    """

    __tablename__ = "renditions"
    __table_args__ = (
        enum_check("kind", RenditionKind),
        Index("uq_renditions_original_id_kind_position", "original_id", "kind", "position", unique=True),
    )
    id: UUID = id_field()
    original_id: UUID = Field(foreign_key="originals.id", index=True)
    kind: RenditionKind = enum_field(RenditionKind)
    position: int = Field(default=0)
    store_key: str | None = Field(default=None, max_length=300)
    store_version: str | None = Field(default=None, max_length=200)
    content_type: str = Field(max_length=100)
    size: int = Field(default=0, sa_type=BigInteger)
    attempt: int
    facts: dict[str, Any] = json_field()
    created_at: datetime = time_field(default_now=True)


class RenditionRead(SQLModel):
    kind: RenditionKind
    position: int
    content_type: str
    size: int
    facts: dict[str, Any]
    created_at: datetime
