"""Figures 4 and 16: recorders for officers on duty, and recorders that want looking after."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from schemas.accounts import Role
from schemas.people import Roster
from schemas.policy import PolicyValue
from schemas.recorders import RecorderState
from schemas.recordings import RecordingState
from service.kernel.actor import Actor
from service.registry.people.rosters import on_duty
from service.registry.recorders.queries import (
    held_by_leavers,
    low_battery,
    not_docked,
    recorder_ratio,
    unassigned,
)
from tests.service.finding.linking.field import Field, at

JUNE_3 = date(2024, 6, 3)


@pytest.fixture
def field(session: Session) -> Field:
    return Field(session)


def duty(
    field: Field,
    number: str,
    start: str = "08:00",
    end: str = "18:00",
    squad: str = "one",
    day: int = 0,
    end_day: Any = None,
) -> None:
    row = Roster(
        officer_id=field.officer(number, squad).id,
        squad_id=field.squad(squad).id,
        starts_at=at(start, day),
        ends_at=at(end, day if end_day is None else end_day),
    )
    field.session.add(row)
    field.session.flush()


def ratios(field: Field, until: date = date(2024, 6, 10), actor: Actor | None = None, **more: Any) -> Any:
    return recorder_ratio(field.session, actor or field.actor(Role.admin), JUNE_3, until, **more)


def serials(found: Any) -> list[str]:
    return [row.recorder.serial for row in found]


@pytest.mark.parametrize(("officers", "needed"), [(1, 1), (2, 1), (3, 2), (4, 2)])
def test_one_recorder_for_two_officers_rounded_up(field: Field, officers: int, needed: int) -> None:
    for n in range(officers):
        duty(field, f"01{n}")
    field.hold("R-07", "010", at("08:00"), at("18:00"))
    (row,) = ratios(field)
    assert (row.day, row.officers, row.needed, row.recorders) == (JUNE_3, officers, needed, 1)
    assert row.below == (needed > 1)
    assert row.ratio == 1 / needed
    field.session.add(PolicyValue(name="officers_per_recorder", value=1))
    field.session.flush()
    assert ratios(field)[0].needed == officers


def test_a_recorder_counts_when_it_was_held_on_duty_or_filmed_that_day_and_once(field: Field) -> None:
    duty(field, "012")
    duty(field, "013")
    field.hold("R-07", "012", at("08:00"), at("18:00"))
    field.hold("R-07", "013", at("08:00"))  # shared
    field.hold("R-08", "013", at("19:00"))  # after duty
    field.hold("R-09", "013", at("06:00"), at("08:00"))  # handed in before
    field.recording(at("09:00"), at("09:30"), recorder="R-10")
    field.recording(at("09:00"), at("09:30"), recorder="R-11", state=RecordingState.refused)
    (row,) = ratios(field)
    found = {field.recorder("R-07").id, field.recorder("R-10").id}
    assert (row.recorders, set(row.recorder_ids)) == (2, found)
    assert set(row.officer_ids) == {field.officer("012").id, field.officer("013").id}


def test_one_in_repair_does_not_count_unless_it_filmed(field: Field) -> None:
    duty(field, "012")
    field.hold("R-07", "012", at("08:00"), at("18:00"))
    field.recorder("R-07").state = RecorderState.repair
    field.session.flush()
    assert ratios(field)[0].recorders == 0
    field.recording(at("09:00"), at("09:30"), recorder="R-07")
    assert ratios(field)[0].recorders == 1


def test_a_night_shift_counts_once_on_the_day_on_which_it_begins(field: Field) -> None:
    duty(field, "012", "20:00", "08:00", end_day=1)
    field.hold("R-07", "012", at("23:30"), at("08:00", 1))
    rows = ratios(field)
    assert [(row.day, row.officers, row.recorders) for row in rows] == [(JUNE_3, 1, 1)]
    duty(field, "013", "00:10", "08:00", day=1)  # June 4 in Shanghai, June 3 in UTC
    assert [row.day for row in ratios(field)] == [JUNE_3, date(2024, 6, 4)]
    assert [row.day for row in ratios(field, until=date(2024, 6, 4))] == [JUNE_3]


def test_duties_planned_beyond_the_day_on_which_an_officer_left_do_not_count(field: Field) -> None:
    for day in range(3):
        duty(field, "012", day=day)
    duty(field, "013", day=2)
    field.officer("012").left_on = date(2024, 6, 4)
    field.session.flush()
    assert [(row.day.day, row.officers) for row in ratios(field)] == [(3, 1), (5, 1)]
    admin = field.actor(Role.admin)
    assert [len(on_duty(field.session, admin, at("09:00", day))) for day in range(3)] == [1, 0, 1]


def test_each_squad_and_day_has_its_own_row_and_other_squads_are_out_of_sight(field: Field) -> None:
    duty(field, "012")
    duty(field, "012", day=1)
    duty(field, "021", squad="two")
    assert [(row.day.day, row.squad) for row in ratios(field)] == [
        (3, "中队 one"), (3, "中队 two"), (4, "中队 one"),
    ]  # fmt: skip
    two = field.squad("two").id
    assert [row.squad for row in ratios(field, squad_id=two)] == ["中队 two"]
    supervisor = field.actor(Role.supervisor, "one")
    assert {row.squad for row in ratios(field, actor=supervisor)} == {"中队 one"}
    assert ratios(field, actor=supervisor, squad_id=two) == []


def test_recorders_not_docked_longest_first_and_bytes_count_as_seen(field: Field) -> None:
    admin = field.actor(Role.admin)
    for serial, dock in (("R-1", at("12:00", -5)), ("R-2", at("12:00", -2)), ("R-3", None), ("R-4", None)):
        field.recorder(serial).last_dock_at = dock
    field.recorder("R-5").state = RecorderState.spare
    field.recording(at("09:00"), at("09:30"), recorder="R-4", received_at=at("10:00", -1))
    field.recording(
        at("09:00"), at("09:30"), recorder="R-3", received_at=at("10:00"), state=RecordingState.announced
    )
    field.hold("R-1", "012", at("08:00", -9))
    field.session.flush()
    found = not_docked(field.session, admin, at("12:00"))
    assert serials(found) == ["R-3", "R-1"]
    assert [holder.certificate_no for holder in found[1].holders] == ["012"]
    assert found[1].last_seen == at("12:00", -5)
    assert serials(not_docked(field.session, admin, at("12:00"), days=1)) == ["R-3", "R-1", "R-2", "R-4"]
    assert serials(not_docked(field.session, field.actor(Role.supervisor, "two"), at("12:00"))) == []


def test_low_battery_and_unassigned_and_held_by_someone_who_left(field: Field) -> None:
    admin = field.actor(Role.admin)
    for serial, charge in (("R-1", 19), ("R-2", 20), ("R-3", None)):
        field.recorder(serial).battery_percent = charge
    field.hold("R-1", "012", at("08:00"), at("12:00"))
    field.hold("R-2", "013", at("08:00"))
    field.officer("013").left_on = JUNE_3
    field.session.flush()
    assert serials(low_battery(field.session, admin, at("09:00"))) == ["R-1"]
    assert serials(low_battery(field.session, admin, at("09:00"), percent=50)) == ["R-1", "R-2"]
    assert serials(unassigned(field.session, admin, at("09:00"))) == ["R-3"]
    assert serials(unassigned(field.session, admin, at("12:00"))) == ["R-1", "R-3"]
    assert serials(held_by_leavers(field.session, admin, at("09:00"))) == ["R-2"]
    assert serials(held_by_leavers(field.session, admin, at("23:00", -1))) == []
