"""Recorded is where the stream has samples: no jump of timestamps and no claimed length makes footage."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.media import SAMPLES
from tests.workers.media.conftest import H264, PICTURE, SOUND
from workers.media.clock import Convention
from workers.media.clock import judge as judge_clock
from workers.media.gpmf import Track
from workers.media.probe import TimeClaim, probe
from workers.media.renditions import render
from workers.media.sandbox import Sandbox
from workers.media.timing import EXCURSION, HOLE_S, Epochs, Span
from workers.media.trial import try_out
from workers.media.verdict import judge
from workers.stages.examined import recorded
from workers.stages.tags.rules import time_claims

STEP = 0.04


def span_of(times: list[float], step: float = STEP, hole_s: float = HOLE_S) -> Span:
    span = Span(hole_s)
    for at in times:
        span.add(at, at, step, False)
    span.finish()
    return span


def pictures(start: float, seconds: float, step: float = STEP) -> list[float]:
    return [start + number * step for number in range(round(seconds / step))]


def near(stretches: list[tuple[float, float]]) -> list[object]:
    return [pytest.approx(stretch, abs=0.002) for stretch in stretches]


def test_a_jump_of_timestamps_leaves_a_hole() -> None:
    span = span_of(pictures(1.4, 5) + pictures(36001.4, 5))
    assert span.stretches() == near([(0, 5), (36000, 36005)])
    assert span.measured_s == pytest.approx(36005)
    assert span.rate() == (pytest.approx(25), False) and not span.sparse


@pytest.mark.parametrize(("gap", "stretches"), [(1.9, 1), (2.0, 1), (2.1, 2)])
def test_a_hole_is_more_than_two_seconds_without_a_sample(gap: float, stretches: int) -> None:
    assert len(span_of(pictures(0, 3) + pictures(2.96 + gap, 3)).stretches()) == stretches
    assert len(span_of(pictures(0, 3) + pictures(2.96 + gap, 3), hole_s=5).stretches()) == 1


def test_timestamps_that_begin_anew_lie_end_to_end() -> None:
    span = span_of(pictures(1.4, 5) + pictures(1.4, 5) + pictures(0, 2))
    assert span.stretches() == near([(0, 12)]) and span.measured_s == pytest.approx(12)
    assert span.restarted


def test_all_streams_of_a_file_begin_anew_together() -> None:
    epochs = Epochs()
    picture, sound = Span(epochs=epochs), Span(epochs=epochs, leads=False)
    for _ in range(2):
        for at in pictures(0, 5, 0.02):
            sound.add(at + 0.3, at + 0.3, 0.02, True)
        for at in pictures(0, 5):
            picture.add(at, at, STEP, False)
    picture.finish()
    sound.finish()
    assert picture.measured_s == pytest.approx(10) and sound.first_s == pytest.approx(0.3)
    # the sound came first to the second part, and the picture has the last word on where that lies
    assert epochs.parts[1] == (pytest.approx(5), pytest.approx(5))


@pytest.mark.parametrize("odd", [36000.0, 1e9])
def test_a_few_samples_with_times_far_ahead_are_a_slip_and_not_a_clock_that_began_anew(odd: float) -> None:
    times = pictures(0, 2) + pictures(odd, EXCURSION * STEP / 2) + pictures(2, 2)
    span = span_of(times)
    assert span.stretches() == near([(0, 4)]) and span.measured_s == pytest.approx(4)
    assert not span.restarted


def test_one_sample_to_be_shown_hours_after_it_is_decoded_is_shown_then() -> None:
    span = Span()
    for number, at in enumerate(pictures(0, 4)):
        span.add(at + 36000 if number == 50 else at, at, STEP, False)
    span.finish()
    assert span.stretches() == near([(0, 4)])


@pytest.mark.parametrize(
    ("step", "sparse"), [(STEP, False), (1.0, False), (1.9, False), (2.5, True), (20, True)]
)
def test_pictures_further_apart_than_a_hole_are_sparse_and_one_a_second_is_not(
    step: float, sparse: bool
) -> None:
    span = span_of(pictures(0, 30 * step, step), step)
    assert span.sparse is sparse
    assert span.stretches() == near([(0, 30 * step)])


def test_far_pictures_behind_a_film_add_nothing() -> None:
    times = pictures(0, 10) + [60.0 * number for number in range(1, 30)]
    span = span_of(times, STEP)
    assert sum(end - start for start, end in span.stretches()) == pytest.approx(10 + 29 * STEP, abs=0.1)


def test_the_length_that_a_last_picture_claims_is_not_believed() -> None:
    span = Span()
    for at in pictures(0, 4):
        span.add(at, at, STEP, False)
    span.add(4.0, 4.0, 3600.0, False)
    span.finish()
    assert span.stretches() == near([(0, 4.04)])


def test_the_times_of_reordered_pictures_without_decoding_times_are_no_restart() -> None:
    span = Span()
    for group in range(0, 30, 3):
        for number in (group + 2, group, group + 1):
            span.add(number * 0.2, None, 0.2, False)
    span.finish()
    assert not span.restarted and span.stretches() == near([(0, 6)])


def test_samples_without_times_lie_between_those_that_have_one() -> None:
    """A recorder that writes a time for every group only, each of four seconds."""
    span = Span()
    for number in range(1000):
        at = number * STEP if number % 100 == 0 else None
        span.add(at, at, STEP, at is not None)
    span.finish()
    assert span.stretches() == near([(0, 40)]) and not span.restarted and span.samples == 1000
    assert span.rate() == (pytest.approx(25), False)


@pytest.mark.parametrize("told", [STEP, None])
def test_samples_without_times_fill_no_hole(told: float | None) -> None:
    span = Span()
    for start in (0.0, 600.0):
        for number in range(100):
            at = start + number * STEP if number % 25 == 0 else None
            span.add(at, at, told, at is not None)
    span.finish()
    assert span.stretches() == [
        (0, pytest.approx(4, abs=0.05)), (pytest.approx(600), pytest.approx(604, abs=0.05)),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.h264", "a.h265", "a.m2v", "a.m4v", "a.mjpeg", "a.mpjpeg"])
def test_a_stream_without_times_is_counted_at_a_rate_and_that_is_said(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    codec = {
        "a.h265": ("-c:v", "libx265", "-x265-params", "log-level=error"),
        "a.m2v": ("-c:v", "mpeg2video"),
        "a.m4v": ("-c:v", "mpeg4"),
        "a.mjpeg": ("-c:v", "mjpeg"),
        "a.mpjpeg": ("-c:v", "mjpeg"),
    }
    more = codec.get(name, H264)
    form = {"a.h265": "hevc", "a.m2v": "mpeg2video"}.get(name, name[2:])
    source = clip(name, *PICTURE, *more, "-f", form)
    facts = probe(source, box, private)
    verdict = judge(facts)
    got = recorded(facts, verdict)
    assert verdict.outcome == "whole" and got["recorded_s"] == pytest.approx(2, abs=0.1)
    assert not got["sparse"] and len(got["stretches"]) == 1
    assert facts.streams[0].rate_assumed == ("rate_assumed" in {remark.code for remark in verdict.remarks})
    assert facts.streams[0].rate_assumed or name in ("a.m2v", "a.m4v")
    assert render(source, facts, verdict, box, private, stretches=got["stretches"]).faults == []


def test_of_a_stream_without_times_that_begins_in_a_group_the_rest_counts_and_plays(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.h264", *PICTURE, *H264, "-g", "25", "-bf", "0", "-f", "h264")
    tail = source.with_name("tail.h264")
    data = source.read_bytes()
    tail.write_bytes(data[data.index(b"\x00\x00\x00\x01\x41") :])  # the first picture that is no key
    tail.chmod(0o644)
    facts = probe(tail, box, private)
    trial = try_out(tail, facts.streams[0], [(0.0, facts.measured_s or 0.0)], [], box, private)
    assert trial.stretches == [(pytest.approx(1, abs=0.1), pytest.approx(2, abs=0.1))]
    assert render(tail, facts, judge(facts), box, private, stretches=trial.stretches).faults == []


plans = st.lists(st.tuples(st.floats(2.2, 5000), st.integers(30, 80)), min_size=1, max_size=6)


@given(plans, st.sampled_from([1 / 60, STEP, 0.2, 1.0]), st.integers(0, 3))
def test_what_was_laid_out_is_found(plan: list[tuple[float, int]], step: float, b_frames: int) -> None:
    span, at, wanted = Span(), 0.0, []
    decoded: list[float] = []
    for gap, count in plan:
        start = at + gap
        for group in range(0, count, b_frames + 1):
            shown = list(range(group, min(group + b_frames + 1, count)))
            for place, number in enumerate([shown[-1], *shown[:-1]]):
                # as encoders do it: the next to be decoded has the time of one that was shown long ago
                decoded.append(start + shown[place] * step)
                dts = decoded[-1 - b_frames] if len(decoded) > b_frames else start - b_frames * step
                span.add(start + number * step, dts, step, False)
        at = start + count * step
        wanted.append((start - plan[0][0], at - plan[0][0]))
    span.finish()
    assert span.stretches() == near(wanted) and not span.restarted and not span.sparse


milliseconds = st.integers(0, 9000).filter(lambda step: step != HOLE_S * 1000)


@given(
    st.lists(st.tuples(milliseconds, st.integers(1, 40)), min_size=1, max_size=30), st.integers(-100, 10**6)
)
def test_tables_and_packets_tell_the_same(runs: list[tuple[int, int]], begin: int) -> None:
    tables, packets = Span(), Span()
    at = float(begin)
    for milliseconds, count in runs:
        step = milliseconds / 1000
        tables.run(at, step, count)
        for number in range(count):
            packets.add(at + number * step, at + number * step, step, False)
        at += step * count
    tables.finish()
    packets.finish()
    assert tables.stretches() == near(packets.stretches())
    assert (tables.sparse, tables.samples) == (packets.sparse, packets.samples)


times = st.one_of(st.none(), st.floats(-1e6, 1e6), st.floats(0, 20))


@given(st.lists(st.tuples(times, times, st.one_of(st.none(), st.floats(0, 1e5))), max_size=80))
def test_whatever_the_packets_say_stretches_are_in_order_apart_and_within_the_span(
    packets: list[tuple[float | None, float | None, float | None]],
) -> None:
    span = Span()
    for pts, dts, duration in packets:
        span.add(pts, dts, duration, True)
    span.finish()
    before = -0.001
    for start, end in span.stretches():
        assert before <= start < end
        before = end
    total = sum(end - start for start, end in span.stretches())
    assert total <= (max(HOLE_S, span.usual_s or 0) + 0.001) * max(1, len(packets)) * 2.5


LATER = ("-vf", "setpts='PTS+gte(N,25)*1800/TB'", "-vsync", "vfr")
FORMS = {
    "jump.mp4": ("-c:a", "aac"),
    "jump.mov": ("-c:a", "aac"),
    "fragments.mp4": ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "jump.mkv": ("-c:a", "aac"),
    "jump.flv": ("-c:a", "aac"),
    "jump.ts": ("-c:a", "aac"),
}


@pytest.mark.parametrize("b_frames", ["0", "3"])
@pytest.mark.parametrize("name", FORMS)
def test_a_step_of_the_clock_is_a_hole_in_every_container(
    name: str, b_frames: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip(name, *PICTURE, *LATER, *H264, "-bf", b_frames, *FORMS[name])
    facts = probe(source, box, private)
    got = recorded(facts, judge(facts))
    assert got["stretches"] == [pytest.approx(s, abs=0.01) for s in ((0, 1), (1801, 1802))] and got[
        "recorded_s"
    ] == pytest.approx(2, abs=0.1)
    assert facts.measured_s == pytest.approx(1802, abs=0.1)
    assert not got["sparse"] and not got["clock_restarted"]


Rows = list[tuple[int, float | None]]
EDITS: dict[str, tuple[Rows, list[tuple[float, float]]]] = {
    # (milliseconds shown, from which second of the media; None: nothing)
    "nothing_for_a_while": ([(1000, 0), (60_000, None), (1000, 1)], [(0, 1), (61, 62)]),
    "in_two_pieces": ([(1000, 0), (1000, 1)], [(0, 2)]),
    "later": ([(5000, None), (2000, 0)], [(0, 2)]),
    "cut": ([(1000, 1)], [(0, 1)]),
    "again_and_again": ([(1000, 0)] * 60, [(0, 1)]),
    "again_a_little_later": ([(2000, 0), (2000, 0.5), (10_000, 0)], [(0, 2)]),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_list_leaves_holes_but_makes_no_footage(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    rows, stretches = EDITS[name]
    source = clip("plain.mp4", *PICTURE, *H264, "-g", "25", "-bf", "0")
    changed = source.with_name("edited.mp4")
    changed.write_bytes(edited(source.read_bytes(), rows))
    changed.chmod(0o644)
    facts = probe(changed, box, private)
    assert recorded(facts, judge(facts))["stretches"] == near(stretches)


def edited(data: bytes, rows: Rows) -> bytes:
    """The same movie, whose index lies at its end, with these edits."""
    at = data.index(b"elst") - 4
    (length,) = struct.unpack_from(">I", data, at)
    (scale,) = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)
    elst = struct.pack(">I4sII", 16 + 12 * len(rows), b"elst", 0, len(rows))
    for shown, second in rows:
        elst += struct.pack(">Iihh", shown, -1 if second is None else round(second * scale), 1, 0)
    data = data[:at] + elst + data[at + length :]
    for name in (b"moov", b"trak", b"edts"):
        head = data.index(name) - 4
        (size,) = struct.unpack_from(">I", data, head)
        data = data[:head] + struct.pack(">I", size + len(elst) - length) + data[head + 4 :]
    return data


def stretched(data: bytes, by: int) -> bytes:
    """The same pictures, shown more slowly: a forgery of twelve bytes."""
    for name in (b"mvhd", b"mdhd"):
        at = -1
        while (at := data.find(name, at + 1)) >= 0:
            (scale,) = struct.unpack_from(">I", data, at + 16)
            data = data[: at + 16] + struct.pack(">I", max(1, scale // by)) + data[at + 20 :]
    return data


def test_thirty_pictures_stretched_over_ten_minutes_are_sparse(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("h7.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=3", *H264)
    source.write_bytes(stretched(source.read_bytes(), 200))
    facts = probe(source, box, private)
    got = recorded(facts, judge(facts))
    assert facts.measured_s == pytest.approx(600, abs=25) and got["sparse"]


@pytest.mark.parametrize(("name", "sparse"), [("a.avi", True), ("b.mp4", True), ("c.mkv", True)])
def test_half_a_picture_a_second_and_less_is_sparse_footage(
    name: str, sparse: bool, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    codec = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p") if name == "a.avi" else H264
    source = clip(name, "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=0.2:duration=100", *codec)
    facts = probe(source, box, private)
    verdict = judge(facts)
    got = recorded(facts, verdict)
    assert (verdict.outcome, got["sparse"]) == ("whole", sparse)
    assert got["stretches"] == [[0, pytest.approx(100, abs=0.1)]]


def test_sound_alone_has_its_holes_too(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    later = ("-af", "asetpts='PTS+gte(N,40)*60/TB'")
    facts = probe(clip("a.mka", *SOUND, *later, "-c:a", "aac"), box, private)
    got = recorded(facts, judge(facts))
    assert len(got["stretches"]) == 2 and got["recorded_s"] == pytest.approx(2, abs=0.2)


KNOWN = {
    "jump10h_named.ts": ([(0, 5), (36000, 36005)], 36005.0, False),
    "jump30m.mp4": (None, None, False),
    "concat_reset.ts": ([(0, 10)], 10.0, True),
}


@pytest.mark.parametrize("name", [name for name in KNOWN if (SAMPLES / name).is_file()])
def test_the_files_of_the_report(name: str, box: Sandbox, private: Path) -> None:
    stretches, measured_s, restarted = KNOWN[name]
    facts = probe(SAMPLES / name, box, private)
    got = recorded(facts, judge(facts))
    if stretches is not None:
        assert got["stretches"] == [pytest.approx(stretch, abs=0.1) for stretch in stretches]
        assert facts.measured_s == pytest.approx(measured_s, abs=0.1)
    else:
        assert len(got["stretches"]) == 2 and got["recorded_s"] == pytest.approx(5, abs=0.2)
    assert got["clock_restarted"] is restarted and not got["sparse"]


HEARD_FIRST = (
    "-f", "lavfi", "-i", "sine=duration=7", "-itsoffset", "3", *PICTURE, "-map", "1:v", "-map", "0:a", *H264,
    "-c:a", "aac", "-vsync", "passthrough",
)  # fmt: skip


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_recording_begins_with_its_first_picture_whatever_is_heard_before(
    suffix: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    """What the header names is when the file begins: the pictures are so much later."""
    path = clip(f"a.{suffix}", *HEARD_FIRST)
    facts = probe(path, box, private)
    verdict = judge(facts)
    assert facts.lead_s == pytest.approx(3, abs=0.1) and facts.measured_s == pytest.approx(4, abs=0.2)
    got = recorded(facts, verdict)
    assert got["recorded_s"] == pytest.approx(2, abs=0.1) and got["stretches"][0][0] == 0
    facts.times = [TimeClaim(source="container:creation_time", at="2024-05-13T01:40:00Z")]
    claimed = time_claims(facts, Track(), {})
    arrived = datetime(2024, 5, 13, 2, tzinfo=UTC)
    start = judge_clock(claimed, facts.measured_s, arrived).recorded_from
    assert start is not None and (start - arrived).total_seconds() == pytest.approx(-1197, abs=0.1)
    at_its_end = judge_clock(claimed, facts.measured_s, arrived, Convention(stamp="end")).recorded_from
    assert at_its_end is not None and (at_its_end - arrived).total_seconds() == pytest.approx(-1204, abs=0.2)
    made = render(path, facts, verdict, box, private, stretches=got["stretches"])
    assert made.faults == [] and made.duration_s == pytest.approx(2, abs=0.3)
    assert (verdict.path, verdict.why and verdict.why.code) == ("encode", "sound_first")


def test_what_containers_put_between_picture_and_sound_is_no_lead(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    for name in ("a.mp4", "a.ts", "a.mkv"):
        assert probe(clip(name, *PICTURE, *SOUND, *H264, "-c:a", "aac"), box, private).lead_s == 0
