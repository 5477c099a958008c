"""One recording with all that is known of it, as the API answers it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel

from schemas.base import AsStored
from schemas.claims import Claims
from schemas.jobs import JobKind, JobState
from schemas.links import LinkRead
from schemas.originals import RenditionRead
from schemas.recording_clock import RecordingClock
from schemas.recordings import Media, Playback, ReceiptRead, RecordingState, TagRead


class Location(BaseModel):
    lat: float
    lon: float | None


class StageRead(BaseModel):
    """One piece of work on it. `progress`: from 0 to 1."""

    id: str
    kind: JobKind
    state: JobState
    queue: str
    progress: float | None
    note: str | None
    attempt: int
    tries: int
    max_tries: int
    reason: str | None
    reason_params: dict[str, Any]
    reason_text: str | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class StretchRead(BaseModel):
    start_s: float
    end_s: float


class RecordingRead(BaseModel):
    """`reason`, `reason_text`: why it is not ready, as a stable word and as a sentence. `claims`: what was said on
    arrival. `clock`: every claim of time with its verdict and the chosen one. `duration_s` is measured, from the first
    sample to the last, `claimed_duration_s` read from the header. `stretches`: where its stream really has samples,
    in seconds into it; null until that is measured (`measured`), and its whole length stands for them. `recorded_s`:
    how long they are together. `sparse`: its pictures lie so far apart that they count as recorded only where the
    recorder's model declares `time_lapse`. `playback`: what `…/playback` gives the caller, by the bureau's policy and what
    was made; `playback_type`: its MIME with codecs, for `MediaCapabilities` and `canPlayType`. Of what is `on_demand` that
    is what a browser that plays its codec would get by `…/playback?plays=`, the original or a copy of its streams; null
    where it has to be encoded for any. `track`: [latitude, longitude, seconds into the recording]. Links to
    what the caller may not see are left out."""

    id: UUID
    state: RecordingState
    media: Media | None
    reason: str | None
    reason_params: dict[str, Any]
    reason_text: str | None
    file_name: str
    note: str
    squad_id: UUID
    recorder_id: UUID | None
    officer_id: UUID | None
    claims: Annotated[Claims, AsStored()]
    sample: bool
    sha256: str | None
    size: int | None
    locked_until: datetime | None
    lock_mode: str | None
    duration_s: float | None
    claimed_duration_s: float | None
    stretches: list[StretchRead] | None
    recorded_s: float | None
    measured: bool
    sparse: bool
    received_at: datetime
    announced_at: datetime | None
    due_at: datetime | None
    device_file_id: str | None
    playable_at: datetime | None
    playable_after_s: float | None
    recorded_from: datetime | None
    recorded_to: datetime | None
    clock: Annotated[RecordingClock, AsStored()]
    claimed_from: datetime | None
    clock_offset_s: float | None
    clock_doubt_s: float | None
    streams: list[dict[str, Any]]
    remarks: list[Any]
    location: Location | None
    track: list[Any]
    stages: list[StageRead]
    tags: list[TagRead]
    links: list[LinkRead]
    renditions: list[RenditionRead]
    playback: Playback
    playback_type: str | None
    receipts: list[ReceiptRead]
