"""Copies the picture and the sound of footage into a container that browsers open, and nothing else that stands in the
file: nothing is re-encoded but, where its codec asks for it, the sound."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import ffmpeg

from schemas.reasons import Reason
from workers.media import graphs
from workers.media.formats import INPUT_GUARD
from workers.media.probe import Probe, StreamFacts
from workers.media.probe import probe as measured
from workers.media.renditions import ended_badly
from workers.media.sandbox import Limits, Sandbox, inside
from workers.media.verdict import BROWSER_AUDIO_MP4, WEBM, Verdict
from workers.media.verify import expected, verify

REMUXED = "remuxed"
# Of each codec what pictures are made of. Cameras write their place, time and name between them (SEI, metadata OBUs,
# units that no standard knows).
PICTURES = {"h264": "1-5|7-11|13|19", "hevc": "0-37", "av1": "1-4|6-8"}
SAID_BY_THE_MUXER = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})


@dataclass
class Remuxed:
    """Publish `playable` only when `faults` is empty; otherwise the encode is the way. `form`: mp4 or webm."""

    playable: Path
    form: str
    faults: list[Reason]
    cancelled: bool = False


def compose(probe: Probe, verdict: Verdict, plain: bool = False) -> list[str]:
    source = ffmpeg.input(inside(), **INPUT_GUARD, fflags="+genpts")
    video, audio = _streams(probe, verdict)
    form = form_of(probe, verdict)
    # Without bitexact the muxer writes its own name and version.
    options = {"f": form, "map_metadata": -1, "map_chapters": -1, "c": "copy", "fflags": "+bitexact"}
    if form == "mp4":
        options |= {"movflags": "+faststart", "write_tmcd": 0}
        if video is not None and video.codec == "hevc":
            options["tag:v"] = "hvc1"  # Safari plays no other
        if audio is not None and audio.codec not in BROWSER_AUDIO_MP4:
            options |= graphs.aac(audio) | {"af": "aresample=async=1000"}
    if plain and video is not None and video.codec in PICTURES:
        options["bsf:v"] = f"filter_units=pass_types={PICTURES[video.codec]}"
    streams = [source[str(stream.index)] for stream in (video, audio) if stream is not None]
    joined = ffmpeg.output(*streams, REMUXED, **options)
    return ["ffmpeg", "-hide_banner", "-v", "error", "-y", *joined.get_args()]


def form_of(probe: Probe, verdict: Verdict) -> str:
    """What is in a WebM that plays by itself fits into no MP4."""
    picture = _streams(probe, verdict)[0]
    webm = picture is not None and picture.codec in WEBM["video"] and "webm" in (probe.container or "")
    return "webm" if verdict.path == "direct" and webm else "mp4"


def _streams(probe: Probe, verdict: Verdict) -> tuple[StreamFacts | None, StreamFacts | None]:
    by_index = {stream.index: stream for stream in probe.streams}
    video = by_index.get(verdict.video) if verdict.video is not None else None
    return video, by_index.get(verdict.audio) if verdict.audio is not None else None


def remux(
    path: Path,
    probe: Probe,
    verdict: Verdict,
    sandbox: Sandbox,
    private_dir: Path,
    on_progress: Callable[[float], None] | None = None,
    cancel: Event | None = None,
    plain: bool = False,
) -> Remuxed:
    """For a verdict that asks for no encode, or only for the sake of its codec. `on_progress` gets 0…1. `plain`: also
    without what a camera writes between the pictures; a copy that has more than picture and sound is at fault."""
    duration = max(probe.measured_s or 0.0, 0.04)
    outcome = sandbox.run(
        compose(probe, verdict, plain),
        private_dir=private_dir,
        readonly=[path],
        limits=Limits(
            wall_s=300 + probe.size / 2_000_000, cpu_s=1200, file_bytes=2 * probe.size + 64 * 1024**2
        ),
        on_progress=lambda t: on_progress(min(1.0, t / duration)) if on_progress else None,
        cancel=cancel,
    )
    video, audio = _streams(probe, verdict)
    made = private_dir / REMUXED
    faults = ended_badly(outcome) or verify(made, expected(probe, video, audio), sandbox, private_dir, cancel)
    if plain and not faults:
        faults = _said_more(measured(made, sandbox, private_dir, cancel))
    return Remuxed(made, form_of(probe, verdict), faults, cancelled=outcome.ended == "cancelled")


def _said_more(made: Probe) -> list[Reason]:
    more = [stream.kind for stream in made.streams if stream.kind not in ("video", "audio")]
    more += sorted(made.tags.keys() - SAID_BY_THE_MUXER)
    more += ["time"] if made.times or made.timecode else []
    return [Reason(code="stream_unexpected", params={"kind": more[0]})] if more else []
