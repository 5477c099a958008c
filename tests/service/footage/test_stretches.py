"""Three axes of one recording: seconds into it, real time, played seconds."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from schemas.base import new_id
from schemas.originals import Original
from schemas.recordings import Recording
from service.footage.stretches import Footage, Stretch, in_real_time, length, played_at, recorded_at
from service.kernel.intervals import clip

BEGUN = datetime(2026, 11, 25, 0, 59, 58, tzinfo=UTC)
JUMP = ((0.0, 5.0), (36000.0, 36005.0))


@st.composite
def laid(draw: DrawFn) -> tuple[Stretch, ...]:
    """Stretches in order and apart, from the first sample on; whole eighths of a second, which floats hold exactly."""
    steps = draw(st.lists(st.integers(1, 400).map(lambda n: n / 8), min_size=1, max_size=9))
    found, here = [], 0.0
    for place in range(0, len(steps), 2):
        found.append((here, here + steps[place]))
        here += sum(steps[place : place + 2])
    return tuple(found)


@given(laid(), st.floats(0, 1, exclude_max=True))
def test_what_is_played_is_where_it_was_recorded(stretches: tuple[Stretch, ...], share: float) -> None:
    played = int(share * length(stretches) * 8) / 8
    into = recorded_at(stretches, played)
    assert any(start <= into < end for start, end in stretches)
    assert played_at(stretches, into) == played


@given(laid())
def test_the_ends_of_a_stretch_are_found_on_both_sides_of_a_hole(stretches: tuple[Stretch, ...]) -> None:
    for start, end in stretches:
        assert recorded_at(stretches, played_at(stretches, start)) == start
        assert recorded_at(stretches, played_at(stretches, end), ending=True) == end


@given(laid(), st.integers(0, 4000).map(lambda n: n / 8))
def test_a_second_in_a_hole_is_played_where_it_goes_on(stretches: tuple[Stretch, ...], into: float) -> None:
    before = length(clip(stretches, 0.0, into)) if into else 0.0
    beyond = max(0.0, into - stretches[-1][1])
    assert played_at(stretches, into) == before + beyond


def test_without_stretches_all_axes_are_one() -> None:
    assert played_at((), 12.5) == recorded_at((), 12.5) == 12.5


def test_a_jump_of_ten_hours_shows_two_times_five_seconds() -> None:
    ended = BEGUN + timedelta(seconds=36005)
    shown = in_real_time(JUMP, BEGUN, BEGUN, ended)
    assert [(start - BEGUN, end - BEGUN) for start, end in shown] == [
        (timedelta(), timedelta(seconds=5)),
        (timedelta(hours=10), timedelta(hours=10, seconds=5)),
    ]
    part = in_real_time(JUMP, BEGUN, BEGUN + timedelta(seconds=3), BEGUN + timedelta(hours=2))
    assert sum((end - start for start, end in part), timedelta()) == timedelta(seconds=2)


def recording(**more: Any) -> Recording:
    return Recording(
        squad_id=new_id(), duration_s=36005.0, recorded_from=BEGUN, recorded_to=BEGUN + timedelta(seconds=36005), **more
    )  # fmt: skip


def original(**more: Any) -> Original:
    return Original(sha256="0" * 64, size=1, store_key="-", **more)


def test_until_somebody_has_looked_the_span_stands_for_what_is_recorded() -> None:
    for footage in (Footage.of(recording(), None), Footage.of(recording(), original())):
        assert (footage.measured, footage.stretches, footage.holes) == (False, ((0.0, 36005.0),), [])
        assert footage.shown(BEGUN, BEGUN + timedelta(hours=1)) == [(BEGUN, BEGUN + timedelta(hours=1))]


def test_the_original_of_a_sample_only_stands_in_for_it() -> None:
    footage = Footage.of(recording(sample=True), original(stretches=[[0, 4]], sparse=True))
    assert (footage.measured, footage.sparse, footage.recorded_s) == (True, False, 36005.0)


def test_measured_stretches_and_their_hole() -> None:
    footage = Footage.of(recording(), original(stretches=[list(one) for one in JUMP], clock_restarted=True))
    assert (footage.measured, footage.recorded_s, footage.clock_restarted) == (True, 10.0, True)
    assert footage.holes == [(5.0, 36000.0)]
