"""The offset of a clock: what a set of measurements says about any moment, and how far it may be wrong."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from schemas.clocks import OffsetSource
from service.registry.clocks.rules import Kind, Measurement, Timeline, offset_at, offset_of_shown, out_of_step

patiently = settings(deadline=None)  # no test asserts a time
START = datetime(2024, 6, 1, tzinfo=UTC)
DOCK, HAND, SIDECAR = OffsetSource.dock, OffsetSource.hand, OffsetSource.sidecar


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def read(days: float, offset: float, doubt: float = 1.0, source: OffsetSource = DOCK) -> Measurement:
    return Measurement(day(days), offset, doubt, source)


@st.composite
def drifting(draw: DrawFn) -> tuple[list[tuple[float, float]], list[Measurement]]:
    """A clock that never drifts by more than 3 s a day, as corners of its path, and measurements of it that keep to
    their doubts."""
    days = sorted(draw(st.lists(st.floats(0, 60), min_size=2, max_size=8, unique=True)))
    offset = draw(st.floats(-40_000, 40_000))
    path = [(days[0], offset)]
    for before, now in pairwise(days):
        offset += draw(st.floats(-3, 3)) * (now - before)
        path.append((now, offset))
    found = []
    for at in draw(st.lists(st.floats(days[0], days[-1]), min_size=1, max_size=12)):
        doubt = draw(st.floats(0.1, 60))
        error = draw(st.floats(-1, 1)) * doubt
        source = draw(st.sampled_from(list(OffsetSource)))
        found.append(read(at, along(path, at) + error, doubt, source))
    return path, found


def along(path: list[tuple[float, float]], at: float) -> float:
    for (a, x), (b, y) in pairwise(path):
        if a <= at <= b:
            return x + (y - x) * ((at - a) / (b - a) if b > a else 0)
    return path[0][1] if at < path[0][0] else path[-1][1]


@patiently
@given(drifting(), st.floats(0, 1))
def test_the_true_offset_lies_within_the_doubt(
    made: tuple[list[tuple[float, float]], list[Measurement]], share: float
) -> None:
    path, measured = made
    at = path[0][0] + share * (path[-1][0] - path[0][0])
    found = offset_at(measured, day(at))
    assert abs(found.offset_s - along(path, at)) <= found.doubt_s + 0.01


@patiently
@given(drifting(), st.floats(0, 1))
def test_what_the_clock_showed_leads_to_the_same_offset(
    made: tuple[list[tuple[float, float]], list[Measurement]], share: float
) -> None:
    path, measured = made
    at = path[0][0] + share * (path[-1][0] - path[0][0])
    shown = day(at) + timedelta(seconds=along(path, at))
    found = offset_of_shown(measured, shown)
    assert abs(found.offset_s - along(path, at)) <= found.doubt_s + 0.5


measurements = st.builds(
    read,
    st.floats(0, 30),
    st.one_of(st.floats(-20, 20), st.sampled_from([-28800.0, 3600.0, 28800.0])),
    st.floats(0, 30),
    st.sampled_from(list(OffsetSource)),
)


@patiently
@given(st.lists(measurements, max_size=10), st.randoms(), st.floats(-5, 35))
def test_the_order_of_the_measurements_says_nothing(measured: list[Any], chance: Random, at: float) -> None:
    shuffled = measured[:]
    chance.shuffle(shuffled)
    assert Timeline.of(measured) == Timeline.of(shuffled)
    for ask in (Timeline.at, Timeline.of_shown):
        assert ask(Timeline.of(measured), day(at)) == ask(Timeline.of(shuffled), day(at))


@patiently
@given(st.lists(measurements, max_size=10), st.floats(-5, 35))
def test_an_answer_there_is_whenever_anything_was_measured(measured: list[Any], at: float) -> None:
    for found in (offset_at(measured, day(at)), offset_of_shown(measured, day(at))):
        assert (found is None) == (not measured)
        assert found is None or found.doubt_s >= 0


@patiently
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=8), st.floats(0.1, 0.9), st.floats(600, 90_000))
def test_one_wrong_value_typed_between_docks_counts_for_nothing(
    small: list[float], where: float, wrong: float
) -> None:
    docks = [read(i, offset) for i, offset in enumerate(small)]
    typo = read(where, wrong, 1.0, HAND)
    line = Timeline.of([*docks, typo])
    assert line.disbelieved == {typo}
    assert all(line.at(day(i / 3)) == offset_at(docks, day(i / 3)) for i in range(6))


@patiently
@given(st.floats(0.05, 0.95), st.sampled_from([-8, -1, 1, 8, 24]), st.floats(1.05, 2.9), st.floats(0, 1))
def test_across_a_jump_the_doubt_reaches_to_the_truth(
    when: float, hours: int, jumped: float, at: float
) -> None:
    """The clock was set wrong some time between the second and third dock, nobody knows when."""
    jump = 3600.0 * hours
    docks = [read(0, 0.5), read(1, 0.7), read(3, jump + 0.6), read(4, jump + 0.4)]
    true = at * 4
    offset = 0.6 if true < jumped else jump + 0.5
    found = offset_of_shown(docks, day(true) + timedelta(seconds=offset), before=day(5))
    # Taken as it was shown, the recording may have fallen into the hole that the jump left.
    assert abs(found.offset_s - offset) <= found.doubt_s + 0.5


def test_between_measurements_the_line_is_straight() -> None:
    line = [read(0, 0.0, 0.1), read(10, 20.0, 0.1)]
    assert offset_at(line, day(5)).offset_s == pytest.approx(10, abs=0.1)
    assert offset_at(line, day(2.5)).offset_s == pytest.approx(5, abs=0.1)
    assert offset_at(line, day(5)).basis.kind == Kind.between


def test_after_the_last_measurement_the_doubt_grows_by_the_drift() -> None:
    line = [read(0, 4.0, 1.0)]
    assert [offset_at(line, day(d)).doubt_s for d in (0, 1, 10)] == pytest.approx([1, 4, 31])
    assert offset_at(line, day(10)).offset_s == 4.0
    assert (offset_at(line, day(10)).basis.kind, offset_at(line, day(-1)).basis.kind) == (
        Kind.after,
        Kind.before,
    )


def test_a_rough_measurement_does_not_bend_the_line_of_a_fine_one() -> None:
    line = [read(0, 5.0, 1.0), read(0.01, 28.0, 30.0, SIDECAR), read(1, 5.5, 1.0)]
    assert offset_at(line, day(0.01)).offset_s == pytest.approx(5, abs=0.2)
    assert offset_at(line, day(0.01)).doubt_s <= 1.5


def test_a_jump_begins_as_early_as_it_can_and_the_doubt_says_so() -> None:
    line = [read(0, 0.0), read(2, 28800.0), read(3, 28800.5)]
    inside = offset_of_shown(line, day(1) + timedelta(hours=8), before=day(4))
    assert inside.offset_s == pytest.approx(28800, abs=1) and inside.doubt_s > 28000
    assert inside.basis.kind == Kind.jump
    # What can only be of the one side is in no doubt.
    sure = offset_of_shown(line, day(1.9) + timedelta(hours=8), before=day(4))
    assert sure.offset_s == pytest.approx(28800, abs=1) and sure.doubt_s < 5


def test_what_had_arrived_already_was_not_filmed_later() -> None:
    line = [read(0, 0.0), read(2, -28800.0), read(3, -28800.5)]
    shown = day(1)
    assert offset_of_shown(line, shown, before=day(4)).offset_s == pytest.approx(-28800, abs=1)
    early = offset_of_shown(line, shown, before=day(1) + timedelta(hours=1))
    assert early.offset_s == pytest.approx(0, abs=1) and early.doubt_s < 5


def test_a_clock_reset_to_its_first_day_is_carried_back() -> None:
    reset = (datetime(2000, 1, 1, tzinfo=UTC) - day(1)).total_seconds()
    line = [read(0, 0.0), read(2, reset, 2.0), read(3, reset, 2.0)]
    found = offset_of_shown(line, datetime(2000, 1, 1, 6, tzinfo=UTC), before=day(4))
    assert found.offset_s == pytest.approx(reset, abs=2) and found.doubt_s < 10


def test_the_dock_that_found_a_clock_wrong_has_set_it() -> None:
    line = [read(0, -35.0), read(1, 0.5), read(2, 1.0)]
    after = offset_of_shown(line, day(0.1), before=day(3))
    assert abs(after.offset_s) < 1 and after.doubt_s < 3
    typed = [read(0, -35.0, source=HAND), read(1, 0.5), read(2, 1.0)]
    assert offset_of_shown(typed, day(0.1), before=day(3)).doubt_s > 30


def test_an_offset_of_hours_is_in_doubt_before_it_was_first_measured() -> None:
    line = [read(10, 28800.0)]
    assert offset_of_shown(line, day(9) + timedelta(hours=8), before=day(11)).doubt_s >= 28800
    # Unless it cannot be otherwise: the clock was ahead of the arrival.
    certain = offset_of_shown(line, day(9) + timedelta(hours=8), before=day(9) + timedelta(hours=1))
    assert certain.doubt_s < 10


def test_out_of_step_by_its_offset_or_by_its_drift_beyond_the_doubt() -> None:
    steady, fast = Timeline.of([read(0, 1.0), read(10, 2.0)]), Timeline.of([read(0, 0.0), read(10, 28.0)])
    too_fast = Timeline.of([read(0, 0.0, 5.0), read(2, 12.0, 5.0)])

    def judged(line: Timeline, limit: float = 100.0) -> bool:
        return out_of_step(line.at(day(10)), line.drift_s_per_day(), limit, 2.0)

    assert not judged(steady) and judged(fast)
    assert judged(steady, 1.5)
    daily = Timeline.of([read(n, 8.0 * n) for n in range(5)])
    assert daily.drift_s_per_day() == pytest.approx((8.0, 0.5)) and len(daily.runs) == 5
    assert not judged(too_fast), "6 s a day, but either measurement may be 5 s wrong"


def test_a_clock_that_was_set_has_not_drifted() -> None:
    line = Timeline.of([read(0, 0.0), read(1, 2.0), read(2, 40.0), read(3, 0.5), read(5, 4.5)])
    assert line.drift_s_per_day() == pytest.approx((2.0, 1.0))


def test_a_lone_reading_among_its_equals_counts() -> None:
    """Typed every evening; on one of them the clock was eight hours slow, and right again on the next."""
    typed = [read(n + 0.7, -28800.0 if n == 3 else 0.4 * n, source=HAND) for n in range(6)]
    line = Timeline.of(typed)
    assert not line.disbelieved
    that_day = line.of_shown(day(3.3) - timedelta(hours=8), before=day(3.7))
    assert that_day is not None and -28800.0 in {round(one.offset_s) for one in that_day.answers}


@pytest.mark.parametrize("source", [HAND, DOCK])
def test_readings_of_a_clock_that_stood_in_the_year_2000_count(source: OffsetSource) -> None:
    """Its battery was flat on two mornings: each time it began anew, and was read in the evening."""

    def anew(at: float) -> float:
        return (datetime(2000, 1, 1, tzinfo=UTC) - day(at)).total_seconds()

    line = Timeline.of(
        [read(0.7, 0.0, source=source), read(1.7, anew(1.3), source=source), read(2.7, anew(2.3), source=source),
         read(3.7, 1.0, source=source)]
    )  # fmt: skip
    assert not line.disbelieved
    for morning in (1.3, 2.3):
        shown = datetime(2000, 1, 1, 1, tzinfo=UTC)
        found = line.of_shown(shown, before=day(morning + 0.4))
        assert found is not None
        assert shown - timedelta(seconds=found.offset_s) == day(morning) + timedelta(hours=1)


def test_one_outer_reading_of_hours_leaves_that_the_clock_was_right_open() -> None:
    line = Timeline.of([read(5, -28800.0)])
    before = line.of_shown(day(4.3), before=day(5))
    after = line.of_shown(day(5.3), before=day(7))
    for found in (before, after):
        assert found is not None
        assert {round(one.offset_s) for one in found.answers} == {0, -28800} and found.doubt_s > 28000


def test_a_file_that_came_after_a_reading_is_told_from_one_that_had_come_before() -> None:
    line = Timeline.of([read(n, offset, source=HAND) for n, offset in enumerate((0.0, -86400.0, 0.0))])
    found = line.of_shown(day(0.9), before=day(2.01))
    assert found is not None
    assert {round(one.offset_s): one.came_late for one in found.answers} == {0: True, -86400: False}


RESET = (datetime(2000, 1, 1, tzinfo=UTC) - day(1)).total_seconds()


@pytest.mark.parametrize(
    ("shown_after", "came", "known"),
    [
        (0.3, 1.4, True),  # with the docking after it
        (0.3, 5.4, False),  # it began anew on the fifth day, and nobody read it
        (2.3, 5.4, False),
        (6.0, 7.5, False),  # longer than the first reset lasted
    ],
)
def test_what_a_clock_was_off_by_after_one_reset_says_nothing_of_the_next(
    shown_after: float, came: float, known: bool
) -> None:
    line = [read(0, 0.0), read(1.38, RESET), read(2.38, 0.0), read(3, 0.0), read(6, 0.0)]
    shown = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=shown_after)
    found = offset_of_shown(line, shown, before=day(came))
    assert (found is not None and found.offset_s == pytest.approx(RESET, abs=2)) == known
