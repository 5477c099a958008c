"""What may hide a fault is named; what cannot is left alone."""

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workers.media import suspects
from workers.media.quality import Frame
from workers.media.suspects import Group, Packets

FPS, PIXELS = 25, 1280 * 720
times = st.lists(st.floats(0, 60, allow_nan=False), min_size=1, max_size=200)


def stream(sizes: Sequence[int], group: int, b_frames: int = 0) -> Packets:
    """A film of these packets; with B-frames every third picture alone is large."""
    made = Packets()
    for number, size in enumerate(sizes):
        key = number % group == 0
        little = bool(b_frames and number % 3 and not key)
        made.add(number / FPS, 60_000 if key else size // 4 if little else size, key)
    return made


def key(t: float, avg: float = 110, spread: float = 100, changed: float = 30) -> Frame:
    low, high = avg - spread / 2, avg + spread / 2
    values = {"YAVG": avg, "YLOW": low, "YHIGH": high, "YDIF": changed}
    return Frame(t, {f"signalstats.{name}": value for name, value in values.items()})


def named(packets: Packets, keys: Sequence[Frame] | None = None) -> list[Group]:
    groups = suspects.groups(packets)
    keys = keys or [key(group.start_s) for group in groups]
    return suspects.suspects(packets, groups, keys, PIXELS, "h264")


def _busy(seed: int) -> list[int]:
    drawn = random.Random(seed)
    return [drawn.randint(9_000, 16_000) for _ in range(20 * FPS)]


busy = st.integers(0, 2**32).map(_busy)


@given(busy, st.integers(FPS // 2, 2 * FPS), st.integers(0, 2))
def test_a_busy_film_is_not_decoded(sizes: list[int], group: int, b_frames: int) -> None:
    assert named(stream(sizes, group, b_frames)) == []


@given(busy, st.integers(FPS // 2, 2 * FPS), st.integers(0, 2), st.floats(0.1, 17.5), st.integers(20, 400))
def test_two_seconds_in_which_little_comes_are_decoded(
    sizes: list[int], group: int, b_frames: int, at: float, still: int
) -> None:
    begin, end = round(at * FPS), round((at + 2.2) * FPS)
    sizes[begin:end] = [still] * (end - begin)
    found = suspects.stretches(named(stream(sizes, group, b_frames)))
    assert any(start <= begin / FPS and (end - 1) / FPS <= until for start, until in found)


@given(busy, st.floats(0.1, 17.5), st.integers(5_000, 20_000))
def test_packets_that_are_filled_up_say_nothing_so_they_are_decoded(
    sizes: list[int], at: float, filled: int
) -> None:
    begin, end = round(at * FPS), round((at + 2.2) * FPS)
    sizes[begin:end] = [filled] * (end - begin)
    found = suspects.stretches(named(stream(sizes, 2 * FPS)))
    assert any(start <= begin / FPS and (end - 1) / FPS <= until for start, until in found)


@given(busy, st.integers(1, 8), st.sampled_from([(20, 6), (45, 10), (40, 60)]))
def test_where_key_frames_differ_in_kind_both_sides_are_decoded(
    sizes: list[int], which: int, odd: tuple[float, float]
) -> None:
    packets = stream(sizes, 2 * FPS)
    groups = suspects.groups(packets)
    keys = [key(one.start_s, *(odd if n == which else ())) for n, one in enumerate(groups)]
    assert named(packets, keys) == [groups[which - 1], groups[which]]


@given(busy)
def test_a_night_is_not_decoded_between_dark_key_frames(sizes: list[int]) -> None:
    packets = stream(sizes, 2 * FPS)
    assert named(packets, [key(one.start_s, 40, 60) for one in suspects.groups(packets)]) == []
    lit = [3 * size if 305 < number < 320 else size for number, size in enumerate(sizes)]
    packets = stream(lit, 2 * FPS)
    assert [one.start_s for one in named(packets, [key(t * 2.0, 40, 60) for t in range(10)])] == [12.0]


def test_key_frames_that_are_alike_have_what_lies_between_decoded() -> None:
    packets = stream([12_000] * 3 + [9_000, 15_000] * 300, 2 * FPS)
    groups = suspects.groups(packets)
    keys = [key(one.start_s, changed=0.4 if n == 4 else 30) for n, one in enumerate(groups)]
    assert named(packets, keys) == [groups[3]]


def test_key_frames_far_apart_have_everything_decoded() -> None:
    packets = stream([9_000, 15_000] * 250, 10 * FPS)
    assert named(packets) == suspects.groups(packets)


@given(times, st.floats(0.01, 5), st.floats(0.01, 5))
def test_pictures_are_chosen_as_the_filters_choose_them(at: list[float], one: float, other: float) -> None:
    first = min(at)
    chosen = suspects.due(at, first, one)
    assert chosen[0] == first and set(chosen) <= set(at)
    assert all(b - a >= one * 0.99 for a, b in itertools.pairwise(chosen))
    for t in at:  # none is left out without need
        before = max(c for c in chosen if c <= t)
        assert t in chosen or t - before < one * 0.99
    assert suspects.due(at, first, one, other) == suspects.due(chosen, first, other)


@given(times, st.lists(st.floats(0, 60), min_size=2, max_size=9))
def test_what_is_pieced_together_has_every_picture_once(at: list[float], edges: list[float]) -> None:
    due = sorted(set(at))
    edges = sorted(edges)
    parts = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if b - a > 0.01]
    decoded = [(part, [key(t, 60) for t in due if part[0] - 0.001 <= t < part[1] - 0.001]) for part in parts]
    records = suspects.stitched(due, [key(-1, 100), key(30, 200)], decoded)
    assert [frame.t for frame in records] == due
    for frame in records:
        inside = any(a - 0.001 <= frame.t < b - 0.001 for a, b in parts)
        expected = 60 if inside else 200 if frame.t + 0.01 >= 30 else 100
        assert frame.values["signalstats.YAVG"] == expected


@given(st.text(max_size=300))
@example("#tb 0: 1/0")
@example("#tb 0:")
@example("0,a,b,c,d,e,F=z")
def test_whatever_stands_in_the_list_of_packets_it_is_read(text: str) -> None:
    suspects.packets(text.splitlines())


def test_packets_are_read_with_their_times_sizes_and_kinds() -> None:
    lines = ["#tb 0: 1/90000", "0, 0, 9000, 3600, 500, 0x1", "0, 3600, 12600, 3600, 40, 0x2, F=0x0"]
    found = suspects.packets([*lines, "0, 7200, -9223372036854775808, 1, 9, 0x3, F=0x0"])
    assert list(found.times) == [pytest.approx(0.1), pytest.approx(0.14)]
    assert (list(found.sizes), list(found.keys), found.timeless) == ([500, 40], [1, 0], 1)
