"""Publishing the recording matters list: who may, all or nothing, one recount, and the table that comes back."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.custody import CustodyEntry
from schemas.events import EventKind
from schemas.jobs import Job, JobKind
from schemas.matters import Duty, MatterList, Moment, Step
from service.kernel.errors import NotAllowed
from service.kernel.i18n import speaking
from service.kernel.paper.workbook import write_csv, write_xlsx
from service.registry.importing.actions import Report, run_import
from service.registry.matters import table
from service.registry.matters.errors import NoSuchVersion
from service.registry.matters.importers import MatterImporter
from service.registry.matters.queries import book, get_version, recounted, versions
from service.registry.matters.rules import DEFAULTS, compare
from tests.service.finding.linking.field import Field, at
from tests.service.registry.importing.tables import outcomes

JUNE, JULY = date(2024, 6, 1), date(2024, 7, 1)
LIST = (
    "执法活动类型,事项,记录方式,记录起点,起点偏移（秒）,环节,保存期限（天）,上传时限（小时）\n"
    "日常巡查,,必须音像记录,抵达现场,-60,亮证、说明来意→现场情况,730,24\n"
    "日常巡查,餐饮油烟,文字记录即可,,,,2年,48\n"
    "行政强制,,,,,亮证;告知;陈述申辩;清单;签字,永久,12\n"
)


@pytest.fixture
def field(session: Session) -> Field:
    return Field(session)


def bring(
    field: Field,
    content: str | bytes = LIST,
    starts: date = JUNE,
    *,
    role: Role = Role.supervisor,
    squad: str | None = None,
    dry_run: bool = False,
) -> tuple[MatterImporter, Report]:
    data = content.encode() if isinstance(content, str) else content
    with speaking("en"):
        importer = MatterImporter(field.session, field.actor(role, squad), starts, "市局〔2024〕1号")
        return importer, run_import(importer, data, "text/csv", dry_run=dry_run)


def recounts(field: Field) -> list[int]:
    return list(field.session.scalars(select(Job.requested).where(Job.kind == JobKind.recount)))


@pytest.mark.parametrize(
    ("role", "squad"),
    [(Role.member, "one"), (Role.reviewer, None), (Role.auditor, None), (Role.supervisor, "one")],
)
def test_only_supervisors_of_the_whole_bureau_publish(field: Field, role: Role, squad: str | None) -> None:
    with pytest.raises(NotAllowed):
        bring(field, role=role, squad=squad)
    assert field.session.scalars(select(MatterList)).all() == []


def test_without_any_list_the_default_is_the_one_version(field: Field) -> None:
    (only,) = versions(field.session)
    assert (only.version, only.in_force, only.in_force_until) == (0, True, None)
    with pytest.raises(NoSuchVersion):
        get_version(field.session, 1)


def test_a_published_list_holds_from_its_day_on_and_asks_for_one_recount(field: Field) -> None:
    importer, report = bring(field)
    assert (report.applied, importer.published, outcomes(report)) == (
        True,
        1,
        ["changed", "created", "changed"],
    )
    found = book(field.session)
    rule = found.find(date(2024, 6, 3), EventKind.inspection, "工地")
    assert (rule.version, rule.from_offset_s, rule.retention_days) == (1, -60, 730)
    assert rule.steps == (Step.show_identification, Step.state_purpose, Step.scene)
    fumes = found.find(date(2024, 6, 3), EventKind.inspection, "restaurant_fumes")
    assert (fumes.duty, fumes.upload_hours, fumes.from_moment) == (Duty.text_suffices, 48, Moment.arrival)
    assert found.find(date(2024, 6, 3), EventKind.coercion, "").retention_days is None
    assert found.find(date(2024, 6, 3), EventKind.document_delivery, "").version == 0
    assert found.find(date(2024, 5, 31), EventKind.inspection, "").version == 0
    assert recounts(field) == [1]
    entry = field.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "publish_matters")).one()
    assert entry.detail | {"version": 1, "in_force_from": "2024-06-01", "lines": 3} == entry.detail


def test_a_dry_run_publishes_nothing_and_says_what_would_change(field: Field) -> None:
    importer, report = bring(field, dry_run=True)
    assert (report.applied, importer.published, outcomes(report)) == (
        False,
        None,
        ["changed", "created", "changed"],
    )
    assert report.rows[2].changes == ["steps", "upload_hours", "place", "carrier"]
    assert sorted(importer.removed) == ["Document delivery", "Evidence collection"]
    assert field.session.scalars(select(MatterList)).all() == []
    assert recounts(field) == []


def test_one_wrong_row_publishes_nothing(field: Field) -> None:
    importer, report = bring(field, LIST + "文书送达,,,,,跳舞,,\n")
    assert (report.applied, importer.published) == (False, None)
    assert outcomes(report) == ["changed", "created", "changed", "refused"]
    assert "steps" in report.rows[3].problem
    assert field.session.scalars(select(MatterList)).all() == []
    assert recounts(field) == []


@pytest.mark.parametrize(
    "row",
    [
        "无此类别,,,,,,,",
        "日常巡查, 餐饮油烟 ,,,,,,",
        "文书送达,,也许,,,,,",
        "文书送达,,,,999999,,,",
        "文书送达,,,,,,0,",
        "文书送达,,,,,,,-1",
    ],
)
def test_rows_that_mean_nothing_or_mean_another_rows_line_are_refused(field: Field, row: str) -> None:
    _importer, report = bring(field, LIST + row + "\n")
    assert outcomes(report)[-1] == "refused"


def test_the_same_table_again_publishes_nothing(field: Field) -> None:
    bring(field)
    importer, report = bring(field, starts=JULY)
    assert (importer.published, outcomes(report)) == (None, ["unchanged"] * 3)
    assert recounts(field) == [1]
    importer, report = bring(field, LIST.rsplit("行政强制", 1)[0], JULY)  # a line less is a change
    assert (importer.published, importer.removed) == (2, ["Administrative coercion"])


def test_a_first_list_like_the_default_is_published_all_the_same(field: Field) -> None:
    default = versions(field.session)[-1].edition.rules
    importer, report = bring(field, write_csv(list(table.COLUMNS.values()), _rows(default)))
    assert (importer.published, set(outcomes(report))) == (1, {"unchanged"})


def _rows(rules: Any) -> list[list[str]]:
    with speaking("zh_CN"):
        return table.rows(rules)


def test_of_two_lists_from_one_day_the_later_one_holds_and_the_other_never_does(field: Field) -> None:
    bring(field)
    bring(field, LIST.replace(",12\n", ",6\n"))
    newest, older, _default = versions(field.session)
    assert (newest.version, newest.superseded, older.superseded) == (2, False, True)
    assert book(field.session).find(date(2024, 6, 3), EventKind.coercion, "").upload_hours == 6
    changes = compare(older.edition.rules, newest.edition.rules)
    assert [(one.kind, one.fields) for one in changes] == [(EventKind.coercion, ("upload_hours",))]


def test_a_version_governs_the_events_from_its_day_until_the_next(field: Field) -> None:
    for day in (-5, 0, 10, 40):
        field.event(at("00:30", day), at("01:00", day))
    assert (
        recounted(field.session, JUNE) == 3
    )  # 30 minutes past midnight in Shanghai is the day before in UTC
    bring(field, starts=JULY)
    assert recounted(field.session, JUNE) == 2
    assert recounted(field.session, JULY) == 1
    bring(field, LIST.replace("730", "365"))
    june = next(one for one in versions(field.session) if one.version == 2)
    assert (june.in_force_until, june.superseded) == (JULY, False)


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_an_exported_version_comes_back_without_a_change(field: Field, locale: str, form: str) -> None:
    bring(field)
    rules = get_version(field.session, 1).edition.rules
    with speaking(locale):
        columns, rows = table.columns(), table.rows(rules)
    content = write_xlsx("t", columns, rows) if form == "xlsx" else write_csv(columns, rows)
    importer, report = bring(field, content, JULY)
    assert set(outcomes(report)) == {"unchanged"}
    assert importer.published is None
    assert report.ignored_columns == []


def test_every_default_can_be_said_in_a_table() -> None:
    assert {rule.kind for rule in DEFAULTS.values()} == set(EventKind)
    for rows in (_rows(DEFAULTS.values()),):
        assert all(len(row) == len(table.COLUMNS) for row in rows)
