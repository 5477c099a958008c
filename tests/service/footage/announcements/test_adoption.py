"""Bytes and announcement become one recording, whichever comes first, at whatever moment, through a kill."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from schemas.accounts import Role
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.jobs import JobKind
from schemas.links import Link, LinkState
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Receipt, Recording, RecordingState, Tag
from service.finding.linking.actions import confirm
from service.footage.announcements.actions import announce, withdraw
from service.footage.announcements.lists import Listed
from service.kernel import database
from service.kernel.storage import get_store
from service.registry.conventions.actions import keep_sidecar
from service.registry.conventions.rules import Facts
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage

START = datetime(2024, 6, 3, 1, tzinfo=UTC)
EARLY = (JobKind.intake, JobKind.playable, JobKind.tags, JobKind.link)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=1.0, size="320x240", rate=10)


@pytest.fixture
def field(bureau: Bureau) -> Bureau:
    squad = bureau.squad("1")
    bureau.squad("2")
    with database.transaction() as session:
        session.add_all([Recorder(serial="R-07", squad_id=squad), Recorder(serial="R-08", squad_id=squad)])
        session.add(Officer(certificate_no="012", name="队员 012", squad_id=squad))
    return bureau


def listed(name: str = "1.mp4", **more: Any) -> Listed:
    facts: dict[str, Any] = {
        "recorder": "R-07",
        "start": START,
        "end": START + timedelta(minutes=20),
        "officer": "012",
    }
    return Listed(name, Facts(**facts | more))


def say(field: Bureau, *files: Listed, squad: str = "1") -> list[str]:
    with database.transaction() as session:
        return [str(one) for one in announce(session, field.actor(squad), files, squad_id=field.squad(squad))]


def only(field: Bureau) -> Recording:
    with field.session() as session:
        return session.scalars(select(Recording).where(Recording.merged_into.is_(None))).one()


def tags_of(field: Bureau, recording_id: UUID) -> dict[str, str]:
    with field.session() as session:
        return {
            one.name: one.value
            for one in session.scalars(select(Tag).where(Tag.recording_id == recording_id))
        }


def test_the_bytes_take_the_announced_id_its_links_and_its_papers(field: Bureau, short: Path) -> None:
    size, md5 = short.stat().st_size, hashlib.md5(short.read_bytes()).hexdigest()
    with database.transaction() as session:
        officer = session.scalars(select(Officer)).one()
        event = EnforcementEvent(
            title="检查", kind=EventKind.inspection, arrived_at=START, departed_at=START + timedelta(minutes=20),
            squad_id=field.squad("1"),
        )  # fmt: skip
        session.add(event)
        session.flush()
        session.add(EventOfficer(event_id=event.id, officer_id=officer.id))
    say(field, listed(size=size, md5=md5, file_id="F1", flags=("locked",)))
    run_all_jobs(EARLY)
    announced = only(field)
    with database.transaction() as session:
        link = session.scalars(select(Link)).one()
        assert link.state == LinkState.automatic
        confirm(session, field.actor("1"), link.id)
    arrived = field.receive(short, name="1.MP4", recorder="R-07")
    assert arrived == announced.id
    run_all_jobs(EARLY)
    taken = only(field)
    assert taken.state == RecordingState.processing and taken.original_id is not None
    assert taken.announced_at is not None and taken.received_at > announced.received_at
    assert taken.device_file_id == "F1" and taken.officer_id == announced.officer_id
    with field.session() as session:
        assert session.scalars(select(Link)).one().id == link.id
        receive = session.scalars(select(CustodyEntry).where(CustodyEntry.action == "receive")).one()
        assert receive.detail["announced_at"]
    found = tags_of(field, taken.id)
    assert "flag_locked" in found and not {"size_differs", "md5_differs"} & set(found)
    assert say(field, listed(size=size, md5=md5, file_id="F1", flags=("locked",))) == ["unchanged"]


def test_another_size_and_checksum_are_shown_and_nothing_is_lost(field: Bureau, short: Path) -> None:
    say(field, listed(size=7, md5="0" * 32))
    arrived = field.receive(short, name="1.mp4", recorder="R-07")
    assert tags_of(field, arrived)["size_differs"] == f"7 ≠ {short.stat().st_size}"  # at once
    run_all_jobs(EARLY)
    found = tags_of(field, arrived)
    assert found["size_differs"].startswith("7 ≠") and found["md5_differs"].startswith("0" * 32)
    assert only(field).id == arrived


def test_a_checksum_of_a_sidecar_that_comes_late_is_compared_too(field: Bureau, short: Path) -> None:
    arrived = field.receive(short, name="1.mp4", recorder="R-07")
    run_all_jobs(EARLY)
    papers = {
        "FileName": "1.mp4",
        "MD5": "f" * 32,
        "Flags": [5],
        "UniqueID": "U-9",
        "OriginalDeviceID": "R-07",
    }
    with database.transaction() as session:
        kept = keep_sidecar(session, field.squad("1"), "list.json", json.dumps(papers).encode())
        assert list(kept) == ["1.mp4"]
    run_all_jobs(EARLY)
    found = tags_of(field, arrived)
    assert found["md5_differs"].startswith("f" * 32) and "flag_tagged" in found
    assert only(field).device_file_id == "U-9"


@pytest.mark.parametrize(
    ("name", "claims"), [("1.mp4", {"recorder": "R-08"}), ("2.mp4", {"recorder": "R-07"}), ("1.mp4", {})]
)
def test_bytes_of_another_recorder_another_name_or_of_nobody_known_are_their_own(
    field: Bureau, name: str, claims: dict[str, Any]
) -> None:
    say(field, listed(size=999))
    arrived = field.receive(b"bytes", name=name, **claims)
    with field.session() as session:
        states = {one.id: one.state for one in session.scalars(select(Recording))}
    assert len(states) == 2 and states[arrived] == RecordingState.processing


def test_bytes_of_another_squad_never_take_it(field: Bureau) -> None:
    say(field, listed())
    arrived = field.receive(b"bytes", name="1.mp4", squad="2", recorder="R-07")
    with field.session() as session:
        assert session.get_one(Recording, arrived).squad_id == field.squad("2")
        assert len(session.scalars(select(Recording)).all()) == 2


def test_an_id_that_only_the_sidecar_knows_leads_to_the_announced_one(field: Bureau) -> None:
    say(field, listed("F1", file_id="F1"))
    papers = {"FileName": "1.mp4", "UniqueID": "F1", "OriginalDeviceID": "R-07"}
    with database.transaction() as session:
        keep_sidecar(session, field.squad("1"), "list.json", json.dumps(papers).encode())
    announced = only(field).id
    assert field.receive(b"bytes", name="1.mp4") == announced


def test_papers_read_later_join_bytes_and_announcement_and_both_ids_hold(field: Bureau, short: Path) -> None:
    say(field, listed("F1", file_id="F1"))
    announced = only(field).id
    run_all_jobs(EARLY)
    arrived = field.receive(short, name="1.mp4")
    assert arrived != announced
    papers = {"FileName": "1.mp4", "UniqueID": "F1", "OriginalDeviceID": "R-07"}
    with database.transaction() as session:
        keep_sidecar(session, field.squad("1"), "list.json", json.dumps(papers).encode())
    run_all_jobs(EARLY)
    joined = only(field)
    assert joined.id == arrived and joined.device_file_id == "F1" and joined.announced_at is not None
    assert joined.recorded_from is not None
    assert field.recording(announced).merged_into == arrived


def test_withdrawn_and_yet_received_is_what_it_is(field: Bureau, short: Path) -> None:
    say(field, listed())
    announced = only(field).id
    with database.transaction() as session:
        actor = field.actor("1")
        withdraw(session, replace(actor, role=Role.supervisor), announced, "设备丢失")
    assert field.receive(short, name="1.mp4", recorder="R-07") == announced
    run_all_jobs(EARLY)
    taken = only(field)
    assert taken.state == RecordingState.processing and taken.reason is None


def test_a_file_that_is_no_recording_stays_one_row_and_says_so(field: Bureau) -> None:
    say(field, listed(size=5))
    arrived = field.receive(b"bytes", name="1.mp4", recorder="R-07")
    run_all_jobs(EARLY)
    taken = only(field)
    assert (taken.id, taken.state) == (arrived, RecordingState.refused)
    assert say(field, listed(size=5)) == ["unchanged"]


def test_two_arrivals_at_one_moment_one_takes_it_the_other_is_its_own(field: Bureau) -> None:
    say(field, listed())
    start, ids = threading.Barrier(4), []

    def arrive(n: int) -> None:
        start.wait()
        ids.append(field.receive(f"bytes {n}".encode(), name="1.mp4", recorder="R-07"))

    threads = [threading.Thread(target=arrive, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with field.session() as session:
        rows = session.scalars(select(Recording)).all()
        assert len(ids) == len(set(ids)) == len(rows) == 4
        assert sum(row.announced_at is not None for row in rows) == 1
        assert not [row for row in rows if row.state == RecordingState.announced]


def test_a_list_and_an_arrival_at_one_moment_never_make_two(field: Bureau) -> None:
    for n in range(8):
        start = threading.Barrier(2)

        def arrive(n: int = n, start: threading.Barrier = start) -> None:
            start.wait()
            field.receive(f"bytes {n}".encode(), name=f"{n}.mp4", recorder="R-07")

        thread = threading.Thread(target=arrive)
        thread.start()
        start.wait()
        say(field, listed(f"{n}.mp4", size=None))
        thread.join(60)
    with field.session() as session:
        rows = session.scalars(select(Recording)).all()
    assert sorted(row.file_name for row in rows) == [f"{n}.mp4" for n in range(8)]
    assert all("announced" in row.claims for row in rows)


def test_two_lists_at_one_moment_announce_once(field: Bureau) -> None:
    start, outcomes = threading.Barrier(3), []

    def list_it() -> None:
        start.wait()
        outcomes.extend(say(field, *(listed(f"{n}.mp4") for n in range(20))))

    threads = [threading.Thread(target=list_it) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes.count("created") == 20 and outcomes.count("unchanged") == 40
    with field.session() as session:
        assert len(session.scalars(select(Recording)).all()) == 20


def test_a_kill_before_the_commit_leaves_it_announced_and_the_next_try_takes_it(
    field: Bureau, short: Path
) -> None:
    say(field, listed())
    announced = only(field).id
    stored = get_store().objects.put_file("originals/killed", short)
    command = [sys.executable, "-m", "tests.service.footage.announcements.dying_arrival"]
    ended = subprocess.run(
        [*command, str(field.squad("1")), stored.key, str(stored.size)],
        env={**os.environ, **field.env}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == -9 and ended.stdout.split() == [str(announced), "processing"], ended.stderr
    left = only(field)
    assert left.state == RecordingState.announced
    with field.session() as session:
        assert session.scalars(select(Receipt)).all() == []
    assert field.receive(short, name="1.mp4", recorder="R-07") == announced
    run_all_jobs(EARLY)
    assert only(field).state == RecordingState.processing
