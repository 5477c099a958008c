"""Files that are kept apart: listed with reason and term, decided on by a person, never deleted."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from schemas.accounts import Role
from schemas.custody import CustodyEntry
from schemas.originals import Original
from schemas.quarantine import QuarantineChoice
from schemas.recordings import Receipt, ReceiptOutcome, Recording, RecordingState
from service.desk.operations import queries as attention
from service.footage.recordings import quarantine
from service.footage.recordings.errors import NotInQuarantine
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.errors import NotAllowed, NotFound
from service.kernel.storage import get_store
from tests.fixtures.jobs import Bureau, run_all_jobs

PDF = b"%PDF-1.7 nothing to see here"


@pytest.fixture
def supervisor(bureau: Bureau) -> Actor:
    member = bureau.actor()
    return Actor(member.account_id, "supervisor", Role.supervisor, None)


@pytest.fixture
def refused(bureau: Bureau) -> UUID:
    recording_id = bureau.receive(PDF, name="案卷.pdf")
    run_all_jobs()
    assert bureau.recording(recording_id).state == RecordingState.refused
    return recording_id


def listed(actor: Actor) -> list[quarantine.Held]:
    with transaction() as session:
        return quarantine.listed(session, actor, None, 50).items


def decide(actor: Actor, recording_id: UUID, choice: QuarantineChoice) -> quarantine.Held:
    with transaction() as session:
        return quarantine.decide(session, actor, recording_id, choice, "looked at it")


def over(actor: Actor) -> int:
    with transaction() as session:
        return quarantine.over(session, actor)


def test_it_is_listed_with_its_term_and_a_decision_gives_it_another(
    bureau: Bureau, supervisor: Actor, refused: UUID
) -> None:
    (held,) = listed(supervisor)
    assert (held.recording.id, held.recording.reason) == (refused, "not_a_recording")
    assert held.decide_by == held.recording.received_at + timedelta(days=90) and over(supervisor) == 0
    with transaction() as session:
        session.execute(update(Recording).values(received_at=now() - timedelta(days=91)))
    assert over(supervisor) == 1
    with transaction() as session:
        late = attention.recordings(session, supervisor, "term_over", None, None, 50).items
        assert [one.id for one in late] == [refused]
        assert attention.counts(session, supervisor)["term_over"] == 1
    kept = decide(supervisor, refused, QuarantineChoice.keep)
    assert kept.decide_by is not None and kept.decide_by > now() + timedelta(days=89)
    assert over(supervisor) == 0
    with bureau.session() as session:
        entry = session.scalars(select(CustodyEntry).where(CustodyEntry.action == "decide_quarantine")).one()
        assert (entry.subject_id, entry.detail["choice"]) == (refused, "keep")


def test_what_is_to_be_disposed_of_stays_until_that_is_decided_elsewhere(
    bureau: Bureau, supervisor: Actor, refused: UUID
) -> None:
    with transaction() as session:
        session.execute(update(Recording).values(received_at=now() - timedelta(days=91)))
    decide(supervisor, refused, QuarantineChoice.dispose)
    run_all_jobs()
    (held,) = listed(supervisor)
    assert held.decide_by is None and over(supervisor) == 0
    with bureau.session() as session:
        original = session.scalars(select(Original)).one()
    with get_store().objects.read(original.store_key, original.store_version) as stream:
        assert b"".join(stream) == PDF


def test_what_was_refused_is_taken_in_again_as_files_are_read_today(
    bureau: Bureau, supervisor: Actor, h264_mp4: Path
) -> None:
    recording_id = bureau.receive(h264_mp4, declared="0" * 64)
    run_all_jobs()
    assert bureau.recording(recording_id).reason == "hash_mismatch"
    decide(supervisor, recording_id, QuarantineChoice.again)
    run_all_jobs()
    assert bureau.recording(recording_id).reason == "hash_mismatch", "the same bytes, the same sentence"
    with transaction() as session:  # as if the store had answered wrong bytes then
        session.execute(update(Receipt).values(declared_sha256=None))
    decide(supervisor, recording_id, QuarantineChoice.again)
    run_all_jobs()
    assert bureau.recording(recording_id).state == RecordingState.ready
    assert listed(supervisor) == []
    with bureau.session() as session:
        assert session.scalars(select(Receipt.outcome)).all() == [ReceiptOutcome.verified]


def test_of_another_squad_nobody_learns_and_not_everyone_decides(
    bureau: Bureau, supervisor: Actor, refused: UUID
) -> None:
    other = bureau.actor("2")
    elsewhere = Actor(other.account_id, "supervisor2", Role.supervisor, other.squad_id)
    assert listed(elsewhere) == []
    with pytest.raises(NotFound):
        decide(elsewhere, refused, QuarantineChoice.keep)
    with pytest.raises(NotAllowed):
        decide(bureau.actor(), refused, QuarantineChoice.keep)
    with pytest.raises(NotAllowed):
        listed(bureau.actor())


def test_what_is_not_apart_is_not_decided_on(bureau: Bureau, supervisor: Actor, h264_mp4: Path) -> None:
    recording_id = bureau.receive(h264_mp4)
    with pytest.raises(NotInQuarantine):
        decide(supervisor, recording_id, QuarantineChoice.keep)
