"""The clock in the picture: what counts as a time, when frames agree, and real frames read by the real tesseract."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.media import FONT
from workers.media import burned_in
from workers.media.burned_in import TesseractMissing, read_clock
from workers.media.burned_in_rules import Reading, agree, looks_like_time, parse, positions
from workers.media.probe import probe
from workers.media.sandbox import Sandbox
from workers.media.verdict import judge

SHOWN = datetime(2024, 6, 3, 8, 10, 22)  # noqa: DTZ001 - a wall clock
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2098, 1, 1))  # noqa: DTZ001
patiently = settings(deadline=None)


@pytest.mark.parametrize(
    ("line", "starred"),
    [
        ("2024-06-03 08:10:22", False),
        ("2024/06/03 08:10:22", False),
        ("2024.06.03  08:10:22 A00123", False),
        ("队员 001  2024-06-03 08:10:22", False),
        ("*2024-06-03 08:10:22", True),
        ("* 2024-06-03 08:10:22", True),
        ("2024年06月03日 08:10:22", False),
        ("2024-06-03 星期一 08:10:22", False),
        ("2024-06-03 MON 08:10:22", False),
        ("2024-06-03 O8:1O:22", False),
        ("2024F06A034 08:10:22", False),  # 年, 月 and 日 as tesseract reads them without Chinese
        ("20244206/3)03 (5) 08:10:22", False),
    ],
)
def test_a_time_is_read_however_it_is_written(line: str, starred: bool) -> None:
    assert looks_like_time(line)
    assert parse(line) == (SHOWN, starred)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "08:10:22",
        "2024-06-03",
        "2024-13-03 08:10:22",
        "2024-06-31 08:10:22",
        "2624-06-03 08:10:22",
        "赣B 12345",
    ],
)
def test_what_is_no_time_is_none(line: str) -> None:
    assert parse(line) is None


@patiently
@given(MOMENTS, st.sampled_from("-/."))
def test_any_second_is_read_as_it_was_written(moment: datetime, separator: str) -> None:
    moment = moment.replace(microsecond=0)
    written = moment.strftime(f"%Y{separator}%m{separator}%d %H:%M:%S")
    assert parse(f"DSJ001 {written} 队员") == (moment, False)


@patiently
@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(line: str) -> None:
    parse(line)
    looks_like_time(line)


def seen(start: datetime, places: list[float]) -> list[Reading]:
    return [Reading(at, (start + timedelta(seconds=at)).replace(microsecond=0)) for at in places]


@patiently
@given(
    MOMENTS,
    st.floats(2.5, 20_000),
    st.lists(st.tuples(st.integers(0, 5), st.integers(-90_000, 90_000)), max_size=2),
)
def test_the_start_is_found_within_its_doubt_though_some_frames_are_misread(
    start: datetime, duration: float, misread: list[tuple[int, int]]
) -> None:
    places = positions(duration)
    readings = seen(start, places)
    for index, wrong in misread:
        readings[index] = Reading(places[index], readings[index].shown + timedelta(seconds=wrong))
    found = agree(readings, len(places))
    if found is not None:
        assert abs((found.shown_from - start).total_seconds()) <= found.doubt_s + 0.5
    if not misread:
        assert found is not None and found.frames == len(places) and found.doubt_s <= 0.6


def test_a_time_that_stands_still_is_no_clock() -> None:
    places = positions(60)
    assert agree([Reading(at, SHOWN) for at in places], len(places)) is None
    stopped = [Reading(at, SHOWN + timedelta(seconds=round(at / 60))) for at in places]
    assert agree(stopped, len(places)) is None


def test_readings_that_contradict_each_other_prove_nothing() -> None:
    places = positions(60)
    readings = seen(SHOWN, places[:3]) + seen(SHOWN + timedelta(hours=2), places[3:])
    assert agree(readings, len(places)) is None
    assert agree(seen(SHOWN, places[:2]), len(places)) is None


def test_a_star_that_most_frames_have_is_told() -> None:
    readings = [Reading(one.at_s, one.shown, at != 0) for at, one in enumerate(seen(SHOWN, positions(60)))]
    assert agree(readings, 6).starred


@pytest.mark.parametrize("duration", [0, 0.3, 1.0, 1.99])
def test_a_clip_too_short_to_see_a_clock_move_is_not_looked_at(duration: float) -> None:
    assert positions(duration) == []


@patiently
@given(st.floats(2, 1e6))
def test_every_look_lies_inside(duration: float) -> None:
    assert all(0 < at < duration for at in positions(duration))


STREET = "color=c=0x8fb6d4:s=640x360:r=10:d=4,noise=alls=4:allf=t"
BOXED = "fontcolor=white:box=1:boxcolor=black@0.45:boxborderw=5"
WRITTEN = {
    "plain": (STREET, "%Y-%m-%d %H\\\\\\:%M\\\\\\:%S", f"x=12:y=10:fontsize=20:{BOXED}", False),
    "starred": (
        "testsrc2=size=1280x720:rate=10:duration=4",
        "*%Y/%m/%d %H\\\\\\:%M\\\\\\:%S",
        "x=w-tw-20:y=h-60:fontsize=34:fontcolor=yellow:borderw=2",
        True,
    ),
    "chinese": (
        STREET,
        "%Y年%m月%d日 %H\\\\\\:%M\\\\\\:%S",
        "x=w-tw-12:y=h-40:fontsize=22:fontcolor=white:borderw=2",
        False,
    ),
}


HEARD_FIRST = ("-f", "lavfi", "-i", "sine=duration=7", "-itsoffset", "3")


@pytest.mark.parametrize(("name", "before"), [*((name, ()) for name in WRITTEN), ("plain", HEARD_FIRST)])
def test_real_frames_are_read(
    name: str, before: tuple[str, ...], clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path
) -> None:
    picture, form, style, starred = WRITTEN[name]
    starts = 1717402222  # 2024-06-03 08:10:22 UTC
    text = f"drawtext=fontfile={FONT}:text='%{{pts\\:gmtime\\:{starts}\\:{form}}}':{style}"
    encode = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-vsync", "passthrough")
    path = clip("x.mp4", *before, "-f", "lavfi", "-i", f"{picture},{text}", *encode)
    facts = probe(path, box, private)
    assert (facts.lead_s > 0) == bool(before)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    found = read_clock(path, facts, judge(facts), box, fresh)
    assert found.read is not None and found.read.starred == starred
    assert abs((found.read.shown_from - SHOWN).total_seconds()) <= found.read.doubt_s + 0.2


def test_a_picture_without_a_clock_has_none(
    clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path
) -> None:
    path = clip("x.mp4", "-f", "lavfi", "-i", STREET, "-c:v", "libx264", "-preset", "ultrafast")
    facts = probe(path, box, private)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    found = read_clock(path, facts, judge(facts), box, fresh)
    assert found.read is None and found.looked_at == 6


def test_without_tesseract_that_is_said(
    clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip("x.mp4", "-f", "lavfi", "-i", STREET, "-c:v", "libx264", "-preset", "ultrafast")
    facts = probe(path, box, private)
    monkeypatch.setattr(burned_in, "TESSERACT", "no-such-program")
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with pytest.raises(TesseractMissing):
        read_clock(path, facts, judge(facts), box, fresh)
