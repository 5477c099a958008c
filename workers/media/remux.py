"""Puts footage that browsers could play into a container that they open: streams copied, nothing re-encoded but,
where its codec asks for it, the sound."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import ffmpeg

from schemas.reasons import Reason
from workers.media import graphs
from workers.media.formats import INPUT_GUARD
from workers.media.probe import Probe
from workers.media.renditions import ended_badly
from workers.media.sandbox import Limits, Sandbox, inside
from workers.media.verdict import Verdict
from workers.media.verify import expected, verify

REMUXED = "remux.mp4"


@dataclass
class Remuxed:
    """Publish `playable` only when `faults` is empty; otherwise the encode is the way."""

    playable: Path
    faults: list[Reason]
    cancelled: bool = False


def compose(probe: Probe, verdict: Verdict) -> list[str]:
    source = ffmpeg.input(inside(), **INPUT_GUARD, fflags="+genpts")
    streams = [source[str(i)] for i in (verdict.video, verdict.audio) if i is not None]
    options = {"f": "mp4", "movflags": "+faststart", "map_metadata": -1, "map_chapters": -1, "c": "copy"}
    if verdict.audio is not None and verdict.audio_plan == "encode":
        audio = next(stream for stream in probe.streams if stream.index == verdict.audio)
        options |= graphs.aac(audio) | {"af": "aresample=async=1000"}
    joined = ffmpeg.output(*streams, REMUXED, **options)
    return ["ffmpeg", "-hide_banner", "-v", "error", "-y", *joined.get_args()]


def remux(
    path: Path,
    probe: Probe,
    verdict: Verdict,
    sandbox: Sandbox,
    private_dir: Path,
    on_progress: Callable[[float], None] | None = None,
    cancel: Event | None = None,
) -> Remuxed:
    """For a verdict whose path is "remux". `on_progress` gets 0…1."""
    duration = max(probe.measured_s or 0.0, 0.04)
    outcome = sandbox.run(
        compose(probe, verdict),
        private_dir=private_dir,
        readonly=[path],
        limits=Limits(
            wall_s=300 + probe.size / 2_000_000, cpu_s=1200, file_bytes=2 * probe.size + 64 * 1024**2
        ),
        on_progress=lambda t: on_progress(min(1.0, t / duration)) if on_progress else None,
        cancel=cancel,
    )
    by_index = {stream.index: stream for stream in probe.streams}
    video = by_index.get(verdict.video) if verdict.video is not None else None
    audio = by_index.get(verdict.audio) if verdict.audio is not None else None
    made = private_dir / REMUXED
    faults = ended_badly(outcome) or verify(made, expected(probe, video, audio), sandbox, private_dir, cancel)
    return Remuxed(playable=made, faults=faults, cancelled=outcome.ended == "cancelled")
