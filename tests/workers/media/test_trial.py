"""What cannot be decoded is no footage, and nobody can foresee where it is tried."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.media import SAMPLES
from tests.fixtures.samples import FATES, UNPLAYABLE
from tests.workers.media.conftest import H264
from workers.media.probe import probe
from workers.media.sandbox import Sandbox
from workers.media.trial import PIECE_S, PIECES, Trial, places, try_out
from workers.media.verdict import judge
from workers.stages.examined import recorded

SECRET = b"a secret of the tests"
KEYS_EVERY_2_S = ("-g", "50", "-bf", "0")


def long_picture(seconds: float = 20) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc2=size=160x120:rate=25:duration={seconds}")


def tried(source: Path, box: Sandbox, private: Path) -> Trial:
    facts = probe(source, box, private)
    verdict = judge(facts)
    stretches = [(start, end) for start, end in recorded(facts, verdict)["stretches"]]
    index = verdict.audio if verdict.video is None else verdict.video
    stream = next(stream for stream in facts.streams if stream.index == index)
    pieces = places("0" * 64, SECRET, stretches)
    return try_out(source, stream, stretches, pieces, box, private)


def spoil(source: Path, which: Callable[[int, bool], bool], kept: int) -> Path:
    """Junk in place of the samples that `which` chooses by their number and whether they are key frames; of each the
    first `kept` bytes stay. Always the same junk: one small picture in twenty decodes by chance, and seldom half a
    second of them."""
    argv = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pos,size,flags"]
    lines = subprocess.run([*argv, "-of", "csv=p=0", str(source)], capture_output=True, text=True, check=True)
    data, junk = bytearray(source.read_bytes()), Random(1)
    for number, line in enumerate(lines.stdout.split()):
        size, position, flags = line.split(",")[:3]
        if which(number, flags.startswith("K")):
            begin, end = int(position) + kept, int(position) + int(size)
            data[begin:end] = junk.randbytes(max(0, end - begin))
    spoilt = source.with_name(f"spoilt-{source.name}")
    spoilt.write_bytes(data)
    spoilt.chmod(0o644)
    return spoilt


@given(
    st.lists(st.tuples(st.floats(0.1, 4000), st.floats(3, 4000)), min_size=1, max_size=6),
    st.text("0123456789abcdef", min_size=64, max_size=64),
)
def test_pieces_lie_in_the_stretches_and_nobody_without_the_secret_knows_where(
    plan: list[tuple[float, float]], sha256: str
) -> None:
    at, stretches = 0.0, []
    for length, hole in plan:
        stretches.append((at, at + length))
        at += length + hole
    chosen = places(sha256, SECRET, stretches)
    assert chosen == places(sha256, SECRET, stretches) and len(chosen) <= PIECES
    for start, end in chosen:
        assert any(since <= start < end <= until + 1e-6 for since, until in stretches)
        assert end - start <= PIECE_S + 1e-6
    if sum(end - start for start, end in stretches) > 10:
        assert chosen != places(sha256, b"another", stretches)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.flv"])
def test_sound_footage_is_sound_after_a_few_pieces(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    codec = ("-c:v", "mpeg4") if name == "a.avi" else H264
    trial = tried(clip(name, *long_picture(), *codec, "-g", "50"), box, private)
    assert not trial.whole and len(trial.pieces) == PIECES
    assert all(piece.decoded == piece.samples > 25 for piece in trial.pieces)


@pytest.mark.parametrize("kept", [0, 8])
@pytest.mark.parametrize("group", ["50", "25", "5"])
def test_junk_between_sound_key_frames_is_no_footage(
    group: str, kept: int, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.mp4", *long_picture(), *H264, "-g", group, "-bf", "0")
    trial = tried(spoil(source, lambda number, key: not key, kept), box, private)
    assert trial.whole and trial.stretches == []


def test_of_a_file_that_is_junk_from_its_middle_on_the_first_half_counts(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.mp4", *long_picture(), *H264, *KEYS_EVERY_2_S)
    trial = tried(spoil(source, lambda number, key: number >= 250, 0), box, private)
    assert trial.stretches == [(0, pytest.approx(10, abs=0.1))]


def test_one_damaged_picture_takes_nothing_away(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.mp4", *long_picture(8), *H264, *KEYS_EVERY_2_S)
    trial = tried(spoil(source, lambda number, key: number in (30, 111), 8), box, private)
    assert trial.whole and trial.stretches == [(0, pytest.approx(8))]


def test_sound_alone_is_tried_too(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    source = clip("a.m4a", "-f", "lavfi", "-i", "sine=duration=20", "-c:a", "aac")
    assert not tried(source, box, private).whole


@pytest.mark.parametrize(
    "name",
    [name for name, fate in FATES.items() if fate.state != UNPLAYABLE and (SAMPLES / name).is_file()],
)
def test_of_real_files_nothing_is_taken_away(name: str, box: Sandbox, private: Path) -> None:
    facts = probe(SAMPLES / name, box, private)
    claimed = recorded(facts, judge(facts))["recorded_s"]
    trial = tried(SAMPLES / name, box, private)
    if trial.stretches is not None:
        assert sum(end - start for start, end in trial.stretches) == pytest.approx(claimed, abs=0.2)
