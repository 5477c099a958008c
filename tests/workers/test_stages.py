"""What was received goes through all stages and ends in its right state, in any order of arrival."""

import hashlib
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from schemas.jobs import Job, JobAttempt, JobKind, JobState
from schemas.originals import LOOKS, MediaState, Original, Rendition, RenditionKind
from schemas.people import Officer
from schemas.reasons import Params, Reason
from schemas.recorders import Recorder, RecorderModel
from schemas.recordings import Receipt, ReceiptOutcome, Recording, RecordingState, Sidecar, Tag, TagSource
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from service.kernel.storage import get_store
from service.registry.conventions.actions import keep_sidecar
from tests.fixtures.ceph import CephNode
from tests.fixtures.jobs import Bureau, forget_settings, run_all_jobs
from tests.fixtures.media import footage
from workers.lease import JobFailed
from workers.media.looks import Looked
from workers.media.renditions import Rendered
from workers.runner import run_job
from workers.stages import looks, renditions, walk
from workers.stages.publishing import key_of, sweep_orphans
from workers.stages.whole import FINAL_AFTER_TRIES

EARLY = (JobKind.intake, JobKind.playable, JobKind.tags, JobKind.link)
LOOKED_AT = (*EARLY, JobKind.walk, JobKind.looks)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=1.0, size="320x240", rate=10)


def original_of(bureau: Bureau, recording_id: UUID) -> Original:
    with bureau.session() as session:
        return session.get_one(Original, session.get_one(Recording, recording_id).original_id)


def rows(bureau: Bureau, kind: RenditionKind | None = None) -> list[Rendition]:
    with bureau.session() as session:
        found = session.scalars(select(Rendition)).all()
    return [row for row in found if kind is None or row.kind == kind]


def job(bureau: Bureau, kind: JobKind) -> Job:
    with bureau.session() as session:
        return session.scalars(select(Job).where(Job.kind == kind)).one()


def tags(bureau: Bureau, recording_id: UUID) -> dict[str, Tag]:
    with bureau.session() as session:
        return {tag.name: tag for tag in session.scalars(select(Tag).where(Tag.recording_id == recording_id))}


def spend_tries(kind: JobKind) -> None:
    """Runs the job until its tries are spent, without waiting for its back-off."""
    for _ in range(6):
        with transaction() as session:
            session.execute(
                update(Job)
                .where(Job.kind == kind, Job.state == JobState.queued)
                .values(not_before=func.now() - timedelta(seconds=1))
            )
        run_all_jobs()


def test_an_mp4_is_playable_at_once_and_ready_once_it_is_looked_at(bureau: Bureau, h264_mp4: Path) -> None:
    recording_id = bureau.receive(h264_mp4)
    run_all_jobs(EARLY)
    early = bureau.recording(recording_id)
    assert early.state == RecordingState.processing and early.playable_at is not None
    (playback,) = rows(bureau)
    assert playback.store_key is None and playback.facts == {"from": "original"}
    run_all_jobs(LOOKED_AT)
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.ready, None)
    assert {row.kind for row in rows(bureau)} == {RenditionKind.playback, *LOOKS}
    run_all_jobs()
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.ready, None)
    assert recording.playable_at == early.playable_at
    assert abs(recording.duration_s - 4.0) < 0.2
    of_other_wishes = {RenditionKind.picture, RenditionKind.plain}  # of a photo, and for whom is left out
    assert {row.kind for row in rows(bureau)} == set(RenditionKind) - of_other_wishes
    with bureau.session() as session:
        assert session.scalars(select(Receipt)).one().outcome == ReceiptOutcome.verified
        assert {job.state for job in session.scalars(select(Job))} == {JobState.done}


