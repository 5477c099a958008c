"""Black, frozen, silent, dark and covered are found where they were made, and nowhere else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.media.conftest import H264
from workers.media import quality
from workers.media.probe import probe
from workers.media.renditions import render
from workers.media.sandbox import Sandbox
from workers.media.verdict import judge

SIZE = "size=640x360:rate=12"
NOISE = "noise=alls=10:allf=t"
CLOCK = "drawbox=x=16:y=16:w=200:h=20:color=white:t=fill"
PARTS = {
    "street": (f"testsrc2={SIZE}:duration=6", NOISE),
    "off": (f"color=black:{SIZE}:duration=5", NOISE),
    "stuck": (f"mandelbrot={SIZE},trim=duration=0.08,loop=loop=59:size=1,setpts=N/12/TB", ""),
    "night": (f"testsrc2={SIZE}:duration=5", f"lutyuv=y='16+(val-16)*0.18',{NOISE}"),
    "hand": (f"color=0x3a2a22:{SIZE}:duration=6", NOISE),
    "day": (f"testsrc2={SIZE}:duration=5", NOISE),
}
STARTS = {"street": 0, "off": 6, "stuck": 11, "night": 16, "hand": 21, "day": 27, "end": 32}


def test_every_defect_is_found_where_it_is(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    """With a burned-in clock over every picture, as such cameras have it; sound stops from 10 s to 16 s."""
    chains, names = [], list(PARTS)
    for name, (source, treat) in PARTS.items():
        # A picture that hangs has no new noise and no running clock: the box stands for both.
        filters = ",".join(part for part in (treat, CLOCK, "format=yuv420p", "setsar=1") if part)
        chains.append(f"{source},{filters}[{name}]")
    graph = ";".join([*chains, "".join(f"[{n}]" for n in names) + f"concat=n={len(names)}:v=1:a=0[v]"])
    sound = "sine=frequency=300:duration=32,volume=enable='between(t,10,16)':volume=0"
    defects = clip(
        "defects.mp4", "-filter_complex", f"{graph};{sound}[a]", "-map", "[v]", "-map", "[a]",
        *H264, "-crf", "20", "-c:a", "aac", "-t", "32",
    )  # fmt: skip
    facts = probe(defects, box, private)
    made = render(defects, facts, judge(facts), box, private)
    assert made.faults == []
    found = made.quality

    def only(ranges: Any, name: str, end: str, slack: float = 0.5) -> None:
        assert len(ranges) == 1, (name, found)
        assert ranges[0] == pytest.approx((STARTS[name], STARTS[end]), abs=slack), (name, found)

    only(found.black, "off", "stuck")
    only(found.dark, "night", "hand")
    only(found.covered, "hand", "day")
    only(found.frozen, "stuck", "night")
    assert len(found.silent) == 1 and found.silent[0] == pytest.approx((10, 16), abs=0.3)


def record(t: float, avg: float, low: float, high: float) -> quality.Frame:
    return quality.Frame(t, {"signalstats.YAVG": avg, "signalstats.YLOW": low, "signalstats.YHIGH": high})


@given(
    st.lists(st.tuples(st.floats(-10, 100), st.floats(-10, 100)), max_size=40),
    st.floats(0, 3),
    st.floats(0, 3),
)
def test_ranges_are_ordered_apart_and_inside(
    ranges: list[tuple[float, float]], join: float, least: float
) -> None:
    got = quality.clean(ranges, join, least, 60.0)
    flat = [edge for pair in got for edge in pair]
    assert flat == sorted(flat)
    assert all(0 <= a < b <= 60 for a, b in got)


@given(st.text(max_size=400))
def test_whatever_stands_in_the_log_it_is_read(text: str) -> None:
    list(quality.frames(text.splitlines()))


def test_a_picture_of_numbers_that_are_none_is_passed_over() -> None:
    lines = ["frame:0 pts:0 pts_time:0", "lavfi.signalstats.YAVG=nan", "frame:1 pts:1 pts_time:inf", "x=1"]
    assert [f.t for f in quality.frames(lines)] == [0.0]


def test_an_end_that_never_came_lasts_to_the_end() -> None:
    frames = [quality.Frame(3.0, {"silence_start": 3.0})]
    assert quality.of_sound(frames, 10.0) == [(3.0, 10.0)]


def test_a_lens_cap_is_black_and_a_hand_is_covered() -> None:
    black = quality.of_picture([record(t / 5, 17, 16, 18) for t in range(50)], 0.2, 10)
    hand = quality.of_picture([record(t / 5, 45, 40, 52) for t in range(50)], 0.2, 10)
    night = quality.of_picture([record(t / 5, 35, 18, 70) for t in range(50)], 0.2, 10)
    assert (len(black.black), black.covered, black.dark) == (1, [], [])
    assert (hand.black, len(hand.covered), hand.dark) == ([], 1, [])
    assert (night.black, night.covered, len(night.dark)) == ([], [], 1)
