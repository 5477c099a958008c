"""Events through their actions: scope first, then what follows from a change."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.custody import CustodyEntry
from schemas.events import EventCreate, EventUpdate
from schemas.jobs import Job, JobKind
from service.finding.linking.actions import link_recording
from service.finding.linking.relink import LINK_JOBS
from service.kernel.changes import settle
from service.kernel.clock import now
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.registry.events.actions import create_event, update_event
from service.registry.events.errors import (
    DepartureBeforeArrival,
    EventTooLong,
    ExternalIdTaken,
    PlaceUnreadable,
)
from service.registry.events.importers import EventImporter
from service.registry.events.queries import EventFilter, events_without_recording, list_events
from service.registry.events.reads import event_reads
from service.registry.events.rules import NO_OBJECT, object_said
from service.registry.importing.actions import RowReport, run_import
from tests.service.finding.linking.field import Field, at


@pytest.fixture
def field(session: Session) -> Field:
    found = Field(session)
    found.officer("012")
    found.squad("two")
    return found


def wanted(**more: Any) -> EventCreate:
    values = {
        "title": "检查餐馆",
        "kind": "inspection",
        "arrived_at": at("09:00"),
        "departed_at": at("09:30"),
    }
    return EventCreate(**{**values, "squad": "one", "officers": ["012"], **more})


def asked(field: Field) -> set:
    settle(field.session)
    return set(field.session.scalars(select(Job.subject_id).where(Job.kind == JobKind.link)).all())


def test_only_those_who_may_and_only_for_a_squad_in_sight(field: Field) -> None:
    with pytest.raises(NotAllowed):
        create_event(field.session, field.actor(Role.auditor), wanted())
    with pytest.raises(Invalid):
        create_event(field.session, field.actor(Role.member, "two"), wanted())
    event = create_event(field.session, field.actor(Role.member, "one"), wanted())
    with pytest.raises(NotFound):
        update_event(field.session, field.actor(Role.member, "two"), event.id, EventUpdate(title="x"))


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"departed_at": at("08:00")}, DepartureBeforeArrival),
        ({"latitude": 25.8}, PlaceUnreadable),
        ({"latitude": 125.8, "longitude": 0}, PlaceUnreadable),
        ({"officers": ["999"]}, Invalid),
        ({"case": "蓉城管罚〔2024〕9号"}, Invalid),
        ({"squad": "nine"}, Invalid),
    ],
)
def test_what_cannot_be_is_refused(field: Field, values: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        create_event(field.session, field.actor(Role.admin), wanted(**values))


def test_a_departure_in_years_does_not_put_a_missing_event_off_until_then(field: Field) -> None:
    """Before its deadline an event stands in no figure."""
    admin = field.actor(Role.admin)
    event = create_event(field.session, admin, wanted(external_id="E-1"))
    with pytest.raises(EventTooLong):
        update_event(field.session, admin, event.id, EventUpdate(departed_at=at("09:30").replace(year=2099)))
    table = "编号,标题,类别,抵达,离开,中队\nE-1,检查,巡查,2024-06-03 09:00,2099-06-03 09:30,one\n"
    report = run_import(EventImporter(field.session, admin), table.encode(), "text/csv", dry_run=True)
    assert report.counts["refused"] == 1


def test_an_external_id_is_taken_once_and_a_title_is_never_nothing(field: Field) -> None:
    admin = field.actor(Role.admin)
    event = create_event(field.session, admin, wanted(external_id="E-1"))
    with pytest.raises(ExternalIdTaken):
        create_event(field.session, admin, wanted(external_id="E-1"))
    with pytest.raises((Invalid, ValidationError)):
        update_event(field.session, admin, event.id, EventUpdate(title=None))
    for blank in ("", "  "):
        with pytest.raises(Invalid):
            update_event(field.session, admin, event.id, EventUpdate(title=blank))
        with pytest.raises(Invalid):
            create_event(field.session, admin, wanted(title=blank))
    field.session.refresh(event)
    for _ in range(2):  # an empty number is none
        assert create_event(field.session, admin, wanted(external_id="")).external_id is None


def test_an_event_asks_for_the_recordings_near_it_and_for_no_others(field: Field) -> None:
    near = field.recording(at("09:00"), at("09:10"))
    of_officer = field.recording(at("09:00"), at("09:10"), squad="two")
    of_officer.officer_id = field.officer("012").id
    field.recording(at("09:00"), at("09:10"), squad="two")
    field.recording(at("09:00", 5), at("09:10", 5))
    event = create_event(field.session, field.actor(Role.admin), wanted())
    assert asked(field) == {near.id, of_officer.id}
    far = field.recording(at("09:00", 9), at("09:10", 9))
    update_event(
        field.session,
        field.actor(Role.admin),
        event.id,
        EventUpdate(arrived_at=at("09:00", 9), departed_at=at("09:10", 9)),
    )
    assert asked(field) == {near.id, of_officer.id, far.id}


def test_a_change_of_words_alone_links_nothing_anew_and_is_on_record(field: Field) -> None:
    admin = field.actor(Role.admin)
    field.recording(at("09:00"), at("09:10"))
    event = create_event(field.session, admin, wanted())
    settle(field.session, through=LINK_JOBS)
    jobs = {job.subject_id: job.requested for job in field.session.scalars(select(Job))}
    update_event(field.session, admin, event.id, EventUpdate(title="复查"))
    settle(field.session, through=LINK_JOBS)
    field.session.expire_all()
    assert {job.subject_id: job.requested for job in field.session.scalars(select(Job))} == jobs
    edit = field.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "edit")).one()
    assert edit.detail == {"before": {"title": "检查餐馆"}, "after": {"title": "复查"}}


def test_lists_filter_page_and_know_what_is_not_recorded(field: Field) -> None:
    admin = field.actor(Role.admin)
    made = [
        create_event(
            field.session, admin, wanted(title=f"第{n}次", arrived_at=at(f"0{n}:00"), departed_at=None)
        )
        for n in range(1, 6)
    ]
    first = list_events(field.session, admin, EventFilter(), limit=2)
    second = list_events(field.session, admin, EventFilter(), cursor=first.next, limit=2)
    last = list_events(field.session, admin, EventFilter(), cursor=second.next, limit=2)
    seen = [event.id for page in (first, second, last) for event in page.items]
    assert seen == [event.id for event in reversed(made)] and last.next is None
    recording = field.recording(at("05:00"), at("05:10"), officer="012")
    link_recording(field.session, recording.id)
    field.session.commit()
    bare = list_events(field.session, admin, EventFilter(recorded=False))
    assert made[4].id not in {event.id for event in bare.items} and len(bare.items) == 4
    assert [event.id for event in events_without_recording(field.session, admin)] == [e.id for e in made[:4]]
    assert list_events(field.session, field.actor(Role.member, "two"), EventFilter()).items == []
    by_words = list_events(field.session, admin, EventFilter(q="第3", officer="012", squad="one"))
    assert [event.id for event in by_words.items] == [made[2].id]
    with pytest.raises(Invalid):
        list_events(field.session, admin, EventFilter(), cursor="rubbish")


# ---- the object of an inspection ----------------------------------------------------------------------------------


@given(st.none() | st.sampled_from(sorted(NO_OBJECT)) | st.text(max_size=20))
def test_what_was_inspected_is_said_once_and_reading_it_again_changes_nothing(said: str | None) -> None:
    read = object_said(said)
    assert (read is None) == (said is None)
    assert object_said(read) == read


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (None, None),
        ("——", ""),
        ("－－", ""),
        ("...", ""),
        ("无。", ""),
        ("无（巡查）", ""),
        ("N/A", ""),
        ("不适用", ""),
        ("无锡路5号", "无锡路5号"),
        ("", ""),
        ("  ", ""),
        ("无", ""),
        ("無", ""),
        ("无具体对象", ""),
        ("－", ""),
        ("Ｎｏｎｅ", ""),
        (" 某餐馆 ", "某餐馆"),
        ("无锡小笼包店", "无锡小笼包店"),
        ("三无产品摊位", "三无产品摊位"),
    ],
)
def test_a_patrol_without_an_object_is_told_from_an_object_that_nobody_named(
    field: Field, said: str | None, kept: str | None
) -> None:
    admin = field.actor(Role.admin)
    event = create_event(field.session, admin, wanted(object=said))
    assert event.object == kept
    event = create_event(field.session, admin, wanted(object="某工地"))
    assert update_event(field.session, admin, event.id, EventUpdate(title="改")).object == "某工地"
    assert update_event(field.session, admin, event.id, EventUpdate(object=said)).object == kept


def test_a_table_says_the_object_says_that_there_was_none_or_leaves_it_open(field: Field) -> None:
    admin = field.actor(Role.admin)
    head = "外部编号,标题,类别,抵达时间,中队,{},当事人"

    def run(header: str, *lines: str) -> list[tuple]:
        table = "\n".join([head.format(header), *lines])
        report = run_import(EventImporter(field.session, admin), table.encode(), "text/csv", dry_run=False)
        assert report.counts["refused"] == 0, report
        found = list_events(field.session, admin, EventFilter()).items
        return sorted((one.external_id, one.object, one.party) for one in found)

    lines = [f"{name},检查,日常巡查,2024-06-03 09:00,one,{said},{party}" for name, said, party in (
        ("A", "某餐馆", ""), ("B", "无", ""), ("C", "", "李某"),
    )]  # fmt: skip
    told = [("A", "某餐馆", ""), ("B", "", ""), ("C", None, "李某")]
    assert run("检查对象", *lines) == told
    again = [line.replace("某餐馆", "").replace("无", "") for line in lines]
    assert run("巡查对象", *again) == told, "an empty cell says nothing"
    assert run("被检查单位", lines[0].replace("某餐馆", "某工地"))[0] == ("A", "某工地", "")


def test_an_event_is_found_by_what_it_inspected(field: Field) -> None:
    admin = field.actor(Role.admin)
    event = create_event(field.session, admin, wanted(object="章江大饭店"))
    create_event(field.session, admin, wanted(title="别的"))
    assert [one.id for one in list_events(field.session, admin, EventFilter(q="章江")).items] == [event.id]


@pytest.mark.parametrize("half", [{"latitude": 25.8}, {"longitude": 114.9}])
def test_half_a_place_gets_a_sentence_in_a_table_as_in_the_api(field: Field, half: dict[str, float]) -> None:
    with pytest.raises(PlaceUnreadable):
        create_event(field.session, field.actor(Role.admin), wanted(**half))
    row = {
        "external_id": "E-1",
        "title": "t",
        "kind": "inspection",
        "squad": "one",
        "arrived_at": "2024-06-03 09:00",
    }
    (report,) = _imported(field, row | half)
    assert report.problem == PlaceUnreadable().say()


def test_a_time_years_ahead_is_taken_with_a_note(field: Field) -> None:
    row = {"external_id": "E-1", "title": "t", "kind": "inspection", "squad": "one"}
    for arrived, noted in ((now() + timedelta(days=800), True), (now() + timedelta(days=30), False)):
        (report,) = _imported(field, row | {"arrived_at": arrived.isoformat()})
        assert bool(report.note) == noted and report.problem is None
        event = create_event(
            field.session, field.actor(Role.admin), wanted(arrived_at=arrived, departed_at=None)
        )
        assert bool(event_reads(field.session, [event])[0].notes) == noted


def _imported(field: Field, row: dict[str, Any]) -> list[RowReport]:
    data = json.dumps([row]).encode()
    importer = EventImporter(field.session, field.actor(Role.admin))
    return run_import(importer, data, "application/json", dry_run=False).rows
