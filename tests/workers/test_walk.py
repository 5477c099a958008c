"""Behind intake the bytes have to show what they claim; what is here already gets its turn, the worst first."""

import zlib
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from schemas.jobs import Job, JobKind, JobState
from schemas.originals import MediaState, Original, Rendition, RenditionKind, Walk
from schemas.policy import PolicyValue
from schemas.recordings import Recording, RecordingState
from service.kernel.database import transaction
from service.kernel.policy import DEMO_DATABASE
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage
from tests.workers.media.test_trial import spoil
from workers.media.groups import FORM, unpacked
from workers.stages import walk
from workers.stages.walk import ask_for_unmeasured


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    folder.chmod(0o755)
    return footage(folder / "film.mp4", seconds=20, size="160x120", rate=10, options=("-g", "50", "-bf", "0"))


def original_of(bureau: Bureau, recording_id: UUID) -> Original:
    with bureau.session() as session:
        return session.get_one(Original, session.get_one(Recording, recording_id).original_id)


def walk_of(bureau: Bureau, original: Original) -> Walk | None:
    with bureau.session() as session:
        return session.get(Walk, original.id)


def forget(bureau: Bureau) -> None:
    """As the originals of before stretches were measured stand there."""
    with transaction() as session:
        session.execute(update(Original).values(stretches=None, recorded_s=None))
        for row in session.scalars(select(Walk)):
            session.delete(row)


def test_what_was_tried_out_is_kept_with_the_checksum(bureau: Bureau, film: Path) -> None:
    recording_id = bureau.receive(film)
    run_all_jobs()
    original = original_of(bureau, recording_id)
    kept = walk_of(bureau, original)
    assert kept.crc32 == zlib.crc32(film.read_bytes()) and kept.hole_s == 2
    assert not kept.trial["whole"] and len(kept.trial["pieces"]) == 5
    assert all(samples == decoded > 10 for _, _, samples, decoded in kept.trial["pieces"])
    groups = unpacked(kept.groups)
    assert [group.samples for group in groups] == [50] * 4 and kept.form == FORM
    assert [group.start_s for group in groups] == pytest.approx([0, 5, 10, 15])
    assert original.stretches == [[0, pytest.approx(20)]]
    assert bureau.recording(recording_id).state == RecordingState.ready


def test_junk_between_sound_key_frames_counts_for_nothing_and_is_said(bureau: Bureau, film: Path) -> None:
    recording_id = bureau.receive(spoil(film, lambda number, key: not key, 8))
    run_all_jobs((JobKind.intake,))
    assert original_of(bureau, recording_id).recorded_s == pytest.approx(20)
    run_all_jobs((JobKind.walk, JobKind.tags))
    original = original_of(bureau, recording_id)
    assert (original.stretches, original.recorded_s) == ([], 0)
    assert walk_of(bureau, original).trial["whole"]
    assert "undecodable_in_part" in {reason["code"] for reason in original.media["verdict"]["reasons"]}


def test_only_the_half_that_decodes_counts_and_is_what_is_played(bureau: Bureau, film: Path) -> None:
    recording_id = bureau.receive(spoil(film, lambda number, key: number >= 100, 0))
    run_all_jobs()
    original = original_of(bureau, recording_id)
    assert original.stretches == [[0, pytest.approx(10, abs=0.2)]]
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.partial, "undecodable_in_part")
    with bureau.session() as session:
        video = session.scalars(select(Rendition).where(Rendition.kind == RenditionKind.video)).one()
    assert video.facts["duration_s"] == pytest.approx(10, abs=0.2)


def test_what_is_here_already_is_measured_worst_first(bureau: Bureau, film: Path) -> None:
    data = film.read_bytes()
    good = bureau.receive(film)
    long = bureau.receive(data + b"\0\0\0\x08free", name="long.mp4")
    run_all_jobs()
    forget(bureau)
    with transaction() as session:
        session.execute(
            update(Original)
            .where(Original.id == session.get_one(Recording, long).original_id)
            .values(measured_duration_s=36_000)
        )
    assert ask_for_unmeasured() == 2 and ask_for_unmeasured() == 0
    with bureau.session() as session:
        asked = session.scalars(
            select(Job.subject_id)
            .where(Job.kind == JobKind.walk, Job.state == JobState.queued)
            .order_by(Job.requested_at)
        ).all()
    assert asked == [original_of(bureau, one).id for one in (long, good)]
    run_all_jobs()
    for one in (good, long):
        original = original_of(bureau, one)
        assert original.stretches == [[0, pytest.approx(20)]]
        assert walk_of(bureau, original) is not None
        assert bureau.recording(one).duration_s == pytest.approx(20)
        assert bureau.recording(one).state == RecordingState.ready
    assert ask_for_unmeasured() == 0


def test_an_older_recording_whose_clock_jumped_gets_its_stretches_and_a_version_that_plays_through(
    bureau: Bureau, tmp_path: Path
) -> None:
    jumped = ("-filter:v", "setpts='PTS+gte(N,10)*1800/TB'", "-vsync", "vfr")
    clip = footage(tmp_path / "jump.mp4", seconds=2, size="160x120", rate=10, options=jumped)
    recording_id = bureau.receive(clip)
    run_all_jobs()
    wanted = original_of(bureau, recording_id).stretches
    assert len(wanted) == 2
    forget(bureau)
    ask_for_unmeasured()
    run_all_jobs()
    original = original_of(bureau, recording_id)
    assert original.stretches == wanted and original.media_state == MediaState.ready
    with bureau.session() as session:
        video = session.scalars(select(Rendition).where(Rendition.kind == RenditionKind.video)).one()
    assert video.facts["duration_s"] == pytest.approx(2, abs=0.2)


def test_a_few_at_a_time(bureau: Bureau, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        bureau.receive(film.read_bytes() + bytes(number), name=f"{number}.mp4")
    run_all_jobs((JobKind.intake,))
    with transaction() as session:
        session.execute(update(Job).where(Job.kind == JobKind.walk).values(state=JobState.done))
    forget(bureau)
    monkeypatch.setattr(walk, "AT_ONCE", 2)
    assert ask_for_unmeasured() == 2 and ask_for_unmeasured() == 0
    run_all_jobs((JobKind.walk,))
    assert ask_for_unmeasured() == 1


def test_what_cannot_be_shown_is_not_read_again(bureau: Bureau) -> None:
    recording_id = bureau.receive(b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\xff\xffmdat" + bytes(4000))
    run_all_jobs()
    forget(bureau)
    assert ask_for_unmeasured() == 1
    run_all_jobs()
    assert original_of(bureau, recording_id).stretches == []


def test_recordings_of_a_demo_whose_original_only_stands_in_keep_their_length(
    bureau: Bureau, film: Path
) -> None:
    recording_id = bureau.receive(film)
    run_all_jobs()
    original = original_of(bureau, recording_id)
    with transaction() as session:
        session.add(PolicyValue(name=DEMO_DATABASE.name, value=True))
        session.flush()
        shown = Recording(
            original_id=original.id,
            squad_id=bureau.squad(),
            sample=True,
            duration_s=600,
            state=RecordingState.ready,
        )
        session.add(shown)
        session.flush()
        stands_in = shown.id
    forget(bureau)
    ask_for_unmeasured()
    ran = run_all_jobs()
    assert bureau.recording(stands_in).duration_s == 600 and len(ran) == 1
    assert original_of(bureau, recording_id).stretches == [[0, pytest.approx(20)]]
