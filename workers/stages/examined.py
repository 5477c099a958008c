"""What intake measured of an original, for the stages after it."""

from typing import Any

from schemas.originals import Original
from workers.media.probe import Probe, StreamFacts
from workers.media.verdict import Verdict

CONTAINER_TYPES = {"webm": "webm", "mp3": "mpeg", "wav": "wav", "ogg": "ogg"}


def examined(original: Original) -> tuple[Probe, Verdict]:
    return (
        Probe.model_validate(original.media["probe"]),
        Verdict.model_validate(original.media["verdict"]),
    )


def content_type(facts: Probe) -> str:
    kind = "video" if facts.of_kind("video") else "audio"
    names = (facts.container or "").split(",")
    found = next((CONTAINER_TYPES[name] for name in CONTAINER_TYPES if name in names), "mp4")
    return f"{kind}/{found}"


def shown(facts: Probe, verdict: Verdict) -> StreamFacts | None:
    """The picture, else the sound."""
    chosen = verdict.audio if verdict.video is None else verdict.video
    return next((stream for stream in facts.streams if stream.index == chosen), None)


def recorded(facts: Probe, verdict: Verdict) -> dict[str, Any]:
    """The columns of what is recorded, by what is shown of it: the picture, else the sound. What cannot be shown is no
    footage."""
    stream = shown(facts, verdict)
    stretches = list(stream.stretches or ()) if stream else []
    return {
        "stretches": [list(stretch) for stretch in stretches],
        "recorded_s": round(sum(end - start for start, end in stretches), 3),
        "sparse": bool(stream and stream.sparse),
        "clock_restarted": bool(stream and stream.clock_restarted),
    }
