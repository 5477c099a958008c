"""From the picture and the dock to a corrected time line: real ffmpeg, real tesseract, real jobs."""

import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from schemas.accounts import Role
from schemas.base import new_id
from schemas.claims import Claims
from schemas.clocks import ClockOffset, ClockOffsetCreate, OffsetSource
from schemas.jobs import Job, JobKind, JobState
from schemas.originals import Original
from schemas.recorders import Recorder, RecorderCreate, RecorderModel
from schemas.recording_clock import JudgedClaim, RecordingClock, TimeClaim
from schemas.recordings import Recording
from service.kernel.actor import Actor
from service.kernel.database import transaction
from service.registry.clocks.actions import Read, add_offset, keep_readings, withdraw_offset
from service.registry.clocks.correcting import change_clock
from service.registry.conventions.actions import keep_sidecar
from service.registry.recorders.actions import create_recorder
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import FONT
from workers.media import clock
from workers.stages.tags import clock as tag_clock

NOW = datetime.now(UTC).replace(microsecond=0)
FILMED = NOW - timedelta(hours=3)
SEEN = (JobKind.intake, JobKind.playable, JobKind.tags, JobKind.link, JobKind.clock)
UNSEEN = (JobKind.intake, JobKind.playable, JobKind.tags, JobKind.link)


def film(target: Path, shown: datetime | None, header: datetime | None) -> Path:
    """Three seconds with the bureau's wall clock in the picture and a time in the header."""
    picture = "testsrc2=size=640x360:rate=10:duration=3"
    if shown is not None:
        seconds = int(shown.timestamp()) + 8 * 3600
        picture += (
            f",drawtext=fontfile={FONT}:text='%{{pts\\:gmtime\\:{seconds}}}':x=12:y=10:fontsize=20"
            ":fontcolor=white:box=1:boxcolor=black@0.45:boxborderw=5"
        )
    stamp = ["-metadata", f"creation_time={header.isoformat()}"] if header else []
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *stamp, str(target)),
        ],
        check=True,
        capture_output=True,
    )
    return target