def test_what_no_browser_plays_is_ready_before_its_encode_and_says_what_is_black(
    bureau: Bureau, tmp_path: Path
) -> None:
    dark = ("-vf", "drawbox=color=black:t=fill", "-g", "10")
    recording_id = bureau.receive(
        footage(tmp_path / "dark.avi", "avi", seconds=3, size="320x240", rate=10, options=dark)
    )
    run_all_jobs(LOOKED_AT)
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason, recording.playable_at) == (RecordingState.ready, None, None)
    assert {row.kind for row in rows(bureau)} == set(LOOKS)
    found = tags(bureau, recording_id)
    assert found["black"].end_s - found["black"].start_s == pytest.approx(3, abs=0.3)
    measured = original_of(bureau, recording_id).measurements
    run_all_jobs()
    assert bureau.recording(recording_id).playable_at is not None
    assert original_of(bureau, recording_id).measurements == measured
    assert {row.kind for row in rows(bureau)} == {RenditionKind.playback, RenditionKind.video, *LOOKS}


def test_what_is_exchanged_early_is_not_ready_without_that(bureau: Bureau, ts_clip: Path) -> None:
    recording_id = bureau.receive(ts_clip)
    run_all_jobs((JobKind.intake, JobKind.walk, JobKind.looks))
    assert original_of(bureau, recording_id).media_state == MediaState.ready
    assert bureau.recording(recording_id).state == RecordingState.processing
    run_all_jobs(EARLY)
    assert bureau.recording(recording_id).state == RecordingState.ready


def test_a_wrong_container_is_exchanged_early_and_what_was_copied_stays_what_plays(
    bureau: Bureau, ts_clip: Path
) -> None:
    bureau.receive(ts_clip)
    run_all_jobs(EARLY)
    (remuxed,) = rows(bureau)
    assert remuxed.facts["from"] == "remux" and remuxed.content_type == "video/mp4"
    run_all_jobs()
    (playback,) = rows(bureau, RenditionKind.playback)
    (video,) = rows(bureau, RenditionKind.video)
    assert (playback.id, playback.facts["from"]) == (remuxed.id, "remux")
    for row in (playback, video):
        assert get_store().objects.stat(row.store_key).size == row.size


def test_made_again_there_is_still_one_set_and_no_older_object(bureau: Bureau, short: Path) -> None:
    recording_id = bureau.receive(short)
    run_all_jobs()
    before = {row.store_key for row in rows(bureau) if row.store_key}
    with transaction() as session:
        original_id = session.get_one(Recording, recording_id).original_id
        for kind in (JobKind.renditions, JobKind.looks, JobKind.playable):
            request_job(session, kind, original_id)
    run_all_jobs()
    after = {row.store_key for row in rows(bureau) if row.store_key}
    assert before.isdisjoint(after)
    assert {info.key for info in get_store().objects.list("renditions/")} == after
    assert len(rows(bureau, RenditionKind.video)) == 1


@pytest.mark.parametrize(
    ("kind", "name", "before"),
    [
        (JobKind.renditions, "video.mp4", LOOKED_AT),
        (JobKind.looks, "poster.jpg", (*EARLY, JobKind.walk)),
        (JobKind.looks, "still_008.jpg", (*EARLY, JobKind.walk)),
    ],
)
def test_what_a_killed_attempt_stored_is_swept_and_nothing_else(
    bureau: Bureau, short: Path, tmp_path: Path, kind: JobKind, name: str, before: tuple[JobKind, ...]
) -> None:
    recording_id = bureau.receive(short)
    run_all_jobs(before)
    original = original_of(bureau, recording_id)
    left = tmp_path / "left"
    left.write_bytes(b"half")
    with transaction() as session:  # an attempt that died after storing, before publishing
        row = session.scalars(select(Job).where(Job.kind == kind)).one()
        row.state, row.attempt, row.seen_request = JobState.running, 1, 1
        row.lease_until = datetime.now(UTC) - timedelta(seconds=1)
        session.add(JobAttempt(job_id=row.id, attempt=1, worker="dead"))
    orphan = key_of(kind, original.id, 1, name)
    get_store().objects.put_file(orphan, left)
    run_job(job(bureau, kind).id, "survivor")
    sweep_orphans()
    assert get_store().objects.stat(orphan) is not None, "too early: its process may still be at it"
    sweep_orphans(timedelta())
    assert get_store().objects.stat(orphan) is None
    wanted = {row.store_key for row in rows(bureau) if row.store_key}
    assert {info.key for info in get_store().objects.list("renditions/")} == wanted
    assert sweep_orphans(timedelta()) == 0


