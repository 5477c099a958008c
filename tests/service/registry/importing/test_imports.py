"""Imports on the real database: idempotent, dry, reported row by row, nothing half-done."""

import json

import pytest
from sqlalchemy import func, text
from sqlmodel import Session, SQLModel, select

from schemas.accounts import Role
from schemas.cases import Campaign, Case
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventOfficer
from schemas.jobs import Job, JobKind
from schemas.people import Officer, Squad
from schemas.recorders import Assignment, Recorder
from service.kernel.changes import settle
from service.kernel.errors import NotAllowed
from service.kernel.i18n import speaking
from service.registry.cases.importers import CampaignImporter, CaseImporter
from service.registry.events.importers import EventImporter
from service.registry.importing.actions import run_import
from service.registry.importing.errors import ColumnsMissing, ImportUnreadable
from service.registry.importing.importer import Importer
from service.registry.people.importers import OfficerImporter, SquadImporter
from service.registry.recorders.importers import AssignmentImporter, RecorderImporter
from tests.fixtures.statements import counted_statements
from tests.service.finding.linking.field import Field, at
from tests.service.registry.importing.tables import bring, outcomes

TABLES: list[tuple[type[Importer], type[SQLModel], str]] = [
    (SquadImporter, Squad, "编号,名称\none,一中队\ntwo,二中队\n"),
    (OfficerImporter, Officer, "证号,姓名,中队\n012,队员 012,one\n013,队员 013,two\n"),
    (RecorderImporter, Recorder, "设备编号,中队,状态\nR-07,one,在用\nR-08,two,备用\n"),
    (
        AssignmentImporter,
        Assignment,
        "记录仪,持有人,领用时间,归还时间\nR-07,012,2024/6/3 8:10,2024/6/3 12:05\nR-08,013,2024-06-03 22:00,\n",
    ),
    (CaseImporter, Case, "案号,案由,当事人,中队\n蓉城管罚〔2024〕5号,油烟,某餐馆,one\n"),
    (CampaignImporter, Campaign, "编号,名称,开始日期\nC-1,油烟整治,2024-06-01\n"),
    (
        EventImporter,
        EnforcementEvent,
        "事件编号,标题,类别,抵达时间,离开时间,中队,执法人员,案号,专项行动,纬度,经度\n"
        "E-1,检查餐馆,日常巡查,2024-06-03 09:00,2024-06-03 09:30,one,012、013,蓉城管罚[2024]第005,油烟整治,25.8,114.9\n"
        "E-2,送达文书,文书送达,2024年6月3日14:00,,two,013,,,,\n",
    ),
]


@pytest.fixture
def field(session: Session) -> Field:
    return Field(session)


def fill(field: Field) -> None:
    for importer, _table, content in TABLES:
        report = bring(field, importer, content)
        assert report.counts["refused"] == 0, report


def test_every_table_is_created_once_and_unchanged_the_second_time(field: Field) -> None:
    fill(field)
    for importer, model, content in TABLES:
        before = field.session.scalars(select(func.count()).select_from(model)).one()
        again = bring(field, importer, content)
        assert again.counts == {"created": 0, "changed": 0, "unchanged": before, "refused": 0}, importer
        assert field.session.scalars(select(func.count()).select_from(model)).one() == before
    crew = field.session.scalars(select(func.count()).select_from(EventOfficer)).one()
    assert crew == 3
    case = field.session.scalars(
        select(EnforcementEvent.case_id).where(EnforcementEvent.external_id == "E-1")
    ).one()
    assert case is not None


def test_a_dry_run_reports_the_same_and_changes_nothing(field: Field) -> None:
    for importer, model, content in TABLES:
        before = field.session.scalars(select(func.count()).select_from(model)).one()
        entries = field.session.scalars(select(func.count()).select_from(CustodyEntry)).one()
        dry = bring(field, importer, content, dry_run=True)
        assert field.session.scalars(select(func.count()).select_from(model)).one() == before
        assert field.session.scalars(select(func.count()).select_from(CustodyEntry)).one() == entries
        assert outcomes(dry) == outcomes(bring(field, importer, content))


