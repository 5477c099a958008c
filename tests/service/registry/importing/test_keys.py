"""Keys as spreadsheets and web pages deliver them: one officer, one squad, one event, whichever door they come by."""

from datetime import datetime, time
from typing import Any

import pytest
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.events import EnforcementEvent, EventCreate, EventKind
from schemas.jobs import Job, JobKind
from schemas.people import Officer, OfficerCreate, Squad, SquadCreate
from schemas.recorders import Recorder, RecorderCreate
from service.finding.linking.actions import link_recording
from service.finding.linking.recognise import recognise
from service.kernel.changes import settle
from service.kernel.errors import Invalid
from service.kernel.i18n import speaking
from service.kernel.keys import KeyRounded, WrittenOtherwise
from service.registry.clocks.queries import get_recorder_named
from service.registry.events.actions import create_event
from service.registry.events.importers import EventImporter
from service.registry.importing.actions import run_import
from service.registry.people.actions import create_officer, create_squad
from service.registry.people.errors import NumberTaken
from service.registry.people.importers import OfficerImporter, RosterImporter, SquadImporter
from service.registry.people.queries import officer_of, squad_of
from service.registry.recorders.actions import create_recorder
from service.registry.recorders.importers import AssignmentImporter, RecorderImporter
from tests.service.finding.linking.field import Field, at
from tests.service.registry.importing.tables import bring, workbook
from tests.service.registry.importing.test_xls import workbook as old_workbook

ONE = ["000001\u200b", '"=""000001"""', "'000001", "０００００１", "\ufeff000001", "“000001”"]
SQUADS = ["ＺＤ１", "zd1", "ZD1\u200b", "'ZD1"]


@pytest.fixture
def field(session: Session) -> Field:
    found = Field(session)
    found.squad("ZD1")
    found.officer("000001", "ZD1")
    found.recorder("R-01", "ZD1")
    return found


def said(report: Any) -> list[tuple[str, str | None]]:
    return [(str(row.outcome), row.problem) for row in report.rows]


@pytest.mark.parametrize("number", ONE)
@pytest.mark.parametrize("squad", SQUADS)
def test_an_officer_that_is_known_is_known_however_a_table_writes_the_number(
    field: Field, number: str, squad: str
) -> None:
    report = bring(field, OfficerImporter, f"证号,姓名,中队\n{number},队员 000001,{squad}\n")
    assert said(report) == [("unchanged", None)]
    assert field.session.scalars(select(Officer.certificate_no)).all() == ["000001"]


def test_a_new_officer_is_kept_without_the_wrapping_of_the_spreadsheet(field: Field) -> None:
    report = bring(field, OfficerImporter, '证号,姓名,中队\n"=""000009""",赵六,ZD1\n\u200b000010,钱七,ZD1\n')
    assert said(report) == [("created", None)] * 2
    assert sorted(field.session.scalars(select(Officer.certificate_no))) == ["000001", "000009", "000010"]


def test_a_rounded_number_is_refused_with_what_happened_to_it(field: Field) -> None:
    with speaking("en"):
        report = bring(field, OfficerImporter, "证号,姓名,中队\n4.11E+17,甲,ZD1\n4.11E+17,乙,ZD1\n")
    assert (
        said(report)
        == [
            ("refused", "4.11E+17 is so long that the spreadsheet lost its last digits: make the column text")
        ]
        * 2
    )
    with pytest.raises(KeyRounded):
        create_officer(
            field.session,
            field.actor(Role.admin),
            OfficerCreate(certificate_no="4.11E+17", name="甲", squad="ZD1"),
        )


def test_a_long_number_that_ends_in_zeros_is_taken_and_said(field: Field) -> None:
    """Of eighteen digits a spreadsheet keeps fifteen, whatever format shows them all in a text file."""
    table = "证号,姓名,中队\n411023199001010000,甲,ZD1\n{other},乙,ZD1\n12,丙,ZD1\n"
    with speaking("en"):
        report = bring(field, OfficerImporter, table.format(other="411023199001020000"))
        assert [(row.outcome, "lost" in (row.note or "")) for row in report.rows] == [
            ("created", True), ("created", True), ("created", False),
        ]  # fmt: skip
        # one whose last digits are there tells that nothing was lost
        report = bring(field, OfficerImporter, table.format(other="411023199001020017"))
        assert [row.note for row in report.rows] == [None] * 3


