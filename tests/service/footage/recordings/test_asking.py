"""Who may ask for a version that plays here, what is made of it, and how often."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from schemas.accounts import Role
from schemas.encode_needs import EncodeNeed
from schemas.jobs import Job, JobKind, JobState
from schemas.originals import Original, Rendition, RenditionKind
from schemas.policy import PolicyValue
from schemas.recordings import Recording
from service.app import create_app
from service.footage.recordings.needs import RULE, Need, ask_for_encode, register
from service.kernel.database import transaction
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage
from tests.service.footage.recordings.test_routes import custody, dock, headers

EARLY = tuple(kind for kind in JobKind if kind != JobKind.renditions)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage(
        tmp_path_factory.mktemp("clip") / "clip.mp4", "hevc_mp4", seconds=1.5, size="320x240", rate=10
    )


@pytest.fixture
def client(bureau: Bureau) -> Iterator[TestClient]:
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        yield client


def encode(bureau: Bureau) -> Job:
    with bureau.session() as session:
        return session.scalars(select(Job).where(Job.kind == JobKind.renditions)).one()


def needs(bureau: Bureau) -> dict[str, EncodeNeed]:
    with bureau.session() as session:
        return {row.need: row for row in session.scalars(select(EncodeNeed))}


def original_of(bureau: Bureau, recording_id: UUID) -> Original:
    with bureau.session() as session:
        return session.get_one(Original, session.get_one(Recording, recording_id).original_id)


def stand(state: JobState, **more: Any) -> None:
    with transaction() as session:
        session.execute(update(Job).where(Job.kind == JobKind.renditions).values(state=state, **more))


def test_whoever_may_play_it_may_ask_and_nobody_else(bureau: Bureau, client: TestClient, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    path = f"/api/v1/recordings/{recording_id}/playback"
    assert client.post(path).status_code == 401
    assert client.post(path, headers=dock(bureau)).status_code == 403
    assert client.post(path, headers=headers(bureau, "2")).status_code == 404
    assert "viewer" not in needs(bureau) and set(custody(bureau)) == {"deny"}
    for who in (headers(bureau), headers(bureau, role=Role.auditor)):
        assert client.post(path, headers=who).status_code == 202
    assert custody(bureau).count("ask_playback") == 2, "each of them is on record"


def test_asking_on_and_on_is_one_wish_and_one_act(bureau: Bureau, client: TestClient, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    path, mine = f"/api/v1/recordings/{recording_id}/playback", headers(bureau)
    first = client.post(path, headers=mine)
    assert first.json() | {"state": "queued", "progress": None, "playback": None} == first.json()
    assert encode(bureau).priority == 0, "somebody waits"
    wished = encode(bureau).requested
    stand(JobState.running, progress=0.25)
    for _ in range(3):
        told = client.post(path, headers=mine).json()
        assert (told["state"], told["progress"]) == ("running", 0.25)
    assert encode(bureau).requested == wished, "a poll makes no job run again"
    stand(JobState.queued)
    run_all_jobs()
    told = client.post(path, headers=mine).json()
    assert told["state"] == "ready" and client.get(told["playback"], headers=mine).status_code == 200
    assert custody(bureau) == ["ask_playback", "play"]
    assert all(row.met_at is not None for row in needs(bureau).values())


def test_what_failed_is_tried_again_only_by_a_press(bureau: Bureau, client: TestClient, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    path, mine = f"/api/v1/recordings/{recording_id}/playback", headers(bureau)
    stand(JobState.failed, reason="output_missing", tries=5)
    for _ in range(2):
        told = client.post(path, headers=mine).json()
        assert told["state"] == "failed" and told["reason"] == "output_missing" and told["reason_text"]
    assert encode(bureau).state == JobState.failed
    assert client.post(path, headers=mine, json={"again": True}).json()["state"] == "queued"
    assert encode(bureau).tries == 0


def test_what_was_thrown_away_is_asked_for_anew(bureau: Bureau, client: TestClient, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    path, mine = f"/api/v1/recordings/{recording_id}/playback", headers(bureau)
    run_all_jobs()
    with transaction() as session:
        session.execute(delete(Rendition).where(Rendition.kind == RenditionKind.video))
    assert client.post(path, headers=mine, json={"need": "line"}).json()["state"] == "queued"
    run_all_jobs()
    assert client.post(path, headers=mine, json={"need": "line"}).json()["state"] == "ready"


def test_what_does_not_play_at_all_cannot_be_asked_for(
    bureau: Bureau, client: TestClient, clip: Path, photos: dict[str, Path]
) -> None:
    html = bureau.receive(b"<!doctype html><script>alert(1)</script>" * 9, name="a.mp4")
    photo = bureau.receive(photos["heic"])
    empty = bureau.receive(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\xff\xffmdat" + b"\0" * 2000)
    waiting = bureau.receive(clip.read_bytes() + b"\0\0\0\x08free")
    mine = headers(bureau)
    with bureau.session() as session:
        assert session.get_one(Recording, waiting).original_id is None
    assert client.post(f"/api/v1/recordings/{waiting}/playback", headers=mine).status_code == 404
    run_all_jobs(EARLY)
    for recording_id, status, kind in (
        (html, 403, "quarantined"), (photo, 404, "not-there-yet"), (empty, 404, "not-there-yet"),
    ):  # fmt: skip
        told = client.post(f"/api/v1/recordings/{recording_id}/playback", headers=mine)
        assert told.status_code == status and told.json()["type"].endswith(kind)
    assert client.post(
        f"/api/v1/recordings/{waiting}/playback", headers=mine, json={"need": "rule"}
    ).status_code in (400, 422), "only a person's needs are asked for from outside"


def test_where_the_rule_wants_a_person_no_page_asks_by_itself(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs()
    with transaction() as session:
        rows = [{"event_kind": "any", "media": "any", "codec": "hevc", "when": "on_demand"}]
        session.add(PolicyValue(name="encode_rule", value=rows))
        session.execute(delete(Rendition).where(Rendition.kind == RenditionKind.video))
    path, mine = f"/api/v1/recordings/{recording_id}/playback", headers(bureau)
    by_itself = {"need": "line", "pressed": False}
    assert client.post(path, headers=mine, json=by_itself).json()["state"] == "not_asked"
    assert encode(bureau).state == JobState.done
    assert client.post(path, headers=mine, json={"need": "line"}).json()["state"] == "queued"
    assert client.post(path, headers=mine, json=by_itself).json()["state"] == "queued", "it is under way"


def test_a_need_of_a_later_wing_brings_its_own_urgency(bureau: Bureau, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    before = encode(bureau).priority
    made = register(Need("tests", RULE.word, priority=before - 1, keeps=True))
    assert register(made) is made
    with pytest.raises(ValueError):
        register(Need("tests", RULE.word))
    with transaction() as session:
        ask_for_encode(session, original_of(bureau, recording_id), made)
    assert encode(bureau).priority == before - 1
    assert needs(bureau)["tests"].asked_by is None
