"""The same bytes again, from the same squad, another squad, with a wrong hash, and at the same moment."""

import hashlib
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import PoolProxiedConnection, event, func, select
from sqlmodel import Session

from schemas.custody import CustodyEntry
from schemas.jobs import Job, JobKind
from schemas.originals import Original
from schemas.people import Officer
from schemas.recorders import Recorder, RecorderModel
from schemas.recordings import Receipt, ReceiptOutcome, Recording, RecordingState, Tag
from service.access.queries import get_recording
from service.finding.search.queries import SearchFilters, search
from service.kernel.database import get_engine, transaction
from service.kernel.errors import NotFound
from service.kernel.jobs import request_job
from service.kernel.storage import get_store
from tests.fixtures import costly
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage
from workers.allowed import ALLOWED, Allowed
from workers.runner import run_job

FIRST = (JobKind.intake,)
SAID = (JobKind.intake, JobKind.tags)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=1.0, size="320x240", rate=10)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def receipts(bureau: Bureau) -> list[Receipt]:
    with bureau.session() as session:
        return list(session.scalars(select(Receipt).order_by(Receipt.received_at)))


def originals(bureau: Bureau) -> list[Original]:
    with bureau.session() as session:
        return list(session.scalars(select(Original)))


def stored_keys() -> set[str]:
    return {info.key for info in get_store().objects.list("originals/")}


def custody(bureau: Bureau, action: str) -> list[CustodyEntry]:
    with bureau.session() as session:
        return list(session.scalars(select(CustodyEntry).where(CustodyEntry.action == action)))


def test_the_fingerprint_is_that_of_the_stored_bytes(bureau: Bureau, clip: Path) -> None:
    recording_id = bureau.receive(clip, declared=digest(clip).upper())
    run_all_jobs(FIRST)
    (original,) = originals(bureau)
    assert original.sha256 == digest(clip)
    (receipt,) = receipts(bureau)
    assert receipt.outcome == ReceiptOutcome.verified and receipt.stored_sha256 == digest(clip)
    assert bureau.recording(recording_id).original_id == original.id
    (lock,) = custody(bureau, "lock")
    assert lock.detail["locked"] is False and lock.detail["detail"], "a directory says honestly: not locked"
    assert original.locked_until is None and original.lock_mode == "NONE"


def test_a_wrong_declared_hash_keeps_the_bytes_apart_and_never_counts(bureau: Bureau, clip: Path) -> None:
    recording_id = bureau.receive(clip, declared="0" * 64)
    run_all_jobs()
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.refused, "hash_mismatch")
    assert recording.original_id is None
    (receipt,) = receipts(bureau)
    assert receipt.outcome == ReceiptOutcome.mismatch and receipt.stored_sha256 == digest(clip)
    assert originals(bureau) == []
    assert stored_keys() == {receipt.store_key}, "the bytes are kept"
    again = bureau.receive(clip)
    run_all_jobs(FIRST)
    assert bureau.recording(again).merged_into is None
    assert len(stored_keys()) == 2, "the mismatched copy is nobody's duplicate"


def test_the_same_bytes_of_the_same_squad_are_a_second_receipt(bureau: Bureau, clip: Path) -> None:
    first = bureau.receive(clip, officer="360701")
    run_all_jobs(FIRST)
    second = bureau.receive(clip, officer="999", case="城管罚〔2024〕1号", note="第二次")
    run_all_jobs(FIRST)
    assert bureau.recording(second).merged_into == first
    one, two = receipts(bureau)
    assert (one.outcome, two.outcome) == (ReceiptOutcome.verified, ReceiptOutcome.duplicate)
    assert two.recording_id == first
    assert one.store_key == two.store_key, "its own copy is gone"
    assert stored_keys() == {one.store_key}
    survivor = bureau.recording(first)
    assert survivor.claims["officer"] == "360701" and survivor.claims["case"] == "城管罚〔2024〕1号"
    assert survivor.note == "第二次"
    with bureau.session() as session:
        assert get_recording(session, bureau.actor(), second).id == first, "the id stays valid"