def test_a_bad_row_is_refused_with_its_reason_and_the_others_come_in(field: Field) -> None:
    fill(field)
    table = (
        "事件编号,标题,类别,抵达时间,离开时间,中队,执法人员,案号,纬度\n"
        ",no id,巡查,2024-06-04 09:00,,one,,,\n"
        "E-3,no such squad,巡查,2024-06-04 09:00,,nine,,,\n"
        "E-4,no such officer,巡查,2024-06-04 09:00,,one,999,,\n"
        "E-5,no such case,巡查,2024-06-04 09:00,,one,,蓉城管罚〔2024〕9号,\n"
        "E-6,reversed,巡查,2024-06-04 09:00,2024-06-04 08:00,one,,,\n"
        "E-7,no kind,跳舞,2024-06-04 09:00,,one,,,\n"
        "E-8,half a place,巡查,2024-06-04 09:00,,one,,,25.8\n"
        "E-9,no time,巡查,yesterday,,one,,,\n"
        "E-10,good,巡查,2024-06-04 09:00,,one,012,,\n"
        "E-10,twice,巡查,2024-06-04 09:00,,one,012,,\n"
        f"E-11,{'x' * 600},巡查,2024-06-04 09:00,,one,,,\n"
        "E-12,a\0b,巡查,2024-06-04 09:00,,one,,,\n"
    )
    report = bring(field, EventImporter, table)
    assert outcomes(report) == ["refused"] * 8 + ["created"] + ["refused"] * 2 + ["created"]
    assert all(row.problem for row in report.rows if row.outcome == "refused")
    known = field.session.scalars(select(EnforcementEvent.external_id)).all()
    assert sorted(known) == ["E-1", "E-10", "E-12", "E-2"]
    titles = select(EnforcementEvent.title).where(EnforcementEvent.external_id == "E-12")
    assert field.session.scalar(titles) == "ab", "what nobody can see is taken out"


def test_why_a_row_is_refused_is_said_in_the_words_of_its_table(field: Field) -> None:
    fill(field)
    table = (
        "事件编号,标题,类别,抵达时间,中队\n"
        "E-3,x,跳舞,2024-06-04 09:00,one\nE-4,x,巡查,昨天,one\nE-5,,巡查,2024-06-04 09:00,one\n"
    )
    with speaking("zh-CN"):
        kind, moment, title = (row.problem or "" for row in bring(field, EventImporter, table).rows)
    assert "类别" in kind and "“跳舞”" in kind and "日常巡查、调查取证" in kind
    assert "抵达时间" in moment and "“昨天”" in moment and "2026-03-02 08:10" in moment
    assert "标题" in title and not {"Input", "Field", "title"} & set(title.split())


def test_an_id_too_long_refuses_its_row_and_no_other(field: Field) -> None:
    fill(field)
    table = f"外部编号,记录仪,持有人,领用时间\n{'A' * 200},R-07,012,2024-06-05 08:00\nA-1,R-07,012,2024-06-05 08:00\n"
    assert outcomes(bring(field, AssignmentImporter, table)) == ["refused", "created"]


def test_an_id_is_the_same_in_json_and_in_csv(field: Field) -> None:
    fill(field)
    row = {
        "external_id": " E-2 ",
        "title": "送达文书",
        "kind": "文书送达",
        "arrived_at": "2024-06-03 14:00",
        "squad": "two",
    }
    report = bring(field, EventImporter, json.dumps([row]))
    assert outcomes(report) == ["unchanged"]


def test_an_event_of_a_day_without_a_time_is_asked_about(field: Field) -> None:
    fill(field)
    table = "事件编号,标题,类别,抵达时间,中队\nE-3,x,巡查,2024-06-04,one\nE-4,x,巡查,2024-06-04 00:01,one\n"
    day, moment = bring(field, EventImporter, table, dry_run=True).rows
    assert day.note and moment.note is None


def test_a_dry_run_leaves_no_hole_in_the_numbers_of_custody(field: Field) -> None:
    fill(field)
    last = text("SELECT last_value FROM custody_id_seq")
    field.session.flush()
    before = field.session.execute(last).scalar_one()
    table = "事件编号,标题,类别,抵达时间,中队\nE-1,另一题,巡查,2024-06-03 09:00,one\nE-9,x,巡查,2024-06-03 09:00,one\n"
    assert outcomes(bring(field, EventImporter, table, dry_run=True)) == ["changed", "created"]
    assert field.session.execute(last).scalar_one() == before


