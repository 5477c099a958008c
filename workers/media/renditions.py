"""Makes the playable file, pictures, waveform and measurements of a recording in one pass, and checks them."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from schemas.reasons import Reason
from workers import memory
from workers.media import graphs, isobmff, peaks, quality, sprite
from workers.media.laying import Laid, laid_of
from workers.media.probe import Probe
from workers.media.quality import Quality
from workers.media.sandbox import Limits, Outcome, Sandbox
from workers.media.verdict import Verdict
from workers.media.verify import expected, verify

BYTES_A_SECOND, SOUND_BYTES_A_SECOND = 450_000, 40_000
LITTLE, GROWS = 64 * 2**20, 16  # what an encode makes more of than it got
PICTURES_A_SECOND = 20  # what a busy machine makes of large ones
LEAST_BYTES = 40  # of a picture in which nothing moves
PEAKS, VTT = "peaks.json", "sprite.vtt"


@dataclass(frozen=True)
class Still:
    path: Path
    t: float


@dataclass
class Rendered:
    """What one pass made. Paths lie in the private folder. Publish only when `faults` is empty."""

    playable: Path
    size: tuple[int, int] | None
    duration_s: float
    poster: Path | None = None
    stills: list[Still] = field(default_factory=list)
    sprite: Path | None = None
    vtt: Path | None = None
    peaks: Path | None = None
    quality: Quality = field(default_factory=Quality)
    faults: list[Reason] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    cancelled: bool = False


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
) -> Rendered:
    """One ffmpeg pass over `path` for a whole or partial verdict. `on_progress` gets 0…1. Never raises for the
    file's sake: what went wrong stands in `faults`. `stretches`: what of the recording is to be shown, end to end;
    the times of `quality` are the recording's, all others those of what was made."""
    laid = _laid(probe, verdict, stretches)
    plan = graphs.plan(probe, verdict, threads, laid)
    log = _MeasureLog(plan.duration_s, on_progress)
    outcome = sandbox.run(
        graphs.compose(plan),
        private_dir=private_dir,
        readonly=[path],
        limits=limits or limits_for(probe, plan.duration_s, picture=plan.video is not None),
        on_stdout=log.write,
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
    if plan.video and outcome.ok and _filled(made.playable):
        isobmff.straighten(made.playable)
    made.faults = ended_badly(outcome) or verify(made.playable, wanted, sandbox, private_dir, cancel)
    if not made.cancelled:
        _collect(made, plan, log.frames(), private_dir)
    if laid:
        made.quality = _as_recorded(made.quality, laid)
    return made


def _laid(probe: Probe, verdict: Verdict, stretches: Sequence[Sequence[float]] | None) -> Laid | None:
    chosen = verdict.audio if verdict.video is None else verdict.video
    shown = next((stream for stream in probe.streams if stream.index == chosen), None)
    return laid_of(probe, shown, stretches) if shown else None


def _as_recorded(found: Quality, laid: Laid) -> Quality:
    kinds = ("black", "frozen", "silent", "dark", "covered")
    return found.model_copy(update={kind: laid.recorded(getattr(found, kind)) for kind in kinds})


class _MeasureLog:
    """Standard output of the pass: the measured frames as they come, whose times are the progress."""

    def __init__(self, duration_s: float, on_progress: Callable[[float], None] | None) -> None:
        self.duration_s, self.on_progress = duration_s, on_progress
        self.lines: list[str] = []
        self.pending = b""
        self.told = 0.0

    def write(self, chunk: bytes) -> None:
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        kept = [line.decode("ascii", "replace") for line in lines if line.startswith(quality.KEPT)]
        self.lines += kept
        now = time.monotonic()
        frame = next((line for line in reversed(kept) if line.startswith("frame:")), None)
        if self.on_progress and frame and now - self.told >= 0.5:
            self.told = now
            seconds = next(quality.frames([frame]), None)
            if seconds:
                self.on_progress(max(0.0, min(1.0, seconds.t / self.duration_s)))

    def frames(self) -> list[quality.Frame]:
        return list(quality.frames(self.lines))


def ended_badly(outcome: Outcome) -> list[Reason]:
    if outcome.ended != "exit":
        return [Reason(code="limit_exceeded", params={"limit": outcome.ended})]
    if outcome.code:
        detail = (outcome.stderr.strip().splitlines() or ["?"])[-1][:200]
        return [Reason(code="encoder_failed", params={"code": outcome.code, "detail": detail})]
    return []


def _collect(made: Rendered, plan: graphs.Plan, measured: list[quality.Frame], folder: Path) -> None:
    """Read the side outputs; a missing one is only left out, except that a picture must have a poster."""
    if plan.video:
        records = _records(folder / graphs.STILL_LOG)
        files = (folder / (graphs.STILL_PATTERN % (i + 1)) for i in range(len(records)))
        made.stills = [Still(f, r.t) for f, r in zip(files, records, strict=True) if _filled(f)]
        made.poster = _best_still(made.stills, records)
        if made.poster is None and not made.faults:
            made.faults.append(Reason(code="output_missing"))
        sheet, times = folder / graphs.SPRITE, [r.t for r in _records(folder / graphs.SPRITE_LOG)]
        if _filled(sheet) and times:
            tiles = times[: graphs.TILE_COLUMNS * plan.sprite_rows]
            made.sprite, made.vtt = sheet, folder / VTT
            text = sprite.vtt(tiles, plan.duration_s, plan.tile, graphs.TILE_COLUMNS, graphs.SPRITE)
            made.vtt.write_text(text, encoding="utf-8")
        made.quality = quality.of_picture(measured, plan.measure_every_s, plan.duration_s)
    elif _filled(folder / graphs.POSTER):
        made.poster = folder / graphs.POSTER
    pcm = folder / graphs.PEAKS_PCM
    if plan.audio and _filled(pcm):
        made.peaks = folder / PEAKS
        made.peaks.write_text(json.dumps(peaks.peaks(pcm, plan.peaks_rate), separators=(",", ":")))
        pcm.unlink()
        made.quality.silent = quality.of_sound(_records(folder / graphs.SILENCE_LOG), plan.duration_s)


def _records(path: Path) -> list[quality.Frame]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace") as lines:
        return list(quality.frames(lines))


def _filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _best_still(stills: list[Still], records: list[quality.Frame]) -> Path | None:
    """The still with the most to see, so that no black or covered picture stands for the recording."""
    contrast = {
        r.t: r.values.get("signalstats.YHIGH", 0.0) - r.values.get("signalstats.YLOW", 0.0) for r in records
    }
    return max(stills, key=lambda s: (contrast.get(s.t, 0.0), -s.t)).path if stills else None
