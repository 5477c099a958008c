"""What intake measured of an original, for the stages after it."""

from schemas.originals import Original
from workers.media.probe import Probe
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
