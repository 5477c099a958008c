"""Who gets a recording and its bytes, and what is written down of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from schemas.accounts import Account, ApiToken, Role, TokenScope
from schemas.base import new_id
from schemas.claims import Claims
from schemas.custody import CustodyEntry
from schemas.jobs import Job, JobKind, JobState
from schemas.recording_clock import RecordingClock
from schemas.recordings import Recording
from service.access.actions import open_session
from service.access.rules import fingerprint, new_secret
from service.app import create_app
from service.kernel.database import transaction
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage

EARLY = (JobKind.intake, JobKind.playable, JobKind.tags, JobKind.link)
BYTES = ("original", "playback", "video", "poster", "sprite.jpg", "sprite.vtt", "waveform", "stills/0")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=1.5, size="320x240", rate=10)


@pytest.fixture
def client(bureau: Bureau) -> Iterator[TestClient]:
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        yield client


def headers(bureau: Bureau, squad: str = "1", role: Role | None = None) -> dict[str, str]:
    """Signed in as the squad's member, or as someone of the whole bureau in this role."""
    actor = bureau.actor(squad)
    with transaction() as session:
        account = session.get_one(Account, actor.account_id)
        if role is not None:
            account = Account(username=f"{role}-{new_id()}", password_hash="-", role=role)
            session.add(account)
            session.flush()
        secret, _ = open_session(session, account)
    return {"Authorization": f"Bearer {secret}"}


def dock(bureau: Bureau) -> dict[str, str]:
    secret = new_secret()
    with transaction() as session:
        session.add(
            ApiToken(
                account_id=bureau.actor().account_id,
                name="dock",
                scope=TokenScope.dock,
                secret_sha256=fingerprint(secret),
            )
        )
    return {"Authorization": f"Bearer {secret}"}


def custody(bureau: Bureau) -> list[str]:
    with bureau.session() as session:
        return list(
            session.scalars(
                select(CustodyEntry.action)
                .where(CustodyEntry.account_id.is_not(None), CustodyEntry.action != "receive")
                .order_by(CustodyEntry.id)
            )
        )


