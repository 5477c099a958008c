"""Checks a file that was made before it may be called ready. ffmpeg's exit code proves nothing."""

from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from schemas.reasons import Params, Reason
from workers.media.formats import INPUT_GUARD_ARGS
from workers.media.laying import Laid
from workers.media.probe import Probe, StreamFacts, probe
from workers.media.sandbox import Limits, Sandbox, inside


@dataclass(frozen=True)
class Expected:
    """What the output must have. Durations in seconds, None where that kind must be absent; `size` in pixels as
    shown, None where it need not be checked; `key_every_s` when the encoder was told how often. `pictures`: no more
    than these can be in it; `step_s`: the usual time from one to the next, for an encoder does not say how long the
    last is shown; `silence_s`: by so much sound may be longer than its samples, for it is filled up to the picture."""

    video_s: float | None
    audio_s: float | None
    size: tuple[int, int] | None = None
    key_every_s: float | None = None
    pictures: int | None = None
    step_s: float = 0.0
    silence_s: float = 0.0


def expected(
    source: Probe,
    video: StreamFacts | None,
    audio: StreamFacts | None,
    laid: Laid | None = None,
    recorded_s: float | None = None,
    **more: Any,
) -> Expected:
    """From the measurements of the source: pictures before the first key frame cannot be decoded, so not counted.
    `laid`: only these stretches of it are in the output, end to end; `recorded_s`: so much of it can be decoded."""
    video_s = None
    if video:
        lost = (video.first_key_s or 0.0) - (video.start_s or 0.0) if video.first_key_s is not None else 0.0
        seconds = laid.length_s if laid else video.measured_s or source.measured_s or 0.0
        if video.rate_assumed and recorded_s is not None:  # what has no times cannot be laid
            seconds = min(seconds, recorded_s)
        lost = max(0.0, lost)
        video_s = max(0.0, seconds - (laid.played_at(lost) if laid else lost))
        more = {"pictures": video.samples, "step_s": video.usual_s or 0.0} | more
    audio_s = (audio.measured_s or source.measured_s or 0.0) if audio else None
    if audio and video:
        late_s = (audio.start_s or 0.0) - (video.start_s or 0.0)
        more = {"silence_s": laid.played_at(late_s) if laid else max(0.0, late_s)} | more
    if audio and laid:
        first_s = (audio.start_s or 0.0) - laid.origin_s
        audio_s = laid.played_at(first_s + (audio.measured_s or 0.0)) - laid.played_at(first_s)
    return Expected(video_s=video_s, audio_s=audio_s, **more)


def tolerance(seconds: float) -> float:
    return max(0.3, 0.01 * seconds)


def verify(
    path: Path, wanted: Expected, sandbox: Sandbox, private_dir: Path, cancel: Event | None = None
) -> list[Reason]:
    """The faults of an MP4 that was made; an empty list is the only proof that it is good."""
    if not path.is_file() or path.stat().st_size == 0:
        return [Reason(code="output_missing")]
    made = probe(path, sandbox, private_dir, cancel)
    if made.error or not made.streams:
        return [Reason(code="output_unreadable", params={"detail": made.error or "?"})]
    faults = []
    if made.truncated or made.overrun:
        faults.append(Reason(code="output_truncated"))
    for kind, seconds in (("video", wanted.video_s), ("audio", wanted.audio_s)):
        step_s, longer_s = (wanted.step_s, 0.0) if kind == "video" else (0.0, 1.0 + wanted.silence_s)
        faults += _stream_faults(made, kind, seconds, step_s, longer_s)
    videos = made.of_kind("video")
    if wanted.size and videos and videos[0].upright != wanted.size:
        got, size = videos[0].upright, wanted.size
        params: Params = {"got": f"{got[0]}×{got[1]}", "expected": f"{size[0]}×{size[1]}"}
        faults.append(Reason(code="dimensions_differ", params=params))
    return faults or _decode_faults(path, made, wanted, sandbox, private_dir, cancel)


def _stream_faults(
    made: Probe, kind: str, seconds: float | None, step_s: float, longer_s: float
) -> list[Reason]:
    found = made.of_kind(kind)
    if seconds is None:
        return [Reason(code="stream_unexpected", params={"kind": kind})] if found else []
    if not found or not found[0].decodable:
        return [Reason(code="stream_missing", params={"kind": kind})]
    got = found[0].measured_s or 0.0
    params: Params = {"kind": kind, "got": round(got, 2), "expected": round(seconds, 2)}
    if fault := short(kind, got, seconds, step_s):
        return [fault]
    if seconds and got > seconds + max(tolerance(seconds), 1.1 * step_s) + longer_s:
        return [Reason(code="duration_long", params=params)]
    return []


def short(kind: str, got: float, seconds: float, step_s: float) -> Reason | None:
    """What is said of an output in which less than there is came out."""
    if not seconds or got >= seconds - max(tolerance(seconds), 1.1 * step_s):
        return None
    return Reason(
        code="duration_short", params={"kind": kind, "got": round(got, 2), "expected": round(seconds, 2)}
    )


def _decode_faults(
    path: Path, made: Probe, wanted: Expected, sandbox: Sandbox, private_dir: Path, cancel: Event | None
) -> list[Reason]:
    """Decode every key frame and all sound, from end to end: about a hundredth of the cost of the encode."""
    # ffmpeg 6.1 refuses this option for a file without pictures.
    keys_only = ["-skip_frame", "nokey"] if made.of_kind("video") else []
    argv = ["ffmpeg", "-v", "error", *keys_only, *INPUT_GUARD_ARGS, "-i", inside()]
    argv += ["-map", "0:v?", "-map", "0:a?", "-vsync", "passthrough", "-f", "framecrc", "pipe:1"]
    pictures = 0
    video_line = b"%d," % next((i for i, s in enumerate(made.streams) if s.kind == "video"), -1)

    pending = b""

    def count(chunk: bytes) -> None:
        nonlocal pictures, pending
        *lines, pending = (pending + chunk).split(b"\n")
        pictures += sum(line.startswith(video_line) for line in lines)

    duration = made.measured_s or 0.0
    outcome = sandbox.run(
        argv,
        private_dir=private_dir,
        readonly=[path],
        limits=Limits(wall_s=120 + duration, cpu_s=int(240 + 2 * duration)),
        on_stdout=count,
        cancel=cancel,
    )
    if outcome.ended != "exit":
        return [Reason(code="limit_exceeded", params={"limit": outcome.ended})]
    detail = outcome.stderr.strip().replace(inside(), "file")[-200:]
    if outcome.code or detail:
        return [Reason(code="decode_errors", params={"detail": detail or f"code {outcome.code}"})]
    if wanted.video_s is None:
        return []
    least = max(1, int(wanted.video_s / wanted.key_every_s * 0.8)) if wanted.key_every_s else 1
    if wanted.pictures:
        least = min(least, max(1, int(wanted.pictures * 0.8)))
    if pictures < least:
        return [Reason(code="frames_missing", params={"got": pictures, "expected": least})]
    return []
