"""Of a container that is not opened here nobody says that it is damaged, and of a second movie that it is not there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.media import SAMPLES
from tests.workers.media.conftest import H264, PICTURE, SOUND
from workers.media.formats import CONTAINERS
from workers.media.probe import probe
from workers.media.remux import remux
from workers.media.renditions import render
from workers.media.sandbox import Sandbox
from workers.media.verdict import judge
from workers.stages.examined import recorded

PQ = ("smpte2084", "arib-std-b67")
HDR = "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc={}:colorspace=bt2020nc:range=tv"


@pytest.mark.parametrize("name", ["a.nut", "a.wtv"])
def test_what_is_only_not_on_the_list_is_not_called_damaged(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    verdict = judge(probe(clip(name, *PICTURE, "-c:v", "mpeg2video"), box, private))
    assert verdict.outcome == "unplayable"
    (reason,) = verdict.reasons
    assert (reason.code, reason.params) == ("container_not_opened", {"container": name[2:]})
    assert "damaged" not in str(reason)


def test_no_playlist_and_no_picture_is_on_the_list() -> None:
    assert set(CONTAINERS).isdisjoint(
        {"hls", "dash", "concat", "concatf", "image2", "image2pipe", "jpeg_pipe", "svg_pipe", "sdp"}
    )


@pytest.mark.parametrize("name", ["a.flac", "a.aiff", "a.caf", "a.w64", "a.ac3"])
def test_what_dictation_machines_write_is_opened(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    facts = probe(clip(name, *SOUND), box, private)
    assert judge(facts).outcome == "whole" and facts.measured_s == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "flv", "asf"])
def test_of_movies_behind_each_other_it_is_said_that_only_the_first_plays(
    suffix: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    codec = ("-c:v", "mpeg4") if suffix == "asf" else H264
    source = clip(f"a.{suffix}", *PICTURE, *codec)
    both = source.with_name(f"both.{suffix}")
    both.write_bytes(source.read_bytes() * 2)
    both.chmod(0o644)
    verdict = judge(probe(both, box, private))
    assert (verdict.outcome, [reason.code for reason in verdict.reasons]) == ("partial", ["several_movies"])
    assert judge(probe(source, box, private)).outcome == "whole"


@pytest.mark.parametrize("suffix", ["mkv", "avi", "mpg"])
def test_where_both_can_be_read_both_count(
    suffix: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    codec = {"mkv": H264, "avi": ("-c:v", "mpeg4"), "mpg": ("-c:v", "mpeg2video")}[suffix]
    source = clip(f"a.{suffix}", *PICTURE, *codec)
    both = source.with_name(f"both.{suffix}")
    both.write_bytes(source.read_bytes() * 2)
    both.chmod(0o644)
    facts = probe(both, box, private)
    verdict = judge(facts)
    got = recorded(facts, verdict)
    assert verdict.outcome == "whole" and got["recorded_s"] == pytest.approx(4, abs=0.1)
    assert render(both, facts, verdict, box, private, stretches=got["stretches"]).faults == []


@pytest.mark.parametrize("transfer", PQ)
def test_high_dynamic_range_becomes_what_every_screen_shows(
    transfer: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip(
        "hdr.mp4", *PICTURE, "-vf", HDR.format(transfer), "-c:v", "libx265", "-preset", "ultrafast",
        "-x265-params", f"log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc",
    )  # fmt: skip
    facts = probe(source, box, private)
    assert facts.streams[0].transfer == transfer
    made = render(source, facts, judge(facts), box, private)
    assert made.faults == []
    assert probe(made.playable, box, private).streams[0].transfer == "bt709"


if (SAMPLES / "cam.dav").is_file():

    def test_a_dav_file_is_put_into_a_container_for_browsers(box: Sandbox, private: Path) -> None:
        facts = probe(SAMPLES / "cam.dav", box, private)
        verdict = judge(facts)
        assert (verdict.outcome, facts.measured_s) == ("whole", pytest.approx(5, abs=0.15))
        assert facts.streams[0].upright == (320, 240)
        assert remux(SAMPLES / "cam.dav", facts, verdict, box, private).faults == []
        made = render(
            SAMPLES / "cam.dav", facts, verdict, box, private, stretches=recorded(facts, verdict)["stretches"]
        )
        assert made.faults == []
