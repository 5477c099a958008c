"""Pure parts of recordings: the state from what is known, what is played, what is encoded first, byte ranges."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from schemas.claims import Claims
from schemas.jobs import JobKind
from schemas.originals import MediaState, RenditionKind, VerdictFacts
from schemas.recordings import Playback, PlaysToo, RecordingState
from service.kernel.job_kinds import KINDS

SHOWS_NOTHING = ("output_missing", "encoder_failed")  # of looks: not one picture, no sound
SMALL_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Known:
    """What a recording's state follows from. `playable`: something of it plays; `encoded`: a video was made of it;
    `coming`: what plays without an encode is still to be made. `arrived`: its bytes lie in one place. `failed`: kinds of
    its jobs whose tries are spent, with why."""

    media_state: MediaState | None  # None: no Original yet
    reason: str | None = None
    reason_params: Mapping[str, Any] = field(default_factory=dict)
    playable: bool = False
    encoded: bool = False
    coming: bool = False
    failed: Mapping[JobKind, Mapping[str, Any]] = field(default_factory=dict)
    photo: bool = False
    arrived: bool = True


@dataclass(frozen=True)
class Standing:
    state: RecordingState
    reason: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


def standing(known: Known) -> Standing:
    """A failure of the file is a fact about it; a failure of ours makes the recording partial and says of what.

    Ready is what was looked at and plays, now or on demand: nobody waits for an encode that nobody asked for. Of what
    cannot be watched and shows nothing to whoever looks, it is unplayable: a retry that succeeds ends that. A failed
    repetition of what is already there takes nothing away.
    """
    looked = known.media_state in (MediaState.ready, MediaState.partial)
    match known.media_state:
        case MediaState.refused:
            return Standing(RecordingState.refused, known.reason, known.reason_params)
        case MediaState.unplayable:
            return Standing(RecordingState.unplayable, known.reason, known.reason_params)
    if not looked:
        return _first_failed(known, JobKind.assemble, JobKind.intake) or _not_looked_at(known)
    if not known.encoded and not known.photo and (broken := _first_failed(known, JobKind.renditions)):
        return broken
    if known.coming and not known.playable:
        return Standing(RecordingState.processing)
    if broken := _first_failed(known, JobKind.tags, JobKind.link):
        return broken
    if known.media_state == MediaState.partial:
        return Standing(RecordingState.partial, known.reason, known.reason_params)
    return Standing(RecordingState.ready)


def _not_looked_at(known: Known) -> Standing:
    """Tags and links are looked at afterwards."""
    broken = _first_failed(known, JobKind.playable if known.photo else JobKind.looks)
    if broken is None:
        return Standing(RecordingState.processing if known.arrived else RecordingState.receiving)
    seen = broken.params.get("because") not in SHOWS_NOTHING and JobKind.renditions not in known.failed
    if known.playable or (seen and not known.photo):
        return broken
    return Standing(RecordingState.unplayable, KINDS[JobKind.renditions].failed, broken.params)


def _first_failed(known: Known, *kinds: JobKind) -> Standing | None:
    kind = next((kind for kind in kinds if kind in known.failed), None)
    if kind is None:
        return None
    return Standing(RecordingState.partial, KINDS[kind].failed or "renditions_failed", known.failed[kind])


WALKED = 4  # of the priorities, on arrival


def looks_priority(*, linked: bool, linked_to_case: bool) -> int:
    """0 first, 9 last. Before any walk of what came later, so that bytes which are at hand are looked at."""
    if linked_to_case:
        return 1
    return 2 if linked else 3


def encode_priority(*, linked: bool, linked_to_case: bool, direct: bool, size: int) -> int:
    """0 first, 9 last. Footage of a case goes first; what is small and plays already can wait longest."""
    if linked_to_case:
        return 1
    if linked:
        return 3
    if not direct:
        return 5
    return 8 if size <= SMALL_BYTES else 7


def encode_cost_s(duration_s: float | None, width: int, height: int, fps: float | None) -> float:
    """Estimated seconds of one rendition pass, for the backlog: decoding grows with the source's pixels, while
    the 720p encode is about the same for all. Two cores of 2020 make 1080p30 at about twice its real time."""
    seconds = duration_s or 60.0
    rate = min(max(fps or 25.0, 1.0), 120.0) / 30.0
    megapixels = max(width * height, 1) / 1e6
    return round(2.0 + seconds * rate * (0.10 * megapixels + 0.25 * min(megapixels, 0.92)), 1)


@dataclass(frozen=True)
class Made:
    """What there is of an original to play. `source`: of its playback row (original, remux, video)."""

    source: str | None = None
    plain: bool = False
    video: bool = False


@dataclass(frozen=True)
class Chosen:
    """`kind`: of the row that plays; None for the original's own bytes and for nothing. `wants`: what makes it play."""

    how: Playback
    kind: RenditionKind | None = None
    wants: JobKind | None = None


def what_plays(made: Made, verdict: VerdictFacts, *, own: bool, plays: PlaysToo | None = None) -> Chosen:
    """`own`: the asker may have the original's own bytes. `plays`: a codec that his browser plays though not all do;
    it is heeded only where nothing else keeps the original, or a copy of it, from playing."""
    by_codec = verdict.get("by_codec") or {}
    if own and plays is not None and by_codec.get("codec") == plays:
        if by_codec.get("path") == "direct":
            return Chosen(Playback.original)
        if made.plain:
            return Chosen(Playback.remux, RenditionKind.plain)
        if made.source is None and not made.video:
            return Chosen(Playback.on_demand, wants=JobKind.plain)
    if made.source == "original" and own:
        return Chosen(Playback.original, RenditionKind.playback)
    if made.source == "remux" and own:  # it has what a camera writes between the pictures
        return Chosen(Playback.remux, RenditionKind.playback)
    if made.source in ("original", "remux") and made.plain:
        return Chosen(Playback.remux, RenditionKind.plain)
    if made.source == "video" or made.video:
        return Chosen(Playback.rendition, RenditionKind.video if made.video else RenditionKind.playback)
    return Chosen(Playback.on_demand, wants=JobKind.renditions if made.source is None else JobKind.plain)


def copied_as_it_is(verdict: VerdictFacts) -> bool:
    """Whether picture and sound of it play in a browser once nothing else stands beside them."""
    return verdict.get("path") in ("direct", "remux") or bool(verdict.get("by_codec"))


def missing_claims(claims: Claims, more: Claims) -> Claims:
    """`claims` with what only `more` says: a second receipt adds, it never contradicts."""
    missing = {key: value for key, value in more.items() if value and not claims.get(key)}
    return {**claims, **cast(Claims, missing)}


_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, length) of a Range header with one range; None to send everything (absent, several, or not
    understood: RFC 9110 lets a server ignore it). ValueError: nothing of it lies within `size`."""
    match = _RANGE.match((header or "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise ValueError("empty suffix")
        return size - length, length
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if start >= size:
        raise ValueError("beyond the end")
    return (start, end - start + 1) if end >= start else None
