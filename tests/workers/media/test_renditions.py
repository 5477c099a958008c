"""One pass makes everything, upright and whole; and what is not whole never passes as good."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from PIL import Image

from tests.workers.media.conftest import H264, PICTURE, SOUND
from workers.media import graphs
from workers.media.probe import Probe, probe
from workers.media.remux import remux
from workers.media.renditions import Rendered, render
from workers.media.sandbox import Limits, Sandbox
from workers.media.verdict import Verdict, judge
from workers.media.verify import Expected, verify

AAC = ("-c:a", "aac", "-b:a", "64k")


def whole(source: Path, box: Sandbox, private: Path) -> tuple[Probe, Verdict, Rendered]:
    facts = probe(source, box, private)
    verdict = judge(facts)
    made = render(source, facts, verdict, box, private)
    assert made.faults == []
    return facts, verdict, made


def test_one_pass_makes_every_part(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    source = clip("a.mp4", *PICTURE, *SOUND, *H264, *AAC)
    seen: list[float] = []
    facts = probe(source, box, private)
    made = render(source, facts, judge(facts), box, private, seen.append)
    assert made.faults == [] and made.size == (320, 240)
    out = probe(made.playable, box, private)
    assert [s.codec for s in out.streams] == ["h264", "aac"] and out.moov_first
    assert out.measured_s == pytest.approx(2.0, abs=0.1)
    assert len(made.stills) == 8 and made.poster in [still.path for still in made.stills]
    assert Image.open(made.poster).size == (320, 240)
    cues = made.vtt.read_text().count(" --> ")
    sheet = Image.open(made.sprite)
    assert 8 <= cues <= 11 and sheet.width == 10 * 120
    peaks = json.loads(made.peaks.read_text())
    assert peaks["duration_s"] == pytest.approx(2.0, abs=0.1)
    assert 0.05 < max(peaks["max"]) < 0.3 and len(peaks["min"]) == len(peaks["max"]) <= 1800
    assert seen and all(0 <= part <= 1 for part in seen)
    assert made.quality.model_dump(exclude={"every_s"}) == {
        kind: [] for kind in ("black", "frozen", "silent", "dark", "covered")
    }


@pytest.mark.parametrize("looks", [True, False])
def test_sound_keeps_its_own_time_where_the_clock_in_the_file_begins_anew(
    clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path, looks: bool
) -> None:
    part = clip("part.ts", *PICTURE, *SOUND, *H264, *AAC).read_bytes()
    twice = tmp_path / "twice.ts"
    twice.write_bytes(part + part)
    twice.chmod(0o644)
    facts = probe(twice, box, private)
    (stretches,) = (stream.stretches for stream in facts.of_kind("video"))
    made = render(twice, facts, judge(facts), box, private, stretches=stretches, looks=looks)
    assert made.faults == []
    heard = probe(made.playable, box, private).of_kind("audio")
    assert [stream.measured_s for stream in heard] == [pytest.approx(4.0, abs=0.15)]


SHAPES = {
    "portrait": ("480x854", (), (480, 854)),
    "large": ("1920x1080", (), (1280, 720)),
    "large_portrait": ("1080x1920", (), (720, 1280)),
    "odd": ("853x479", (), (852, 478)),
    "wide_pixels": ("320x240", ("-vf", "setsar=2/1"), (640, 240)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_any_shape_fits_and_stays_in_proportion(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    size, options, expected = SHAPES[name]
    source = clip("s.mp4", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10:duration=0.6", *options, *H264)
    _, _, made = whole(source, box, private)
    assert made.size == expected
    assert Image.open(made.poster).size == expected


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [90, 180, 270])
def test_rotation_is_applied_in_every_picture(
    turn: int, mirrored: bool, clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path
) -> None:
    """Left half red, upper half bright: after the turn the picture must equal what ffmpeg itself shows."""
    picture = "color=red:size=160x96:rate=10:duration=0.5,drawbox=x=80:w=80:h=96:color=blue:t=fill,drawbox=h=20:w=160:color=white:t=fill"
    plain = clip("plain.mp4", "-f", "lavfi", "-i", picture, *H264)
    data = plain.read_bytes()
    at = data.index(b"tkhd") + 4 + 40
    matrices = {
        (90, False): (0, 1, -1, 0), (180, False): (-1, 0, 0, -1), (270, False): (0, -1, 1, 0),
        (90, True): (0, -1, -1, 0), (180, True): (1, 0, 0, -1), (270, True): (0, 1, 1, 0),
    }  # fmt: skip
    a, b, c, d = (n * 65536 for n in matrices[turn, mirrored])
    rows = b"".join(n.to_bytes(4, "big", signed=True) for n in (a, b, 0, c, d, 0, 0, 0, 1 << 30))
    source = tmp_path / "turned.mp4"
    source.write_bytes(data[:at] + rows + data[at + 36 :])
    facts, _, made = whole(source, box, private)
    assert (facts.streams[0].rotation, facts.streams[0].mirrored) == (turn, mirrored)
    wanted = tmp_path / "wanted.png"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", str(source), "-frames:v", "1", str(wanted)], check=True
    )
    reference = Image.open(wanted).convert("RGB")
    shown = Image.open(made.stills[0].path).convert("RGB")
    assert shown.size == reference.size == ((96, 160) if turn in (90, 270) else (160, 96))
    for x in (0.1, 0.4, 0.9):
        for y in (0.05, 0.6, 0.95):
            at_both = [im.getpixel((int(x * im.width), int(y * im.height))) for im in (shown, reference)]
            assert all(abs(p - q) < 60 for p, q in zip(*at_both, strict=True))


ODD = {
    "hevc_10_bit.mp4": (*PICTURE, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le"),
    "b.ts": (*PICTURE, *SOUND, "-c:v", "mpeg2video", "-c:a", "mp2"),
    "c.avi": (*PICTURE, *SOUND, "-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-c:a", "pcm_s16le"),
    "vfr.mkv": (*PICTURE, "-vf", "select='lt(n,25)+not(mod(n,5))'", "-vsync", "vfr", *H264),
    "fast.mp4": ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=60:duration=1", *H264),
    "five_one.mkv": (*PICTURE, "-f", "lavfi", "-i", "sine=duration=2", *H264, "-c:a", "ac3", "-ac", "6"),
    "one_frame.mp4": ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=0.1", *H264),
    "late_sound.mkv": (*PICTURE, "-itsoffset", "0.8", "-f", "lavfi", "-i", "sine=duration=1.2", *H264, *AAC),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_sources_come_out_whole(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    _, _, made = whole(clip(name, *ODD[name]), box, private)
    assert made.poster and made.sprite
    video = probe(made.playable, box, private).of_kind("video")[0]
    assert (video.codec, video.pixel_format) == ("h264", "yuv420p")
    assert video.fps <= 31


def test_sound_alone_is_playable_and_has_a_picture_of_its_waveform(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    _, _, made = whole(clip("a.m4a", *SOUND, *AAC), box, private)
    assert [s.codec for s in probe(made.playable, box, private).streams] == ["aac"]
    assert Image.open(made.poster).size == (1280, 720)
    assert made.peaks and not made.sprite and not made.stills


def test_no_place_or_device_leaves_with_the_copy_for_the_browser(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip(
        "tagged.mp4", *PICTURE, *H264, "-metadata", "location=+25.8310+114.9330/", "-metadata", "title=secret"
    )
    _, _, made = whole(source, box, private)
    assert probe(made.playable, box, private).location is None
    assert b"secret" not in made.playable.read_bytes()


@pytest.mark.parametrize("name", ["a.ts", "b.mkv", "pcm.mov", "c.flv"])
def test_a_remux_copies_the_picture_unchanged(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    sound = ("-c:a", "pcm_s16le") if name == "pcm.mov" else AAC
    source = clip(name, *PICTURE, *SOUND, *H264, *sound)
    facts = probe(source, box, private)
    made = remux(source, facts, judge(facts), box, private)
    assert made.faults == []

    def pictures(path: Path) -> str:
        argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-f", "framemd5", "-"]
        lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
        return "".join(line.rsplit(",", 1)[1] for line in lines if not line.startswith("#"))

    assert pictures(source) == pictures(made.playable)


class TestBadOutput:
    """Each of these ends with exit code 0 or a file in place; none may be called ready."""

    WANTED = Expected(video_s=2.0, audio_s=2.0, size=(320, 240), key_every_s=2)

    @pytest.fixture
    def good(self, clip: Callable[..., Path]) -> Path:
        return clip("good.mp4", *PICTURE, *SOUND, *H264, *AAC, "-movflags", "+faststart")

    def codes(self, path: Path, box: Sandbox, private: Path, wanted: Any = WANTED) -> set[str]:
        return {fault.code for fault in verify(path, wanted, box, private)}

    def test_the_good_one_passes(self, good: Path, box: Sandbox, private: Path) -> None:
        assert self.codes(good, box, private) == set()

    @pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.98])
    def test_cut_off(self, share: float, good: Path, box: Sandbox, private: Path) -> None:
        good.write_bytes(good.read_bytes()[: int(good.stat().st_size * share)])
        assert self.codes(good, box, private)

    def test_overwritten_in_the_middle(self, good: Path, box: Sandbox, private: Path) -> None:
        data = good.read_bytes()
        third = len(data) // 3
        good.write_bytes(data[:third] + b"\0" * third + data[2 * third :])
        assert self.codes(good, box, private)

    def test_ended_early_but_tidily(
        self, clip: Callable[..., Path], good: Path, box: Sandbox, private: Path
    ) -> None:
        short = clip("short.mp4", "-i", str(good), "-t", "1", "-c", "copy")
        assert self.codes(short, box, private) == {"duration_short"}

    def test_without_its_sound(
        self, clip: Callable[..., Path], good: Path, box: Sandbox, private: Path
    ) -> None:
        mute = clip("mute.mp4", "-i", str(good), "-an", "-c", "copy")
        assert self.codes(mute, box, private) == {"stream_missing"}

    def test_of_the_wrong_size(self, good: Path, box: Sandbox, private: Path) -> None:
        wanted = Expected(video_s=2.0, audio_s=2.0, size=(240, 320))
        assert self.codes(good, box, private, wanted) == {"dimensions_differ"}

    def test_absent(self, box: Sandbox, private: Path) -> None:
        assert self.codes(private / "none.mp4", box, private) == {"output_missing"}


def test_a_run_that_is_cancelled_is_not_published(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("long.mp4", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=8", *H264)
    facts, cancel = probe(source, box, private), Event()
    Timer(0.8, cancel.set).start()
    made = render(source, facts, judge(facts), box, private, cancel=cancel)
    assert made.cancelled and made.faults


def test_an_output_that_grows_too_large_is_not_published(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.mp4", *PICTURE, *SOUND, *H264, *AAC)
    facts = probe(source, box, private)
    assert render(source, facts, judge(facts), box, private, limits=Limits(file_bytes=20_000)).faults


def test_sizes_are_even_and_never_grow() -> None:
    for width, height in ((853, 479), (1, 1), (2, 5000), (1920, 1080), (720, 1281), (16384, 16)):
        got = graphs.fit(width, height)
        assert all(side % 2 == 0 and side >= 2 for side in got)
        assert got[0] <= max(2, width) and got[1] <= max(2, height)
        assert min(got) <= 720
