"""Real camera files, where they are at hand: each comes out as its folder's README says."""

from pathlib import Path

import pytest

from tests.fixtures.media import SAMPLES
from workers.media import gpmf, sniff
from workers.media.probe import probe
from workers.media.sandbox import Sandbox
from workers.media.verdict import judge

EXPECTED = {
    "car-detection.mp4": ("whole", "direct", 30.16, ()),
    "one-by-one-person-detection.mp4": ("whole", "direct", 139.4, ()),
    "karma.mp4": ("whole", "direct", 12.08, ()),
    "h265_bframes.mp4": ("whole", "encode", 1.0, ()),
    "sample_rotate_and_reflect.mp4": ("whole", "encode", 1.0, ()),
    "bt601.mov": ("whole", "direct", 1.02, ()),
    "sample_h264.ts": ("whole", "remux", 1.0, ()),
    "bbb_2500ms.ts": ("whole", "encode", 2.5, ()),
    "sample.avi": ("whole", "encode", 4.09, ()),
    "sample_with_srt.mkv": ("whole", "remux", 0.968, ()),
    "sample_video_only.mp4": ("whole", "direct", 1.0, ()),
    "sample_audio_only.mp4": ("whole", "direct", 1.04, ()),
    "sample_fragmented.mp4": ("whole", "remux", 1.0, ()),
    "long_1080p_lowbitrate.mp4": ("whole", "direct", 362.8, ()),
    "sample_missing_stsd.mp4": ("partial", "remux", 1.0, ("audio_codec_unknown",)),
    "sample_mdat_too_long.mp4": ("whole", "remux", 1.0, ()),
    "sample_fragmented_clearkey.mp4": ("unplayable", None, None, ("encrypted",)),
    "segment_init.mp4": ("unplayable", None, None, ("no_samples",)),
    "sample_malformed_free_box.mp4": ("unplayable", None, None, ("no_moov",)),
}
here = [name for name in EXPECTED if (SAMPLES / name).is_file()]


@pytest.mark.parametrize("name", here)
def test_sample(name: str, box: Sandbox, private: Path) -> None:
    outcome, path, seconds, codes = EXPECTED[name]
    source = SAMPLES / name
    with source.open("rb") as file:
        assert sniff.refuse(file.read(sniff.HEAD_BYTES)) is None
    facts = probe(source, box, private)
    verdict = judge(facts)
    assert (verdict.outcome, verdict.path) == (outcome, path)
    assert tuple(reason.code for reason in verdict.reasons) == codes
    assert facts.measured_s == (pytest.approx(seconds, abs=0.05) if seconds else None)
    remarks = {remark.code for remark in verdict.remarks}
    assert ("duration_claim_differs" in remarks) == (name in ("sample_fragmented.mp4", "sample_with_srt.mkv"))
    if name == "karma.mp4":
        track = gpmf.track(source, facts)
        middle = track.points[len(track.points) // 2]
        assert (middle.lat, middle.lon) == pytest.approx((33.1254, -117.3311), abs=0.001)
        assert facts.timecode
    if name in ("sample_rotate_and_reflect.mp4", "bt601.mov"):
        assert facts.location is not None and facts.location.lat == pytest.approx(40.68, abs=0.02)
    if name == "sample_rotate_and_reflect.mp4":
        video = facts.of_kind("video")[0]
        assert video.upright == (720, 1080) and video.mirrored