def test_an_encode_that_keeps_failing_leaves_what_plays_and_a_retry_heals(
    bureau: Bureau, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = bureau.receive(short)
    real = renditions.render

    def badly(*arguments: Any, **options: Any) -> Rendered:
        made = real(*arguments, **options)
        made.faults = [Reason(code="stream_missing", params={"kind": "audio"})]
        return made

    monkeypatch.setattr(renditions, "render", badly)
    run_all_jobs()
    spend_tries(JobKind.renditions)
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.partial, "renditions_failed")
    assert "audio" in recording.reason_params["detail"]
    failed = job(bureau, JobKind.renditions)
    assert failed.state == JobState.failed and failed.attempt == FINAL_AFTER_TRIES
    assert rows(bureau, RenditionKind.video) == [], "never a silent bad output"
    monkeypatch.undo()
    with transaction() as session:
        request_job(session, JobKind.renditions, recording.original_id)
    run_all_jobs()
    assert bureau.recording(recording_id).state == RecordingState.ready


def test_looks_that_keep_failing_are_said_and_a_retry_heals(
    bureau: Bureau, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = bureau.receive(short)
    real = looks.look

    def blindly(*arguments: Any, **options: Any) -> Looked:
        made = real(*arguments, **options)
        made.faults = [Reason(code="output_missing")]
        return made

    monkeypatch.setattr(looks, "look", blindly)
    run_all_jobs(LOOKED_AT)
    spend_tries(JobKind.looks)
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.partial, "looks_failed")
    assert job(bureau, JobKind.looks).attempt == FINAL_AFTER_TRIES
    assert not {row.kind for row in rows(bureau)} & set(LOOKS)
    assert bureau.recording(recording_id).playable_at is not None
    monkeypatch.undo()
    with transaction() as session:
        request_job(session, JobKind.looks, recording.original_id)
    run_all_jobs()
    assert bureau.recording(recording_id).state == RecordingState.ready


def test_a_walk_that_fails_for_good_keeps_nothing_from_being_looked_at(
    bureau: Bureau, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any) -> Any:
        raise JobFailed("limit_exceeded", final=True, limit="cpu_time")

    monkeypatch.setattr(walk, "_walk", stumble)
    recording_id = bureau.receive(short)
    run_all_jobs(LOOKED_AT)
    assert job(bureau, JobKind.walk).state == JobState.failed
    assert bureau.recording(recording_id).state == RecordingState.ready
    assert len(rows(bureau, RenditionKind.poster)) == 1


def test_what_an_earlier_version_left_to_its_encode_is_looked_at_by_and_by(
    bureau: Bureau, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "_all_are_at", -math.inf)
    recordings = [bureau.receive(short.read_bytes() + bytes(n), name=f"{n}.mp4") for n in (1, 2)]
    run_all_jobs((JobKind.intake, JobKind.playable, JobKind.walk))
    bureau.receive(short)  # whose walk will ask
    run_all_jobs((JobKind.intake,))
    with transaction() as session:
        session.execute(delete(Job).where(Job.kind == JobKind.looks))
    assert looks.ask_for_not_looked_at() == 2 and looks.ask_for_not_looked_at() == 0
    run_all_jobs((JobKind.looks,))
    assert [bureau.recording(one).state for one in recordings] == [RecordingState.ready] * 2
    with transaction() as session:  # as a backup without its pictures is restored
        for row in session.scalars(select(Rendition).where(Rendition.kind.in_(LOOKS))):
            get_store().objects.delete(row.store_key)
            session.delete(row)
        session.execute(delete(JobAttempt))
        session.execute(delete(Job).where(Job.kind == JobKind.looks))
    monkeypatch.setattr(looks, "_all_are_at", -math.inf)
    assert looks.ask_for_not_looked_at() == 2
    run_all_jobs()
    assert len(rows(bureau, RenditionKind.poster)) == 3
    assert looks.ask_for_not_looked_at() == 0


