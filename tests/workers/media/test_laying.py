"""What is made for the browser plays through: holes are cut out, parts with a clock of their own follow one another."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.media import SAMPLES
from tests.workers.media.conftest import H264, PICTURE, SOUND
from tests.workers.media.test_stretches import LATER
from workers.media.laying import Laid
from workers.media.probe import Probe, StreamFacts, probe
from workers.media.renditions import Rendered, limits_for, render
from workers.media.sandbox import Sandbox
from workers.media.trial import try_out
from workers.media.verdict import judge
from workers.media.verify import expected
from workers.stages.examined import recorded

AAC = ("-c:a", "aac", "-b:a", "64k")


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(1, 20_000), st.integers(-(10**6), 10**6)), max_size=4),
    st.integers(-100, 10**6),
)
def test_every_moment_is_moved_to_where_it_is_played(
    plan: list[tuple[int, int]], more: list[tuple[int, int]], origin: int
) -> None:
    at, stretches = 0, []
    for length, hole in plan:
        stretches.append((float(at), float(at + length)))
        at += length + hole
    parts, begin = [(0.0, 0.0)], float(origin)
    for length, added in more:
        begin += length
        parts.append((begin, float(added)))
    laid = Laid(tuple(stretches), float(origin), tuple(parts))
    for number, (_, offset) in enumerate(parts):
        for since, to, moved in laid.moved(number):
            for by_its_clock in (since, (since + to) / 2):
                into = by_its_clock + offset - origin
                assert by_its_clock + moved == pytest.approx(laid.played_at(into))
    shown = sum(to - since for number in range(len(parts)) for since, to, _ in laid.moved(number))
    assert shown == pytest.approx(laid.length_s)
    back = laid.recorded([(0.0, laid.length_s)])
    assert back == [pytest.approx(stretch) for stretch in stretches]


@pytest.mark.parametrize(
    ("stretches", "first_key_s", "picture_s"),
    [
        (None, None, 5.0),
        (None, 3.0, 3.4),  # 1.6 s before the first key frame cannot be seen
        ([(2.0, 5.0)], 3.0, 3.0),  # they were taken away already
        ([(1.0, 5.0)], 3.0, 3.4),
        ([(0.0, 2.0), (4.0, 5.0)], 3.0, 1.4),
    ],
)
def test_what_comes_before_the_first_key_frame_is_missed_once(
    stretches: list[tuple[float, float]] | None, first_key_s: float | None, picture_s: float
) -> None:
    picture = StreamFacts(index=0, kind="video", start_s=1.4, measured_s=5.0, first_key_s=first_key_s)
    laid = Laid(tuple(stretches), 1.4, ((0.0, 0.0),)) if stretches else None
    wanted = expected(Probe(size=1, streams=[picture]), picture, None, laid)
    assert wanted.video_s == pytest.approx(picture_s)


@pytest.mark.parametrize(("sound_s", "silence_s"), [(4.4, 3.0), (1.4, 0.0), (0.0, 0.0)])
def test_sound_that_begins_late_may_be_longer_by_the_silence_before_it(
    sound_s: float, silence_s: float
) -> None:
    picture = StreamFacts(index=0, kind="video", start_s=1.4, measured_s=5.0)
    sound = StreamFacts(index=1, kind="audio", start_s=sound_s, measured_s=2.0)
    for laid in (None, Laid(((0.0, 5.0),), 1.4, ((0.0, 0.0),))):
        wanted = expected(Probe(size=1, streams=[picture, sound]), picture, sound, laid)
        assert wanted.silence_s == pytest.approx(silence_s)


def test_a_transport_stream_cut_from_the_middle_plays_from_its_first_key_frame(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.ts", *PICTURE, *SOUND, *H264, "-g", "25", "-bf", "0", *AAC)
    tail = source.with_name("tail.ts")
    tail.write_bytes(source.read_bytes()[188 * 200 :])
    tail.chmod(0o644)
    facts = probe(tail, box, private)
    verdict = judge(facts)
    trial = try_out(tail, facts.streams[0], [(0.0, 2.0)], [], box, private)
    assert trial.stretches and trial.stretches[0][0] > 0
    assert render(tail, facts, verdict, box, private, stretches=trial.stretches).faults == []


def test_how_long_an_encode_may_take_follows_the_pictures_of_a_camera_that_sees_nothing() -> None:
    def limit(size: int, pictures: int, seconds: float) -> float:
        picture = StreamFacts(index=0, kind="video", samples=pictures)
        return limits_for(Probe(size=size, streams=[picture]), seconds).wall_s

    assert limit(2_000_000, 10_900, 363) > 800
    assert limit(2_000_000, 50_000_000, 1e6) < 3000, "a count that its bytes cannot hold is only claimed"
    assert limit(2_000_000, 2, 47_000) == 400


def made_of(source: Path, box: Sandbox, private: Path) -> tuple[Probe, Rendered, Probe]:
    facts = probe(source, box, private)
    verdict = judge(facts)
    made = render(source, facts, verdict, box, private, stretches=recorded(facts, verdict)["stretches"])
    assert made.faults == []
    return facts, made, probe(made.playable, box, private)


@pytest.mark.parametrize("name", ["jump.mp4", "jump.ts", "jump.mkv"])
def test_a_hole_is_cut_out_of_picture_and_sound(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    later = (*LATER[:2], "-af", "asetpts='PTS+gte(T,1)*1800/TB'", *LATER[2:])
    source = clip(name, *PICTURE, *SOUND, *later, *H264, "-bf", "2", *AAC)
    facts, made, out = made_of(source, box, private)
    assert judge(facts).path == "encode"
    assert [stream.measured_s for stream in out.streams] == [pytest.approx(2, abs=0.15)] * 2
    assert made.duration_s == pytest.approx(2, abs=0.1) and len(made.stills) >= 7
    assert out.of_kind("video")[0].samples == 50


def test_sound_that_goes_on_while_there_is_no_picture_is_cut_with_the_hole(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip(
        "on.mkv", *PICTURE, "-f", "lavfi", "-i", "sine=duration=12",
        "-vf", "setpts='PTS+gte(N,25)*10/TB'", "-vsync", "vfr", *H264, *AAC,
    )  # fmt: skip
    _, _, out = made_of(source, box, private)
    assert [stream.measured_s for stream in out.streams] == [pytest.approx(2, abs=0.15)] * 2


@pytest.mark.parametrize("sound", [True, False])
def test_films_behind_each_other_play_through(
    sound: bool, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    more = (*SOUND, *AAC) if sound else ()
    source = clip("a.ts", *PICTURE, *more[:4], *H264, *more[4:])
    both = source.with_name("both.ts")
    both.write_bytes(source.read_bytes() * 3)
    both.chmod(0o644)
    facts, made, out = made_of(both, box, private)
    assert facts.measured_s == pytest.approx(6, abs=0.2)
    assert out.of_kind("video")[0].samples == 150 and made.poster
    assert out.measured_s == pytest.approx(6, abs=0.2)


@pytest.mark.parametrize("name", ["few.avi", "few.mp4", "few.mkv"])
def test_few_pictures_are_footage(name: str, clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    codec = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p") if name == "few.avi" else H264
    source = clip(name, "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=0.2:duration=100", *codec)
    _, made, out = made_of(source, box, private)
    assert out.of_kind("video")[0].samples == 20 and made.poster and made.stills


def test_what_was_taken_out_of_the_stretches_is_not_shown(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.mp4", *PICTURE, *SOUND, *H264, *AAC)
    facts = probe(source, box, private)
    made = render(source, facts, judge(facts), box, private, stretches=[[0.4, 0.8], [1.2, 2.0]])
    assert made.faults == []
    out = probe(made.playable, box, private)
    assert [stream.measured_s for stream in out.streams] == [pytest.approx(1.2, abs=0.15)] * 2


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        pytest.param(name, seconds)
        for name, seconds in (("jump10h_named.ts", 10), ("jump30m.mp4", 5), ("concat_reset.ts", 10))
        if (SAMPLES / name).is_file()
    ],
)
def test_the_files_of_the_report_play_through(name: str, seconds: float, box: Sandbox, private: Path) -> None:
    _, _, out = made_of(SAMPLES / name, box, private)
    assert out.measured_s == pytest.approx(seconds, abs=0.3)
