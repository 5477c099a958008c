"""Wrong bytes in the store are found by their hash and never given out; they are told, and mended where that can be."""

import struct
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from schemas.accounts import Account, Role
from schemas.base import new_id
from schemas.custody import CustodyEntry
from schemas.jobs import Job, JobKind, JobState
from schemas.kept_bytes import BlockSums, Damage
from schemas.originals import Original, Rendition, RenditionKind
from schemas.recordings import Receipt
from service.access.actions import open_session
from service.app import create_app
from service.footage.recordings import delivery
from service.footage.recordings.damage import damaged_objects, look_at_damage
from service.kernel.database import get_engine, transaction
from service.kernel.jobs import request_job
from service.kernel.kept_bytes import read_proven
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from service.kernel.storage.blocks import BLOCK
from service.kernel.storage.protocols import ByteStream
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage
from workers import scratch
from workers.stages import bytes_at_hand, sums
from workers.stages.duplicates import OriginalMissing, _release
from workers.stages.sums import ask_for_sums

EARLY = (JobKind.intake, JobKind.playable)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of film, and three MiB that nobody shows."""
    made = footage(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=1.0, size="320x240", rate=10)
    padding = 3 * BLOCK
    with made.open("ab") as file:
        file.write(struct.pack(">I4s", padding + 8, b"free") + bytes(padding))
    return made


@pytest.fixture
def client(bureau: Bureau) -> Iterator[TestClient]:
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        account = Account(username=f"sup-{new_id()}", password_hash="-", role=Role.supervisor)
        with transaction() as session:
            session.add(account)
            session.flush()
            secret, _ = open_session(session, account)
        client.headers["Authorization"] = f"Bearer {secret}"
        yield client


@pytest.fixture(autouse=True)
def _prove_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytes_at_hand, "PROVEN_FOR_S", 0.0)


def original_of(bureau: Bureau, recording_id: UUID) -> Original:
    with bureau.session() as session:
        return session.get_one(Original, bureau.recording(recording_id).original_id)


def write_over(key: str, at: int, byte: bytes = b"\xa5") -> bytes:
    """As a failing disk would, or whoever has the disk. Answers what stood there."""
    path = get_store().objects.local_path(key)
    assert path is not None
    before = path.read_bytes()
    path.chmod(0o640)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(byte)
    path.chmod(0o440)
    scratch.here().sweep(keep_unused_s=-1.0)  # what was fetched while it was right
    return before[at : at + len(byte)]


def custody(bureau: Bureau, action: str) -> list[CustodyEntry]:
    with bureau.session() as session:
        return list(session.scalars(select(CustodyEntry).where(CustodyEntry.action == action)))


def look() -> None:
    """As if the time between two looks had passed."""
    with transaction() as session:
        session.execute(update(Damage).values(looked_at=func.now() - timedelta(hours=2)))
    look_at_damage()


def open_damages(bureau: Bureau) -> list[Damage]:
    with bureau.session() as session:
        return list(session.scalars(select(Damage).where(Damage.mended_at.is_(None))))


def test_a_changed_byte_of_an_original_never_goes_out_and_all_else_does(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    base, data = f"/api/v1/recordings/{recording_id}", clip.read_bytes()
    kept = original_of(bureau, recording_id)
    assert client.get(f"{base}/original").content == data
    write_over(kept.store_key, 2 * BLOCK + 77)
    for path in ("original", "playback"):
        given = client.get(f"{base}/{path}", headers={"Range": "bytes=10-99"})
        assert (given.status_code, given.content) == (206, data[10:100]), path
        wrong = client.get(f"{base}/{path}", headers={"Range": f"bytes={2 * BLOCK}-"})
        assert wrong.status_code == 503 and wrong.json()["type"].endswith(":bytes-changed"), path
        assert "Content-Range" not in wrong.headers and "ETag" not in wrong.headers
        cut = client.get(f"{base}/{path}")
        assert cut.content == data[: 2 * BLOCK], "the answer breaks off before the first wrong block"
    (damage,) = open_damages(bureau)
    assert (damage.store_key, damage.block) == (kept.store_key, 2)
    look()
    (told,) = custody(bureau, "damage")
    assert told.subject_id == kept.id and told.detail["mib"] == 2
    page = client.get("/queue", headers={"Accept-Language": "en"}).text
    assert "does not give the bytes of 1 object" in page and "clip.mp4" in page
    assert "zhenglu_damaged_objects 1.0" in client.get("/metrics").text
    look()
    assert len(custody(bureau, "damage")) == 1


def test_what_is_right_again_is_seen_and_the_work_that_failed_goes_on(bureau: Bureau, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs()
    kept = original_of(bureau, recording_id)
    before = write_over(kept.store_key, BLOCK + 5)
    with transaction() as session:
        request_job(session, JobKind.renditions, kept.id)
        session.execute(update(Job).where(Job.kind == JobKind.renditions).values(max_tries=1))
    run_all_jobs()
    with bureau.session() as session:
        job = session.scalars(select(Job).where(Job.kind == JobKind.renditions)).one()
        assert (job.state, job.reason) == (JobState.failed, "bytes_changed")
        assert damaged_objects(session) == 0, "found, and not yet told"
    look()
    with bureau.session() as session:
        assert damaged_objects(session) == 1
    write_over(kept.store_key, BLOCK + 5, before)
    look()
    assert open_damages(bureau) == [] and len(custody(bureau, "restore")) == 1
    run_all_jobs()
    with bureau.session() as session:
        assert session.scalars(select(Job.state).where(Job.state != JobState.done)).all() == []


def test_a_second_wrong_place_keeps_a_damage_open(bureau: Bureau, clip: Path, client: TestClient) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    kept = original_of(bureau, recording_id)
    before = write_over(kept.store_key, 7)
    write_over(kept.store_key, 3 * BLOCK + 1)
    assert client.get(f"/api/v1/recordings/{recording_id}/playback").status_code == 503
    write_over(kept.store_key, 7, before)
    look()
    (damage,) = open_damages(bureau)
    assert damage.block == 3, "so only that one is read the next time"


@pytest.mark.parametrize("kind", [RenditionKind.poster, RenditionKind.video, RenditionKind.sprite_map])
def test_what_was_derived_is_made_anew(
    bureau: Bureau, client: TestClient, clip: Path, kind: RenditionKind
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs()
    with bureau.session() as session:
        row = session.scalars(select(Rendition).where(Rendition.kind == kind)).one()
    path = f"/api/v1/recordings/{recording_id}/{'sprite.vtt' if kind == RenditionKind.sprite_map else kind}"
    right = client.get(path).content
    assert row.store_key is not None
    write_over(row.store_key, row.size - 1)
    assert client.get(path).status_code == 503
    look()
    run_all_jobs()
    again = client.get(path)
    assert again.status_code == 200 and len(again.content) > len(right) // 2
    look()
    assert open_damages(bureau) == []
    with bureau.session() as session:
        keys = set(session.scalars(select(BlockSums.store_key)))
        assert row.store_key not in keys, "no sums of what is not there any more"
        assert (
            set(session.scalars(select(Rendition.store_key).where(Rendition.store_key.is_not(None)))) < keys
        )


def test_the_same_bytes_again_take_the_place_of_changed_ones(
    bureau: Bureau, client: TestClient, clip: Path
) -> None:
    first = bureau.receive(clip)
    run_all_jobs()
    lost = original_of(bureau, first)
    write_over(lost.store_key, 3 * BLOCK)
    bureau.receive(clip)
    run_all_jobs()
    kept = original_of(bureau, first)
    assert kept.id == lost.id and kept.store_key != lost.store_key
    assert client.get(f"/api/v1/recordings/{first}/original").content == clip.read_bytes()
    (entry,) = custody(bureau, "restore")
    assert entry.detail == {"lost_key": lost.store_key, "store_key": kept.store_key}
    look()
    assert open_damages(bureau) == []


def test_a_second_copy_stays_while_the_first_is_not_as_it_came(bureau: Bureau, clip: Path) -> None:
    """By the duty that comes behind a killed intake, which once looked at the size alone."""
    first = bureau.receive(clip)
    run_all_jobs((JobKind.intake,))
    kept = original_of(bureau, first)
    copy = get_store().objects.put_file(f"originals/{new_id()}", clip)
    with transaction() as session:
        receipt = session.scalars(select(Receipt)).one()
        second = Receipt(**receipt.model_dump(exclude={"id", "store_key"}), store_key=copy.key)
        session.add(second)
        session.flush()
    write_over(kept.store_key, 9)
    with pytest.raises(OriginalMissing):
        _release(second.id)
    assert get_store().objects.stat(copy.key) is not None


@pytest.mark.parametrize("harm", ["cut", "gone", "longer"])
def test_an_object_that_lost_its_length_is_found_as_well(
    bureau: Bureau, client: TestClient, clip: Path, harm: str
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    kept = original_of(bureau, recording_id)
    path = get_store().objects.local_path(kept.store_key)
    assert path is not None
    path.chmod(0o640)
    data = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(data[: BLOCK + 3] if harm == "cut" else data + b"more")
    given = client.get(f"/api/v1/recordings/{recording_id}/playback", headers={"Range": f"bytes={BLOCK}-"})
    if harm == "longer":
        assert given.content == data[BLOCK:], "what was received is all there, and only that is given"
        return
    assert given.status_code == (404 if harm == "gone" else 503)
    look()
    assert len(custody(bureau, "damage")) == 1


def test_a_web_server_is_not_told_to_send_what_is_not_proven(
    bureau: Bureau, client: TestClient, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    monkeypatch.setattr(get_settings(), "accel_redirect", "/_objects")
    path = f"/api/v1/recordings/{recording_id}/playback"
    assert "X-Accel-Redirect" in client.get(path, headers={"Range": "bytes=0-99"}).headers
    write_over(original_of(bureau, recording_id).store_key, 55)
    wrong = client.get(path, headers={"Range": "bytes=0-99"})
    assert wrong.status_code == 503 and "X-Accel-Redirect" not in wrong.headers
    assert "X-Accel-Redirect" in client.get(path, headers={"Range": f"bytes={BLOCK}-{BLOCK + 9}"}).headers


def test_the_web_servers_order_is_proven_without_a_connection_of_the_database(
    bureau: Bureau, client: TestClient, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is slow would keep as many connections as there are players, and with them every page."""
    recording_id = bureau.receive(clip)
    run_all_jobs(EARLY)
    monkeypatch.setattr(get_settings(), "accel_redirect", "/_objects")
    held: list[int] = []

    def watched(*what: Any) -> ByteStream:
        held.append(get_engine().pool.checkedout())  # type: ignore[attr-defined]  # of the pool that is in use
        return read_proven(*what)

    monkeypatch.setattr(delivery, "read_proven", watched)
    path = f"/api/v1/recordings/{recording_id}/playback"
    for headers in ({"Range": "bytes=0-99"}, {}, {"Range": "bytes=0-99", "If-Range": '"other"'}):
        assert "X-Accel-Redirect" in client.get(path, headers=headers).headers
    assert held == [0, 0, 0]
    assert "X-Accel-Redirect" in client.head(path).headers and len(held) == 3


