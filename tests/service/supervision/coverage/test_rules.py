"""Interval arithmetic and what is kept of an event, by properties."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from schemas.base import new_id
from schemas.events import EventKind
from schemas.matters import Duty, Moment
from service.kernel.intervals import clip, gaps, union
from service.registry.matters.rules import Rule
from service.supervision.coverage.rules import (
    NOTHING,
    Act,
    Explained,
    Filmed,
    Kept,
    cover,
    length,
    reach,
    shows,
)

patiently = settings(deadline=None)  # no test asserts a time
DAY = datetime(2024, 6, 3, tzinfo=UTC)
SQUAD = new_id()


def us(count: int) -> datetime:
    return DAY + timedelta(microseconds=count)


# Few distinct moments, so that stretches touch, nest and repeat; and odd microseconds.
moments = st.one_of(st.integers(0, 12).map(lambda n: n * 100_000_001), st.integers(0, 1_200_000_000)).map(us)
stretches = st.lists(st.tuples(moments, moments), max_size=12)
intervals = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair)))
tolerances = st.sampled_from([0, 1, 30, 60, 100])


@st.composite
def matters(draw: DrawFn, duty: Duty | None = None) -> Rule:
    return Rule(
        version=draw(st.integers(0, 3)),
        kind=EventKind.inspection,
        duty=duty or draw(st.sampled_from(Duty)),
        from_moment=draw(st.sampled_from(Moment)),
        from_offset_s=draw(st.sampled_from([-120, 0, 0, 90])),
        to_moment=draw(st.sampled_from(Moment)),
        to_offset_s=draw(st.sampled_from([-60, 0, 0, 45])),
        late_start_s=draw(tolerances),
        early_stop_s=draw(tolerances),
        gap_s=draw(tolerances),
    )


@st.composite
def filmings(draw: DrawFn) -> list[Filmed]:
    return draw(
        st.lists(
            st.builds(
                Filmed,
                stretches=st.lists(intervals, max_size=3).map(tuple),
                received_at=st.none() | moments,
                confirmed=st.booleans(),
            ),
            max_size=8,
        )
    )


def gaps_of(row: Kept) -> list:
    return json.loads(row.gaps)


def act(arrived: datetime, departed: datetime | None, **more: Any) -> Act:
    return Act(SQUAD, "inspection", "", None, arrived, departed, **more)


def kept(event: Act, matter: Rule, filmed: Sequence[Filmed], explained: Explained = Explained()) -> Kept:
    return cover(event, matter, filmed, explained, day=date(2024, 6, 3), open_for=timedelta(minutes=120))


@patiently
@given(stretches)
def test_a_union_is_in_order_and_apart_and_its_own_union(some: list[tuple[Any, Any]]) -> None:
    found = union(some)
    assert all(start < end for start, end in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert union(found) == found


@patiently
@given(stretches, moments)
def test_a_moment_is_in_the_union_if_it_is_in_a_stretch(
    some: list[tuple[Any, Any]], moment: datetime
) -> None:
    inside = any(start <= moment < end for start, end in some)
    assert any(start <= moment < end for start, end in union(some)) == inside


@patiently
@given(stretches, intervals)
def test_what_is_clipped_lies_inside_and_loses_nothing_that_does(
    some: list[tuple[Any, Any]], interval: tuple[datetime, datetime | None]
) -> None:
    start, end = interval
    clipped = clip(some, start, end)
    assert all(start <= since < until <= end for since, until in clipped)
    outside = [(DAY - timedelta(1), start), (end, DAY + timedelta(1))]
    assert length(union(clipped)) == length(union([*some, *outside])) - length(union(outside)) or start >= end
    assert clip(clipped, start, end) == clipped


@patiently
@given(stretches, intervals)
def test_recorded_and_gaps_are_the_required_interval_to_the_microsecond(
    some: list[tuple[Any, Any]], interval: tuple[datetime, datetime | None]
) -> None:
    start, end = interval
    recorded = union(clip(some, start, end))
    missing = gaps(recorded, start, end)
    assert length(recorded) + length(missing) == end - start
    assert union([*recorded, *missing]) == ([interval] if start < end else [])


@patiently
@given(matters(), intervals, stretches, stretches)
def test_late_start_gaps_and_early_stop_are_all_that_is_not_recorded(
    matter: Rule,
    interval: tuple[datetime, datetime | None],
    some: list[tuple[Any, Any]],
    explained: list[tuple[Any, Any]],
) -> None:
    start, end = interval
    found = reach(matter, start, end, some, explained)
    missing = gaps(found.recorded, start, end)
    between = [gap for gap in missing if gap[0] != start and gap[1] != end]
    assert (
        length(found.recorded) + found.late_start + length(between) + found.early_stop == end - start
        or not found.recorded
    )
    assert {(gap.start, gap.end) for gap in found.gaps} <= set(missing)
    forgiven = {
        "late_start": matter.late_start_s, "middle": matter.gap_s, "early_stop": matter.early_stop_s
    }  # fmt: skip
    for gap in found.gaps:
        assert gap.end - gap.start > timedelta(seconds=forgiven[gap.place]) or not found.recorded
    if found.recorded:
        listed = {(gap.start, gap.end) for gap in found.gaps}
        for start, end in set(missing) - listed:
            assert end - start <= timedelta(seconds=max(forgiven.values()))


@patiently
@given(matters(Duty.must), intervals, filmings(), st.randoms())
def test_the_order_of_recordings_changes_nothing(
    matter: Rule, interval: tuple[datetime, datetime | None], filmed: list[Filmed], chance: random.Random
) -> None:
    shuffled = filmed[:]
    chance.shuffle(shuffled)
    event = act(*interval)
    assert kept(event, matter, shuffled) == kept(event, matter, filmed)


@patiently
@given(matters(Duty.must), intervals, filmings())
def test_the_same_recording_twice_records_no_more(
    matter: Rule, interval: tuple[datetime, datetime | None], filmed: list[Filmed]
) -> None:
    once, twice = kept(act(*interval), matter, filmed), kept(act(*interval), matter, filmed + filmed)
    assert twice.recorded_s == once.recorded_s
    assert twice.gaps == once.gaps


@patiently
@given(matters(Duty.must), intervals, st.booleans(), filmings(), filmings())
def test_more_recording_never_lowers_completeness(
    matter: Rule,
    interval: tuple[datetime, datetime | None],
    departed: bool,
    filmed: list[Filmed],
    more: list[Filmed],
) -> None:
    event = act(interval[0], interval[1] if departed else None)
    before, after = kept(event, matter, filmed), kept(event, matter, filmed + more)
    assert after.recorded_s >= before.recorded_s
    assert after.links >= before.links
    assert after.required_s == before.required_s
    assert after.due_at == before.due_at


@patiently
@given(matters(Duty.must), intervals, filmings())
def test_recorded_time_lies_inside_the_required_interval(
    matter: Rule, interval: tuple[datetime, datetime | None], filmed: list[Filmed]
) -> None:
    row = kept(act(*interval), matter, filmed)
    assert 0 <= row.recorded_s <= row.required_s
    assert 0 <= row.gap_explained <= row.gap_count == len(gaps_of(row))
    assert row.links + row.announced == len(filmed)
    assert 0 <= row.shown <= row.links
    assert (row.shown > 0) == (row.recorded_s > 0) or row.required_from == row.required_to
    assert row.late_start_s + row.early_stop_s + row.recorded_s <= row.required_s + 1e-6


@patiently
@given(matters(Duty.must), intervals, st.lists(intervals, max_size=5))
def test_a_recording_with_holes_records_what_its_stretches_would_by_themselves(
    matter: Rule, interval: tuple[datetime, datetime | None], shown: list[tuple[datetime, datetime]]
) -> None:
    whole = kept(act(*interval), matter, [Filmed(tuple(shown), at(200), confirmed=False)])
    apart = kept(act(*interval), matter, [Filmed((one,), at(200), confirmed=False) for one in shown])
    same = ("recorded_s", "late_start_s", "early_stop_s", "gap_count", "gaps")
    assert all(getattr(whole, name) == getattr(apart, name) for name in same)
    assert whole.shown == (apart.shown > 0)


@patiently
@given(matters(Duty.must), intervals, filmings())
def test_what_is_only_announced_records_nothing(
    matter: Rule, interval: tuple[datetime, datetime | None], filmed: list[Filmed]
) -> None:
    absent = [one._replace(received_at=None) for one in filmed]
    row = kept(act(*interval), matter, absent)
    assert (row.links, row.announced, row.recorded_s) == (0, len(filmed), 0.0)
    assert gaps_of(row) == []
    assert row.first_received_at is None


@patiently
@given(matters(Duty.must), intervals, filmings(), stretches)
def test_explanations_explain_and_record_nothing(
    matter: Rule,
    interval: tuple[datetime, datetime | None],
    filmed: list[Filmed],
    explained: list[tuple[Any, Any]],
) -> None:
    plain = kept(act(*interval), matter, filmed)
    row = kept(act(*interval), matter, filmed, Explained(None, tuple(explained)))
    assert row.gap_explained >= plain.gap_explained == 0
    assert row._replace(gap_explained=0, gaps="") == plain._replace(gaps="")
    assert [gap[:3] for gap in gaps_of(row)] == [gap[:3] for gap in gaps_of(plain)]
    everything = Explained(None, ((DAY - timedelta(1), DAY + timedelta(1)),))
    whole = kept(act(*interval), matter, filmed, everything)
    assert whole.gap_explained == whole.gap_count


MATTER = Rule(version=1, kind=EventKind.inspection, late_start_s=60, early_stop_s=60, gap_s=30)


def at(minutes: float) -> datetime:
    return DAY + timedelta(minutes=minutes)


def film(start: float, end: float) -> Filmed:
    return Filmed(((at(start), at(end)),), at(200), confirmed=False)


def test_what_is_forgiven_is_no_gap_and_one_second_more_is() -> None:
    row = kept(act(at(0), at(30)), MATTER, [film(1, 10), film(10.5, 29)])
    assert gaps_of(row) == []
    assert (row.recorded_s, row.late_start_s, row.early_stop_s) == (27.5 * 60, 60, 60)
    second = 1 / 60
    row = kept(act(at(0), at(30)), MATTER, [film(1 + second, 10), film(10.5 + second, 29 - second)])
    assert [gap[2] for gap in gaps_of(row)] == ["late_start", "middle", "early_stop"]


def test_a_linked_recording_that_shows_none_of_it_leaves_the_event_missing_not_interrupted() -> None:
    unplayable = Filmed((), at(200), confirmed=True)
    for one in (film(60, 90), film(30, 40), unplayable):
        row = kept(act(at(0), at(30)), MATTER, [one], Explained(None, ((at(-60), at(60)),)))
        assert (row.links, row.in_time, row.shown, row.recorded_s, gaps_of(row)) == (1, 1, 0, 0.0, [])


def test_of_several_recordings_those_that_show_some_of_it_are_counted() -> None:
    row = kept(act(at(0), at(30)), MATTER, [film(-5, 0), film(-5, 1), film(20, 60), film(30, 60)])
    assert (row.links, row.shown) == (4, 2)
    open_end = kept(act(at(0), None), MATTER, [film(-5, 0), film(300, 301)])
    assert (open_end.links, open_end.shown) == (2, 1)


def test_an_explained_gap_stays_explained_when_its_ends_move_by_what_is_forgiven() -> None:
    explained = Explained(None, ((at(10), at(15)),))
    row = kept(act(at(0), at(30)), MATTER, [film(0, 9.8), film(15.2, 30)], explained)
    assert (row.gap_count, row.gap_explained) == (1, 1)
    row = kept(act(at(0), at(30)), MATTER, [film(0, 9), film(15, 30)], explained)
    assert (row.gap_count, row.gap_explained) == (1, 0)


def test_without_a_departure_nothing_stops_early_and_nothing_is_required_yet() -> None:
    row = kept(act(at(0), None), MATTER, [film(3, 10), film(14, 20)])
    assert (row.required_to, row.required_s) == (None, 0.0)
    assert [gap[2] for gap in gaps_of(row)] == ["late_start", "middle"]
    assert (row.recorded_s, row.early_stop_s) == (13 * 60, 0.0)
    assert row.due_at == at(120) + timedelta(hours=24)


def test_merged_is_said_before_cancelled_and_that_before_not_required() -> None:
    text = Rule(version=1, kind=EventKind.inspection, duty=Duty.text_suffices)
    assert kept(act(at(0), at(9), cancelled=True, merged=True), text, []).excluded == "merged"
    assert kept(act(at(0), at(9), cancelled=True), text, []).excluded == "cancelled"
    assert kept(act(at(0), at(9)), text, []).excluded == "not_required"
    assert kept(act(at(0), at(9)), MATTER, []).excluded is None


def test_lengths_add_up_exactly() -> None:
    parts = [(us(n * 3), us(n * 3 + 1)) for n in range(100_000)]
    assert length(parts) == timedelta(microseconds=100_000)
    assert length([]) == NOTHING


@given(matters(Duty.must))
def test_an_event_of_no_length_is_not_complete_by_a_recording_made_hours_later(matter: Rule) -> None:
    moment = DAY
    later = (moment + timedelta(hours=5), moment + timedelta(hours=6))
    there = (moment - timedelta(minutes=1), moment + timedelta(minutes=1))
    assert not shows(later, moment, moment)
    assert shows(there, moment, moment)
    assert reach(matter, moment, moment, [there]).gaps == []
