"""What plays of a recording, and for whom. Nothing else decides whose are the original's own bytes.

Playing is an act of its own whatever bytes serve it. Who may have the original's is the bureau's to say
(`download_roles`, `playback_original`); whoever is left out gets a copy that carries no more than picture and sound,
or the encode."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from schemas.jobs import Job, JobKind, JobState
from schemas.originals import Original, Rendition, RenditionKind, VerdictFacts
from schemas.recordings import Playback, PlaysToo, Recording, RecordingState
from service.access.rules import may
from service.footage.recordings import codecs
from service.footage.recordings.needs import is_film
from service.footage.recordings.policy import DOWNLOAD_ROLES, PLAYBACK_ORIGINAL
from service.footage.recordings.rules import Chosen, Made, what_plays
from service.kernel.actor import Actor
from service.kernel.errors import NotAllowed
from service.kernel.jobs import request_job
from service.kernel.policy import policy

PLAYED = (RenditionKind.playback, RenditionKind.plain, RenditionKind.video)


@dataclass(frozen=True)
class Playing:
    """`row`: whose bytes play; one without a key, or none, where they are the original's own. `type`: MIME with
    codecs; of what is on demand, that of `codec_type`. `wants`: the work that makes it play, for what is on demand.
    `codec`: with which the original plays by itself, or a copy of its streams, in a browser that plays that, as not all do;
    of which type it is then."""

    how: Playback
    row: Rendition | None = None
    type: str | None = None
    wants: JobKind | None = None
    codec: PlaysToo | None = None
    codec_type: str | None = None


NOTHING = Playing(Playback.none)


def may_download(session: Session, actor: Actor) -> bool:
    """Whether the original's bytes may be saved: by a role that may at all, and that the bureau did not leave out."""
    allowed = not actor.is_dock and may(actor.role, "download_original")
    return allowed and actor.role in policy(session, DOWNLOAD_ROLES)


def require_download(session: Session, actor: Actor) -> None:
    if not may_download(session, actor):
        raise NotAllowed


def may_play_original(session: Session, actor: Actor) -> bool:
    """What a browser plays it has; so nobody plays the bytes of an original who may not download it."""
    if not may_download(session, actor):
        return False
    said = policy(session, PLAYBACK_ORIGINAL)
    return said if isinstance(said, bool) else actor.role in said


def playing(session: Session, actor: Actor, recording: Recording, plays: PlaysToo | None = None) -> Playing:
    """`plays`: a codec that the caller's browser plays, of those that not all do."""
    original = session.get(Original, recording.original_id) if recording.original_id else None
    if original is None or not _can_be_watched(recording, original):
        return NOTHING
    rows = {
        row.kind: row
        for row in session.scalars(
            select(Rendition).where(
                Rendition.original_id == original.id, Rendition.kind.in_(PLAYED), Rendition.position == 0
            )
        )
    }
    verdict: VerdictFacts = original.media.get("verdict") or {}
    own = may_play_original(session, actor)
    chosen = what_plays(_made(rows), verdict, own=own, plays=plays)
    row = rows[chosen.kind] if chosen.kind is not None else None
    by_codec = (verdict.get("by_codec") or {}) if own else {}
    elsewhere = _type_by_codec(original, by_codec)
    type_ = elsewhere if chosen.wants is not None else _type(original, rows, chosen)
    return Playing(chosen.how, row, type_, chosen.wants, by_codec.get("codec"), elsewhere)


def ask_for_plain(session: Session, original: Original, *, again: bool = False) -> None:
    """Not while it is being made, which would make it a second time, nor, but `again`, where it could not be made: then
    the encode was asked for."""
    state = session.scalar(select(Job.state).where(Job.kind == JobKind.plain, Job.subject_id == original.id))
    if state in (None, JobState.done) or (again and state == JobState.failed):
        request_job(session, JobKind.plain, original.id, priority=0, cost_s=1 + original.size / 200e6)


def _can_be_watched(recording: Recording, original: Original) -> bool:
    unfit = recording.state in (RecordingState.refused, RecordingState.unplayable) or original.quarantined
    return is_film(original) and not unfit


def _made(rows: dict[RenditionKind, Rendition]) -> Made:
    playback = rows.get(RenditionKind.playback)
    return Made(
        source=playback.facts.get("from") if playback else None,
        plain=RenditionKind.plain in rows,
        video=RenditionKind.video in rows,
    )


def _shown(original: Original) -> tuple[codecs.Stream | None, codecs.Stream | None]:
    """The picture and the sound of it."""
    probe, verdict = original.media.get("probe") or {}, original.media.get("verdict") or {}
    by_index = {stream.get("index"): stream for stream in probe.get("streams", [])}
    return by_index.get(verdict.get("video")), by_index.get(verdict.get("audio"))


def _type(original: Original, rows: Mapping[RenditionKind, Rendition], chosen: Chosen) -> str | None:
    picture, sound = _shown(original)
    if chosen.how == Playback.rendition:
        made = rows[RenditionKind.video].facts if RenditionKind.video in rows else {}
        size = (made.get("width") or 1280, made.get("height") or 720) if picture else (0, 0)
        return codecs.encoded(*size, sound=sound is not None)
    container = rows[chosen.kind].content_type if chosen.kind is not None else "video/mp4"
    shown = [stream for stream in (picture, sound) if stream is not None]
    return codecs.mime(container, shown, copied=chosen.how == Playback.remux)


def _type_by_codec(original: Original, by_codec: Mapping[str, Any]) -> str | None:
    if not by_codec:
        return None
    shown = [stream for stream in _shown(original) if stream is not None]
    return codecs.mime("video/mp4", shown, copied=by_codec.get("path") == "remux")