def test_a_damaged_source_that_gives_less_every_time_is_partial_and_says_so(
    bureau: Bureau, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = bureau.receive(short)
    real = renditions.render

    def short_of(*arguments: Any, **options: Any) -> Rendered:
        made = real(*arguments, **options)
        params: Params = {"kind": "video", "got": 0.5, "expected": 1.0}
        made.faults = [Reason(code="duration_short", params=params)]
        return made

    monkeypatch.setattr(renditions, "render", short_of)
    run_all_jobs()
    spend_tries(JobKind.renditions)
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.partial, "duration_short")
    assert len(rows(bureau, RenditionKind.video)) == 1
    for kind, wanted in ((JobKind.looks, RecordingState.partial), (JobKind.renditions, RecordingState.ready)):
        monkeypatch.undo()
        with transaction() as session:
            request_job(session, kind, recording.original_id)
        run_all_jobs()
        assert bureau.recording(recording_id).state == wanted, kind


def test_no_moov_is_unplayable_with_its_reason_and_nothing_is_rendered(bureau: Bureau, short: Path) -> None:
    data = short.read_bytes()
    header = data[: int.from_bytes(data[:4], "big")]
    recording_id = bureau.receive(header + b"\0\0\xff\xffmdat" + data[-2000:], name="power-cut.mp4")
    run_all_jobs()
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.unplayable, "no_moov")
    assert recording.playable_at is None and rows(bureau) == []
    assert original_of(bureau, recording_id).media_state == MediaState.unplayable


def test_claims_become_rows_where_they_are_known_and_tags_where_not(bureau: Bureau, short: Path) -> None:
    squad = bureau.squad()
    with transaction() as session:
        session.add(Officer(certificate_no="360701", name="队员 001", squad_id=squad))
        session.add(Recorder(serial="DSJ001", squad_id=squad))
    known = bureau.receive(short, recorder="DSJ001", officer="360701", note="门前")
    run_all_jobs(EARLY)
    recording = bureau.recording(known)
    assert recording.recorder_id is not None and recording.officer_id is not None
    found = tags(bureau, known)
    assert found["officer"].source == TagSource.declared and found["recorder"].value == "DSJ001"
    unknown = bureau.receive(
        short.read_bytes() + b"\0\0\0\x08free", squad="2", name="clip2.mp4", recorder="X9", officer="nobody"
    )
    run_all_jobs(EARLY)
    assert bureau.recording(unknown).recorder_id is None
    assert tags(bureau, unknown)["unknown_recorder"].value == "X9"
    assert tags(bureau, unknown)["unknown_officer"].value == "nobody"


def test_the_name_and_the_models_conventions_tell_recorder_officer_and_time(
    bureau: Bureau, short: Path
) -> None:
    squad = bureau.squad()
    with transaction() as session:
        model = RecorderModel(
            code="model-x",
            conventions={
                "clock_zone": "Asia/Shanghai",
                "stamp": "end",
                "filename_patterns": [r"^(?P<recorder>\w+)-(?P<officer>\d+)-(?P<at>\d{14})"],
            },
        )
        session.add(model)
        session.flush()
        session.add(Recorder(serial="RX1", squad_id=squad, model_id=model.id))
        session.add(Officer(certificate_no="360702", name="队员 002", squad_id=squad))
    yesterday = (datetime.now(UTC) + timedelta(hours=8) - timedelta(days=1)).replace(microsecond=0)
    recording_id = bureau.receive(short, name=f"RX1-360702-{yesterday:%Y%m%d%H%M%S}.mp4")
    run_all_jobs(EARLY)
    recording = bureau.recording(recording_id)
    assert recording.recorder_id is not None and recording.officer_id is not None
    expected_end = yesterday - timedelta(hours=8)
    assert abs((recording.recorded_to - expected_end).total_seconds()) < 1
    assert recording.clock["source"] == "filename"
    assert tags(bureau, recording_id)["officer"].source == TagSource.file_name


