"""Bytes that were received go through all stages and end in their right state."""

from pathlib import Path

from sqlalchemy import select

from schemas.jobs import Job, JobState
from schemas.originals import Original, Rendition, RenditionKind
from schemas.recordings import Receipt, ReceiptOutcome, RecordingState
from tests.fixtures.jobs import Bureau, run_all_jobs


def test_an_mp4_is_playable_at_once_and_ready_after_its_encode(bureau: Bureau, h264_mp4: Path):
    recording_id = bureau.receive(h264_mp4)
    run_all_jobs()
    with bureau.session() as session:
        recording = bureau.recording(recording_id)
        original = session.get_one(Original, recording.original_id)
        renditions = session.scalars(select(Rendition).where(Rendition.original_id == original.id)).all()
        receipt = session.scalars(select(Receipt)).one()
        jobs = session.scalars(select(Job)).all()
    assert {job.state for job in jobs} == {JobState.done}, [(j.kind, j.reason, j.reason_params) for j in jobs]
    assert recording.state == RecordingState.ready
    assert receipt.outcome == ReceiptOutcome.verified
    assert recording.playable_at is not None
    assert abs(recording.duration_s - 4.0) < 0.2
    assert {row.kind for row in renditions} == set(RenditionKind)
