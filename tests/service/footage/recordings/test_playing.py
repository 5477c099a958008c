"""Whose bytes play: by role, by the bureau's two rules, by the browser; and what is written down of it."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from schemas.accounts import Account, Role
from schemas.base import new_id
from schemas.custody import CustodyEntry
from schemas.encode_needs import EncodeNeed
from schemas.jobs import Job, JobKind, JobState
from schemas.originals import Original, Rendition, RenditionKind
from service.access.actions import open_session
from service.access.rules import MAY
from service.app import create_app
from service.desk.operations.policies import set_policy
from service.footage.recordings.playing import ask_for_plain
from service.kernel.database import transaction
from service.kernel.errors import Invalid
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage
from workers.stages.publishing import sweep_orphans

EARLY = (JobKind.intake, JobKind.playable, JobKind.plain)
SECRET = b"filmed at 25.8310 114.9330"
AV1 = ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p", "-g", "10")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It says where it was filmed."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return footage(
        path, seconds=1.0, size="320x240", rate=10, options=("-metadata", f"comment={SECRET.decode()}")
    )


@pytest.fixture(scope="module")
def av1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "av1.mp4"
    return footage(path, seconds=1.0, size="320x240", rate=10, options=AV1)


@pytest.fixture
def client(bureau: Bureau) -> Iterator[TestClient]:
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        yield client


def of(bureau: Bureau, role: Role, squad: str | None = None) -> dict[str, str]:
    with transaction() as session:
        account = Account(username=f"{role}-{new_id()}", password_hash="-", role=role)
        account.squad_id = bureau.squad(squad or "1") if squad or role == Role.member else None
        session.add(account)
        session.flush()
        secret, _ = open_session(session, account)
    return {"Authorization": f"Bearer {secret}"}


def rule(name: str, value: Any) -> None:
    with transaction() as session:
        set_policy(session, "cli", name, value)


def acts(recording_id: UUID, bureau: Bureau) -> list[str]:
    with bureau.session() as session:
        said = select(CustodyEntry.action).where(
            CustodyEntry.subject_id == recording_id, CustodyEntry.account_id.is_not(None)
        )
        return [act for act in session.scalars(said.order_by(CustodyEntry.id)) if act in ("play", "download")]


def needs(bureau: Bureau) -> list[EncodeNeed]:
    with bureau.session() as session:
        return list(session.scalars(select(EncodeNeed)))


def jobs(bureau: Bureau, kind: JobKind) -> list[Job]:
    with bureau.session() as session:
        return list(session.scalars(select(Job).where(Job.kind == kind)))


def test_by_default_everybody_who_may_see_it_plays_and_downloads_the_original(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    base, data = f"/api/v1/recordings/{recording_id}", clip.read_bytes()
    for role in Role:
        asker = of(bureau, role)
        told = client.get(base, headers=asker).json()
        assert told["playback"] == "original"
        assert (
            told["playback_type"].startswith('video/mp4; codecs="avc1.42C')
            or "avc1.42E0" in told["playback_type"]
        )
        assert "mp4a.40.2" in told["playback_type"]
        assert client.get(f"{base}/playback", headers=asker).content == data
        assert client.get(f"{base}/original", headers=asker).content == data
    assert jobs(bureau, JobKind.plain) == []


@pytest.mark.parametrize("name", ["download_roles", "playback_original"])
def test_whom_a_rule_leaves_out_gets_no_byte_of_the_original_but_plays_a_plain_copy(
    bureau: Bureau, client: TestClient, clip: Path, name: str
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    base, data = f"/api/v1/recordings/{recording_id}", clip.read_bytes()
    askers = {role: of(bureau, role) for role in Role}
    assert client.get(f"{base}/playback").status_code == 401
    assert client.get(f"{base}/playback", headers=of(bureau, Role.member, "2")).status_code == 404
    for left_out, asker in askers.items():
        rule(name, sorted(MAY["download_original"] - {left_out}))
        told = client.get(base, headers=asker).json()
        assert (told["playback"], told["playback_type"]) == ("on_demand", None), left_out
        for address in (f"{base}/playback", f"{base}/playback?plays=hevc", f"{base}/video"):
            early = client.get(address, headers={**asker, "Range": "bytes=0-99"})
            assert early.status_code == 404 and early.json()["type"].endswith("not-there-yet")
            assert client.head(address, headers=asker).status_code == 404
    assert jobs(bureau, JobKind.plain) == [], "looking asks for nothing"
    rule(name, [])
    for _ in range(2):
        asked = client.post(f"{base}/playback", headers=askers[Role.member], json={"pressed": False})
        assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    assert len(jobs(bureau, JobKind.plain)) == 1, "asked for once, however often they ask"
    with bureau.session() as session:
        said = session.scalars(select(CustodyEntry.action).where(CustodyEntry.action == "ask_playback")).all()
    assert len(said) == 1 and "viewer" not in {row.need for row in needs(bureau)}
    assert acts(recording_id, bureau) == []
    run_all_jobs(EARLY)
    assert jobs(bureau, JobKind.plain)[0].attempt == 1
    asked = client.post(f"{base}/playback", headers=askers[Role.member]).json()
    assert (asked["state"], asked["playback"]) == ("ready", f"{base}/playback")
    for left_out, asker in askers.items():
        rule(name, sorted(MAY["download_original"] - {left_out}))
        told = client.get(base, headers=asker).json()
        assert told["playback"] == "remux" and told["playback_type"].startswith("video/mp4; codecs="), (
            left_out
        )
        copy = client.get(f"{base}/playback", headers=asker)
        assert copy.status_code == 200 and copy.headers["content-type"] == "video/mp4"
        assert SECRET in data and SECRET not in copy.content and b"ftyp" in copy.content[:16]
        part = client.get(f"{base}/playback", headers={**asker, "Range": "bytes=10-49"})
        assert (part.status_code, part.content) == (206, copy.content[10:50])
        head = client.head(f"{base}/playback", headers=asker)
        assert head.headers["content-length"] == str(len(copy.content))
        downloads = client.get(f"{base}/original", headers=asker).status_code
        assert downloads == (403 if name == "download_roles" else 200), left_out
        other = next(one for role, one in askers.items() if role != left_out)
        assert client.get(f"{base}/playback", headers=other).content == data
        assert client.head(f"{base}/playback", headers=other).headers["etag"] != head.headers["etag"]
    said = acts(recording_id, bureau)
    assert said.count("play") == len(Role), "each once in a sitting, whatever bytes served it"
    assert said.count("download") == (0 if name == "download_roles" else len(Role))


def test_nobody_plays_the_original_where_the_bureau_says_no(
    bureau: Bureau, client: TestClient, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    rule("playback_original", False)
    base, admin = f"/api/v1/recordings/{recording_id}", of(bureau, Role.admin)
    client.post(f"{base}/playback", headers=admin)
    run_all_jobs(EARLY)
    monkeypatch.setattr(get_settings(), "accel_redirect", "/_objects")
    with bureau.session() as session:
        key = session.scalars(select(Original.store_key)).one().rpartition("/")[2]
    ordered = client.get(f"{base}/playback", headers=admin).headers["x-accel-redirect"]
    assert "plain-1" in ordered and key not in ordered
    assert key in client.get(f"{base}/original", headers=admin).headers["x-accel-redirect"]


def test_a_copy_into_another_container_is_no_plain_copy(
    bureau: Bureau, client: TestClient, ts_clip: Path
) -> None:
    """It has what the camera wrote between the pictures."""
    recording_id = bureau.receive(ts_clip)
    run_all_jobs(EARLY)
    base, member = f"/api/v1/recordings/{recording_id}", of(bureau, Role.member)
    with_them = client.get(f"{base}/playback", headers=member).content
    told = client.get(base, headers=member).json()
    assert told["playback"] == "remux" and "avc1." in told["playback_type"]
    assert b"x264" in with_them
    rule("download_roles", ["admin"])
    assert client.get(f"{base}/playback", headers=member).status_code == 404
    client.post(f"{base}/playback", headers=member)
    run_all_jobs(EARLY)
    without = client.get(f"{base}/playback", headers=member)
    assert without.status_code == 200 and b"x264" not in without.content


def test_the_encode_serves_whom_the_bureau_leaves_out_where_no_copy_was_made(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs()
    rule("playback_original", ["admin"])
    base, member, admin = (
        f"/api/v1/recordings/{recording_id}",
        of(bureau, Role.member),
        of(bureau, Role.admin),
    )
    told = client.get(base, headers=member).json()
    assert (told["playback"], told["playback_type"]) == (
        "rendition",
        'video/mp4; codecs="avc1.64001E, mp4a.40.2"',
    )
    small = client.get(f"{base}/video", headers=member).content
    assert client.get(f"{base}/playback", headers=member).content == small and SECRET not in small
    assert client.get(base, headers=admin).json()["playback"] == "original"
    assert jobs(bureau, JobKind.plain) == []


def test_a_copy_that_cannot_be_made_is_not_tried_for_ever_and_the_encode_is_asked_for(
    bureau: Bureau, client: TestClient, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from schemas.reasons import Reason
    from workers.media import remux as copying

    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    rule("playback_original", False)
    member = of(bureau, Role.member)
    fault = Reason(code="stream_unexpected", params={"kind": "data"})
    monkeypatch.setattr(copying, "_said_more", lambda made: [fault])
    for _ in range(3):
        client.post(f"/api/v1/recordings/{recording_id}/playback", headers=member)
        run_all_jobs(EARLY)
    [copy] = jobs(bureau, JobKind.plain)
    assert (copy.state, copy.attempt, copy.reason) == (JobState.failed, 1, "stream_unexpected")
    [encode] = jobs(bureau, JobKind.renditions)
    assert (encode.state, encode.priority) == (JobState.queued, 0)
    with bureau.session() as session:
        assert RenditionKind.plain not in set(session.scalars(select(Rendition.kind)))


def test_a_browser_that_plays_the_codec_plays_the_original_and_no_other_does(
    bureau: Bureau, client: TestClient, av1: Path, hevc_mp4: Path
) -> None:
    ids = {"av1": bureau.receive(av1), "hevc": bureau.receive(hevc_mp4)}
    run_all_jobs(EARLY)
    member = of(bureau, Role.member)
    for codec, recording_id in ids.items():
        base = f"/api/v1/recordings/{recording_id}"
        told = client.get(base, headers=member).json()
        assert told["playback"] == "on_demand"
        name = {"av1": "av01.0.", "hevc": "hvc1.1.6.L"}[codec]
        assert told["playback_type"].startswith(f'video/mp4; codecs="{name}')
        other = {"av1": "hevc", "hevc": "av1"}[codec]
        for address in (f"{base}/playback", f"{base}/playback?plays={other}"):
            assert client.get(address, headers=member).status_code == 404
        assert client.get(f"{base}/playback?plays=h264", headers=member).status_code == 422
        assert acts(recording_id, bureau) == []
        found = client.get(f"{base}/playback?plays={codec}", headers={**member, "Range": "bytes=0-99"})
        assert found.status_code == 206 and found.headers["content-type"] == "video/mp4"
        assert found.content == {"av1": av1, "hevc": hevc_mp4}[codec].read_bytes()[:100]
        assert acts(recording_id, bureau) == ["play"]
    assert jobs(bureau, JobKind.plain) == []
    rule("download_roles", ["admin"])
    for codec, recording_id in ids.items():
        base = f"/api/v1/recordings/{recording_id}"
        told = client.get(base, headers=member).json()
        assert (told["playback"], told["playback_type"]) == ("on_demand", None)
        assert client.get(f"{base}/playback?plays={codec}", headers=member).status_code == 404
    run_all_jobs()
    for recording_id in ids.values():
        assert (
            client.get(f"/api/v1/recordings/{recording_id}", headers=member).json()["playback"] == "rendition"
        )


def test_only_what_is_right_in_all_but_its_codec_plays_by_it(
    bureau: Bureau, client: TestClient, av1: Path, hevc_mp4: Path, tmp_path: Path
) -> None:
    """A second picture, or a container that no browser opens: then a copy plays, made when it is first asked for."""
    twice, stream = tmp_path / "twice.mp4", tmp_path / "film.ts"
    every = ("-map", "0:v", "-map", "0:v", "-map", "0:a", "-c", "copy")
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(av1), *every, str(twice)], check=True)
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(hevc_mp4), "-c", "copy", str(stream)], check=True)
    ids = {"av1": bureau.receive(twice), "hevc": bureau.receive(stream)}
    run_all_jobs(EARLY)
    member = of(bureau, Role.member)
    for codec, recording_id in ids.items():
        base = f"/api/v1/recordings/{recording_id}"
        told = client.get(base, headers=member).json()
        assert told["playback"] == "on_demand"
        name = {"av1": "av01.", "hevc": "hvc1."}[codec]
        assert told["playback_type"].startswith(f'video/mp4; codecs="{name}')
        asked = client.post(f"{base}/playback", headers=member, json={"plays": codec}).json()
        assert asked["state"] == "queued"
        assert client.get(f"{base}/playback?plays={codec}", headers=member).status_code == 404
    run_all_jobs(EARLY)
    for codec, recording_id in ids.items():
        base = f"/api/v1/recordings/{recording_id}"
        asked = client.post(f"{base}/playback", headers=member, json={"plays": codec}).json()
        assert (asked["state"], asked["playback"]) == ("ready", f"{base}/playback?plays={codec}")
        copied = client.get(asked["playback"], headers=member)
        assert copied.status_code == 200 and copied.headers["content-type"] == "video/mp4"
        assert client.get(f"{base}/playback", headers=member).status_code == 404
        assert client.get(base, headers=member).json()["playback"] == "on_demand"


def test_what_cannot_be_watched_plays_nothing(
    bureau: Bureau, client: TestClient, clip: Path, photos: dict[str, Path]
) -> None:
    photo, mismatch = bureau.receive(photos["jpeg"]), bureau.receive(clip, declared="1" * 64)
    coming = bureau.receive(b"not looked at yet")
    html = bureau.receive(b"<!doctype html><script>alert(1)</script>" * 9, name="a.mp4")
    member = of(bureau, Role.member)
    early = client.get(f"/api/v1/recordings/{coming}", headers=member).json()
    assert (early["playback"], early["playback_type"]) == ("none", None)
    run_all_jobs(EARLY)
    for recording_id in (photo, mismatch, html):
        told = client.get(f"/api/v1/recordings/{recording_id}", headers=member).json()
        assert (told["playback"], told["playback_type"]) == ("none", None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("download_roles", "admin"),
        ("download_roles", ["admin", "admin"]),
        ("download_roles", ["dock"]),
        ("download_roles", [1]),
        ("download_roles", [["admin"]]),
        ("download_roles", True),
        ("playback_original", "yes"),
        ("playback_original", 1),
        ("playback_original", ["everybody"]),
    ],
)
def test_a_rule_takes_only_what_it_means(bureau: Bureau, name: str, value: Any) -> None:
    with pytest.raises(Invalid):
        rule(name, value)


def test_a_rule_narrows_what_a_role_may_and_the_page_offers_no_more(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    member, at = of(bureau, Role.member), f"/recordings/{recording_id}"
    token = member["Authorization"].removeprefix("Bearer ")
    client.cookies.set("zhenglu_session", token)
    assert f"/api/v1{at}/original" in client.get(at).text
    rule("download_roles", [])
    page = client.get(at).text
    assert f"/api/v1{at}/original" not in page and f'src="/api/v1{at}/playback' not in page
    client.post(f"/api/v1{at}/playback", headers=member)
    run_all_jobs(EARLY)
    assert f'src="/api/v1{at}/playback' in client.get(at).text


def test_copies_are_swept_and_made_again_like_all_that_is_derived(bureau: Bureau, clip: Path) -> None:
    bureau.receive(clip)
    run_all_jobs(EARLY)
    for _ in range(2):
        with transaction() as session:
            ask_for_plain(session, session.scalars(select(Original)).one())
        run_all_jobs(EARLY)
    with bureau.session() as session:
        [row] = session.scalars(select(Rendition).where(Rendition.kind == RenditionKind.plain))
    assert row.attempt == 2
    objects = get_store().objects
    left = row.store_key.replace("/plain-2/", "/plain-1/")
    assert [info.key for info in objects.list("renditions/")] == [row.store_key]
    shutil.copy(objects.local_path(row.store_key), bureau.folder / "left")
    objects.put_file(left, bureau.folder / "left")
    sweep_orphans(timedelta())
    assert [info.key for info in objects.list("renditions/")] == [row.store_key]