def test_a_sidecar_that_comes_late_is_heeded_and_tags_of_persons_stay(bureau: Bureau, short: Path) -> None:
    recording_id = bureau.receive(short, name="0001.mp4")
    run_all_jobs(EARLY)
    with transaction() as session:
        session.add(Tag(recording_id=recording_id, name="flag", source=TagSource.person))
        sidecar = json.dumps({"文件名": "0001.MP4", "执法证号": "360704", "案号": "城管罚〔2024〕9号"})
        assert keep_sidecar(session, bureau.squad(), "0001.json", sidecar.encode())
    run_all_jobs(EARLY)
    found = tags(bureau, recording_id)
    assert found["unknown_officer"].source == TagSource.sidecar
    assert found["unknown_case"].value == "城管罚〔2024〕9号"
    assert found["flag"].source == TagSource.person
    assert len([name for name in found if name == "flag"]) == 1


def test_a_sidecar_says_nothing_of_an_older_file_of_the_same_name(bureau: Bureau, short: Path) -> None:
    def sidecar(officer: str) -> None:
        said = json.dumps({"文件名": "0001.MP4", "执法证号": officer})
        with transaction() as session:
            assert keep_sidecar(session, bureau.squad(), "0001.json", said.encode())
        run_all_jobs(EARLY)

    recording_id = bureau.receive(short, name="0001.mp4")
    sidecar("360704")
    with transaction() as session:
        for table in (Recording, Sidecar):
            session.execute(update(table).values(received_at=table.received_at - timedelta(days=30)))
    sidecar("360799")
    with transaction() as session:
        request_job(session, JobKind.tags, recording_id)
    run_all_jobs(EARLY)
    assert tags(bureau, recording_id)["unknown_officer"].value == "360704"


def test_a_store_on_other_machines_is_read_once_and_locks(
    bureau: Bureau, ceph: CephNode, s3_url: str, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGLU_OBJECT_STORE", s3_url)
    monkeypatch.setenv("ZHENGLU_S3_ACCESS_KEY", ceph.access_key)
    monkeypatch.setenv("ZHENGLU_S3_SECRET_KEY", ceph.secret_key)
    monkeypatch.setenv("ZHENGLU_LOCK_DAYS", "1")
    forget_settings()
    declared = hashlib.sha256(short.read_bytes()).hexdigest()
    recording_id = bureau.receive(short, declared=declared)
    objects, reads = get_store().objects, []
    real = objects.read

    def counted(key: Any, *arguments: Any) -> Any:
        reads.append(key)
        return real(key, *arguments)

    monkeypatch.setattr(objects, "read", counted)
    run_all_jobs()
    original = original_of(bureau, recording_id)
    assert bureau.recording(recording_id).state == RecordingState.ready
    assert reads == [original.store_key], "fetched once for all stages"
    assert original.lock_mode == "GOVERNANCE" and original.locked_until > datetime.now(UTC)
    assert objects.lock_state(original.store_key, original.store_version).locked
    again = bureau.receive(short)
    run_all_jobs()
    assert bureau.recording(again).merged_into == recording_id
    assert [info.key for info in objects.list("originals/")] == [original.store_key]


def test_a_dashcams_count_in_its_name_is_nobodys_number(bureau: Bureau, short: Path) -> None:
    squad = bureau.squad()
    with transaction() as session:
        session.add(Officer(certificate_no="000002", name="队员 002", squad_id=squad))
    began = (datetime.now(UTC) + timedelta(hours=8) - timedelta(days=1)).replace(microsecond=0)
    recording_id = bureau.receive(short, name=f"{began:%Y%m%d%H%M%S}_000002.MP4")
    run_all_jobs(EARLY)
    recording = bureau.recording(recording_id)
    assert recording.officer_id is None and "officer" not in recording.claims["file_name"]
    assert recording.recorded_from == began - timedelta(hours=8)
    assert not {"officer", "unknown_officer", "possible_officer"} & set(tags(bureau, recording_id))
