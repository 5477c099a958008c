"""The demo's week: what is planned, and what the board is held to."""

from collections import Counter
from datetime import date, datetime, timedelta

from deploy.demo.bureau import FORGOTTEN, ZONE, make_bureau
from deploy.demo.check import Seen, verdict_row
from deploy.demo.coverage import differences, due_at, expected, make_announced, make_wishes, unfilmed
from deploy.demo.matters import FIRST, LISTS, SECOND
from deploy.demo.truth import make_plan
from service.kernel import i18n
from service.registry.people.rules import overlapping

FIRST_DAY = date(2026, 1, 5)
WEEK = make_bureau(FIRST_DAY)
PLANS = make_plan(WEEK)
LAST = datetime(2026, 1, 12, 1, 0, tzinfo=ZONE)  # the night after the week


def test_the_same_first_day_gives_the_same_week() -> None:
    assert make_bureau(FIRST_DAY) == WEEK and make_plan(WEEK) == PLANS


def test_each_status_is_planned_for_some_event() -> None:
    found = Counter(expected(WEEK, PLANS, make_wishes(WEEK, PLANS), LAST).values())
    assert {("complete",), ("partly",), ("missing",), ("exempt",), ("pending",)} <= set(found)


def test_nothing_is_pending_once_every_deadline_is_over() -> None:
    late = max(due_at(event) for event in WEEK.events) + timedelta(seconds=1)
    found = expected(WEEK, PLANS, make_wishes(WEEK, PLANS), late)
    assert ("pending",) not in found.values()


def test_a_gap_is_planned_that_nobody_explained() -> None:
    parts = [plan for plan in PLANS if plan.story.startswith("switched off in the middle")]
    name = parts[0].wanted_event
    assert name and {plan.wanted_event for plan in parts} == {name}
    assert expected(WEEK, PLANS, (), LAST)[name] == ("partly",)


def test_what_is_announced_or_asked_for_was_not_filmed() -> None:
    free = {event.external_id for event in unfilmed(WEEK, PLANS)}
    wishes = make_wishes(WEEK, PLANS)
    assert {wish.event for wish in wishes} <= free
    assert [wish.approved for wish in wishes] == [True, False]
    for file in make_announced(WEEK, PLANS):
        assert file.name not in {plan.name for plan in PLANS}
        assert file.start < file.end < file.listed_at


def test_the_ambiguous_recording_lies_in_two_events_at_once() -> None:
    plan = next(plan for plan in PLANS if plan.wanted_link == "offered")
    end = plan.start + timedelta(seconds=plan.seconds)
    there = [
        e for e in WEEK.events if e.squad == plan.squad and e.arrived_at < end and e.departed_at > plan.start
    ]
    assert len(there) == 2
    assert not set(there[0].officers) & set(there[1].officers)


def test_nobody_is_on_two_duties_at_once() -> None:
    by_officer: dict[str, list] = {}
    for duty in WEEK.rosters:
        spans = by_officer.setdefault(duty.officer, [])
        assert overlapping((duty.starts_at, duty.ends_at), spans) is None
        spans.append((duty.starts_at, duty.ends_at))
    assert set(by_officer) == {officer.certificate_no for officer in WEEK.officers}


def test_one_recorder_was_forgotten_and_one_is_out_of_step() -> None:
    docked = {recorder.serial: recorder.last_dock_at for recorder in WEEK.recorders}
    assert min(docked, key=docked.__getitem__) == FORGOTTEN
    assert FORGOTTEN not in {one.recorder for one in WEEK.assignments}
    assert len({one.recorder for one in WEEK.clocks if abs(one.offset_s) > 30}) == 1


def test_the_second_list_asks_for_more() -> None:
    assert [day for day, _note, _lines in LISTS] == [FIRST, SECOND]
    first, second = ({(line.kind, line.subject): line for line in lines} for _day, _note, lines in LISTS)
    for key in second:
        assert second[key].late_start_s < first[key].late_start_s
    assert set(first) - set(second) == {("inspection", "hazard")}


def test_times_are_written_with_their_zone() -> None:
    for row in (*WEEK.rows("rosters"), *WEEK.rows("events")):
        for name in ("starts_at", "arrived_at"):
            if name in row:
                assert datetime.fromisoformat(row[name]).tzinfo is not None


def test_differences_name_the_event_and_both_words() -> None:
    assert differences({"E-1": ("partly", "missing")}, {"E-1": "complete"}) == [
        "E-1: complete, wanted partly or missing"
    ]
    assert not differences({"E-1": ("partly", "missing")}, {"E-1": "missing"})


def test_the_table_joins_reasons_as_the_language_does() -> None:
    seen = Seen("1", "ready", "", frozenset(), (("automatic", "E-1", None, ("同一记录仪", "时间重叠")),))
    with i18n.speaking("zh_CN"):
        assert verdict_row(PLANS[0], seen, [])["why"] == "同一记录仪；时间重叠"
    with i18n.speaking("en"):
        assert verdict_row(PLANS[0], seen, [])["why"] == "同一记录仪; 时间重叠"
