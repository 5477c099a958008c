"""Whose bytes play, whatever was made of an original, whoever asks; and by which name browsers are asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.jobs import JobKind
from schemas.originals import RenditionKind, VerdictFacts
from schemas.recordings import Playback, PlaysToo
from service.footage.recordings import codecs
from service.footage.recordings.codecs import encoded, mime
from service.footage.recordings.rules import Made, copied_as_it_is, what_plays

made = st.builds(
    Made,
    source=st.sampled_from([None, "original", "remux", "video"]),
    plain=st.booleans(),
    video=st.booleans(),
)
plays = st.sampled_from([None, "hevc", "av1"])
BY_CODEC = [None, *({"codec": one, "path": way} for one in ("hevc", "av1") for way in ("direct", "remux"))]


@st.composite
def verdicts(draw: st.DrawFn) -> VerdictFacts:
    path = draw(st.sampled_from(["direct", "remux", "encode"]))
    by_codec = draw(st.sampled_from(BY_CODEC)) if path == "encode" else None
    return {"path": path, "by_codec": by_codec}


@given(made, verdicts(), plays)
def test_whom_the_bureau_leaves_out_never_gets_what_may_hold_more_than_picture_and_sound(
    there: Made, verdict: VerdictFacts, codec: PlaysToo | None
) -> None:
    chosen = what_plays(there, verdict, own=False, plays=codec)
    assert chosen.how not in (Playback.original, Playback.none)
    assert chosen.kind != RenditionKind.playback or there.source == "video"
    assert (chosen.how == Playback.remux) == (chosen.kind == RenditionKind.plain)


@given(made, verdicts(), plays, st.booleans())
def test_only_a_row_that_is_there_plays_and_what_is_on_demand_says_what_makes_it(
    there: Made, verdict: VerdictFacts, codec: PlaysToo | None, own: bool
) -> None:
    chosen = what_plays(there, verdict, own=own, plays=codec)
    rows = {
        RenditionKind.playback: there.source is not None,
        RenditionKind.plain: there.plain,
        RenditionKind.video: there.video,
    }
    assert chosen.kind is None or rows[chosen.kind]
    assert (chosen.how == Playback.on_demand) == (chosen.wants is not None)
    if chosen.wants == JobKind.plain:
        assert not there.plain and (there.source in ("original", "remux") or copied_as_it_is(verdict))


@given(made, verdicts(), plays)
def test_the_originals_bytes_stand_in_for_an_encode_only_in_a_browser_that_plays_its_codec(
    there: Made, verdict: VerdictFacts, codec: PlaysToo | None
) -> None:
    chosen = what_plays(there, verdict, own=True, plays=codec)
    by_codec = verdict.get("by_codec") or {}
    fits = codec is not None and by_codec.get("codec") == codec and by_codec.get("path") == "direct"
    assert (
        chosen.how == Playback.original
        if fits
        else chosen.how != Playback.original or there.source == "original"
    )


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        ({"codec": "h264", "profile": "High", "level": 40, "tag": "avc1"}, "avc1.640028"),
        ({"codec": "h264", "profile": "Main", "level": 31, "tag": "avc3"}, "avc3.4D401F"),
        ({"codec": "h264", "profile": "Constrained Baseline", "level": 9}, "avc1.42E009"),
        ({"codec": "h264", "width": 1920, "height": 1080, "fps": 30.0}, "avc1.640028"),  # of before levels were kept
        ({"codec": "h264", "width": 3840, "height": 2160, "fps": 60.0}, "avc1.640034"),
        ({"codec": "hevc", "profile": "Main", "level": 93, "tag": "hvc1"}, "hvc1.1.6.L93.B0"),
        ({"codec": "hevc", "profile": "Main 10", "level": 153, "tag": "hev1"}, "hev1.2.4.L153.B0"),
        ({"codec": "hevc", "tag": "hvc1", "pixel_format": "yuv420p10le", "width": 1920, "height": 1080}, "hvc1.2.4.L123.B0"),
        ({"codec": "av1", "profile": "Main", "level": 0, "pixel_format": "yuv420p"}, "av01.0.00M.08"),
        ({"codec": "av1", "profile": "Main", "level": 13, "pixel_format": "yuv420p10le"}, "av01.0.13M.10"),
        ({"codec": "av1", "width": 1920, "height": 1080}, "av01.0.09M.08"),
        ({"codec": "vp9", "profile": "Profile 0", "width": 640, "height": 360}, "vp09.00.31.08"),
        ({"codec": "vp8"}, "vp8"),
        ({"codec": "aac", "profile": "LC"}, "mp4a.40.2"),
        ({"codec": "aac", "profile": "HE-AACv2"}, "mp4a.40.29"),
        ({"codec": "aac"}, "mp4a.40.2"),
        ({"codec": "mp3"}, "mp4a.6B"),
        ({"codec": "opus"}, "opus"),
        ({"codec": "mpeg4"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_codec_has_the_name_by_which_browsers_know_it(stream: dict, name: str | None) -> None:
    assert codecs.codec({"kind": "video", **stream}) == name


def test_a_type_names_all_that_plays_or_says_nothing() -> None:
    picture = {"kind": "video", "codec": "hevc", "tag": "hev1", "profile": "Main", "level": 93}
    sound = {"kind": "audio", "codec": "pcm_s16le"}
    assert mime("video/mp4", [picture, sound]) is None, "a browser must not be asked for half of it"
    assert (
        mime("video/mp4", [picture, sound], copied=True) == 'video/mp4; codecs="hvc1.1.6.L93.B0, mp4a.40.2"'
    )
    assert mime("audio/mpeg", [{"kind": "audio", "codec": "mp3"}]) == "audio/mpeg"
    assert mime("video/webm", [{"codec": "vp8"}, {"kind": "audio", "codec": "vorbis"}], copied=True) == (
        'video/webm; codecs="vp8, vorbis"'
    )
    assert encoded(1280, 720, sound=True) == 'video/mp4; codecs="avc1.64001F, mp4a.40.2"'
    assert encoded(1280, 720, sound=False) == 'video/mp4; codecs="avc1.64001F"'
    assert encoded(0, 0, sound=True) == 'audio/mp4; codecs="mp4a.40.2"'
