"""Real camera files, where they are at hand: each comes out as its table says."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from schemas.jobs import Job, JobState
from schemas.originals import Original, Rendition, RenditionKind
from schemas.recordings import Recording, Tag
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import SAMPLES

READY, PARTIAL, UNPLAYABLE = "ready", "partial", "unplayable"


@dataclass(frozen=True)
class Fate:
    """`first`: where the playback before the encode comes from; None: it waits for the encode."""

    state: str
    first: str | None = None
    reason: str | None = None
    duration_s: float | None = None
    tags: frozenset[str] = frozenset()


FATES = {
    "car-detection.mp4": Fate(READY, "original", duration_s=30.2),
    "one-by-one-person-detection.mp4": Fate(
        READY, "original", duration_s=139.4, tags=frozenset({"no_audio"})
    ),
    "karma.mp4": Fate(READY, "remux", duration_s=12.08, tags=frozenset({"location", "gps_track"})),
    "h265_bframes.mp4": Fate(READY, None, duration_s=1.0),
    "sample_rotate_and_reflect.mp4": Fate(READY, None, duration_s=1.0, tags=frozenset({"location"})),
    "bt601.mov": Fate(READY, "original", tags=frozenset({"location"})),
    "sample_h264.ts": Fate(READY, "remux"),
    "bbb_2500ms.ts": Fate(READY, None),
    "sample.avi": Fate(READY, None, duration_s=4.09),
    "sample_with_srt.mkv": Fate(READY, "remux", duration_s=0.968, tags=frozenset({"duration_claim"})),
    "sample_video_only.mp4": Fate(READY, "original", tags=frozenset({"no_audio"})),
    "sample_audio_only.mp4": Fate(READY, "original"),
    "sample_fragmented.mp4": Fate(READY, "remux", duration_s=1.0, tags=frozenset({"duration_claim"})),
    "long_1080p_lowbitrate.mp4": Fate(READY, "original", duration_s=362.8),
    "sample_missing_stsd.mp4": Fate(PARTIAL, "remux", reason="audio_codec_unknown"),
    "sample_mdat_too_long.mp4": Fate(READY, "remux"),
    "sample_fragmented_clearkey.mp4": Fate(UNPLAYABLE, reason="encrypted"),
    "segment_init.mp4": Fate(UNPLAYABLE, reason="no_samples"),
    "sample_malformed_free_box.mp4": Fate(UNPLAYABLE, reason="no_moov"),
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "name",
    [name for name in FATES if (SAMPLES / name).is_file()] or [pytest.param("", marks=pytest.mark.skip)],
)
def test_a_sample_ends_in_its_state(bureau: Bureau, name: str):
    fate = FATES[name]
    recording_id = bureau.receive(SAMPLES / name)
    run_all_jobs()
    with bureau.session() as session:
        recording = session.get_one(Recording, recording_id)
        original = session.get_one(Original, recording.original_id)
        rows = session.scalars(select(Rendition).where(Rendition.original_id == original.id)).all()
        tags = set(session.scalars(select(Tag.name).where(Tag.recording_id == recording_id)))
        jobs = session.scalars(select(Job)).all()
    told = [
        (job.kind, job.state, job.reason, job.reason_params) for job in jobs if job.state != JobState.done
    ]
    assert not told
    assert (recording.state, recording.reason) == (fate.state, fate.reason)
    assert tags >= fate.tags
    kinds = {row.kind for row in rows}
    if fate.state == UNPLAYABLE:
        assert not rows and recording.playable_at is None
        return
    assert recording.playable_at is not None
    assert {RenditionKind.playback, RenditionKind.video} <= kinds
    if fate.duration_s is not None:
        assert abs(recording.duration_s - fate.duration_s) <= 0.1


@pytest.mark.skipif(not (SAMPLES / "karma.mp4").is_file(), reason="the samples of real cameras are not here")
def test_gps_telemetry_becomes_place_track_and_time(bureau: Bureau):
    recording_id = bureau.receive(SAMPLES / "karma.mp4")
    run_all_jobs()
    recording = bureau.recording(recording_id)
    assert abs(recording.latitude - 33.1254) < 0.001 and abs(recording.longitude + 117.3311) < 0.001
    assert len(recording.track) > 10 and len(recording.track[0]) == 3
    assert recording.recorded_from is not None or recording.clock["doubts"]
