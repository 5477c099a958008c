"""From what was measured to what it means: can it be watched, what is missing, and how it gets to a browser. Pure."""

from typing import Literal

from pydantic import BaseModel

from schemas.reasons import Params, Reason
from workers.media.probe import Probe, StreamFacts

Outcome = Literal["whole", "partial", "unplayable", "refused"]
Path = Literal["direct", "remux", "encode"]
AudioPlan = Literal["copy", "encode", "none"]

PICTURE_MAX = 16384
BROWSER_H264 = (
    "Baseline",
    "Constrained Baseline",
    "Main",
    "High",
    "Progressive High",
    "Constrained High",
    None,
)
BROWSER_PIXELS = ("yuv420p", "yuvj420p")
BROWSER_AUDIO_MP4 = ("aac", "mp3")
SOME_BROWSERS = ("hevc", "av1")
SOME_BROWSERS_PIXELS = (*BROWSER_PIXELS, "yuv420p10le")
WEBM = {"video": ("vp8", "vp9", "av1"), "audio": ("vorbis", "opus")}


class ByCodec(BaseModel):
    """How it plays in a browser that plays its codec, which not all do: as it is, or copied into an MP4."""

    codec: str
    path: Literal["direct", "remux"]


class Verdict(BaseModel):
    """`reasons` say why it is not whole, `remarks` what else is odd. `video` and `audio` are the indexes of the
    streams to show. `path` is how it becomes playable: the original as it is, a remux (with `audio_plan`), or
    only by an encode; `why` explains a path other than direct. Empty for unplayable and refused. `by_codec`: where
    nothing but the codec asks for the encode."""

    outcome: Outcome
    reasons: list[Reason] = []
    remarks: list[Reason] = []
    video: int | None = None
    audio: int | None = None
    path: Path | None = None
    audio_plan: AudioPlan = "none"
    why: Reason | None = None
    by_codec: ByCodec | None = None


def judge(probe: Probe, not_a_recording: str | None = None) -> Verdict:
    """`not_a_recording` is the kind that sniff.refuse() saw, e.g. "zip"; such a file is refused, not unplayable."""
    if not_a_recording:
        empty = not_a_recording == "empty"
        reason = Reason(code="not_a_recording", params={"kind": not_a_recording})
        return Verdict(outcome="refused", reasons=[Reason(code="empty") if empty else reason])
    dead = _why_dead(probe)
    if dead:
        return Verdict(outcome="unplayable", reasons=[dead], remarks=_remarks(probe))
    videos, audios = probe.of_kind("video"), probe.of_kind("audio")
    video, lost_video = _pick(videos, "video")
    audio, lost_audio = _pick(audios, "audio")
    if video is None and audio is None:
        reason = _unplayable_streams(videos, audios)
        return Verdict(outcome="unplayable", reasons=[reason], remarks=_remarks(probe))
    reasons = [reason for reason in (lost_video, lost_audio) if reason]
    if probe.truncated and probe.measured_s is not None:
        reasons.append(Reason(code="truncated", params={"seconds": round(probe.measured_s, 1)}))
    if probe.movies > 1 and not probe.joined:
        reasons.append(Reason(code="several_movies", params={"movies": probe.movies}))
    path, audio_plan, why = _path(probe, video, audio)
    return Verdict(
        outcome="partial" if reasons else "whole",
        reasons=reasons,
        remarks=_remarks(probe),
        video=video.index if video else None,
        audio=audio.index if audio else None,
        path=path,
        audio_plan=audio_plan,
        why=why,
        by_codec=_by_codec(probe, video, audio) if path == "encode" else None,
    )


def _why_dead(probe: Probe) -> Reason | None:
    if probe.size == 0:
        return Reason(code="empty")
    if probe.exceeded:
        return Reason(code="limit_exceeded", params={"limit": probe.exceeded})
    if probe.iso_file and not probe.has_moov:
        return Reason(code="no_moov")
    media = probe.of_kind("video") + probe.of_kind("audio")
    if probe.encrypted and not any(stream.decodable for stream in media):
        return Reason(code="encrypted")
    if probe.unlisted and not probe.streams:
        return Reason(code="container_not_opened", params={"container": probe.unlisted})
    if not probe.streams:
        return Reason(code="unreadable", params={"detail": probe.error or "?"})
    if not media:
        return Reason(code="no_streams")
    if all(stream.samples == 0 for stream in media) or not any(
        stream.decodable or stream.samples or stream.samples is None for stream in media
    ):
        return Reason(code="no_samples")
    return None


def _pick(streams: list[StreamFacts], kind: str) -> tuple[StreamFacts | None, Reason | None]:
    """The stream to show, and what is lost when there are streams of the kind but none can be shown."""
    usable = [s for s in streams if s.decodable and not s.encrypted and not _absurd(s)]
    if usable:
        return usable[0], None
    filled = [s for s in streams if s.samples != 0]
    if not filled:
        return None, None
    first = filled[0]
    if first.encrypted:
        return None, Reason(code=f"{kind}_encrypted")
    if _absurd(first):
        return None, _size_reason(first)
    if first.codec:
        return None, Reason(code=f"{kind}_undecodable")
    return None, Reason(code=f"{kind}_codec_unknown", params={"codec": first.tag or "?"})


def _unplayable_streams(videos: list[StreamFacts], audios: list[StreamFacts]) -> Reason:
    first = (videos or audios)[0]
    if _absurd(first):
        return _size_reason(first)
    if first.encrypted:
        return Reason(code="encrypted")
    if first.codec is None:
        return Reason(code="codec_unsupported", params={"codec": first.tag or "?"})
    return Reason(code="undecodable", params={"kind": first.kind, "codec": first.codec})