def test_a_better_name_and_more_that_is_said_count_when_the_bytes_come_again(
    bureau: Bureau, clip: Path, tmp_path: Path
) -> None:
    with transaction() as session:
        session.add(Officer(certificate_no="000002", name="李四", squad_id=bureau.squad("1")))
        model = RecorderModel(
            code="M",
            name="M",
            conventions={"filename_patterns": [r"(?P<recorder>R-\d+)_(?P<officer>\d{6})_(?P<at>\d{14})"]},
        )
        session.add(model)
        session.flush()
        session.add(Recorder(serial="R-01", squad_id=bureau.squad("1"), model_id=model.id))
    plain, named, other = (
        tmp_path / name
        for name in ("x.mp4", "R-01_000002_20261125100500.mp4", "R-01_000003_20261125113000.mp4")
    )
    for path in (plain, named, other):
        path.write_bytes(clip.read_bytes())
    id_ = bureau.receive(plain)
    run_all_jobs(SAID)
    assert bureau.recording(id_).officer_id is None and bureau.recording(id_).recorded_from is None
    bureau.receive(named, recorder="R-01")
    bureau.receive(other, squad="2", recorder="R-01", note="别的中队")
    run_all_jobs(SAID)
    found = bureau.recording(id_)
    assert found.recorder_id is not None and found.officer_id is not None
    assert found.recorded_from == datetime(2026, 11, 25, 2, 5, tzinfo=UTC)
    assert [(one["name"], one["filled"]) for one in found.claims["also"]] == [
        ("recorder", True), ("officer", True), ("start", True),
    ]  # fmt: skip
    bureau.receive(other)
    run_all_jobs(SAID)
    again = bureau.recording(id_)
    assert (again.officer_id, again.recorded_from) == (found.officer_id, found.recorded_from)
    assert [(one["name"], one["value"]) for one in again.claims["also"] if not one["filled"]] == [
        ("officer", "000003"), ("start", "2026-11-25T03:30:00+00:00"),
    ]  # fmt: skip
    assert "别的中队" not in str(again.claims), "what another squad says of the same bytes stays with it"
    with bureau.session() as session:
        for words in ("x.mp4", "20261125100500", "R-01_000003"):
            hits = search(session, frozenset({bureau.squad("1")}), SearchFilters(q=words)).items
            assert [one.recording_id for one in hits] == [id_], words
        tags = session.scalars(select(Tag.value).where(Tag.recording_id == id_, Tag.name == "said_otherwise"))
        assert sorted(tags) == ["officer 000003", "start 2026-11-25T03:30:00+00:00"]


def test_another_squad_has_its_own_recording_and_learns_nothing(bureau: Bureau, clip: Path) -> None:
    first = bureau.receive(clip, squad="1", note="只给一中队")
    run_all_jobs()
    second = bureau.receive(clip, squad="2")
    run_all_jobs()
    other = bureau.recording(second)
    assert other.merged_into is None and other.original_id == bureau.recording(first).original_id
    assert len(originals(bureau)) == 1 and len(stored_keys()) == 1
    assert other.state == RecordingState.ready and other.playable_at is not None
    assert other.note == "" and "note" not in other.claims
    outcome = next(r.outcome for r in receipts(bureau) if r.recording_id == second)
    assert outcome == ReceiptOutcome.verified, "a word like duplicate would tell of the other squad"
    with bureau.session() as session, pytest.raises(NotFound):
        get_recording(session, bureau.actor("2"), first)
    with bureau.session() as session:
        theirs = session.scalars(select(CustodyEntry).where(CustodyEntry.squad_id == bureau.squad("2"))).all()
    assert str(first) not in str([entry.detail for entry in theirs])


@pytest.mark.parametrize("squads", [("1", "1", "1"), ("1", "2", "1")])
def test_the_same_bytes_at_the_same_moment_become_one_original(
    bureau: Bureau, clip: Path, squads: tuple[str, ...]
) -> None:
    ids = [bureau.receive(clip, squad=squad) for squad in squads]
    with transaction() as session:
        jobs = list(session.scalars(select(Job.id).where(Job.kind == JobKind.intake)))
    start = threading.Barrier(len(jobs))

    def take_in(job_id: UUID) -> None:
        start.wait()
        run_job(job_id, f"worker-{job_id}")

    threads = [threading.Thread(target=take_in, args=(job_id,)) for job_id in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_all_jobs(FIRST)
    (original,) = originals(bureau)
    survivors: dict[str, UUID] = {}
    for recording_id, squad in zip(ids, squads, strict=True):
        recording = bureau.recording(recording_id)
        survivors[squad] = recording.merged_into or recording.id
    for recording_id, squad in zip(ids, squads, strict=True):
        recording = bureau.recording(recording_id)
        assert (recording.merged_into or recording.id) == survivors[squad]
    assert stored_keys() == {original.store_key}
    info = get_store().objects.stat(original.store_key, original.store_version)
    assert info is not None and info.size == original.size
    assert {receipt.store_key for receipt in receipts(bureau)} == {original.store_key}


def test_bytes_that_the_store_lost_come_back_with_their_next_arrival(bureau: Bureau, clip: Path) -> None:
    first = bureau.receive(clip)
    run_all_jobs(FIRST)
    (original,) = originals(bureau)
    get_store().objects.delete(original.store_key)
    bureau.receive(clip)
    run_all_jobs(FIRST)
    (healed,) = originals(bureau)
    assert healed.id == original.id and healed.store_key != original.store_key
    assert get_store().objects.stat(healed.store_key).size == healed.size
    assert custody(bureau, "restore")
    assert bureau.recording(first).original_id == healed.id


def test_what_is_not_a_recording_is_quarantined_and_its_sender_told(bureau: Bureau) -> None:
    recording_id = bureau.receive(b"PK\x03\x04" + b"\0" * 500, name="video.mp4")
    empty = bureau.receive(b"", name="empty.mp4")
    run_all_jobs()
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.refused, "not_a_recording")
    assert bureau.recording(empty).reason == "empty"
    assert {receipt.outcome for receipt in receipts(bureau)} == {ReceiptOutcome.quarantined}
    assert all(original.quarantined for original in originals(bureau))
    with bureau.session() as session:
        kinds = set(session.scalars(select(Job.kind)))
    assert kinds == {JobKind.intake}, "nothing ever renders it"
    assert {entry.action for entry in custody(bureau, "refuse")} == {"refuse"}


