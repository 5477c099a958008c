"""When a recording was made: its claims weighed, corrected by its recorder's clock, and what it tells of that clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlmodel import Session

from schemas.clocks import OffsetSource
from schemas.jobs import JobKind
from schemas.originals import Original
from schemas.recording_clock import RecordingClock
from schemas.recordings import Media, Recording, there_by
from service.footage.announcements.rules import sidecar_of
from service.footage.media import media_of
from service.kernel.jobs import request_job
from service.kernel.policy import policy
from service.kernel.settings import get_settings
from service.kernel.written_times import time_or_none
from service.registry.clocks.actions import LARGEST_S, Read
from service.registry.clocks.correcting import (
    Corrected,
    corrected,
    offset_when_shown,
    put_right,
    read_clock,
    timeline_of,
    true_by_clocks,
    write,
)
from service.registry.clocks.policy import DOCK_DOUBT, SIDECAR_DOUBT
from service.registry.clocks.rules import Timeline
from service.registry.conventions.rules import Conventions
from workers.media import clock
from workers.media.burned_in_rules import BurnedIn
from workers.media.clock import Claim, Clock, Convention
from workers.stages.tags.rules import in_its_zone

# A time that the satellites gave is right to the second, whatever the camera's own clock says beside it.
EXACT_SOURCES = ("gps",)
GPS_DOUBT_S = 1.0
HEADER_DOUBT_S = 1.0  # a header holds whole seconds


@dataclass(frozen=True)
class Doubts:
    """How far readings may be off, by the bureau's rules. Seconds."""

    dock: float
    sidecar: float


def weigh(
    session: Session, recording: Recording, original: Original, claims: list[Claim], convention: Convention
) -> Clock:
    """Judges the claims, with that of the picture among them, and writes the recording's times. While somebody else
    changes the recorder's clock, the stage is asked to come again."""
    if not read_clock(session, recording.recorder_id):
        request_job(session, JobKind.tags, recording.id, delay=timedelta(seconds=1))
    line = timeline_of(session, recording.recorder_id)
    judged = clock.judge(
        claims,
        0.0 if media_of(original.media) is Media.photo else original.measured_duration_s,
        there_by(recording),
        convention,
        _offset_of(line, there_by(recording)) if line.runs else None,
    )
    before = recording.clock
    recording.clock = facts_of(judged)
    if (settled := before.get("settled")) is not None:
        recording.clock["settled"] = settled
    write(recording, _times(recording, judged, line))
    if (said := before.get("corrected")) is not None:
        put_right(recording, said)
    return judged


def picture_claim(original: Original, conventions: Conventions | None) -> list[Claim]:
    read = (original.media.get("burned_in") or {}).get("read")
    if not read:
        return []
    found = BurnedIn.model_validate(read)
    at = in_its_zone(found.shown_from.isoformat(), conventions)
    return [Claim(source="burned_in", at=at, stamp="start", untrusted=found.starred)]


def facts_of(judged: Clock) -> RecordingClock:
    """The clock as kept with the recording: every claim with its verdict, the one that was believed, the doubts."""
    facts = cast(RecordingClock, judged.model_dump(mode="json"))
    if judged.chosen is not None:
        facts["source"] = judged.judged[judged.chosen].claim.source
        if facts["source"] in EXACT_SOURCES:
            facts["doubt_s"] = 0.0
    if judged.camera is not None:
        facts["camera_source"] = judged.judged[judged.camera].claim.source
    return facts


def _offset_of(line: Timeline, there: datetime) -> Callable[[datetime], float]:
    def offset(shown: datetime) -> float:
        found = offset_when_shown(line, shown, there)
        return found.offset_s if found else 0.0

    return offset


def _times(recording: Recording, judged: Clock, line: Timeline) -> Corrected:
    length = None
    if judged.recorded_from is not None and judged.recorded_to is not None:
        length = judged.recorded_to - judged.recorded_from
    if recording.clock.get("source") in EXACT_SOURCES and judged.recorded_from is not None:
        claimed = judged.claimed_from
        offset = (claimed - judged.recorded_from).total_seconds() if claimed else None
        return Corrected(claimed, judged.recorded_from, judged.recorded_to, offset, 0.0, None)
    claimed = judged.claimed_from
    # as if nothing were corrected yet; then the one way of correcting, the same as when a measurement comes later
    write(
        recording,
        Corrected(
            claimed, claimed, claimed + length if claimed and length is not None else None, None, None, None
        ),
    )
    return corrected(recording, line)


def readings(session: Session, recording: Recording, original: Original) -> dict[OffsetSource, Read]:
    """What this recording and its arrival tell of the recorder's clock, beyond what it showed."""
    doubts = Doubts(policy(session, DOCK_DOUBT), policy(session, SIDECAR_DOUBT))
    read = (original.media.get("burned_in") or {}).get("read")
    return read_of(recording, read["doubt_s"] if read else 0.0, doubts)


def read_of(recording: Recording, picture_doubt_s: float, doubts: Doubts) -> dict[OffsetSource, Read]:
    """A clock is measured only against another that is right: the server's while the recorder sits in its dock, the
    station's, the satellites'. The picture beside the header measures nothing: both are the same clock."""
    claims, sidecar = recording.claims, sidecar_of(recording.claims)
    found = {
        OffsetSource.dock: _between(claims.get("device_time"), claims.get("device_time_at"), doubts.dock),
        OffsetSource.sidecar: _between(sidecar.get("device_time"), sidecar.get("collected"), doubts.sidecar),
    }
    kept = recording.clock
    true = true_by_clocks(recording)
    if kept.get("source") in EXACT_SOURCES and recording.claimed_from and true:
        offset = (recording.claimed_from - true).total_seconds()
        seen = kept.get("camera_source") == "burned_in"
        doubt = GPS_DOUBT_S + (picture_doubt_s if seen else HEADER_DOUBT_S)
        source = OffsetSource.burned_in if seen else OffsetSource.gps
        found[source] = Read(true, offset, doubt)
    return {
        source: read for source, read in found.items() if read is not None and abs(read.offset_s) <= LARGEST_S
    }


def _between(device: Any, true: Any, doubt_s: float) -> Read | None:
    shown, at = _moment(device), _moment(true)
    if shown is None or at is None:
        return None
    return Read(at, (shown - at).total_seconds(), doubt_s)


def _moment(said: Any) -> datetime | None:
    return time_or_none(said, get_settings().zone)