def test_older_originals_get_their_sums_behind_all_other_work(
    bureau: Bureau, client: TestClient, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs()
    with transaction() as session:
        known = {row.store_key: row.sums for row in session.scalars(select(BlockSums))}
        for row in session.scalars(select(BlockSums)):
            session.delete(row)
    path = f"/api/v1/recordings/{recording_id}/original"
    assert client.get(path).content == clip.read_bytes(), "as before, by its length alone"
    monkeypatch.setattr(sums, "LOOKED_THROUGH_EVERY_S", 0.0)
    assert ask_for_sums() == 1
    run_all_jobs()
    with bureau.session() as session:
        assert {row.store_key: row.sums for row in session.scalars(select(BlockSums))} == known
    assert ask_for_sums() == 0


def test_an_older_original_that_changed_is_told_and_gets_no_sums_of_wrong_bytes(
    bureau: Bureau, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs((JobKind.intake,))
    kept = original_of(bureau, recording_id)
    with transaction() as session:
        for row in session.scalars(select(BlockSums)):
            session.delete(row)
    write_over(kept.store_key, 5)
    monkeypatch.setattr(sums, "LOOKED_THROUGH_EVERY_S", 0.0)
    ask_for_sums()
    run_all_jobs((JobKind.sums,))
    look()
    assert len(custody(bureau, "damage")) == 1
    with bureau.session() as session:
        assert session.get(BlockSums, kept.store_key) is None