def _absurd(stream: StreamFacts) -> bool:
    return max(stream.width or 0, stream.height or 0) > PICTURE_MAX


def _size_reason(stream: StreamFacts) -> Reason:
    return Reason(code="too_large_picture", params={"width": stream.width or 0, "height": stream.height or 0})


def _remarks(probe: Probe) -> list[Reason]:
    remarks = []
    claimed, measured = probe.claimed_s, probe.measured_s
    if measured is None:
        remarks.append(Reason(code="duration_unknown"))
    elif claimed is not None and claim_differs(claimed, measured):
        params: Params = {"claimed": round(claimed, 3), "measured": round(measured, 3)}
        remarks.append(Reason(code="duration_claim_differs", params=params))
    if probe.edited_away:
        remarks.append(Reason(code="edited_away"))
    if probe.joined and probe.movies > 1:
        remarks.append(Reason(code="movies_joined", params={"movies": probe.movies}))
    videos, audios = probe.of_kind("video"), probe.of_kind("audio")
    if any(stream.variable_rate for stream in videos):
        remarks.append(Reason(code="variable_rate"))
    for stream in videos:
        if stream.rate_assumed:
            told: Params = {"pictures": stream.samples or 0, "fps": round(stream.fps or 0.0, 3)}
            remarks.append(Reason(code="rate_assumed", params=told))
    if len(videos) > 1 or len(audios) > 1:
        remarks.append(Reason(code="extra_tracks", params={"video": len(videos), "audio": len(audios)}))
    if probe.overrun and probe.has_moov and not probe.truncated:
        remarks.append(Reason(code="box_overrun", params={"box": probe.overrun}))
    return remarks


def claim_differs(claimed_s: float, measured_s: float) -> bool:
    """More than the 0.25 s or 2 % by which honest headers and samples part (sound outlasting the picture)."""
    return abs(claimed_s - measured_s) > max(0.25, 0.02 * measured_s)


def _path(
    probe: Probe, video: StreamFacts | None, audio: StreamFacts | None
) -> tuple[Path, AudioPlan, Reason | None]:
    if video is not None and (why := _picture_needs_encode(probe, video)):
        return "encode", "encode" if audio else "none", why
    return _path_of_structure(probe, video, audio)


def _by_codec(probe: Probe, video: StreamFacts | None, audio: StreamFacts | None) -> ByCodec | None:
    if video is None or video.codec not in SOME_BROWSERS or video.pixel_format not in SOME_BROWSERS_PIXELS:
        return None
    if video.mirrored or (video.rotation and not probe.iso_file):
        return None
    path, _plan, _why = _path_of_structure(probe, video, audio)
    return None if path == "encode" else ByCodec(codec=video.codec, path=path)


def _path_of_structure(
    probe: Probe, video: StreamFacts | None, audio: StreamFacts | None
) -> tuple[Path, AudioPlan, Reason | None]:
    """For a picture whose codec plays."""
    if probe.edited_away:  # browsers obey it
        return "encode", "encode" if audio else "none", Reason(code="edited_away")
    if video is not None and probe.lead_s:
        why = Reason(code="sound_first", params={"seconds": probe.lead_s})
        return "encode", "encode" if audio else "none", why
    timed = video or audio
    if timed is not None and (len(timed.stretches or ()) > 1 or timed.clock_restarted):
        return "encode", "encode" if audio else "none", Reason(code="not_end_to_end")
    container = probe.container or ""
    if "webm" in container and _is_webm(video, audio):
        return "direct", "copy" if audio else "none", None
    plan: AudioPlan = "none"
    if audio is not None:
        plan = "copy" if audio.codec in BROWSER_AUDIO_MP4 else "encode"
    if plan == "encode" and audio is not None:
        why = Reason(code="audio_codec_not_for_browsers", params={"codec": audio.codec or "?"})
        return "remux", plan, why
    if not probe.iso_file:
        if video is None and container in ("mp3", "wav", "ogg"):
            return "direct", plan, None
        return "remux", plan, Reason(code="container_not_for_browsers", params={"container": container})
    shown = [s for s in (video, audio) if s]
    others = [s for kind in ("video", "audio") for s in probe.of_kind(kind) if s not in shown]
    claim_false = (
        probe.claimed_s is not None
        and probe.measured_s is not None
        and claim_differs(probe.claimed_s, probe.measured_s)
    )
    if others or probe.overrun or probe.truncated or (probe.fragmented and claim_false):
        return "remux", plan, Reason(code="file_structure")
    return "direct", plan, None


def _picture_needs_encode(probe: Probe, video: StreamFacts) -> Reason | None:
    webm = "webm" in (probe.container or "") and video.codec in WEBM["video"]
    if video.codec != "h264" and not webm:
        return Reason(code="video_codec_not_for_browsers", params={"codec": video.codec or "?"})
    if video.pixel_format not in BROWSER_PIXELS:
        return Reason(code="pixel_format_not_for_browsers", params={"format": video.pixel_format or "?"})
    if video.codec == "h264" and video.profile not in BROWSER_H264:
        return Reason(code="video_codec_not_for_browsers", params={"codec": f"H.264 {video.profile}"})
    if video.mirrored:
        return Reason(code="mirrored")
    if not probe.iso_file and video.rotation:
        return Reason(code="mirrored")
    return None


def _is_webm(video: StreamFacts | None, audio: StreamFacts | None) -> bool:
    video_fits = video is None or video.codec in WEBM["video"]
    return video_fits and (audio is None or audio.codec in WEBM["audio"])
