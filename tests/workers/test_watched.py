"""An encode is watched while it runs, whatever becomes of its worker."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from schemas.encode_needs import EncodeNeed
from schemas.jobs import Job, JobAttempt, JobKind, JobState
from schemas.originals import Original, Rendition, RenditionKind
from schemas.recordings import Recording
from schemas.rendition_segments import RenditionSegment
from service.app import create_app
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.storage import get_store
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage
from tests.service.footage.recordings.test_routes import custody, dock, headers
from workers.runner import run_job
from workers.stages.watched import sweep_segments

EARLY = tuple(kind for kind in JobKind if kind != JobKind.renditions)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage(
        tmp_path_factory.mktemp("clip") / "clip.mp4", "hevc_mp4", seconds=10.0, size="640x360", rate=25
    )


@pytest.fixture
def client(bureau: Bureau) -> Iterator[TestClient]:
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        yield client


def encode(bureau: Bureau) -> Job:
    with bureau.session() as session:
        return session.scalars(select(Job).where(Job.kind == JobKind.renditions)).one()


def parts(bureau: Bureau) -> list[RenditionSegment]:
    with bureau.session() as session:
        return list(session.scalars(select(RenditionSegment).order_by(RenditionSegment.number)))


def objects() -> set[str]:
    return {info.key for info in get_store().objects.list("renditions/")}


def named(bureau: Bureau) -> set[str]:
    with bureau.session() as session:
        rows = {key for key in session.scalars(select(Rendition.store_key)) if key}
    return rows | {part.store_key for part in parts(bureau)}


def test_what_is_made_can_be_watched_by_whoever_may_play_it(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    base, mine = f"/api/v1/recordings/{recording_id}", headers(bureau)
    assert client.get(f"{base}/playback.m3u8", headers=mine).status_code == 404
    client.post(f"{base}/playback", headers=mine)
    run_job(encode(bureau).id, "worker")
    listed = client.get(f"{base}/playback.m3u8", headers=mine)
    assert listed.status_code == 200 and listed.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert "no-cache" in listed.headers["cache-control"]
    assert listed.text.startswith("#EXTM3U\n") and listed.text.endswith("#EXT-X-ENDLIST\n")
    assert [round(float(one)) for one in re.findall(r"#EXTINF:([\d.]+),", listed.text)] == [1, 1, 2, 4, 2]
    (head,) = re.findall(r'#EXT-X-MAP:URI="([^"]+)"', listed.text)
    found = [head, *re.findall(r"^playback/\S+$", listed.text, re.M)]
    assert len(found) == 6 and all(one.startswith("playback/1/") for one in found)
    for path in ("playback.m3u8", *found):
        assert client.get(f"{base}/{path}").status_code == 401, path
        assert client.get(f"{base}/{path}", headers=dock(bureau)).status_code == 403, path
        assert client.get(f"{base}/{path}", headers=headers(bureau, "2")).status_code == 404, path
    whole = b"".join(client.get(f"{base}/{path}", headers=mine).content for path in found)
    joined = bureau.folder / "joined.mp4"
    joined.write_bytes(whole)
    seen = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames",
         "-of", "csv=p=0", joined], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "h264,250" in seen.stdout and not seen.stderr
    part = client.get(f"{base}/{found[1]}", headers=mine | {"Range": "bytes=0-7"})
    assert part.status_code == 206 and part.content[4:8] in (b"styp", b"moof", b"sidx")
    for other in ("playback/2/1.m4s", "playback/1/77.m4s", "playback/1/0.m4s"):
        told = client.get(f"{base}/{other}", headers=mine)
        assert told.status_code == (200 if other.endswith("/0.m4s") else 404), other
    assert client.get(f"{base}/playback/99999999999/1.m4s", headers=mine).status_code in (400, 404, 422)
    assert client.get(f"{base}/playback.m3u8?attempt=2", headers=mine).status_code == 404
    kept = [act for act in custody(bureau) if act != "deny"]
    assert kept == ["ask_playback", "play"], "one sitting is one play"


def test_one_attempt_is_of_its_own_recording_alone(bureau: Bureau, client: TestClient, clip: Path) -> None:
    ours = bureau.receive(clip)
    theirs = bureau.receive(clip.read_bytes() + b"\0\0\0\x08free", squad="2", name="b.mp4")
    run_all_jobs(EARLY)
    client.post(f"/api/v1/recordings/{theirs}/playback", headers=headers(bureau, "2"))
    with bureau.session() as session:
        original_id = session.get_one(Recording, theirs).original_id
        job_id = session.scalars(
            select(Job.id).where(Job.subject_id == original_id, Job.kind == JobKind.renditions)
        ).one()
    run_job(job_id, "worker")
    assert parts(bureau)
    mine = headers(bureau)
    for path in ("playback.m3u8?attempt=1", "playback/1/init.mp4", "playback/1/1.m4s"):
        assert client.get(f"/api/v1/recordings/{ours}/{path}", headers=mine).status_code == 404, path


def test_nothing_is_stored_for_nobody(bureau: Bureau, client: TestClient, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs()
    assert parts(bureau) == [] and objects() == named(bureau)
    told = client.get(f"/api/v1/recordings/{recording_id}/playback.m3u8", headers=headers(bureau))
    assert told.status_code == 404 and told.json()["type"].endswith("not-there-yet")


def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    base, mine = f"/api/v1/recordings/{recording_id}", headers(bureau)
    client.post(f"{base}/playback", headers=mine)
    job_id = encode(bureau).id
    worker = subprocess.Popen(
        [sys.executable, "-c", f"from uuid import UUID\nfrom workers.runner import run_job\nrun_job(UUID('{job_id}'), 'killed')"],
        env={**bureau.env, "PATH": "/usr/bin:/bin", "ZHENGLU_ENCODE_THREADS": "1"}, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    until = time.monotonic() + 60
    told: dict[str, Any] = {}
    while time.monotonic() < until and not told.get("playlist"):
        told = client.post(f"{base}/playback", headers=mine).json()
        assert worker.poll() is None or told["state"] == "ready", told
        time.sleep(0.05)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    first = told["playlist"]
    growing = client.get(first, headers=mine)
    assert growing.status_code == 200 and "ENDLIST" not in growing.text
    with transaction() as session:
        session.execute(update(Job).where(Job.id == job_id).values(lease_until=now() - timedelta(seconds=1)))
    assert client.get(first, headers=mine).status_code == 404, "it will never end"
    assert client.post(f"{base}/playback", headers=mine).json()["playlist"] is None
    run_job(job_id, "survivor")
    told = client.post(f"{base}/playback", headers=mine).json()
    assert told["state"] == "ready"
    whole = client.get(f"{base}/playback.m3u8", headers=mine).text
    assert "playback/2/1.m4s" in whole and "playback/1/" not in whole and "ENDLIST" in whole
    assert client.get(first, headers=mine).status_code == 404
    assert objects() - named(bureau) == set(), "no object without its row"
    with bureau.session() as session:
        videos = session.scalars(select(Rendition).where(Rendition.kind == RenditionKind.video)).all()
        attempts = session.scalars(select(JobAttempt.outcome).where(JobAttempt.job_id == job_id)).all()
    assert [one.attempt for one in videos] == [2] and sorted(attempts) == ["done", "lost"]
    assert sweep_segments() == 0, "somebody may still be watching"
    assert sweep_segments(broken_off=timedelta()) == 1
    assert {part.attempt for part in parts(bureau)} == {2}
    with transaction() as session:
        session.execute(update(EncodeNeed).values(seen_at=now() - timedelta(hours=2)))
        session.execute(update(JobAttempt).values(ended_at=now() - timedelta(hours=2)))
    assert sweep_segments() == 1 and parts(bureau) == []
    assert objects() == named(bureau)
    assert client.get(f"{base}/playback.m3u8", headers=mine).status_code == 404
    assert client.get(f"{base}/video", headers=mine).status_code == 200


def test_bytes_that_changed_are_watched_by_nobody_and_make_no_video(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    mine = headers(bureau)
    client.post(f"/api/v1/recordings/{recording_id}/playback", headers=mine)
    with bureau.session() as session:
        original = session.scalars(select(Original)).one()
    path = get_store().objects.local_path(original.store_key)
    assert path is not None
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(-2000, 2)
        file.write(b"\x55" * 100)
    path.chmod(0o444)
    run_job(encode(bureau).id, "worker")
    assert encode(bureau).reason == "bytes_changed" and encode(bureau).state == JobState.queued
    assert all(part.ready_at is None for part in parts(bureau))
    with bureau.session() as session:
        assert not session.scalars(select(Rendition).where(Rendition.kind == RenditionKind.video)).all()


def test_an_id_is_no_way_round(bureau: Bureau, client: TestClient, clip: Path) -> None:
    html = bureau.receive(b"<!doctype html><script>alert(1)</script>" * 9, name="a.mp4")
    run_all_jobs()
    for path in ("playback.m3u8", "playback/1/init.mp4", "playback/1/1.m4s"):
        told = client.get(f"/api/v1/recordings/{html}/{path}", headers=headers(bureau))
        assert told.status_code == 403 and told.json()["type"].endswith("quarantined")
    absent = UUID(int=7)
    assert (
        client.get(f"/api/v1/recordings/{absent}/playback.m3u8", headers=headers(bureau)).status_code == 404
    )
