"""A plain copy holds the picture and the sound, and nothing that a camera wrote beside or between them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.media import SAMPLES
from tests.workers.media.conftest import H264, PICTURE, SOUND
from workers.media.probe import probe
from workers.media.remux import Remuxed, remux
from workers.media.sandbox import Sandbox
from workers.media.verdict import Verdict, judge

PLACE = "GPS+39.9042+116.4074"
SEI = f"h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+{PLACE}SEI"
WRITTEN = (
    "-metadata", "location=+39.9042+116.4074/", "-metadata", "model=CAM-9", "-metadata", "make=MAKER-9",
    "-metadata", "creation_time=2024-05-06T07:08:09Z", "-metadata:s:v", "handler_name=HANDLER-9",
    "-timecode", "01:02:03:04",
)  # fmt: skip


def subtitles(folder: Path) -> Path:
    """A track of positions, as some recorders write it."""
    path = folder / "track.srt"
    path.write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{PLACE}TRACK\n")
    return path


def chapters(folder: Path) -> Path:
    path = folder / "chapters.txt"
    path.write_text(f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle={PLACE}CHAPTER\n")
    return path


def copied(source: Path, box: Sandbox, private: Path) -> tuple[Remuxed, Verdict]:
    facts = probe(source, box, private)
    verdict = judge(facts)
    return remux(source, facts, verdict, box, private, plain=True), verdict


def pictures(path: Path) -> str:
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-f", "framemd5", "-"]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    return "".join(line.rsplit(",", 1)[1] for line in lines if not line.startswith("#"))


def said(path: Path) -> str:
    return subprocess.run(
        ["exiftool", "-ee3", "-G1", "-api", "LargeFileSupport=1", str(path)], capture_output=True, text=True
    ).stdout


def test_place_device_time_and_every_further_track_stay_behind(
    clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path
) -> None:
    source = clip(
        "told.mp4", *PICTURE, *SOUND, "-i", str(subtitles(tmp_path)), "-i", str(chapters(tmp_path)),
        "-map", "0", "-map", "1", "-map", "2", "-map_chapters", "3", *H264, "-bsf:v", SEI, "-c:a", "aac",
        "-c:s", "mov_text", *WRITTEN, "-movflags", "use_metadata_tags",
    )  # fmt: skip
    held = source.read_bytes()
    for secret in ("SEI", "TRACK", "CHAPTER"):
        assert f"{PLACE}{secret}".encode() in held
    assert all(word in held for word in (b"CAM-9", b"MAKER-9", b"HANDLER-9", b"tmcd"))
    made, verdict = copied(source, box, private)
    assert verdict.path == "direct" and (made.faults, made.form) == ([], "mp4")
    left = made.playable.read_bytes()
    for word in (b"GPS", b"116.4074", b"CAM-9", b"MAKER-9", b"HANDLER-9", b"tmcd", b"x264", b"chap"):
        assert word not in left, word
    facts = probe(made.playable, box, private)
    assert [stream.kind for stream in facts.streams] == ["video", "audio"]
    assert (facts.location, facts.times, facts.timecode, facts.make, facts.model) == (
        None,
        [],
        None,
        None,
        None,
    )
    told = said(made.playable)
    assert "GPS" not in told and "2024:05:06" not in told and "Chapter" not in told
    assert pictures(source) == pictures(made.playable)


@pytest.mark.parametrize(
    ("name", "options", "form"),
    [
        ("vp9.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"), "webm"),
        ("turned.mp4", (*H264, "-c:a", "aac"), "mp4"),
        ("sound.mp3", ("-map", "1", "-c:a", "libmp3lame"), "mp4"),
        ("sound.ogg", ("-map", "1", "-c:a", "libvorbis"), "mp4"),
        ("film.ts", (*H264, "-bsf:v", SEI, "-c:a", "aac"), "mp4"),
    ],
)  # fmt: skip
def test_whatever_plays_by_itself_has_a_plain_copy_that_plays(
    name: str, options: tuple[str, ...], form: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip(name, *PICTURE, *SOUND, *options, "-t", "1", "-metadata", f"title={PLACE}")
    if name == "turned.mp4":
        upright, source = source, source.with_name("turned-90.mp4")
        subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-y",
                "-i",
                upright,
                "-c",
                "copy",
                "-metadata:s:v",
                "rotate=90",
                source,
            ],
            check=True,
        )
        source.chmod(0o644)
    made, verdict = copied(source, box, private)
    assert (made.faults, made.form) == ([], form)
    assert PLACE.encode() not in made.playable.read_bytes()
    before, after = probe(source, box, private), probe(made.playable, box, private)
    shown = [stream for stream in before.streams if stream.index in (verdict.video, verdict.audio)]
    assert [stream.kind for stream in after.streams] == [stream.kind for stream in shown]
    assert [stream.rotation for stream in after.streams] == [stream.rotation for stream in shown]
    assert before.measured_s is not None and abs((after.measured_s or 0) - before.measured_s) < 0.15


def test_a_copy_that_still_says_more_is_at_fault(
    clip: Callable[..., Path], box: Sandbox, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever lets it through, a newer ffmpeg for one."""
    from workers.media import remux as copying

    source = clip("timed.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac", "-timecode", "01:02:03:04")
    real = copying.compose
    loose = ("-map_metadata", "-1"), ("-write_tmcd", "0")

    def keeping(*arguments: object) -> list[str]:
        argv = real(*arguments)  # type: ignore[arg-type]
        for name, value in loose:
            at = argv.index(name)
            assert argv[at + 1] == value
            del argv[at : at + 2]
        return argv

    monkeypatch.setattr(copying, "compose", keeping)
    made, _ = copied(source, box, private)
    assert [fault.code for fault in made.faults] == ["stream_unexpected"]


if SAMPLES.is_dir():

    @pytest.mark.parametrize("name", ["karma.mp4", "bt601.mov"])
    def test_no_cameras_positions_are_left(name: str, box: Sandbox, private: Path) -> None:
        assert "GPS" in said(SAMPLES / name)
        made, _ = copied(SAMPLES / name, box, private)
        assert made.faults == []
        assert "GPS" not in said(made.playable) and b"gpmd" not in made.playable.read_bytes()