@pytest.fixture(scope="module")
def local_as_utc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The header holds the wall clock where UTC belongs, the picture shows it as it is."""
    return film(tmp_path_factory.mktemp("clock") / "a.mp4", FILMED, FILMED + timedelta(hours=8))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clock") / "b.mp4", None, FILMED)


@pytest.fixture
def recorder(bureau: Bureau) -> Recorder:
    with transaction() as session:
        model = RecorderModel(code="M", conventions={})
        session.add(model)
        session.flush()
        recorder = Recorder(serial="R-07", squad_id=bureau.squad(), model_id=model.id)
        session.add(recorder)
    return recorder


def admin(bureau: Bureau) -> Actor:
    return Actor(bureau.actor().account_id, "admin", Role.admin, None)


def offsets(bureau: Bureau) -> list[ClockOffset]:
    with bureau.session() as session:
        return list(session.scalars(select(ClockOffset).order_by(ClockOffset.created_at)))


def measure(bureau: Bureau, seconds: float) -> ClockOffset:
    wanted = ClockOffsetCreate(recorder="R-07", measured_at=NOW - timedelta(hours=2), offset_s=seconds)
    with transaction() as session:
        return add_offset(session, admin(bureau), wanted)


def test_the_picture_says_what_a_false_header_hid(
    bureau: Bureau, recorder: Recorder, local_as_utc: Path
) -> None:
    recording_id = bureau.receive(local_as_utc, recorder="R-07")
    run_all_jobs(UNSEEN)
    before = bureau.recording(recording_id)
    assert before.recorded_from is None and "future" in before.clock["doubts"]
    run_all_jobs(SEEN)
    after = bureau.recording(recording_id)
    assert abs((after.claimed_from - FILMED).total_seconds()) < 1
    assert after.recorded_from == after.claimed_from
    assert after.clock["source"] == "burned_in" and "zone_off" in after.clock["doubts"]
    with bureau.session() as session:
        original = session.get_one(Original, after.original_id)
        assert original.media["burned_in"]["read"]["frames"] >= 3
        links = session.scalars(select(Job).where(Job.kind == JobKind.link)).one()
    assert links.requested >= 2 and links.state == JobState.done
    assert offsets(bureau) == [], "one clock seen twice is not measured"
    measure(bureau, 40.0)
    corrected = bureau.recording(recording_id)
    assert (corrected.claimed_from - corrected.recorded_from).total_seconds() == 40
    run_all_jobs(SEEN)
    again = bureau.recording(recording_id)
    assert (again.recorded_from, again.clock_offset_s, again.clock_doubt_s, again.clock["basis"]) == (
        corrected.recorded_from,
        corrected.clock_offset_s,
        corrected.clock_doubt_s,
        corrected.clock["basis"],
    )


def test_the_dock_measures_the_clock_against_its_server(
    bureau: Bureau, recorder: Recorder, plain: Path
) -> None:
    fast = timedelta(minutes=2)
    shown = (NOW + fast).isoformat()
    recording_id = bureau.receive(plain, recorder="R-07", device_time=shown, device_time_at=NOW.isoformat())
    run_all_jobs(UNSEEN)
    (row,) = offsets(bureau)
    assert (row.source, row.offset_s, row.recording_id) == (OffsetSource.dock, 120.0, recording_id)
    recording = bureau.recording(recording_id)
    assert recording.claimed_from == FILMED
    assert recording.recorded_from == FILMED - fast
    assert recording.clock_doubt_s == pytest.approx(2, abs=1)
    with transaction() as session:
        withdraw_offset(session, admin(bureau), row.id)
    run_all_jobs(UNSEEN)
    assert bureau.recording(recording_id).recorded_from == FILMED
    assert len(offsets(bureau)) == 1, "the machine does not enter again what a person withdrew"


def test_a_station_that_read_the_device_measures_it(bureau: Bureau, recorder: Recorder, plain: Path) -> None:
    recording_id = bureau.receive(plain, name="x.mp4", recorder="R-07")
    run_all_jobs(UNSEEN)
    local = timedelta(hours=8)
    told = {
        "文件名": "x.mp4",
        "采集时间": (NOW + local).strftime("%Y-%m-%d %H:%M:%S"),
        "设备时间": (NOW + local - timedelta(seconds=75)).strftime("%Y-%m-%d %H:%M:%S"),
    }
    with transaction() as session:
        assert keep_sidecar(session, bureau.squad(), "x.mp4.json", json.dumps(told).encode())
    run_all_jobs(UNSEEN)
    (row,) = offsets(bureau)
    assert (row.source, row.offset_s) == (OffsetSource.sidecar, -75.0)
    assert bureau.recording(recording_id).recorded_from == FILMED + timedelta(seconds=75)


def test_a_clock_set_hours_wrong_is_believed_once_it_was_measured_and_doubted_again_without(
    bureau: Bureau, recorder: Recorder, tmp_path: Path
) -> None:
    ahead = film(tmp_path / "c.mp4", None, FILMED + timedelta(hours=5))
    recording_id = bureau.receive(ahead, recorder="R-07")
    run_all_jobs(UNSEEN)
    assert bureau.recording(recording_id).recorded_from is None
    offset = measure(bureau, 5 * 3600.0)
    run_all_jobs(UNSEEN)
    recording = bureau.recording(recording_id)
    assert abs((recording.recorded_from - FILMED).total_seconds()) < 1
    assert "future" not in recording.clock["doubts"]
    with transaction() as session:
        withdraw_offset(session, admin(bureau), offset.id)
    run_all_jobs(UNSEEN)
    assert bureau.recording(recording_id).recorded_from is None


def test_a_recorder_entered_after_its_recording_corrects_it_all_the_same(bureau: Bureau, plain: Path) -> None:
    recording_id = bureau.receive(plain, recorder="R-07")
    run_all_jobs(UNSEEN)
    bureau.squad()
    with transaction() as session:
        create_recorder(session, admin(bureau), RecorderCreate(serial="R-07", squad="1"))
    measure(bureau, 30.0)
    run_all_jobs(UNSEEN)
    assert bureau.recording(recording_id).recorded_from == FILMED - timedelta(seconds=30)


def test_one_who_reads_a_clock_while_it_changes_comes_again(
    bureau: Bureau, recorder: Recorder, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The measurement is entered but not committed when the recording is tagged."""
    recording_id = bureau.receive(plain, recorder="R-07")
    run_all_jobs((JobKind.intake, JobKind.playable))
    with transaction() as session:
        change_clock(session, recorder.id)
        session.add(
            ClockOffset(
                recorder_id=recorder.id, source=OffsetSource.hand, measured_at=NOW, offset_s=50.0, doubt_s=1.0
            )
        )
        session.flush()
        run_all_jobs((JobKind.tags,))
        assert bureau.recording(recording_id).clock_offset_s is None
    with bureau.session() as session:
        assert session.scalars(select(Job).where(Job.kind == JobKind.tags)).one().state == JobState.queued
    time.sleep(1.2)
    run_all_jobs(UNSEEN)
    assert bureau.recording(recording_id).clock_offset_s == 50.0


