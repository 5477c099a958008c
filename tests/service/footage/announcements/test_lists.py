"""A station's list: taken in once, told of everything, and nothing lost by a shorter one."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.clocks import ClockOffsetCreate
from schemas.custody import CustodyEntry
from schemas.events import EventKind
from schemas.jobs import Job, JobKind
from schemas.links import LinkState
from schemas.matters import MatterList, RecordingMatter
from schemas.recordings import Recording, RecordingState
from service.access.queries import get_recording
from service.finding.linking.actions import link_recording
from service.finding.linking.queries import unlinked_recordings
from service.finding.search.criteria import SearchFilters
from service.finding.search.queries import search
from service.footage.announcements.actions import restore, withdraw
from service.footage.announcements.errors import NotAnnounced, NotWithdrawn
from service.footage.announcements.importers import AnnouncementImporter
from service.footage.announcements.lists import GONE
from service.footage.announcements.queries import list_announced
from service.footage.recordings.errors import NothingToRemove, NotReceived
from service.footage.recordings.queries import original_bytes
from service.footage.recordings.removal import ask_removal
from service.kernel.changes import settle
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.registry.clocks.actions import add_offset
from service.registry.importing.actions import Report, run_import
from service.registry.importing.errors import ImportUnreadable
from tests.fixtures.statements import counted_statements
from tests.service.finding.linking.field import ZONE, Field, at
from tests.service.registry.importing.tables import outcomes


@pytest.fixture
def field(session: Session) -> Field:
    found = Field(session)
    found.hold("R-07", "012", at("08:00"), at("18:00"))
    found.squad("two")
    return found


def file(name: str, start: str = "09:00", end: str = "09:20", **more: Any) -> dict:
    return {
        "file_name": name, "recorder": "R-07", "start": at(start).isoformat(), "end": at(end).isoformat(),
        "size": 1000, **more,
    }  # fmt: skip


def bring(
    field: Field,
    rows: list[dict] | str,
    *,
    when: str = "18:00",
    squad: str = "one",
    dry_run: bool = False,
    **more: Any,
) -> tuple[Report, int]:
    importer = AnnouncementImporter(
        field.session, field.actor(more.pop("role", Role.member), squad), squad_id=field.squad(squad).id,
        listed_at=at(when), **more,
    )  # fmt: skip
    body = rows if isinstance(rows, str) else json.dumps(rows)
    kind = "text/csv" if isinstance(rows, str) else "application/json"
    report = run_import(importer, body.encode(), kind, dry_run=dry_run)
    field.session.flush()
    return report, importer.station.gone


def rows_of(field: Field) -> list[Recording]:
    field.session.expire_all()
    return list(field.session.scalars(select(Recording).order_by(Recording.file_name, Recording.id)))


@pytest.mark.parametrize("content", ["hello world", "", "甲,乙\n1,2\n", "<html><table></table></html>"])
def test_what_is_no_list_does_not_say_that_all_files_are_gone(field: Field, content: str) -> None:
    bring(field, [file("1.mp4")])
    with pytest.raises(ImportUnreadable):
        bring(field, content, recorder=file("1.mp4")["recorder"])
    assert GONE not in rows_of(field)[0].claims["announced"]


def test_a_list_says_the_name_of_a_file_that_it_does_not_take(field: Field) -> None:
    table = "设备清单\n文件名,设备编号,开始时间\n1.mp4,R-07,昨天\n2.mp4,R-07,2026年6月3日 上午9点\n1.mp4,R-07,昨天\n"
    report, _gone = bring(field, table)
    assert [(row.row, row.key, row.outcome) for row in report.rows] == [
        (3, "1.mp4", "refused"), (4, "R-07/2.mp4", "created"), (5, "1.mp4#3", "refused"),
    ]  # fmt: skip


def test_who_only_looks_on_announces_nothing(field: Field) -> None:
    with pytest.raises(NotAllowed):
        bring(field, [file("1.mp4")], role=Role.auditor)


def test_a_list_announces_and_the_same_list_again_changes_nothing(field: Field) -> None:
    listed = [file("1.mp4", file_id="F1", officer="012", flags="锁定"), file("2.mp4", "10:00", "10:10")]
    assert outcomes(bring(field, listed, dry_run=True)[0]) == ["created", "created"] and rows_of(field) == []
    assert outcomes(bring(field, listed)[0]) == ["created", "created"]
    first, second = rows_of(field)
    assert (first.state, first.device_file_id) == (RecordingState.announced, "F1")
    assert (first.recorder_id, first.officer_id) == (field.recorder().id, field.officer().id)
    assert (first.recorded_from, first.recorded_to) == (at("09:00"), at("09:20"))
    assert (first.original_id, first.duration_s, first.announced_at) == (None, 1200, at("18:00"))
    assert second.due_at == at("10:10", 1)
    asked = set(field.session.scalars(select(Job.subject_id).where(Job.kind == JobKind.link)))
    assert asked == {first.id, second.id}
    count = len(field.session.scalars(select(CustodyEntry.id)).all())
    assert outcomes(bring(field, listed, when="19:00")[0]) == ["unchanged", "unchanged"]
    assert [(one.announced_at, one.due_at) for one in rows_of(field)] == [
        (first.announced_at, first.due_at), (second.announced_at, second.due_at),
    ]  # fmt: skip
    assert len(field.session.scalars(select(CustodyEntry.id)).all()) == count + 1  # the import itself


def test_other_facts_are_a_change_on_record(field: Field) -> None:
    bring(field, [file("1.mp4")])
    report, _gone = bring(field, [file("1.mp4", end="09:30")])
    assert outcomes(report) == ["changed"] and report.rows[0].changes == ["end"]
    (row,) = rows_of(field)
    assert row.recorded_to == at("09:30")
    told = field.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "announce_again")).one()
    assert told.detail["before"]["end"] != told.detail["after"]["end"]


def test_what_a_shorter_list_does_not_name_is_gone_from_the_device_and_deleted_nowhere(field: Field) -> None:
    bring(field, [file("1.mp4"), file("2.mp4"), {**file("3.mp4"), "recorder": "R-08"}])
    report, gone = bring(field, [file("2.mp4")], when="20:00")
    assert outcomes(report) == ["unchanged"] and gone == 1
    first, second, third = rows_of(field)
    assert first.claims["announced"]["gone_at"] == at("20:00").isoformat()
    assert first.state == RecordingState.announced
    assert "gone_at" not in second.claims["announced"] and "gone_at" not in third.claims["announced"]
    assert bring(field, [file("2.mp4")], when="21:00")[1] == 0  # said once
    report, _gone = bring(field, [file("1.mp4"), file("2.mp4")], when="22:00")
    assert report.rows[0].changes == ["on_device"]
    assert "gone_at" not in rows_of(field)[0].claims["announced"]
    assert bring(field, [], when="23:00", recorder="R-07")[1] == 2  # an empty device
    assert bring(field, [file("2.mp4")], when="23:30", complete=False)[1] == 0


def test_a_part_of_a_list_says_nothing_of_the_rest(field: Field) -> None:
    bring(field, [file("1.mp4"), file("2.mp4")])
    assert bring(field, [file("2.mp4")], complete=False)[1] == 0


@pytest.mark.parametrize(
    "row",
    [
        {"file_name": "1.mp4"},
        {"recorder": "R-07", "start": "2024-06-03 09:00:00"},
        file("1.mp4", "09:20", "09:00"),
        {**file("1.mp4"), "start": "yesterday"},
    ],
)
def test_a_row_that_cannot_be_is_refused_and_the_others_go_on(field: Field, row: dict[str, Any]) -> None:
    report, _gone = bring(field, [row, file("2.mp4")])
    assert outcomes(report) == ["refused", "created"] and report.rows[0].problem


@pytest.mark.parametrize(
    "began", ["1970-01-01 08:00:00", "1980-01-05 11:00:00", "2000-01-01 00:00:10", "2000-05-03 12:00:00", "2015-01-01 00:00:00"]
)  # fmt: skip
@pytest.mark.parametrize("measured_first", [True, False])
def test_a_reset_clock_that_was_measured_has_a_true_time(
    field: Field, began: str, measured_first: bool
) -> None:
    """It was read at the dock at six; the file began an hour before that."""
    shown = datetime.fromisoformat(began).replace(tzinfo=ZONE)

    def measure() -> None:
        at_dock = shown + timedelta(hours=1)
        offset = (at_dock - at("18:00")).total_seconds()
        wanted = ClockOffsetCreate(recorder="R-07", measured_at=at("18:00"), offset_s=offset)
        add_offset(field.session, field.actor(Role.supervisor, "one"), wanted)

    if measured_first:
        measure()
    listed = [{**file("1.mp4"), "start": began, "end": f"{shown + timedelta(minutes=10):%Y-%m-%d %H:%M:%S}"}]
    bring(field, listed, when="18:30")
    if not measured_first:
        (row,) = rows_of(field)
        assert (row.recorded_from, row.claimed_from, row.duration_s) == (None, shown, 600)
        measure()
    (row,) = rows_of(field)
    assert (row.claimed_from, row.recorded_from) == (shown, at("17:00"))
    assert row.recorded_to == at("17:10")
    assert outcomes(bring(field, listed, when="18:40")[0]) == ["unchanged"]


@pytest.mark.parametrize("year", ["1970", "2000", "2015"])
def test_a_clock_that_was_reset_is_kept_as_a_claim_and_links_nothing(field: Field, year: str) -> None:
    bring(field, [{**file("1.mp4"), "start": f"{year}-01-01 08:00:00", "end": f"{year}-01-01 08:10:00"}])
    (row,) = rows_of(field)
    assert row.recorded_to is None and row.claimed_from == datetime(int(year), 1, 1, 8, tzinfo=ZONE)
    assert row.recorded_from is None and row.claims["sidecar"]["start"].startswith(year)


def test_an_unknown_recorder_is_a_claim(field: Field) -> None:
    listed = [{**file("1.mp4"), "recorder": "X-99"}]
    bring(field, listed)
    (row,) = rows_of(field)
    assert row.recorder_id is None and row.claims["sidecar"]["recorder"] == "X-99"
    assert outcomes(bring(field, listed)[0]) == ["unchanged"]
    assert bring(field, [], recorder="X-99")[1] == 1


def test_another_squads_file_of_that_id_stays_untold(field: Field) -> None:
    theirs = field.recording(at("09:00"), at("09:20"), squad="two", device_file_id="F1")
    theirs.recorder_id = field.recorder().id
    field.session.flush()
    report, _gone = bring(field, [file("1.mp4", file_id="F1")])
    assert outcomes(report) == ["created"] and report.rows[0].note is None
    mine = next(row for row in rows_of(field) if row.id != theirs.id)
    assert mine.device_file_id is None
    assert outcomes(bring(field, [file("1.mp4", file_id="F1")])[0]) == ["unchanged"]
    with pytest.raises(NotFound):
        get_recording(field.session, field.actor(Role.member, "two"), mine.id)


def test_a_received_recording_is_only_enriched(field: Field) -> None:
    here = field.recording(at("09:00"), at("09:20"), recorder="R-07", file_name="1.MP4")
    report, _gone = bring(field, [file("1.mp4", size=5)])
    assert outcomes(report) == ["changed"] and report.rows[0].note
    (row,) = rows_of(field)
    assert (row.id, row.state) == (here.id, RecordingState.ready)
    assert row.claims["announced"]["facts"]["size"] == 5
    tags = select(Job.subject_id).where(Job.kind == JobKind.tags)
    assert field.session.scalars(tags).all() == [here.id]
    assert outcomes(bring(field, [file("1.mp4", size=5)])[0]) == ["unchanged"]


def test_names_that_a_camera_counts_anew_are_another_file(field: Field) -> None:
    bring(field, [file("1.mp4")])
    report, gone = bring(field, [file("1.mp4", "15:00", "15:10", size=7)])
    assert outcomes(report) == ["created"] and gone == 1 and len(rows_of(field)) == 2


def test_an_announced_recording_is_linked_found_and_not_counted_as_unlinked(field: Field) -> None:
    event = field.event(at("09:00"), at("09:20"), ("012",))
    bring(field, [file("1.mp4")])
    (row,) = rows_of(field)
    (link,) = link_recording(field.session, row.id)
    assert (link.event_id, link.state) == (event.id, LinkState.automatic)
    settle(field.session)
    found = search(field.session, None, SearchFilters(state=("announced",)))
    assert [hit.recording_id for hit in found.items] == [row.id]
    bring(field, [file("2.mp4", "13:00", "13:10")])
    assert field.session.scalars(unlinked_recordings(field.actor(Role.admin))).all() == []


def test_the_deadline_is_that_of_the_linked_event(field: Field) -> None:
    listed = MatterList(version=1, in_force_from=at("00:00").date())
    field.session.add(listed)
    field.session.flush()
    field.session.add(RecordingMatter(list_id=listed.id, kind=EventKind.inspection, upload_hours=2))
    bring(field, [file("1.mp4", collected_at=at("18:00").isoformat(), officer="012")])
    (row,) = rows_of(field)
    assert row.due_at == at("18:00", 1)
    event = field.event(at("09:00"), at("09:30"), ("012",))
    link_recording(field.session, row.id)
    assert row.due_at == at("11:30")
    event.cancelled_at = at("12:00")
    link_recording(field.session, row.id)
    assert row.due_at == at("18:00", 1)
    admin = field.actor(Role.admin)
    late = list_announced(field.session, admin, late_at=at("18:00", 2)).items
    assert late == [row] and not list_announced(field.session, admin, late_at=at("17:00", 1)).items
    assert not list_announced(field.session, field.actor(Role.member, "two")).items


def test_only_a_supervisor_withdraws_with_a_reason_and_the_list_does_not_bring_it_back(field: Field) -> None:
    field.event(at("09:00"), at("09:20"), ("012",))
    bring(field, [file("1.mp4")])
    (row,) = rows_of(field)
    link_recording(field.session, row.id)
    with pytest.raises(NotAllowed):
        withdraw(field.session, field.actor(Role.member, "one"), row.id, "丢失")
    with pytest.raises(NotFound):
        withdraw(field.session, field.actor(Role.supervisor, "two"), row.id, "丢失")
    supervisor = field.actor(Role.supervisor, "one")
    with pytest.raises(Invalid):
        withdraw(field.session, supervisor, row.id, " ")
    withdraw(field.session, supervisor, row.id, "设备丢失")
    assert link_recording(field.session, row.id) == []
    report, gone = bring(field, [file("1.mp4")])
    assert outcomes(report) == ["unchanged"] and report.rows[0].note and gone == 0
    assert row.state == RecordingState.refused
    with pytest.raises(NotAnnounced):
        withdraw(field.session, supervisor, row.id, "x")
    with pytest.raises(NotReceived):
        original_bytes(field.session, row)
    restore(field.session, supervisor, row.id, "找到了")
    assert len(link_recording(field.session, row.id)) == 1
    with pytest.raises(NotWithdrawn):
        restore(field.session, supervisor, row.id, "x")
    told = field.session.scalars(
        select(CustodyEntry).where(
            CustodyEntry.subject_id == row.id, CustodyEntry.action.like("%announcement")
        )
    ).all()
    assert [one.detail["reason"] for one in told] == ["设备丢失", "找到了"]


def test_there_is_nothing_to_play_and_nothing_to_remove(field: Field) -> None:
    bring(field, [file("1.mp4")])
    (row,) = rows_of(field)
    with pytest.raises(NotReceived):
        original_bytes(field.session, row)
    with pytest.raises(NothingToRemove):
        ask_removal(field.session, field.actor(Role.member, "one"), row.id, "private")


def test_a_dahua_list_is_understood_with_its_own_names(field: Field) -> None:
    record = {
        "FileName": "a.dav", "UniqueID": "U-1", "OriginalDeviceID": "R-07", "UserID": "012",
        "StartTime": "2024-06-03 09:00:00", "EndTime": "2024-06-03 09:20:00", "CollectTimeUTCOffset": 28800,
        "Flags": [3], "MD5": "9E107D9D372BB6826BD81D3542A419D6", "Length": 4096, "CardID": "C-1",
    }  # fmt: skip
    report, _gone = bring(field, [record])
    assert outcomes(report) == ["created"] and report.rows[0].key == "R-07/U-1"
    (row,) = rows_of(field)
    assert (row.device_file_id, row.officer_id, row.recorded_from) == (
        "U-1", field.officer().id, at("09:00"),
    )  # fmt: skip
    facts = row.claims["announced"]["facts"]
    assert (facts["flags"], facts["size"], facts["card"]) == (["locked"], 4096, "C-1")


def test_a_table_in_chinese_is_a_list_too(field: Field) -> None:
    table = "文件名,设备编号,执法证号,开始时间,结束时间,文件大小\n1.mp4,R-07,012,2024-06-03 09:00,2024-06-03 09:20,1000\n"
    assert outcomes(bring(field, table)[0]) == ["created"]
    assert outcomes(bring(field, [file("1.mp4", officer="012")])[0]) == ["unchanged"]


def test_a_docked_recorder_was_seen(field: Field) -> None:
    bring(field, [file("1.mp4")])
    assert field.recorder().last_dock_at == at("18:00")
    bring(field, [file("1.mp4")], when="17:00")
    assert field.recorder().last_dock_at == at("18:00")


def test_two_thousand_files_come_in_with_a_bounded_number_of_statements(
    field: Field, session: Session
) -> None:
    start = at("09:00")
    listed = [
        file(f"{n}.mp4", file_id=f"F{n}") | {"start": (start + timedelta(minutes=n)).isoformat(), "end": None}
        for n in range(2_000)
    ]
    with counted_statements(session.get_bind()) as asked:
        report, _gone = bring(field, listed)
        again, _gone = bring(field, listed)
    assert report.counts["created"] == 2_000 and again.counts["unchanged"] == 2_000
    assert asked.count < 300
