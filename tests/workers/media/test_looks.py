"""Looks without a whole decode say what a whole decode says, and make the same pictures."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event, Timer

import pytest
from PIL import Image

from tests.workers.media.conftest import H264, PICTURE, SOUND
from tests.workers.media.faulty import KINDS, PICTURES, Fault, common, film
from workers.media.looks import Looked, look
from workers.media.probe import Probe, probe
from workers.media.renditions import Rendered, render
from workers.media.sandbox import Sandbox
from workers.media.verdict import judge

LONG = ("-f", "lavfi", "-i", f"{PICTURES['street']},trim=duration=24")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=24")


def looked(source: Path, box: Sandbox, private: Path) -> tuple[Probe, Looked]:
    facts = probe(source, box, private)
    made = look(source, facts, judge(facts), box, private)
    assert made.faults == [] and not made.cancelled
    return facts, made


def rendered(source: Path, facts: Probe, box: Sandbox, tmp_path: Path) -> Rendered:
    folder = tmp_path / "rendered"
    folder.mkdir()
    made = render(source, facts, judge(facts), box, folder)
    assert made.faults == []
    return made


def test_faults_between_key_frames_are_found_where_a_whole_decode_finds_them(
    clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path
) -> None:
    faults = [
        Fault("frozen", 5.3, 8.1), Fault("black", 14.3, 16.5), Fault("black", 17.4, 19.5),
        Fault("covered", 26.6, 30.9), Fault("dark", 37.7, 41.2), Fault("silent", 9.0, 12.0),
    ]  # fmt: skip
    source = film(clip, faults, seconds=54, b_frames=2, more=("-crf", "12"))
    facts, made = looked(source, box, private)
    whole = rendered(source, facts, box, tmp_path)
    assert made.quality == whole.quality
    for fault in faults:
        found = common([(fault.start_s, fault.end_s)], getattr(made.quality, fault.kind))
        assert found > 0.8 * (fault.end_s - fault.start_s), (fault, made.quality)
    assert not made.whole and 0 < made.decoded_s < 0.7 * 54


def test_a_clean_film_is_seen_by_its_key_frames_alone(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.mp4", *LONG, *TONE, *H264, "-g", "50", "-sc_threshold", "0", "-c:a", "aac")
    seen: list[float] = []
    facts = probe(source, box, private)
    made = look(source, facts, judge(facts), box, private, seen.append)
    assert made.faults == [] and not made.whole and made.decoded_s == 0.0
    assert {kind: getattr(made.quality, kind) for kind in KINDS} == {kind: [] for kind in KINDS}
    assert made.quality.every_s == 0.2
    # Their times are those of the key frames, so that a click on one shows that picture.
    assert [still.t % 2 for still in made.stills] == [pytest.approx(0, abs=0.01)] * 8
    assert len({still.path.read_bytes() for still in made.stills}) == 8
    assert made.poster in [still.path for still in made.stills]
    assert Image.open(made.poster).size == (320, 180)
    assert made.vtt.read_text().count(" --> ") == 12 and Image.open(made.sprite).width == 10 * 160
    assert json.loads(made.peaks.read_text())["duration_s"] == pytest.approx(24, abs=0.1)
    assert seen == sorted(seen) and all(0 <= share <= 1 for share in seen)


CONTAINERS = {
    "stream.ts": ("-bf", "2", "-crf", "12"),
    "film.mkv": ("-bf", "3", "-crf", "12"),
    "old.avi": ("-c:v", "mpeg4", "-q:v", "2"),
    "turned.mp4": ("-crf", "12", "-metadata:s:v", "rotate=90"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_freeze_is_sought_and_found_in_any_container(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path
) -> None:
    still = "select='not(between(t,11.5,14.2))',fps=25"
    source = clip(name, *LONG, "-vf", still, *H264, *CONTAINERS[name], "-g", "25")
    facts, made = looked(source, box, private)
    whole = rendered(source, facts, box, tmp_path)
    assert made.quality == whole.quality and len(made.quality.frozen) == 1
    assert not made.whole and made.decoded_s < 12
    assert Image.open(made.poster).size == whole.size


@pytest.mark.parametrize("kind", ["short", "far_apart", "few_keys", "open_groups"])
def test_where_key_frames_say_too_little_all_is_decoded(
    kind: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    group = {"short": "10", "far_apart": "250", "few_keys": "120", "open_groups": "25"}[kind]
    more = ("-bf", "2", "-x264-params", "open-gop=1") if kind == "open_groups" else ()
    pictures = PICTURE if kind == "short" else LONG
    source = clip("a.mp4", *pictures, *H264, *more, "-g", group, "-sc_threshold", "0")
    facts, made = looked(source, box, private)
    assert made.whole and made.decoded_s == pytest.approx(facts.measured_s)
    assert len(made.stills) == 8 and made.sprite


def test_sound_alone_gets_its_picture_and_its_silence(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.m4a", *SOUND, "-af", "volume=0", "-c:a", "aac", "-f", "mp4")
    _, made = looked(source, box, private)
    assert Image.open(made.poster).size == (1280, 720) and made.stills == [] and made.sprite is None
    assert made.peaks and made.quality.silent == [(0.0, pytest.approx(2.0, abs=0.1))]


def test_key_frames_that_do_not_decode_are_no_missing_picture(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    """All of it is decoded then, and what gave no pictures is said as an encode says it."""
    source = clip("a.ts", *LONG, *H264, "-g", "50", "-sc_threshold", "0")
    data = bytearray(source.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    source.write_bytes(data)
    whole = clip("b.ts", *LONG, *H264, "-g", "50", "-sc_threshold", "0")
    facts = probe(whole, box, private)
    made = look(source, facts, judge(facts), box, private)
    assert made.whole and made.poster
    assert [fault.code for fault in made.faults] == ["duration_short"]


def test_looking_ends_when_it_is_told_to(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    source = clip("a.mp4", *LONG, *H264, "-g", "50")
    facts = probe(source, box, private)
    cancel = Event()
    cancel.set()
    assert look(source, facts, judge(facts), box, private, cancel=cancel).cancelled
    cancel = Event()
    timer = Timer(0.05, cancel.set)
    timer.start()
    try:
        assert look(source, facts, judge(facts), box, private, cancel=cancel).cancelled
    finally:
        timer.cancel()
