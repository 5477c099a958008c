"""Who sends a file can say any number with it. What another squad has is neither recorded, measured nor told by that."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from schemas.accounts import Account, Role
from schemas.cases import Case
from schemas.clocks import ClockOffset
from schemas.coverage import EventCoverage
from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.links import Link, LinkState
from schemas.people import Officer, Roster
from schemas.recorders import Assignment, Recorder, RecorderModel
from schemas.recordings import Recording
from service.access.actions import open_session
from service.app import create_app
from service.footage.announcements.actions import announce
from service.footage.announcements.lists import Listed
from service.kernel.database import transaction
from service.registry.cases.rules import case_number_fold
from service.registry.conventions.actions import keep_sidecar
from service.registry.conventions.rules import Facts
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage

BEGAN = datetime(2024, 6, 3, 1, 0, tzinfo=UTC)
EVENT, OFFICER, SERIAL, CASE = "EXT-2-1", "0201", "R-0201", "蓉城管罚〔2024〕201号"
NONE = {EVENT: "EXT-9-9", OFFICER: "0999", SERIAL: "R-0999", CASE: "蓉城管罚〔2024〕999号"}
SAID = {
    "recorded_at": BEGAN.isoformat(),
    "event": EVENT,
    "officer": OFFICER,
    "recorder": SERIAL,
    "case": CASE,
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return footage(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=1.0, size="320x240", rate=10)


@pytest.fixture
def theirs(bureau: Bureau) -> dict[str, UUID]:
    """The second squad: an event of its own officer, who holds its own recorder, in its own case."""
    bureau.squad("1")
    squad = bureau.squad("2")
    with transaction() as session:
        model = RecorderModel(code="M-2", conventions={"clock_zone": "UTC"})
        case = Case(number=CASE, number_folded=case_number_fold(CASE), title="案由", squad_id=squad)
        officer = Officer(certificate_no=OFFICER, name="队员 0201", squad_id=squad)
        session.add_all([model, case, officer])
        session.flush()
        recorder = Recorder(serial=SERIAL, squad_id=squad, model_id=model.id)
        event = EnforcementEvent(
            title="油烟检查", kind=EventKind.inspection, squad_id=squad, external_id=EVENT, case_id=case.id,
            arrived_at=BEGAN - timedelta(minutes=5), departed_at=BEGAN + timedelta(minutes=5),
        )  # fmt: skip
        session.add_all([recorder, event])
        session.flush()
        held = Assignment(
            recorder_id=recorder.id, officer_id=officer.id, held_from=BEGAN - timedelta(hours=1)
        )
        session.add_all([held, EventOfficer(event_id=event.id, officer_id=officer.id)])
    return {
        "event": event.id,
        "officer": officer.id,
        "recorder": recorder.id,
        "case": case.id,
        "squad": squad,
    }


def links(bureau: Bureau, recording: UUID) -> dict[UUID, LinkState]:
    with bureau.session() as session:
        rows = session.scalars(select(Link).where(Link.recording_id == recording))
        return {one.event_id or one.case_id: LinkState(one.state) for one in rows}


def shown(bureau: Bureau, recording: UUID) -> dict[str, Any]:
    """What the API tells the member who sent it, without what names this one recording."""
    with transaction() as session:
        account = session.get_one(Account, bureau.actor("1").account_id)
        headers = {"Authorization": f"Bearer {open_session(session, account)[0]}"}
    client = TestClient(create_app(), base_url="http://localhost")
    answer = client.get(f"/api/v1/recordings/{recording}", headers=headers).json()
    found = client.get("/api/v1/recordings?linked=yes", headers=headers).json()["items"]
    kept = {
        name: answer[name]
        for name in (
            "officer_id",
            "recorder_id",
            "tags",
            "links",
            "recorded_from",
            "recorded_to",
            "clock",
            "claims",
        )
    }
    for tag in kept["tags"]:
        tag.pop("id", None)
    return kept | {"linked": str(recording) in {one["id"] for one in found}}


def declared(bureau: Bureau, clip: Path, said: dict[str, str]) -> UUID:
    return bureau.receive(clip, name="a.mp4", **said)


def in_a_sidecar(bureau: Bureau, clip: Path, said: dict[str, str]) -> UUID:
    beside = {"FileName": "a.mp4", **{name: said[name] for name in ("event", "officer", "recorder", "case")}}
    with transaction() as session:
        session.add(
            RecorderModel(
                code="M-1",
                conventions={
                    "sidecar": {
                        "file_name": ["FileName"],
                        **{name: [name] for name in ("event", "officer", "recorder", "case")},
                    }
                },
            )
        )
    with transaction() as session:
        keep_sidecar(session, bureau.squad("1"), "a.json", json.dumps(beside).encode())
    return bureau.receive(clip, name="a.mp4", recorded_at=said["recorded_at"])


def in_its_name(bureau: Bureau, clip: Path, said: dict[str, str]) -> UUID:
    with transaction() as session:
        pattern = r"(?P<recorder>R-\d+)_(?P<officer>\d{4})_(?P<event>[A-Z0-9-]+)"
        session.add(RecorderModel(code="M-1", conventions={"filename_patterns": [pattern]}))
    name = f"{said['recorder']}_{said['officer']}_{said['event']}.mp4"
    return bureau.receive(clip, name=name, recorded_at=said["recorded_at"])


@pytest.mark.parametrize("send", [declared, in_a_sidecar, in_its_name])
def test_what_is_only_said_of_another_squads_event_is_an_offer_and_tells_nothing(
    bureau: Bureau, theirs: dict[str, UUID], clip: Path, send: Callable[[Bureau, Path, dict[str, str]], UUID]
) -> None:
    first = send(bureau, clip, SAID)
    run_all_jobs()
    assert set(links(bureau, first).values()) <= {LinkState.offered}
    with bureau.session() as session:
        kept = session.scalars(select(EventCoverage).where(EventCoverage.event_id == theirs["event"])).all()
        assert {(one.links, one.recorded_s) for one in kept} <= {(0, 0.0)}
        assert session.scalars(select(ClockOffset)).all() == []
    answer = shown(bureau, first)
    names = {tag["name"] for tag in answer["tags"]}
    assert not names & {"event", "officer", "recorder", "case"}
    assert (answer["officer_id"], answer["recorder_id"], answer["links"], answer["linked"]) == (
        None,
        None,
        [],
        False,
    )


def test_another_squads_numbers_are_answered_as_numbers_that_nobody_has(
    bureau: Bureau, theirs: dict[str, UUID], clip: Path
) -> None:
    said = SAID | {
        "device_time": (BEGAN + timedelta(minutes=3)).isoformat(),
        "device_time_at": BEGAN.isoformat(),
    }
    unknown = {name: NONE.get(value, value) for name, value in said.items()}
    first = bureau.receive(clip, name="a.mp4", **said)
    second = bureau.receive(clip.read_bytes() + b"\0" * 8, name="a.mp4", **unknown)
    run_all_jobs()
    told, nothing = (
        json.dumps(shown(bureau, one), ensure_ascii=False, sort_keys=True) for one in (first, second)
    )
    for known, nobodys in NONE.items():
        told = told.replace(known, nobodys)
    assert told == nothing
    with bureau.session() as session:
        assert session.scalars(select(ClockOffset)).all() == [], "its recorder's clock was measured"


def test_a_list_of_ones_own_station_says_nothing_of_anothers_recorder(
    bureau: Bureau, theirs: dict[str, UUID]
) -> None:
    facts = Facts(
        recorder=SERIAL, officer=OFFICER, file_id="1", start=BEGAN, end=BEGAN + timedelta(minutes=1)
    )
    with transaction() as session:
        announce(session, bureau.actor("1"), [Listed("a.mp4", facts)], squad_id=bureau.squad("1"))
    run_all_jobs()
    with bureau.session() as session:
        recorder = session.get_one(Recorder, theirs["recorder"])
        assert recorder.last_dock_at is None
    with bureau.session() as session:
        (listed,) = session.scalars(select(Recording))
        assert (listed.recorder_id, listed.officer_id) == (None, None)


@pytest.mark.parametrize("proof", ["holder", "roster", "own officer", "nothing"])
def test_holder_and_roster_prove_that_the_squad_was_there(
    bureau: Bureau, theirs: dict[str, UUID], clip: Path, proof: str
) -> None:
    """Another squad's event: its officer held one of this squad's recorders; was on duty for this squad; or one of this
    squad's officers took part."""
    squad, said = bureau.squad("1"), {"recorded_at": BEGAN.isoformat(), "event": EVENT, "officer": OFFICER}
    with transaction() as session:
        mine = Officer(certificate_no="0101", name="队员 0101", squad_id=squad)
        own = Recorder(serial="R-0101", squad_id=squad)
        session.add_all([mine, own])
        session.flush()
        if proof == "holder":
            said = {"recorded_at": BEGAN.isoformat(), "event": EVENT, "recorder": "R-0101"}
            since = BEGAN - timedelta(hours=1)
            session.add(Assignment(recorder_id=own.id, officer_id=theirs["officer"], held_from=since))
        if proof == "roster":
            since, until = BEGAN - timedelta(hours=2), BEGAN + timedelta(hours=6)
            session.add(Roster(officer_id=theirs["officer"], squad_id=squad, starts_at=since, ends_at=until))
        if proof == "own officer":
            said = said | {"officer": "0101"}
            session.add(EventOfficer(event_id=theirs["event"], officer_id=mine.id))
    recording = bureau.receive(clip, name="a.mp4", **said)
    run_all_jobs()
    wanted = LinkState.offered if proof == "nothing" else LinkState.automatic
    assert links(bureau, recording)[theirs["event"]] == wanted


def test_who_sees_the_whole_bureau_may_send_in_files_of_any_recorder(
    bureau: Bureau, theirs: dict[str, UUID], clip: Path
) -> None:
    with transaction() as session:
        account = session.get_one(Account, bureau.actor("1").account_id)
        account.role, account.squad_id = Role.admin, None
        session.add(account)
    recording = bureau.receive(clip, name="a.mp4", **SAID)
    run_all_jobs()
    assert bureau.recording(recording).recorder_id == theirs["recorder"]
    assert links(bureau, recording)[theirs["event"]] == LinkState.offered