def test_a_refused_row_leaves_no_trace_of_a_change(field: Field) -> None:
    fill(field)
    table = "事件编号,标题,类别,抵达时间,离开时间,中队\nE-1,new title,巡查,2024-06-03 09:00,2024-06-03 08:00,one\n"
    assert outcomes(bring(field, EventImporter, table)) == ["refused"]
    field.session.flush()
    title = select(EnforcementEvent.title).where(EnforcementEvent.external_id == "E-1")
    assert field.session.scalars(title).one() == "检查餐馆"


def test_a_changed_event_says_what_changed_and_links_its_recordings_anew(field: Field) -> None:
    fill(field)
    field.known["squad", "one"] = field.session.scalars(select(Squad).where(Squad.code == "one")).one()
    recording = field.recording(at("15:00"), at("15:20"))
    table = (
        "事件编号,标题,类别,抵达时间,离开时间,中队,执法人员\n"
        "E-1,检查餐馆,巡查,2024-06-03 15:00,2024-06-03 15:20,one,012\n"
    )
    report = bring(field, EventImporter, table)
    assert outcomes(report) == ["changed"]
    assert set(report.rows[0].changes) == {"arrived_at", "departed_at", "officers"}
    settle(field.session)
    asked = select(Job.subject_id).where(Job.kind == JobKind.link)
    assert field.session.scalars(asked).all() == [recording.id]
    crew = field.session.scalars(
        select(Officer.certificate_no)
        .join(EventOfficer, EventOfficer.officer_id == Officer.id)
        .join(EnforcementEvent, EnforcementEvent.id == EventOfficer.event_id)
        .where(EnforcementEvent.external_id == "E-1")
    ).all()
    assert crew == ["012"]


def test_columns_left_out_stay_as_they_are_and_a_cancelled_event_keeps_its_row(field: Field) -> None:
    fill(field)
    table = "事件编号,标题,类别,抵达时间,中队,已取消\nE-1,检查餐馆,巡查,2024-06-03 09:00,one,是\n"
    assert bring(field, EventImporter, table).rows[0].changes == ["cancelled_at"]
    assert outcomes(bring(field, EventImporter, table)) == ["unchanged"]
    event = field.session.scalars(select(EnforcementEvent).where(EnforcementEvent.external_id == "E-1")).one()
    assert event.cancelled_at is not None and event.departed_at == at("09:30") and event.latitude == 25.8


@pytest.mark.parametrize("rows", ["", "E-1,x\n"])
@pytest.mark.parametrize(
    ("locale", "missing"), [("zh-CN", "抵达时间、类别、中队"), ("en", "arrived_at, kind, squad")]
)
def test_a_missing_column_refuses_the_whole_file_and_says_what_was_seen(
    field: Field, rows: str, locale: str, missing: str
) -> None:
    with speaking(locale), pytest.raises(ColumnsMissing) as refused:
        bring(field, EventImporter, f"事件编号,标题,经办\n{rows}")
    said = refused.value.say()
    assert all(column in said for column in missing.replace("、", ", ").split(", "))
    assert "事件编号, 标题, 经办" in said


@pytest.mark.parametrize("importer", [importer for importer, _table, _content in TABLES])
@pytest.mark.parametrize(
    "content", ["hello world", "", "名字一,名字二\n", "<html><table></table></html>", "x\ny\n"]
)
def test_what_is_no_such_table_is_refused_and_not_said_to_be_applied(
    field: Field, importer: type, content: str
) -> None:
    with pytest.raises((ColumnsMissing, ImportUnreadable)):
        bring(field, importer, content)


def test_a_header_alone_and_an_empty_list_are_tables_without_rows(field: Field) -> None:
    assert bring(field, OfficerImporter, "证号,姓名,中队\n").rows == []
    importer = OfficerImporter(field.session, field.actor(Role.admin))
    assert run_import(importer, b"[]", "application/json", dry_run=False).rows == []


def test_a_refused_row_carries_its_id_and_the_number_that_the_spreadsheet_shows(field: Field) -> None:
    fill(field)
    table = (
        "2024年6月执法活动,,,,\n\n事件编号,标题,类别,抵达时间,中队\n"
        "E-3,x,跳舞,2024-06-04 09:00,one\n\nE-4,x,巡查,昨天,one\nE-5,x,巡查,2024-06-04 09:00,nine\n"
    )
    rows = [(row.row, row.key, row.outcome) for row in bring(field, EventImporter, table).rows]
    assert rows == [(4, "E-3", "refused"), (6, "E-4", "refused"), (7, "E-5", "refused")]