def test_satellites_measure_the_clock_and_the_picture_beside_the_header_does_not() -> None:
    def told(camera: str, source: str) -> dict[OffsetSource, Read]:
        recording = Recording(
            squad_id=new_id(), claimed_from=FILMED + timedelta(seconds=9), recorded_from=FILMED, claims={}
        )
        recording.clock = {"source": source, "camera_source": camera}
        return tag_clock.read_of(recording, 0.4, tag_clock.Doubts(2, 5))

    assert told("burned_in", "gps") == {OffsetSource.burned_in: Read(FILMED, 9.0, 1.4)}
    assert told("container:creation_time", "gps") == {OffsetSource.gps: Read(FILMED, 9.0, 2.0)}
    assert told("burned_in", "burned_in") == {}


@pytest.mark.parametrize("device", ["", "rubbish", "9999-12-31T23:59:59-14:00", "1500-01-01T00:00:00"])
def test_a_device_time_that_is_none_measures_nothing(device: str) -> None:
    claims: Claims = {"device_time": device, "device_time_at": NOW.isoformat()}
    recording = Recording(squad_id=new_id(), claims=claims, clock={})
    assert tag_clock.read_of(recording, 0, tag_clock.Doubts(2, 5)) == {}


def test_a_dock_s_reading_is_kept_with_the_recording_that_brought_it(
    bureau: Bureau, recorder: Recorder, plain: Path
) -> None:
    """It goes with the recorder that the recording turns out to be of."""
    recording_id = bureau.receive(
        plain, recorder="R-07", device_time=NOW.isoformat(), device_time_at=NOW.isoformat()
    )
    run_all_jobs(UNSEEN)
    with transaction() as session:
        other = Recorder(serial="R-08", squad_id=bureau.squad())
        session.add(other)
        session.flush()
        session.get_one(Recording, recording_id).recorder_id = other.id
        session.flush()
    with transaction() as session:
        read = {OffsetSource.dock: Read(NOW, 0.0, 2.0)}
        assert keep_readings(session, recording_id, read)
    rows = offsets(bureau)
    assert [(row.recorder_id == other.id, row.withdrawn_at is None) for row in rows] == [
        (False, False),
        (True, True),
    ]


def test_a_judged_clock_is_kept_under_the_names_of_its_type() -> None:
    assert clock.Clock.model_fields.keys() <= RecordingClock.__annotations__.keys()
    assert clock.Judged.model_fields.keys() == JudgedClaim.__annotations__.keys()
    kept = clock.Claim(source="gps", at="", lead_s=3.0).model_dump()
    assert kept.keys() == TimeClaim.__annotations__.keys()
