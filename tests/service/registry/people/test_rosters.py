"""Duty rosters through their actions and imports: scope first, then what a duty may be."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.cases import Campaign
from schemas.custody import CustodyEntry
from schemas.people import OfficerCreate, Roster, RosterCreate, Squad, SquadCreate
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.kernel.i18n import speaking
from service.registry.cases.importers import CaseImporter
from service.registry.events.importers import EventImporter
from service.registry.importing.actions import Report
from service.registry.importing.importer import Importer
from service.registry.people.actions import create_officer, create_squad, update_officer
from service.registry.people.errors import (
    AlreadyOnDuty,
    DutyTooLong,
    LeftBefore,
    NumberTaken,
    OnDutyElsewhere,
    SpanReversed,
)
from service.registry.people.importers import OfficerImporter, RosterImporter
from service.registry.people.queries import officer_of, squads_said
from service.registry.people.rosters import (
    RosterUpdate,
    create_roster,
    get_roster,
    list_rosters,
    on_duty,
    remove_roster,
    update_roster,
)
from service.registry.people.updates import OfficerUpdate
from service.registry.recorders.importers import RecorderImporter
from tests.service.finding.linking.field import Field, at
from tests.service.registry.importing import tables
from tests.service.registry.importing.tables import outcomes


@pytest.fixture
def field(session: Session) -> Field:
    found = Field(session)
    found.officer("012")
    found.officer("013")
    found.officer("021", "two")
    return found


def duty(officer: str = "012", start: str = "08:00", end: str = "16:00", **more: Any) -> RosterCreate:
    day, end_day = more.pop("day", 0), more.pop("end_day", None)
    return RosterCreate(
        officer=officer,
        starts_at=at(start, day),
        ends_at=at(end, day if end_day is None else end_day),
        **more,
    )


def bring(field: Field, table: str, importer: Any = RosterImporter, **more: Any) -> Report:
    with speaking("en"):
        return tables.bring(field, importer, table, role=Role.supervisor, **more)


def test_only_those_who_may_and_only_for_a_squad_in_sight(field: Field) -> None:
    with pytest.raises(NotAllowed):
        create_roster(field.session, field.actor(Role.member, "one"), duty())
    with pytest.raises(Invalid):
        create_roster(field.session, field.actor(Role.supervisor, "two"), duty())
    roster = create_roster(field.session, field.actor(Role.supervisor, "one"), duty())
    other = field.actor(Role.supervisor, "two")
    with pytest.raises(NotFound):
        get_roster(field.session, other, roster.id)
    assert list_rosters(field.session, other).items == []
    assert on_duty(field.session, other, at("09:00")) == []
    assert [row.officer.certificate_no for row in on_duty(field.session, field.actor(), at("09:00"))] == [
        "012"
    ]


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (duty(start="16:00", end="08:00"), SpanReversed),
        (duty(end_day=3), DutyTooLong),
        (duty(officer="999"), Invalid),
        (duty(start="15:00", end="20:00"), AlreadyOnDuty),
        (duty(start="07:00", end="20:00"), AlreadyOnDuty),
        (duty(external_id="D-1", day=5), NumberTaken),
    ],
)
def test_a_duty_that_cannot_be_is_refused_and_one_that_follows_is_not(
    field: Field, wanted: Any, error: Any
) -> None:
    admin = field.actor(Role.admin)
    create_roster(field.session, admin, duty(external_id="D-1"))
    with pytest.raises(error):
        create_roster(field.session, admin, wanted)
    create_roster(field.session, admin, duty(start="16:00", end="08:00", end_day=1))
    create_roster(field.session, admin, duty(officer="013"))


def test_over_midnight_one_is_on_duty_on_both_sides_and_off_at_the_end(field: Field) -> None:
    create_roster(field.session, field.actor(Role.admin), duty(start="20:00", end="08:00", end_day=1))
    present = [bool(on_duty(field.session, field.actor(), at(*moment))) for moment in MOMENTS]
    assert present == [False, True, True, True, False]


MOMENTS = [("19:59", 0), ("20:00", 0), ("02:00", 1), ("07:59", 1), ("08:00", 1)]


def test_changing_and_removing_a_duty_stands_in_custody_and_keeps_the_rules(field: Field) -> None:
    admin = field.actor(Role.admin)
    first = create_roster(field.session, admin, duty())
    create_roster(field.session, admin, duty(start="18:00", end="22:00"))
    with pytest.raises(AlreadyOnDuty):
        update_roster(field.session, admin, first.id, RosterUpdate(ends_at=at("19:00")))
    update_roster(field.session, admin, first.id, RosterUpdate(ends_at=at("17:00")))
    assert get_roster(field.session, admin, first.id).ends_at == at("17:00")
    remove_roster(field.session, admin, first.id)
    with pytest.raises(NotFound):
        get_roster(field.session, admin, first.id)
    acts = field.session.scalars(select(CustodyEntry.action).order_by(CustodyEntry.id)).all()
    assert [act for act in acts if "roster" in act or act == "edit"] == [
        "create_roster", "create_roster", "edit", "remove_roster",
    ]  # fmt: skip


def test_nothing_begins_once_an_officer_has_left(field: Field) -> None:
    admin = field.actor(Role.admin)
    officer = officer_of(field.session, field.actor(Role.admin), "012")
    update_officer(field.session, admin, officer.id, OfficerUpdate(left_on=date(2024, 6, 4)))
    create_roster(field.session, admin, duty(start="20:00", end="08:00", end_day=1))
    with pytest.raises(LeftBefore):
        create_roster(field.session, admin, duty(day=1, start="09:00", end="10:00"))


TABLE = (
    "值班编号,执法证号,日期,开始时间,结束时间\nD-1,012,2024-06-03,08:00,16:00\nD-2,013,2024/6/3,20:00,08:00\n"
)


def test_the_same_table_again_changes_nothing_and_a_dry_run_changes_nothing_at_all(field: Field) -> None:
    assert outcomes(bring(field, TABLE, dry_run=True)) == ["created", "created"]
    assert field.session.scalars(select(Roster)).all() == []
    assert outcomes(bring(field, TABLE)) == ["created", "created"]
    assert outcomes(bring(field, TABLE)) == ["unchanged", "unchanged"]
    night = field.session.scalars(select(Roster).where(Roster.external_id == "D-2")).one()
    assert (night.starts_at, night.ends_at) == (at("20:00"), at("08:00", 1))
    without_id = TABLE.replace("值班编号", "x")
    assert outcomes(bring(field, without_id)) == ["unchanged", "unchanged"]


def test_an_overlap_is_refused_with_the_duty_that_stands_there(field: Field) -> None:
    bring(field, TABLE)
    report = bring(field, TABLE + "D-3,012,2024-06-03,15:00,18:00\nD-4,013,2024-06-04,08:00,12:00\n")
    assert outcomes(report) == ["unchanged", "unchanged", "refused", "created"]
    assert "012" in report.rows[2].problem
    assert "2024-06-03 08:00" in report.rows[2].problem


def test_the_hours_of_another_squads_duty_stay_untold(field: Field) -> None:
    """Of an officer whom the squad knows, because he was lent to it once."""
    create_roster(field.session, field.actor(Role.admin), duty("021", "08:00", "16:00"))
    with pytest.raises(Invalid):
        create_roster(field.session, field.actor(Role.supervisor, "one"), duty("021", day=3, squad="one"))
    create_roster(field.session, field.actor(Role.admin), duty("021", day=5, squad="one"))
    with pytest.raises(OnDutyElsewhere) as refused:
        create_roster(
            field.session, field.actor(Role.supervisor, "one"), duty("021", "15:00", "18:00", squad="one")
        )
    assert "08:00" not in str(refused.value)
    report = bring(
        field, "执法证号,中队,日期,开始时间,结束时间\n021,one,2024-06-03,15:00,18:00\n", squad="one"
    )
    assert outcomes(report) == ["refused"] and "08:00" not in report.rows[0].problem


def test_two_duties_of_one_officer_entered_at_one_moment_do_not_both_stand(
    clean_engine: sqlalchemy.Engine,
) -> None:
    with Session(clean_engine) as first, Session(clean_engine) as second:
        mine = Field(first)
        mine.officer("012")
        actor = mine.actor(Role.supervisor, "one")
        first.commit()
        create_roster(first, actor, duty())
        second.execute(text("SET lock_timeout = '200ms'"))
        with pytest.raises(OperationalError):  # it waits for the first
            create_roster(second, actor, duty(start="10:00", end="18:00"))
        second.rollback()
        first.commit()
        with pytest.raises(AlreadyOnDuty):
            create_roster(second, actor, duty(start="10:00", end="18:00"))


def test_a_table_that_moves_two_duties_past_each_other_is_judged_as_it_ends(field: Field) -> None:
    start = "值班编号,执法证号,日期,开始时间,结束时间\nD-1,012,2024-06-03,{},{}\nD-2,012,2024-06-03,{},{}\n"
    bring(field, start.format("08:00", "12:00", "12:00", "18:00"))
    report = bring(field, start.format("12:00", "18:00", "08:00", "12:00"))
    assert outcomes(report) == ["changed", "changed"]


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("999,2024-06-03,08:00,16:00", "999"),
        ("012,2024-06-03,2024-06-03 10:00,2024-06-03 08:00", "after the start"),
        ("012,2024-06-03,2024-06-03 10:00,2024-06-13 08:00", "48"),
        ("012,2024-06-03,8am,16:00", "starts_at"),
        ("021,2024-06-03,08:00,16:00", "021 is not known"),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_the_others_are_taken(field: Field, row: str, word: str) -> None:
    table = f"执法证号,日期,开始时间,结束时间\n{row}\n013,2024-06-03,08:00,16:00\n"
    report = bring(field, table, squad="one")
    assert outcomes(report) == ["refused", "created"]
    assert word in report.rows[0].problem


def test_a_duty_keeps_the_squad_of_its_day_through_a_transfer(field: Field) -> None:
    bring(field, TABLE)
    officer = officer_of(field.session, field.actor(Role.admin), "012")
    update_officer(field.session, field.actor(Role.admin), officer.id, OfficerUpdate(squad="two"))
    assert outcomes(bring(field, TABLE)) == ["unchanged", "unchanged"]
    kept = field.session.scalars(select(Roster).where(Roster.external_id == "D-1")).one()
    assert kept.squad_id == field.squad("one").id
    lent = "值班编号,执法证号,中队,日期,开始时间,结束时间\nD-9,012,中队 one,2024-06-09,08:00,16:00\n"
    bring(field, lent)
    found = field.session.scalars(select(Roster).where(Roster.external_id == "D-9")).one()
    assert found.squad_id == field.squad("one").id


def test_who_leaves_with_a_recorder_in_hand_is_told_in_the_report(field: Field) -> None:
    field.hold("R-07", "012", at("08:00"))
    report = bring(field, "证号,姓名,中队,离职日期\n012,队员 012,one,2024-06-10\n", OfficerImporter)
    assert outcomes(report) == ["changed"]
    assert "R-07" in report.rows[0].note


def test_squads_are_named_by_code_or_by_a_name_that_only_one_has(field: Field) -> None:
    admin = field.actor(Role.admin)
    for code, name in (("a", "直属中队"), ("b", "直属中队"), ("c", "one")):
        create_squad(field.session, admin, SquadCreate(code=code, name=name))
    said = squads_said(field.session)
    assert said["中队 one"].code == "one"
    assert said["one"].code == "one"
    assert "直属中队" not in said
    report = bring(field, "证号,姓名,中队\n031,队员 031,中队 two\n", OfficerImporter)
    assert outcomes(report) == ["created"]
    assert officer_of(field.session, field.actor(Role.admin), "031").squad_id == field.squad("two").id


@pytest.mark.parametrize("said", ["直属中队", "直属 中队", "ONE"])
def test_a_squad_said_by_what_two_are_called_is_refused_and_said_so(field: Field, said: str) -> None:
    admin = field.actor(Role.admin)
    field.squad("one")
    for code, name in (("a", "直属中队"), ("b", "直属中队"), ("c", "one")):
        create_squad(field.session, admin, SquadCreate(code=code, name=name))
    field.officer("012", "one")
    written: list[tuple[str, type[Importer]]] = [
        (f"证号,姓名,中队\n031,队员 031,{said}\n", OfficerImporter),
        (f"证号,日期,开始时间,结束时间,中队\n012,2024-06-03,08:00,20:00,{said}\n", RosterImporter),
        (f"编号,中队\nR-1,{said}\n", RecorderImporter),
        (f"案号,中队\n蓉城管罚〔2024〕5号,{said}\n", CaseImporter),
        (f"编号,标题,kind,arrived_at,中队\nE-1,检查,inspection,2024-06-03 09:00,{said}\n", EventImporter),
    ]
    with speaking("en"):
        for table, importer in written:
            report = bring(field, table, importer)
            assert outcomes(report) == ["refused"]
            assert "more than one squad" in (report.rows[0].problem or ""), importer
        # who sees none of them learns nothing of them, and who sees one is not taken to mean it
        (other,) = bring(field, written[0][0], OfficerImporter, squad="two").rows
        assert other.problem == f"squad {said} is not known"
    squad = field.session.scalars(select(Squad).where(Squad.code == "c")).one()
    field.known["squad", "c"] = squad
    assert outcomes(bring(field, written[0][0], OfficerImporter, squad="c")) == ["refused"]
    assert outcomes(bring(field, "证号,姓名,中队\n031,队员 031,c\n", OfficerImporter)) == ["created"]


def test_a_campaign_said_by_a_name_that_two_have_is_refused_and_by_its_id_taken(field: Field) -> None:
    field.squad("one")
    for year in (2023, 2024):
        field.session.add(Campaign(external_id=f"C-{year}", name="夏季油烟"))
    field.session.flush()
    head = "编号,标题,kind,arrived_at,中队,专项行动\n"
    with speaking("en"):
        (row,) = bring(
            field, f"{head}E-1,检查,inspection,2024-06-03 09:00,one,夏季油烟\n", EventImporter
        ).rows
        assert row.outcome == "refused" and "more than one campaign" in (row.problem or "")
    report = bring(field, f"{head}E-1,检查,inspection,2024-06-03 09:00,one,c-2024\n", EventImporter)
    assert outcomes(report) == ["created"]


def test_a_new_squad_is_for_those_who_see_the_whole_bureau(field: Field) -> None:
    with pytest.raises(NotAllowed):
        create_squad(field.session, field.actor(Role.supervisor, "one"), SquadCreate(code="x", name="x"))
    with pytest.raises(NumberTaken):
        create_squad(field.session, field.actor(Role.admin), SquadCreate(code="one", name="x"))


def test_an_officers_number_is_one_and_a_transfer_is_in_custody(field: Field) -> None:
    admin = field.actor(Role.admin)
    with pytest.raises(NumberTaken):
        create_officer(field.session, admin, OfficerCreate(certificate_no="012", name="x", squad="one"))
    with pytest.raises(Invalid):
        create_officer(
            field.session,
            field.actor(Role.supervisor, "one"),
            OfficerCreate(certificate_no="099", name="x", squad="two"),
        )
    officer = officer_of(field.session, field.actor(Role.admin), "012")
    with pytest.raises(NotFound):
        update_officer(
            field.session, field.actor(Role.supervisor, "two"), officer.id, OfficerUpdate(name="x")
        )
    update_officer(field.session, admin, officer.id, OfficerUpdate(squad="two"))
    entry = field.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "edit")).one()
    assert entry.detail["after"] == {"squad_id": str(field.squad("two").id)}
    update_officer(field.session, admin, officer.id, OfficerUpdate(squad="two"))
    assert len(field.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "edit")).all()) == 1
