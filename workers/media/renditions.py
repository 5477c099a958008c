"""Makes the playable file, pictures, waveform and measurements of a recording in one pass, and checks them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from schemas.reasons import Reason
from workers import memory
from workers.media import graphs, isobmff
from workers.media.probe import Probe
from workers.media.sandbox import Limits, Outcome, Sandbox
from workers.media.seen import Looks, MeasureLog, as_recorded, collect, filled, laid_out
from workers.media.verdict import Verdict
from workers.media.verify import expected, verify

BYTES_A_SECOND, SOUND_BYTES_A_SECOND = 450_000, 40_000
LITTLE, GROWS = 64 * 2**20, 16  # what an encode makes more of than it got
PICTURES_A_SECOND = 20  # what a busy machine makes of large ones
LEAST_BYTES = 40  # of a picture in which nothing moves


@dataclass(kw_only=True)
class Rendered(Looks):
    """What one pass made. Publish only when `faults` is empty."""

    playable: Path
    size: tuple[int, int] | None
    duration_s: float


def most_bytes(probe: Probe, duration_s: float, picture: bool) -> int:
    """What a rendition can take, of the bytes that were received and not of a claimed or crafted duration alone: 720p
    at the most that the encoder is allowed, pictures, sound peaks."""
    a_second = BYTES_A_SECOND if picture else SOUND_BYTES_A_SECOND
    room = min(duration_s * a_second, LITTLE + GROWS * probe.size)
    pictures = received(probe)
    if picture and pictures:
        room = min(room, pictures * a_second)  # a few pictures far apart make no more than they are
    return 24 * 2**20 + int(room)


def received(probe: Probe) -> int:
    """How many pictures there are bytes for, of those that it says it has."""
    said = max((stream.samples or 0 for stream in probe.of_kind("video")), default=0)
    return min(said, probe.size // LEAST_BYTES)


def limits_for(probe: Probe, duration_s: float, picture: bool = True) -> Limits:
    """Bounded by the bytes and pictures received and not by a claimed or crafted duration alone. A camera that films
    an empty yard writes few bytes, and every picture of them has to be made."""
    wall = 300 + min(20 * duration_s, max(probe.size / 20_000, received(probe) / PICTURES_A_SECOND))
    return Limits(
        wall_s=wall,
        cpu_s=int(wall * (os.cpu_count() or 1)),
        file_bytes=64 * 2**20 + 2 * most_bytes(probe, duration_s, picture),
        memory_bytes=memory.share(),
    )


def render(
    path: Path,
    probe: Probe,
    verdict: Verdict,
    sandbox: Sandbox,
    private_dir: Path,
    on_progress: Callable[[float], None] | None = None,
    cancel: Event | None = None,
    limits: Limits | None = None,
    threads: int = 0,
    stretches: Sequence[Sequence[float]] | None = None,
    looks: bool = True,
) -> Rendered:
    """One ffmpeg pass over `path` for a whole or partial verdict. `on_progress` gets 0…1. Never raises for the
    file's sake: what went wrong stands in `faults`. `stretches`: what of the recording is to be shown, end to end;
    the times of `quality` are the recording's, all others those of what was made. `looks`: with pictures, waveform and
    measurements; else the playable file alone."""
    laid = laid_out(probe, verdict, stretches)
    plan = graphs.plan(probe, verdict, threads, laid)
    log = MeasureLog(plan.duration_s, on_progress)
    outcome = sandbox.run(
        graphs.compose(plan, looks),
        private_dir=private_dir,
        readonly=[path],
        limits=limits or limits_for(probe, plan.duration_s, picture=plan.video is not None),
        on_stdout=log.write if looks else EncodeLog(plan.duration_s, on_progress).write,
        cancel=cancel,
    )
    made = Rendered(
        playable=private_dir / graphs.PLAYABLE,
        size=(plan.width, plan.height) if plan.video else None,
        duration_s=plan.duration_s,
        wall_s=outcome.wall_s,
        cpu_s=outcome.cpu_s,
        cancelled=outcome.ended == "cancelled",
    )
    wanted = expected(
        probe,
        plan.video,
        plan.audio,
        laid,
        recorded_s=sum(end - start for start, end in stretches) if stretches else None,
        size=made.size,
        key_every_s=graphs.KEYFRAME_S if plan.video else None,
    )
    if plan.video and outcome.ok and filled(made.playable):
        isobmff.straighten(made.playable)
    made.faults = ended_badly(outcome) or verify(made.playable, wanted, sandbox, private_dir, cancel)
    if looks and not made.cancelled:
        collect(made, plan, log.frames(), private_dir)
    if laid:
        made.quality = as_recorded(made.quality, laid)
    return made


class EncodeLog:
    """Standard output of a pass that only encodes: ffmpeg's own progress."""

    def __init__(self, duration_s: float, on_progress: Callable[[float], None] | None) -> None:
        self.duration_s, self.on_progress = duration_s, on_progress
        self.pending = b""

    def write(self, chunk: bytes) -> None:
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        told = next((line for line in reversed(lines) if line.startswith(b"out_time_us=")), b"")
        microseconds = told.partition(b"=")[2].strip()
        if self.on_progress and microseconds.isdigit():
            self.on_progress(max(0.0, min(1.0, int(microseconds) / 1e6 / self.duration_s)))


def ended_badly(outcome: Outcome) -> list[Reason]:
    if outcome.ended != "exit":
        return [Reason(code="limit_exceeded", params={"limit": outcome.ended})]
    if outcome.code:
        detail = (outcome.stderr.strip().splitlines() or ["?"])[-1][:200]
        return [Reason(code="encoder_failed", params={"code": outcome.code, "detail": detail})]
    return []
