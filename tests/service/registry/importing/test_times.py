"""Times in tables: as spreadsheets and people write them, or refused with what could be meant."""

import json

import pytest
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.events import EnforcementEvent
from schemas.people import Roster
from service.kernel.i18n import speaking
from service.registry.events.importers import EventImporter
from service.registry.importing.actions import Report, run_import
from service.registry.people.importers import OfficerImporter, RosterImporter, SquadImporter
from tests.service.finding.linking.field import Field
from tests.service.registry.importing.tables import bring, outcomes

READ = {
    "46346.375": "2026-11-20T01:00:00",
    "2026/11/20 下午 2:21:56": "2026-11-20T06:21:56",
    "2026/11/20 上午9:00": "2026-11-20T01:00:00",
    "2026年11月20日9点30分": "2026-11-20T01:30:00",
    "2026-11-20 24:00": "2026-11-20T16:00:00",
    "２０２６－１１－２０　０９：００": "2026-11-20T01:00:00",
    "２０２６／１１／２０ 09:00": "2026-11-20T01:00:00",
    "20261120090000": "2026-11-20T01:00:00",
    "202611200900": "2026-11-20T01:00:00",
    "2026/11/20 9:00 星期五": "2026-11-20T01:00:00",
    "2026-11-20T09:00:00+09:00": "2026-11-20T00:00:00",
}
REFUSED = {
    "2026112009": "2034-03-16",
    "上午9:00": "日期",
    "2026/11/20 9:00 星期四": "星期",
    "11/20/2026 9:00": "年份",
}


@pytest.fixture
def field(session: Session) -> Field:
    field = Field(session)
    bring(field, SquadImporter, "编号,名称\none,一中队\n")
    bring(field, OfficerImporter, "证号,姓名,中队\n012,队员 012,one\n")
    return field


def arrivals(field: Field) -> list[str]:
    found = field.session.scalars(select(EnforcementEvent).order_by(EnforcementEvent.external_id)).all()
    return [f"{one.arrived_at:%Y-%m-%dT%H:%M:%S}" for one in found]


def test_an_arrival_is_read_from_every_way_in_which_a_table_writes_it(field: Field) -> None:
    rows = "".join(f'E-{n:02},x,日常巡查,"{text}",one\n' for n, text in enumerate([*READ, *REFUSED]))
    with speaking("zh-CN"):
        report = bring(field, EventImporter, "事件编号,标题,类别,抵达时间,中队\n" + rows)
    assert outcomes(report) == ["created"] * len(READ) + ["refused"] * len(REFUSED)
    assert arrivals(field) == list(READ.values())
    for row, (said, why) in zip(report.rows[len(READ) :], REFUSED.items(), strict=True):
        assert (
            f"抵达时间：“{said}”" in row.problem and why in row.problem and "2026-03-02 08:10" in row.problem
        )


def as_json(field: Field, rows: list[dict]) -> Report:
    importer = EventImporter(field.session, field.actor(Role.admin))
    return run_import(importer, json.dumps(rows).encode(), "application/json", dry_run=False)


def test_numbers_of_json_are_the_same_times_as_in_a_spreadsheet(field: Field) -> None:
    rows = [
        {"external_id": n, "title": n, "kind": "inspection", "squad": "one", "arrived_at": arrived}
        for n, arrived in enumerate([46346.375, 20261120090000, 1795136400, 2026112009], 1)
    ]
    assert outcomes(as_json(field, rows)) == ["created", "created", "created", "refused"]
    assert arrivals(field) == ["2026-11-20T01:00:00"] * 3


def test_a_duty_is_read_from_clock_times_as_people_write_them(field: Field) -> None:
    table = (
        "值班编号,执法证号,日期,开始时间,结束时间\n"
        "1,012,2026/3/2,上午8点,下午4点半\n"
        "2,012,46084,0.833333333333333,次日上午8:00\n"
        "3,012,,2026年3月5日 晚上8点,2026-03-06 08:00\n"
        "4,012,2026-03-07,2026112009,16:00\n"
    )
    assert outcomes(bring(field, RosterImporter, table)) == ["created"] * 3 + ["refused"]
    duties = field.session.scalars(select(Roster).order_by(Roster.external_id)).all()
    assert [(f"{one.starts_at:%m-%d %H:%M}", f"{one.ends_at:%m-%d %H:%M}") for one in duties] == [
        ("03-02 00:00", "03-02 08:30"),
        ("03-03 12:00", "03-04 00:00"),
        ("03-05 12:00", "03-06 00:00"),
    ]
