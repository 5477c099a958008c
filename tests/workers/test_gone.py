"""A recording that was linked and then turned out to be refused, or one that is there already: nobody's links rest on
what it said any more."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select

from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.jobs import JobKind
from schemas.links import Link, LinkEvidence
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Recording, RecordingState
from service.footage.announcements.actions import announce
from service.footage.announcements.lists import Listed
from service.kernel import database
from service.registry.conventions.rules import Facts
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage

START = datetime(2024, 6, 3, 1, tzinfo=UTC)
HALF = timedelta(minutes=20)
EARLY = (JobKind.intake, JobKind.playable, JobKind.tags, JobKind.link)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=1.0, size="320x240", rate=10)


def _act(bureau: Bureau) -> tuple[UUID, UUID]:
    """Two files of one act as a station lists them. Only the first one names the officer."""
    squad = bureau.squad("1")
    with database.transaction() as session:
        officer = Officer(certificate_no="012", name="队员 012", squad_id=squad)
        event = EnforcementEvent(
            title="检查",
            kind=EventKind.inspection,
            arrived_at=START,
            departed_at=START + 2 * HALF,
            squad_id=squad,
        )
        session.add_all([Recorder(serial="R-07", squad_id=squad), officer, event])
        session.flush()
        session.add(EventOfficer(event_id=event.id, officer_id=officer.id))
    files = [
        Listed("1.mp4", Facts(recorder="R-07", start=START, end=START + HALF, officer="012")),
        Listed("2.mp4", Facts(recorder="R-07", start=START + HALF, end=START + 2 * HALF)),
    ]
    with database.transaction() as session:
        announce(session, bureau.actor("1"), files, squad_id=squad)
    run_all_jobs(EARLY)
    with bureau.session() as session:
        found = {one.file_name: one.id for one in session.scalars(select(Recording))}
    assert "run_officer" in _said(bureau, found["2.mp4"])
    return found["1.mp4"], found["2.mp4"]


def _said(bureau: Bureau, recording_id: UUID) -> set[str]:
    with bureau.session() as session:
        links = session.scalars(select(Link).where(Link.recording_id == recording_id)).all()
    return {reason["code"] for link in links for reason in link.reasons}


def _nothing_rests_on(bureau: Bureau, gone: UUID, other: UUID) -> None:
    assert "run_officer" not in _said(bureau, other)
    assert _said(bureau, gone) == set()
    with bureau.session() as session:
        assert session.get_one(LinkEvidence, gone).recorder_id is None


def test_one_whose_bytes_are_not_those_declared(bureau: Bureau, short: Path) -> None:
    head, rest = _act(bureau)
    assert bureau.receive(short, name="1.mp4", declared="0" * 64, recorder="R-07") == head
    run_all_jobs(EARLY)
    assert bureau.recording(head).state == RecordingState.refused
    _nothing_rests_on(bureau, head, rest)


def test_one_that_is_no_recording(bureau: Bureau) -> None:
    head, rest = _act(bureau)
    assert bureau.receive(b"#EXTM3U\n" + b"x" * 5000, name="1.mp4", recorder="R-07") == head
    run_all_jobs(EARLY)
    assert bureau.recording(head).state == RecordingState.refused
    _nothing_rests_on(bureau, head, rest)


def test_one_that_is_merged_into_the_recording_of_the_same_bytes(bureau: Bureau, short: Path) -> None:
    first = bureau.receive(short, name="0.mp4")
    run_all_jobs(EARLY)
    head, rest = _act(bureau)
    assert bureau.receive(short, name="1.mp4", recorder="R-07") == head
    run_all_jobs(EARLY)
    assert bureau.recording(head).merged_into == first
    _nothing_rests_on(bureau, head, rest)
