"""What a pass over a recording has seen: pictures, waveform and measurements, read from what ffmpeg wrote."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schemas.reasons import Reason
from workers.media import graphs, peaks, quality, sprite
from workers.media.laying import Laid, laid_of
from workers.media.probe import Probe
from workers.media.quality import Quality
from workers.media.verdict import Verdict

PEAKS, VTT = "peaks.json", "sprite.vtt"


@dataclass(frozen=True)
class Still:
    path: Path
    t: float


@dataclass(kw_only=True)
class Looks:
    """Paths lie in the private folder. `stills`, `sprite` and `vtt` have the times of what is shown, stretches laid end
    to end; those of `quality` are the recording's."""

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


def laid_out(probe: Probe, verdict: Verdict, stretches: Sequence[Sequence[float]] | None) -> Laid | None:
    chosen = verdict.audio if verdict.video is None else verdict.video
    shown = next((stream for stream in probe.streams if stream.index == chosen), None)
    return laid_of(probe, shown, stretches) if shown else None


def as_recorded(found: Quality, laid: Laid) -> Quality:
    kinds = ("black", "frozen", "silent", "dark", "covered")
    return found.model_copy(update={kind: laid.recorded(getattr(found, kind)) for kind in kinds})


class MeasureLog:
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


def collect(made: Looks, plan: graphs.Plan, measured: list[quality.Frame], folder: Path) -> None:
    """Read the side outputs; a missing one is only left out, except that a picture must have a poster."""
    if plan.video:
        records = records_of(folder / graphs.STILL_LOG)
        files = (folder / (graphs.STILL_PATTERN % (i + 1)) for i in range(len(records)))
        made.stills = [Still(f, r.t) for f, r in zip(files, records, strict=True) if filled(f)]
        made.poster = _best_still(made.stills, records)
        if made.poster is None and not made.faults:
            made.faults.append(Reason(code="output_missing"))
        sheet, times = folder / graphs.SPRITE, [r.t for r in records_of(folder / graphs.SPRITE_LOG)]
        if filled(sheet) and times:
            tiles = times[: graphs.TILE_COLUMNS * plan.sprite_rows]
            made.sprite, made.vtt = sheet, folder / VTT
            text = sprite.vtt(tiles, plan.duration_s, plan.tile, graphs.TILE_COLUMNS, graphs.SPRITE)
            made.vtt.write_text(text, encoding="utf-8")
        made.quality = quality.of_picture(measured, plan.measure_every_s, plan.duration_s)
    elif filled(folder / graphs.POSTER):
        made.poster = folder / graphs.POSTER
    pcm = folder / graphs.PEAKS_PCM
    if plan.audio and filled(pcm):
        made.peaks = folder / PEAKS
        made.peaks.write_text(json.dumps(peaks.peaks(pcm, plan.peaks_rate), separators=(",", ":")))
        pcm.unlink()
        made.quality.silent = quality.of_sound(records_of(folder / graphs.SILENCE_LOG), plan.duration_s)


def records_of(path: Path) -> list[quality.Frame]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace") as lines:
        return list(quality.frames(lines))


def filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _best_still(stills: list[Still], records: list[quality.Frame]) -> Path | None:
    """The still with the most to see, so that no black or covered picture stands for the recording."""
    contrast = {
        r.t: r.values.get("signalstats.YHIGH", 0.0) - r.values.get("signalstats.YLOW", 0.0) for r in records
    }
    return max(stills, key=lambda s: (contrast.get(s.t, 0.0), -s.t)).path if stills else None
