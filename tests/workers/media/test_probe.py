"""What is measured must not depend on what a header claims, nor on the kind of container."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.registry.conventions.rules import Conventions
from tests.workers.media.conftest import H264, PICTURE, SOUND
from workers.media import clock, sniff
from workers.media.gpmf import Track
from workers.media.isobmff import read
from workers.media.probe import probe
from workers.media.sandbox import Sandbox
from workers.media.verdict import judge
from workers.stages.tags.rules import time_claims

AAC = ("-c:a", "aac", "-b:a", "64k")
KINDS = {
    "plain.mp4": ((*PICTURE, *SOUND, *H264, *AAC), "direct"),
    "faststart.mov": ((*PICTURE, *SOUND, *H264, *AAC, "-movflags", "+faststart"), "direct"),
    "fragmented.mp4": ((*PICTURE, *SOUND, *H264, *AAC, "-movflags", "frag_keyframe+empty_moov"), "direct"),
    "hevc.mp4": ((*PICTURE, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"), "encode"),
    "ten_bit.mp4": (
        (*PICTURE, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le"),
        "encode",
    ),
    "stream.ts": ((*PICTURE, *SOUND, *H264, *AAC), "remux"),
    "film.mkv": ((*PICTURE, *SOUND, *H264, *AAC), "remux"),
    "old.avi": ((*PICTURE, *SOUND, "-c:v", "mpeg4", "-c:a", "libmp3lame"), "encode"),
    "mjpeg.avi": ((*PICTURE, *SOUND, "-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-c:a", "pcm_s16le"), "encode"),
    "pcm.mov": ((*PICTURE, *SOUND, *H264, "-c:a", "pcm_s16le"), "remux"),
    "silent.mp4": ((*PICTURE, *H264), "direct"),
    "sound.m4a": ((*SOUND, *AAC), "direct"),
    "sound.wav": (SOUND, "remux"),
    "odd.mp4": (("-f", "lavfi", "-i", "testsrc2=size=853x479:duration=2", "-c:v", "libx264", "-preset", "ultrafast"), "direct"),
    "b_frames.mp4": ((*PICTURE, *H264, "-preset", "medium", "-bf", "3"), "direct"),
    "web.webm": ((*PICTURE, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"), "direct"),
    "flash.flv": ((*PICTURE, *SOUND, *H264, *AAC), "remux"),
    "programme.mpg": ((*PICTURE, *SOUND, "-c:v", "mpeg2video", "-c:a", "mp2"), "encode"),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_common_kind_is_measured_and_finds_its_way_to_a_browser(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    arguments, path = KINDS[name]
    source = clip(name, *arguments)
    assert sniff.refuse(source.read_bytes()[: sniff.HEAD_BYTES]) is None
    facts = probe(source, box, private)
    verdict = judge(facts)
    assert verdict.outcome == "whole", verdict.reasons
    assert verdict.path == path
    assert facts.measured_s == pytest.approx(2.0, abs=0.1)
    assert all(s.decodable for s in facts.streams if s.kind in ("video", "audio"))
    assert not any(stream.variable_rate for stream in facts.streams)


def test_a_fragmented_file_that_ends_in_a_fragment_is_cut_off_and_not_complete(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.mp4", *PICTURE, *H264, "-g", "25", "-movflags", "frag_keyframe+empty_moov")
    data = source.read_bytes()
    source.write_bytes(data[: data.rindex(b"mdat") + 2000])
    verdict = judge(probe(source, box, private))
    assert (verdict.outcome, verdict.reasons[0].code) == ("partial", "truncated")
    assert "box_overrun" not in {remark.code for remark in verdict.remarks}


def test_a_false_claim_in_the_header_is_seen(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    source = clip("claim.mp4", *PICTURE, *H264)
    data = source.read_bytes()
    at = data.index(b"mvhd") + 4
    (timescale,) = struct.unpack_from(">I", data, at + 12)
    source.write_bytes(data[: at + 16] + struct.pack(">I", 7200 * timescale) + data[at + 20 :])
    facts = probe(source, box, private)
    assert facts.measured_s == pytest.approx(2.0, abs=0.05)
    assert "duration_claim_differs" in {
        r.code for r in judge(facts).remarks
    } or facts.claimed_s == pytest.approx(2, abs=0.1)


def test_power_loss_before_the_index_is_written_is_told_apart(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("lost.mp4", *PICTURE, *H264)
    data = source.read_bytes()
    source.write_bytes(data[: data.index(b"moov") - 4])
    verdict = judge(probe(source, box, private))
    assert [r.code for r in verdict.reasons] == ["no_moov"] and verdict.outcome == "unplayable"


def test_a_cut_file_with_its_index_in_front_is_partial_and_says_how_much_is_there(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("cut.mp4", *PICTURE, *H264, "-movflags", "+faststart")
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    facts = probe(source, box, private)
    verdict = judge(facts)
    assert verdict.outcome == "partial"
    assert [r.code for r in verdict.reasons] == ["truncated"]
    assert 0.3 < facts.measured_s < 1.8
    assert verdict.path == "remux"


def test_variable_frame_rate_is_seen(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    source = clip("vfr.mp4", *PICTURE, "-vf", "select='lt(n,25)+not(mod(n,5))'", "-vsync", "vfr", *H264)
    facts = probe(source, box, private)
    assert facts.of_kind("video")[0].variable_rate is True
    assert "variable_rate" in {r.code for r in judge(facts).remarks}


def test_several_tracks_show_the_first_of_each_kind(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip(
        "many.mp4",
        *SOUND,
        *PICTURE,
        *PICTURE,
        *SOUND,
        "-map",
        "0",
        "-map",
        "1",
        "-map",
        "2",
        "-map",
        "3",
        *H264,
        *AAC,
    )
    verdict = judge(probe(source, box, private))
    assert (verdict.video, verdict.audio) == (1, 0)
    assert verdict.path == "remux"
    assert "extra_tracks" in {r.code for r in verdict.remarks}


@pytest.mark.parametrize(
    ("degrees", "clockwise", "upright"),
    [(90, 270, (240, 320)), (180, 180, (320, 240)), (270, 90, (240, 320))],
)
def test_rotation_is_read(
    clip: Callable[..., Path],
    box: Sandbox,
    private: Path,
    degrees: int,
    clockwise: int,
    upright: tuple[int, ...],
) -> None:
    plain = clip("plain.mp4", *PICTURE, *H264)
    source = clip("rotated.mp4", "-i", str(plain), "-c", "copy", "-metadata:s:v", f"rotate={degrees}")
    video = probe(source, box, private).of_kind("video")[0]
    assert video.upright == upright
    assert video.rotation in (clockwise, degrees) and not video.mirrored


def test_an_encrypted_file_says_so(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    key = "0123456789abcdef0123456789abcdef"
    source = clip(
        "secret.mp4", *PICTURE, *H264,
        "-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key,
    )  # fmt: skip
    facts = probe(source, box, private)
    assert facts.encrypted
    assert [r.code for r in judge(facts).reasons] in (["encrypted"], ["video_encrypted"])


def test_an_empty_file_and_noise_are_facts_not_errors(tmp_path: Path, box: Sandbox, private: Path) -> None:
    for name, data, code in (("empty", b"", "empty"), ("noise", bytes(range(256)) * 64, "unreadable")):
        source = tmp_path / name
        source.write_bytes(data)
        verdict = judge(probe(source, box, private))
        assert verdict.outcome == "unplayable"
        assert [r.code for r in verdict.reasons] == [code]


def test_a_lost_lease_ends_the_probe(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    from threading import Event

    cancel = Event()
    cancel.set()
    facts = probe(clip("a.mkv", *PICTURE, *H264), box, private, cancel)
    assert facts.error == "cancelled"


def test_place_make_and_time_are_kept_as_claimed(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip(
        "tags.mov", *PICTURE, *H264, "-movflags", "use_metadata_tags",
        "-metadata", "com.apple.quicktime.location.ISO6709=+25.8310+114.9330+120.5/",
        "-metadata", "com.apple.quicktime.make=某厂", "-metadata", "com.apple.quicktime.model=DSJ-1",
        "-metadata", "creation_time=2026-11-28T10:00:00Z",
        "-metadata", "com.apple.quicktime.creationdate=2026-11-27T09:05:00+0800",
    )  # fmt: skip
    facts = probe(source, box, private)
    assert (facts.make, facts.model) == ("某厂", "DSJ-1")
    assert facts.location is not None and facts.location.lat == pytest.approx(25.831)
    assert any(claim.at.startswith("2026-11-28T10:00:00") for claim in facts.times)
    claims = [clock.Claim(source=one.source, at=one.at) for one in facts.times]
    found = clock.judge(claims, facts.measured_s, datetime(2026, 11, 28, 12, tzinfo=UTC))
    assert (found.recorded_from, found.doubts) == (datetime(2026, 11, 27, 1, 5, tzinfo=UTC), [])


@pytest.mark.parametrize(("day", "time"), [("2026-11-27", "09:05:00"), ("2026:11:27", "09-05-00")])
def test_a_day_and_a_clock_in_two_fields_are_one_time(
    day: str, time: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    """As sound recorders write them into a broadcast WAV."""
    said = ("-metadata", f"origination_date={day}", "-metadata", f"origination_time={time}")
    facts = probe(clip("a.wav", *SOUND, "-write_bext", "1", *said), box, private)
    found = clock.judge(
        time_claims(facts, Track(), {}, Conventions(stamp="end")), 2.0, datetime(2026, 11, 28, tzinfo=UTC)
    )
    assert (found.recorded_from, found.doubts) == (datetime(2026, 11, 27, 1, 5, tzinfo=UTC), [])


def test_ffprobe_opens_nothing_for_the_length_of_a_large_mp4(clip: Callable[..., Path]) -> None:
    """The sample tables tell: time must not grow with the bytes."""
    source = clip("large.mp4", *PICTURE, *H264)
    iso = read(source)
    assert iso is not None and iso.tracks[0].samples == 50
    assert iso.tracks[0].presented_s == pytest.approx(2.0)