@pytest.mark.parametrize("form", ["xls", "xlsx", "csv", "csv in thousands"])
def test_a_number_of_more_digits_than_a_spreadsheet_keeps_is_refused_in_every_table(
    field: Field, form: str
) -> None:
    head, number = ["证号", "姓名", "中队"], 411023199001011234
    data = {
        "xls": lambda: old_workbook(head, [number, "甲", "ZD1"]),
        "xlsx": lambda: workbook(head, [number, "甲", "ZD1"]),
        "csv": lambda: "证号,姓名,中队\n4.11023E+17,甲,ZD1\n".encode(),
        "csv in thousands": lambda: "证号,姓名,中队\n411.0E+15,甲,ZD1\n".encode(),
    }[form]()
    importer = OfficerImporter(field.session, field.actor(Role.admin))
    with speaking("en"):
        (row,) = run_import(importer, data, "text/csv", dry_run=False).rows
    assert row.outcome == "refused" and "lost its last digits" in (row.problem or "")


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("#N/A", "formula"), ("#REF!", "formula"), ("########", "too narrow"), ("3月5日", "day or a time"), ("5-Mar", "day or a time"),
        ("Mar-05", "day or a time"), ("10.0", "decimal"), ('"1,234"', "thousands"), ("NULL", "missing"), ("nan", "missing"), ("(null)", "missing"),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_or_a_database_made_of_a_number_is_nobody(
    field: Field, cell: str, word: str
) -> None:
    with speaking("en"):
        for kind, header in ((OfficerImporter, "证号,姓名,中队"), (RecorderImporter, "设备编号,备注,中队")):
            report = bring(field, kind, f"{header}\n{cell},某人,ZD1\n")
            assert said(report)[0][0] == "refused" and word in (report.rows[0].problem or "")
    assert field.session.scalars(select(Officer.certificate_no)).all() == ["000001"]


@pytest.mark.parametrize("kind", ["日常 巡查", "日常巡查\u200b", "Inspection", "ＩＮＳＰＥＣＴＩＯＮ"])
def test_a_kind_is_known_however_it_is_written_and_commas_part_officers(field: Field, kind: str) -> None:
    field.officer("002", "ZD1")
    field.officer("001", "ZD1")
    table = f'事件编号,标题,类别,抵达时间,中队,执法人员\nE-1,检查,{kind},2024-06-03 09:00,ZD1,"001,002"\n'
    assert said(bring(field, EventImporter, table)) == [("created", None)]


def test_a_day_in_a_workbook_is_no_number(field: Field) -> None:
    """3-5 as typed, and what the spreadsheet made of it."""
    for cell in (datetime(2026, 3, 5), time(3, 5)):  # noqa: DTZ001 - as a workbook holds it
        data = workbook(["证号", "姓名", "中队"], [cell, "某人", "ZD1"])
        report = run_import(
            OfficerImporter(field.session, field.actor(Role.admin)), data, "text/csv", dry_run=False
        )
        assert [str(row.outcome) for row in report.rows] == ["refused"]


def test_one_number_twice_in_a_table_says_what_differs(field: Field) -> None:
    with speaking("en"):
        report = bring(
            field, OfficerImporter, "证号,姓名,中队\n000002,甲,ZD1\n０００００２,乙,ZD1\n000002,丙,ZD1\n"
        )
    assert said(report) == [
        ("created", None),
        ("refused", "the same id stands in row 2 already, written with full-width characters"),
        ("refused", "the same id stands in row 2 already"),
    ]


