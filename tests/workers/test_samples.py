"""Real camera files, where they are at hand: each comes out as its table says."""

import pytest
from sqlalchemy import select

from schemas.jobs import Job, JobState
from schemas.originals import Original, Rendition, RenditionKind
from schemas.recordings import Recording, Tag
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import SAMPLES
from tests.fixtures.samples import FATES, LONG, UNPLAYABLE

# Where the folder is missing, generated footage of the same kinds stands in (test_stages.py).
if SAMPLES.is_dir():

    @pytest.mark.timeout(900)
    @pytest.mark.parametrize("name", sorted(FATES.keys() - LONG))
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

    def test_gps_telemetry_becomes_place_track_and_time(bureau: Bureau):
        recording_id = bureau.receive(SAMPLES / "karma.mp4")
        run_all_jobs()
        recording = bureau.recording(recording_id)
        assert abs(recording.latitude - 33.1254) < 0.001 and abs(recording.longitude + 117.3311) < 0.001
        assert len(recording.track) > 10 and len(recording.track[0]) == 3
        assert recording.recorded_from is not None or recording.clock["doubts"]