def test_the_usual_other_headers_are_known(field: Field) -> None:
    fill(field)
    tables: list[tuple[type, str]] = [
        (OfficerImporter, "证件号,人员姓名,所属中队\n014,队员 014,one\n"),
        (
            EventImporter,
            "活动编号,活动名称,活动类型,到达时间,离开现场时间,所属中队,执法人员,活动地点\n"
            "E-9,检查,日常巡查,2024-06-05 09:00,2024-06-05 09:30,one,014,人民路\n",
        ),
    ]
    for importer, table in tables:
        report = bring(field, importer, table)
        assert (outcomes(report), report.ignored_columns) == (["created"], [])


def test_numbers_of_json_name_officers_and_cases_as_a_spreadsheets_do(field: Field) -> None:
    fill(field)
    bring(field, OfficerImporter, "证号,姓名,中队\n15,队员 015,one\n")
    rows = [
        {"external_id": 7, "title": 2024, "kind": "inspection", "squad": "one", "officers": [15],
         "arrived_at": "2024-06-05 09:00", "latitude": 25.8, "longitude": 114.9}
    ]  # fmt: skip
    importer = EventImporter(field.session, field.actor(Role.admin))
    report = run_import(importer, json.dumps(rows).encode(), "application/json", dry_run=False)
    assert [(row.outcome, row.key, row.problem) for row in report.rows] == [("created", "7", None)]


def test_who_sees_one_squad_imports_for_that_squad_only(field: Field) -> None:
    fill(field)
    field.known["squad", "two"] = field.session.scalars(select(Squad).where(Squad.code == "two")).one()
    foreign = (
        "事件编号,标题,类别,抵达时间,中队\nE-1,taken over,巡查,2024-06-03 09:00,two\n"
        "E-3,elsewhere,巡查,2024-06-03 09:00,one\nE-4,own,巡查,2024-06-03 09:00,two\n"
    )
    report = bring(field, EventImporter, foreign, role=Role.supervisor, squad="two")
    assert outcomes(report) == ["refused", "refused", "created"]
    for importer, _model, content in TABLES[:5]:
        if importer.of_bureau:
            with pytest.raises(NotAllowed):
                bring(field, importer, content, role=Role.supervisor, squad="two")
        else:
            refused = bring(field, importer, content, role=Role.supervisor, squad="two")
            assert refused.counts["changed"] == 0
    with pytest.raises(NotAllowed):
        bring(field, EventImporter, foreign, role=Role.member, squad="two")


@pytest.mark.timeout(600)
def test_ten_thousand_rows_come_in_with_a_bounded_number_of_statements(
    field: Field, session: Session
) -> None:
    fill(field)
    rows = "".join(
        f"B-{n},巡查 {n},巡查,2024-06-{n % 28 + 1:02} {n % 24:02}:00,one,012\n" for n in range(10_000)
    )
    with counted_statements(session.get_bind()) as asked:
        report = bring(field, EventImporter, "事件编号,标题,类别,抵达时间,中队,执法人员\n" + rows)
    assert report.counts["created"] == 10_000
    assert asked.count < 100


def test_a_table_with_more_rows_than_a_statement_carries_values_is_still_taken(field: Field) -> None:
    """The protocol's limit is 65,535 values a statement; an import holds 100,000 rows."""
    numbers = "".join(f"{n:06},队员,nowhere\n" for n in range(66_000))
    report = bring(field, OfficerImporter, f"证号,姓名,中队\n{numbers}")
    assert report.counts["refused"] == 66_000


def test_one_row_that_names_more_officers_than_a_statement_carries_is_refused_and_nothing_breaks(
    field: Field,
) -> None:
    field.squad("one")
    names = "、".join(str(n) for n in range(66_000))
    table = f"事件编号,标题,类别,抵达时间,中队,执法人员\nE-1,检查,日常巡查,2024-06-03 09:00,one,{names}\n"
    with pytest.raises(ImportUnreadable):  # a cell that long is no cell
        bring(field, EventImporter, table)
    row = {
        "external_id": "E-1", "title": "t", "kind": "inspection", "squad": "one",
        "arrived_at": "2024-06-03T09:00:00", "officers": [str(n) for n in range(66_000)],
    }  # fmt: skip
    actor = field.actor(Role.admin)
    report = run_import(
        EventImporter(field.session, actor), json.dumps([row]).encode(), "application/json", dry_run=False
    )
    assert outcomes(report) == ["refused"]