@pytest.mark.parametrize("number", ONE)
def test_every_table_refers_to_an_officer_however_written(field: Field, number: str) -> None:
    tables = [
        (
            EventImporter,
            f"事件编号,标题,类别,抵达时间,中队,执法人员\nE-1,检查,日常巡查,2024-06-03 09:00,ｚｄ１,{number}\n",
        ),
        (AssignmentImporter, f"记录仪,持有人,领用时间\nｒ–01,{number},2024-06-03 08:10\n"),
        (RosterImporter, f"证号,开始时间,结束时间\n{number},2024-06-03 08:00,2024-06-03 18:00\n"),
    ]
    for importer, content in tables:
        assert said(bring(field, importer, content)) == [("created", None)]
        assert said(bring(field, importer, content.replace("E-1", "ｅ-1\u200b"))) == [("unchanged", None)]
    assert field.session.scalars(select(EnforcementEvent.external_id)).all() == ["E-1"]


def test_squads_and_recorders_are_known_however_written(field: Field) -> None:
    assert said(bring(field, SquadImporter, "编号,名称\nｚｄ１,中队 ZD1\n")) == [("unchanged", None)]
    assert said(bring(field, RecorderImporter, "设备编号,中队\nｒ—01,zd1\n")) == [("unchanged", None)]
    assert field.session.scalars(select(Squad.code)).all() == ["ZD1"]
    assert field.session.scalars(select(Recorder.serial)).all() == ["R-01"]


def test_forms_and_the_api_find_them_and_say_what_differs(field: Field) -> None:
    session, admin = field.session, field.actor(Role.admin)
    officer, recorder = field.officer("000001"), field.recorder("R-01")
    for number in ("000001\u200b", '="000001"', "０００００１"):
        assert officer_of(session, admin, number).id == officer.id
        wanted = OfficerCreate(certificate_no=number, name="x", squad="zd1")
        with pytest.raises(WrittenOtherwise) as taken, speaking("en"):
            create_officer(session, admin, wanted)
        assert taken.value.params["number"] == "000001" and taken.value.params["how"] != "other characters"
    with pytest.raises(NumberTaken):
        create_officer(session, admin, OfficerCreate(certificate_no="000001", name="x", squad="ZD1"))
    with pytest.raises(Invalid):
        create_officer(session, admin, OfficerCreate(certificate_no="\u200b", name="x", squad="ZD1"))
    assert squad_of(session, admin, "ｚｄ１").id == field.squad("ZD1").id
    with pytest.raises(WrittenOtherwise):
        create_squad(session, admin, SquadCreate(code="zd1", name="x"))
    with pytest.raises(WrittenOtherwise):
        create_recorder(session, admin, RecorderCreate(serial="r–01", squad="ZD1"))
    assert get_recorder_named(session, admin, "ｒ-01").id == recorder.id
    event = EventCreate(
        external_id='="E-1"',
        title="t",
        kind=EventKind.inspection,
        arrived_at=at("09:00"),
        squad="zd1",
        officers=["０００００１"],
    )
    assert create_event(session, admin, event).external_id == "E-1"
    with pytest.raises(WrittenOtherwise):
        create_event(session, admin, event.model_copy(update={"external_id": "e-1"}))


def test_claims_are_resolved_however_written_also_when_the_row_comes_later(field: Field) -> None:
    session = field.session
    known = {"officer": "０００００１", "recorder": "r–01\u200b", "event": "ｅ-1"}
    recording = field.recording(at("09:00"), at("09:12"), squad="ZD1", claims=known)
    late = field.recording(at("10:00"), at("10:12"), squad="ZD1", claims={"officer": '="000007"'})
    event = field.event(at("09:00"), at("09:12"), ("000001",), squad="ZD1", external_id="E-1")
    recognise(session, [recording.id])
    (link,) = link_recording(session, recording.id)
    session.refresh(recording)
    assert (recording.officer_id, recording.recorder_id) == (
        field.officer("000001").id,
        field.recorder("R-01").id,
    )
    assert (link.event_id, link.score) == (event.id, 1.0)
    bring(field, OfficerImporter, "证号,姓名,中队\n000007,队员,ZD1\n")
    settle(session)
    assert late.id in session.scalars(select(Job.subject_id).where(Job.kind == JobKind.link)).all()
    recognise(session, [late.id])
    session.refresh(late)
    assert (
        late.officer_id == session.scalars(select(Officer.id).where(Officer.certificate_no == "000007")).one()
    )