def test_taking_in_twice_changes_nothing(bureau: Bureau, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    run_all_jobs()
    before = bureau.recording(recording_id)
    with transaction() as session:
        request_job(session, JobKind.intake, recording_id)
    run_all_jobs()
    after = bureau.recording(recording_id)
    assert dict(after) == dict(before)
    with bureau.session() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 1
        assert session.scalar(select(func.count()).select_from(Recording)) == 1
    assert len(custody(bureau, "lock")) == 1


def test_what_was_committed_unheard_stands_in_custody_once(
    bureau: Bureau, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks between a commit and its answer, at each act for itself."""
    bureau.receive(clip)
    written: set[str] = set()
    unheard: set[str] = set()
    dialect = get_engine().dialect
    commit = dialect.do_commit

    def write(session: Session, _context: object) -> None:
        written.update(entry.action for entry in session.new if isinstance(entry, CustodyEntry))

    def commit_unheard(connection: PoolProxiedConnection) -> None:
        commit(connection)
        acts = written - unheard
        written.clear()
        if acts:
            unheard.update(acts)
            connection.dbapi_connection.close()
            raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(dialect, "do_commit", commit_unheard)
    event.listen(Session, "after_flush", write)
    try:
        run_all_jobs(FIRST)
    finally:
        event.remove(Session, "after_flush", write)
    assert unheard == {"verify", "lock"}
    for act in ("receive", "verify", "lock"):
        assert len(custody(bureau, act)) == 1, act
    (receipt,) = receipts(bureau)
    assert receipt.outcome == ReceiptOutcome.verified


def test_bytes_that_are_gone_fail_with_their_reason(bureau: Bureau, clip: Path) -> None:
    recording_id = bureau.receive(clip)
    get_store().objects.delete(receipts(bureau)[0].store_key)
    with transaction() as session:
        job_id = session.scalars(select(Job.id)).one()
    for _ in range(5):
        with transaction() as session:
            session.get_one(Job, job_id).not_before = session.scalar(select(func.now()))
        run_job(job_id, "a")
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.partial, "intake_failed")
    assert recording.reason_params["because"] == "bytes_missing"
    assert receipts(bureau)[0].outcome == ReceiptOutcome.pending, "never told that it was received"


@pytest.mark.parametrize("brand", [b"\0\0\0\0", b"is\0m", "\u202e".encode() + b"x"])
def test_a_file_whose_brand_is_no_text_is_taken_in(bureau: Bureau, clip: Path, brand: bytes) -> None:
    data = clip.read_bytes()
    recording_id = bureau.receive(data[:8] + brand + data[12:])
    run_all_jobs(FIRST)
    (original,) = originals(bureau)
    assert bureau.recording(recording_id).original_id == original.id
    (receipt,) = receipts(bureau)
    assert receipt.outcome == ReceiptOutcome.verified


def test_a_file_that_asks_for_too_much_is_kept_with_its_fingerprint_and_says_why(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ALLOWED, JobKind.intake, Allowed(1.0))
    data = costly.pictures(48, 2000, 2000)
    recording_id = bureau.receive(data)
    run_all_jobs()
    (original,) = originals(bureau)
    assert original.sha256 == hashlib.sha256(data).hexdigest()
    recording = bureau.recording(recording_id)
    assert (recording.state, recording.reason) == (RecordingState.unplayable, "limit_exceeded")
    with bureau.session() as session:
        tried = session.scalars(select(Job.attempt).where(Job.kind == JobKind.intake)).all()
    assert tried == [1], "the same bytes cost the same again"