def test_nobody_else_sees_a_recording_or_a_byte_of_it(bureau: Bureau, client: TestClient, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs()
    base = f"/api/v1/recordings/{recording_id}"
    for path in ("", *(f"/{name}" for name in BYTES)):
        assert client.get(base + path).status_code == 401
        assert client.get(base + path, headers=dock(bureau)).status_code == 403
        assert client.get(base + path, headers=headers(bureau, "2")).status_code == 404
        assert client.head(base + path, headers=headers(bureau, "2")).status_code in (404, 405)
    assert set(custody(bureau)) == {"deny"}
    mine = headers(bureau)
    for path in ("", *(f"/{name}" for name in BYTES)):
        assert client.get(base + path, headers=mine).status_code == 200, path
    assert client.get(base, headers=headers(bureau, role=Role.auditor)).status_code == 200
    assert client.get("/api/v1/recordings/facets", headers=mine).status_code == 200


def test_what_an_older_row_holds_goes_out_as_it_is_kept(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    kept = {
        "claims": {
            "officer": 7,
            "older": [1, 2.0],
            "sidecar": {"size": "12", "older": 1},
            "file_name": "none",
        },
        "clock": {"apart_s": 0, "judged": [{"older": 1, "start": 5}], "basis": "none", "older": 2},
    }
    with transaction() as session:
        recording = session.get_one(Recording, recording_id)
        recording.claims = cast(Claims, kept["claims"])
        recording.clock = cast(RecordingClock, kept["clock"])
    found = client.get(f"/api/v1/recordings/{recording_id}", headers=headers(bureau)).json()
    for name, value in kept.items():  # as text, for 0 == 0.0
        assert json.dumps(found[name], sort_keys=True) == json.dumps(value, sort_keys=True)


def test_a_recording_tells_everything_about_itself(bureau: Bureau, client: TestClient, clip: Path) -> None:
    recording_id = bureau.receive(clip, officer="007", recorded_at="2024-05-06T09:30:00+08:00")
    run_all_jobs()
    found = client.get(f"/api/v1/recordings/{recording_id}", headers=headers(bureau)).json()
    assert found["state"] == "ready" and found["reason"] is None
    assert len(found["sha256"]) == 64 and found["size"] == clip.stat().st_size
    assert abs(found["duration_s"] - 1.5) < 0.2
    assert found["recorded_from"].startswith("2024-05-06T01:30:00")
    assert found["clock"]["source"] == "declared"
    assert {stream["kind"] for stream in found["streams"]} == {"video", "audio"}
    assert {stage["kind"] for stage in found["stages"]} == {
        "intake",
        "playable",
        "tags",
        "link",
        "renditions",
        "clock",
        "walk",
        "looks",
    }
    assert {"name": "unknown_officer", "value": "007"}.items() <= {
        key: value for tag in found["tags"] if tag["name"] == "unknown_officer" for key, value in tag.items()
    }.items()
    assert found["playable_after_s"] > 0
    assert [receipt["outcome"] for receipt in found["receipts"]] == ["verified"]
    assert {row["kind"] for row in found["renditions"]} >= {"playback", "video", "poster", "waveform"}
    assert custody(bureau) == ["view"]


def test_a_stage_that_failed_says_why_and_keeps_its_trace_for_the_administrator(
    bureau: Bureau, client: TestClient
) -> None:
    recording_id = bureau.receive(b"bytes")
    with transaction() as session:
        job = session.scalars(select(Job).where(Job.subject_id == recording_id)).one()
        job.state, job.reason, job.reason_params = (
            JobState.failed,
            "internal",
            {"trace": "File /srv/stage.py"},
        )
        session.add(job)
    for role, sees in ((None, False), (Role.supervisor, False), (Role.admin, True)):
        found = client.get(f"/api/v1/recordings/{recording_id}", headers=headers(bureau, role=role)).json()
        [stage] = found["stages"]
        assert "程序" in stage["reason_text"] and ("trace" in stage["reason_params"]) == sees


def test_the_id_of_a_merged_recording_answers_the_surviving_one(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    first = bureau.receive(clip)
    run_all_jobs(EARLY)
    second = bureau.receive(clip)
    run_all_jobs(EARLY)
    found = client.get(f"/api/v1/recordings/{second}", headers=headers(bureau)).json()
    assert found["id"] == str(first)
    assert [receipt["outcome"] for receipt in found["receipts"]] == ["verified", "duplicate"]
    assert (
        client.get(f"/api/v1/recordings/{second}/original", headers=headers(bureau)).content
        == clip.read_bytes()
    )


def test_ranges_are_the_bytes_and_one_sitting_is_one_play(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    base, mine, data = f"/api/v1/recordings/{recording_id}", headers(bureau), clip.read_bytes()
    whole = client.get(f"{base}/playback", headers=mine)
    assert whole.content == data and whole.headers["content-type"] == "video/mp4"
    etag = whole.headers["etag"]
    part = client.get(f"{base}/playback", headers={**mine, "Range": "bytes=100-299"})
    assert part.status_code == 206 and part.content == data[100:300]
    assert part.headers["content-range"] == f"bytes 100-299/{len(data)}"
    assert client.get(f"{base}/playback", headers={**mine, "Range": "bytes=-50"}).content == data[-50:]
    beyond = client.get(f"{base}/playback", headers={**mine, "Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416 and beyond.headers["content-range"] == f"bytes */{len(data)}"
    stale = client.get(f"{base}/playback", headers={**mine, "Range": "bytes=0-9", "If-Range": '"other"'})
    assert stale.status_code == 200 and stale.content == data
    assert client.get(f"{base}/playback", headers={**mine, "If-None-Match": etag}).status_code == 304
    head = client.head(f"{base}/playback", headers=mine)
    assert head.content == b"" and head.headers["content-length"] == str(len(data))
    assert custody(bureau) == ["play"]
    client.get(f"{base}/original", headers=mine)
    assert custody(bureau) == ["play", "download"]


def test_the_name_of_a_file_is_never_in_a_header(bureau: Bureau, client: TestClient, clip: Path) -> None:
    recording_id = bureau.receive(clip, name='x"\r\nSet-Cookie: a=b;.mp4')
    run_all_jobs(EARLY)
    answer = client.get(f"/api/v1/recordings/{recording_id}/original", headers=headers(bureau))
    assert answer.headers["content-disposition"] == f'attachment; filename="{recording_id}.mp4"'
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


def test_quarantined_and_mismatched_bytes_are_given_to_nobody(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    html = bureau.receive(b"<!doctype html><script>alert(1)</script>" * 9, name="a.mp4")
    mismatch = bureau.receive(clip, declared="1" * 64)
    run_all_jobs()
    admin = headers(bureau, role=Role.admin)
    for recording_id in (html, mismatch):
        assert client.get(f"/api/v1/recordings/{recording_id}", headers=admin).json()["state"] == "refused"
        for name in BYTES:
            answer = client.get(f"/api/v1/recordings/{recording_id}/{name}", headers=admin)
            assert answer.status_code == 403 and answer.json()["type"].endswith("quarantined")


def test_what_is_not_made_yet_says_so(bureau: Bureau, client: TestClient, hevc_mp4: Path) -> None:
    recording_id = bureau.receive(hevc_mp4)
    run_all_jobs(EARLY)
    mine = headers(bureau)
    answer = client.get(f"/api/v1/recordings/{recording_id}/playback", headers=mine)
    assert answer.status_code == 404 and answer.json()["type"].endswith("not-there-yet")
    assert client.get(f"/api/v1/recordings/{recording_id}", headers=mine).json()["state"] == "processing"
    run_all_jobs()
    answer = client.get(f"/api/v1/recordings/{recording_id}/playback", headers=mine)
    assert answer.status_code == 200 and answer.content[4:8] == b"ftyp"
    wave = client.get(f"/api/v1/recordings/{recording_id}/waveform", headers=mine).json()
    assert wave["peaks"] and all(0 <= peak <= 1 for peak in wave["peaks"])
    assert client.get(f"/api/v1/recordings/{recording_id}/sprite.vtt", headers=mine).text.startswith("WEBVTT")


def test_a_photo_is_a_picture_on_its_page_and_plays_nowhere(
    bureau: Bureau, client: TestClient, photos: dict[str, Path]
) -> None:
    recording_id = bureau.receive(photos["heic"])
    run_all_jobs(EARLY)
    path = f"/api/v1/recordings/{recording_id}"
    found = client.get(path, headers=headers(bureau)).json()
    assert (found["media"], found["state"], found["duration_s"]) == ("photo", "ready", None)
    assert found["recorded_from"] == found["recorded_to"] == "2026-11-27T02:05:00Z"
    for picture in ("picture", "poster"):
        answer = client.get(f"{path}/{picture}", headers=headers(bureau))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.content.startswith(b"\xff\xd8")
        assert client.get(f"{path}/{picture}", headers=headers(bureau, squad="2")).status_code == 404
    assert client.get(f"{path}/playback", headers=headers(bureau)).status_code == 404
    answer = client.get(f"{path}/original", headers=headers(bureau))
    assert answer.content == photos["heic"].read_bytes() and ".heic" in answer.headers["content-disposition"]
    page = client.get(f"/recordings/{recording_id}", headers=headers(bureau)).text
    assert f'<img src="{path}/picture"' in page and "<video" not in page
