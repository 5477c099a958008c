"""What the server draws: time axes that are true, gaps that are gaps, tracks inside their square."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.web.frame.drawing import axis, broken_line, shares, track, uncovered

START = datetime(2024, 6, 3, 6, 0, tzinfo=UTC)
minutes = st.integers(0, 600).map(lambda n: START + timedelta(minutes=n))
spans = st.lists(st.tuples(minutes, minutes).map(sorted).map(tuple), max_size=8)


@given(spans)
def test_uncovered_and_recorded_together_make_the_whole_event(recorded: list[Any]) -> None:
    end = START + timedelta(hours=10)
    gaps = uncovered(START, end, recorded)
    for minute in range(600):
        at = START + timedelta(minutes=minute, seconds=30)
        inside = any(a <= at < b for a, b in recorded)
        assert any(a <= at < b for a, b in gaps) != inside
    assert all(START <= a < b <= end for a, b in gaps)


@given(st.lists(minutes, min_size=1, max_size=9))
def test_everything_shown_lies_on_the_axis_in_its_order(moments: list[Any]) -> None:
    line = axis(moments)
    places = [line.at(m) for m in sorted(moments)]
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] <= 100
    assert len(line.ticks()) <= 8
    bar = line.span(moments[0], moments[0])
    assert bar.width >= 0.6
    assert bar.x + bar.width <= 100.001


def test_nothing_known_makes_no_axis() -> None:
    assert axis([None]) is None


point = st.tuples(st.floats(20, 50), st.floats(80, 130), st.floats(0, 3600))


@given(st.lists(point, min_size=2, max_size=20))
def test_a_track_stays_inside_its_square(points: list[tuple[float, float, float]]) -> None:
    way = track(points)
    for pair in way.path.removeprefix("M").split("L"):
        x, y = map(float, pair.split())
        assert 19.8 <= x <= 180.2
        assert 19.8 <= y <= 180.2


def test_north_is_up() -> None:
    way = track([(36.0, 120.0, 0), (36.01, 120.0, 60)])
    assert way.end[1] < way.start[1]
    assert 1000 < way.width_m < 1200


@given(st.lists(st.floats(0, 1), max_size=12))
def test_a_scale_of_shares_shows_all_of_them_between_round_tenths(values: list[float]) -> None:
    scale = shares(values)
    assert 0 <= scale.low < scale.high <= 1
    assert all(scale.low - 1e-9 <= value <= scale.high + 1e-9 for value in values)
    ticks = scale.ticks()
    assert len(ticks) >= 2
    assert all(scale.low - 1e-9 <= share <= scale.high + 1e-9 for _, share in ticks)
    assert [place for place, _ in ticks] == sorted({place for place, _ in ticks}, reverse=True)


def test_a_line_is_broken_where_nothing_is_known() -> None:
    points = [(0.0, 10.0), (10.0, 20.0), None, (30.0, 5.0), None]
    assert broken_line(points) == "M0.00 10.00L10.00 20.00M30.00 5.00h0"
