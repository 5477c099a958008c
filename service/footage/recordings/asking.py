"""Asking for a version that plays here; asking again is how one hears how far it is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, select, update
from sqlmodel import Session

from schemas.custody import CustodyEntry
from schemas.encode_needs import EncodeNeed, PlaybackAsk, PlaybackRead, PlaybackState
from schemas.jobs import Job, JobKind, JobState
from schemas.originals import Original, RenditionKind
from schemas.recordings import Recording
from service.access.queries import get_recording
from service.footage.recordings import acts
from service.footage.recordings.encode_rule import When
from service.footage.recordings.errors import NotThereYet
from service.footage.recordings.needs import (
    NEEDS,
    SIGNS_EVERY,
    VIEWER,
    Need,
    ask_for_encode,
    encoded,
    is_film,
    when_of,
)
from service.footage.recordings.playing import ask_for_plain, playing
from service.footage.recordings.queries import given_out
from service.footage.recordings.segments import watchable
from service.footage.recordings.words import reason_sentence
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import record


def ask_playback(session: Session, actor: Actor, recording_id: UUID, asked: PlaybackAsk) -> PlaybackRead:
    """Any number of times: the first is an act on record, and wishes for work; the others are signs of who waits."""
    recording = get_recording(session, actor, recording_id)
    original = given_out(session, recording)
    if not is_film(original):
        raise NotThereYet
    plays = playing(session, actor, recording, asked.plays)
    if asked.need == VIEWER.code and plays.wants == JobKind.plain:
        copy = _job(session, original, JobKind.plain)
        if asked.again or copy is None or copy.state != JobState.failed:  # then the encode is on its way
            ask_for_plain(session, original, again=asked.again)
            session.expire_all()
            since = select(Job.requested_at).where(Job.kind == JobKind.plain, Job.subject_id == original.id)
            _note_asking(session, actor, recording, VIEWER, since)
            return _told(session, recording, original, kind=JobKind.plain, otherwise=PlaybackState.queued)
    if asked.need == VIEWER.code and plays.row is not None and plays.row.kind == RenditionKind.plain:
        codec = (original.media.get("verdict") or {}).get("by_codec") or {}
        said = f"?plays={codec['codec']}" if codec else ""
        return PlaybackRead(
            state=PlaybackState.ready, playback=f"/api/v1/recordings/{recording.id}/playback{said}"
        )
    if encoded(session, original.id):
        return PlaybackRead(state=PlaybackState.ready, playback=f"/api/v1/recordings/{recording.id}/video")
    need = NEEDS[asked.need]
    row = session.get(EncodeNeed, (original.id, need.code))
    stands = row is not None and row.met_at is None
    if not stands and not asked.pressed and when_of(session, original) == When.on_demand:
        return _told(session, recording, original, otherwise=PlaybackState.not_asked)
    job = _job(session, original)
    if asked.again or not stands or job is None or job.state == JobState.done:
        ask_for_encode(session, original, need, actor, again=asked.again)
        session.expire_all()
    else:
        _give_sign(session, original, need)
    since = select(EncodeNeed.asked_at).where(
        EncodeNeed.original_id == original.id, EncodeNeed.need == need.code
    )
    _note_asking(session, actor, recording, need, since)
    return _told(session, recording, original, otherwise=PlaybackState.queued)


def _told(
    session: Session,
    recording: Recording,
    original: Original,
    *,
    otherwise: PlaybackState,
    kind: JobKind = JobKind.renditions,
) -> PlaybackRead:
    job = _job(session, original, kind)
    if job is None or job.state == JobState.done:
        return PlaybackRead(state=otherwise)
    if job.state == JobState.failed:
        return PlaybackRead(
            state=PlaybackState.failed,
            reason=job.reason,
            reason_text=reason_sentence(job.reason, job.reason_params),
        )
    if job.state != JobState.running:
        return PlaybackRead(state=PlaybackState.queued)
    attempt = watchable(session, original.id) if kind == JobKind.renditions else None
    return PlaybackRead(
        state=PlaybackState.running,
        progress=job.progress,
        playlist=f"/api/v1/recordings/{recording.id}/playback.m3u8?attempt={attempt}"
        if attempt is not None and attempt == job.attempt
        else None,
    )


def _job(session: Session, original: Original, kind: JobKind = JobKind.renditions) -> Job | None:
    return session.scalars(select(Job).where(Job.kind == kind, Job.subject_id == original.id)).first()


def _give_sign(session: Session, original: Original, need: Need) -> None:
    session.execute(
        update(EncodeNeed)
        .where(
            EncodeNeed.original_id == original.id,
            EncodeNeed.need == need.code,
            EncodeNeed.seen_at < now() - SIGNS_EVERY,
        )
        .values(seen_at=now())
        .execution_options(synchronize_session=False)
    )


def _note_asking(
    session: Session, actor: Actor, recording: Recording, need: Need, since: Select[datetime]
) -> None:
    """Once for whoever asks, as long as what was asked for `since` then stands."""
    known = exists().where(
        CustodyEntry.subject_kind == "recording",
        CustodyEntry.subject_id == recording.id,
        CustodyEntry.account_id == actor.account_id,
        CustodyEntry.action == acts.ASK_PLAYBACK.code,
        CustodyEntry.at >= since.scalar_subquery(),
    )
    if not session.scalar(select(known)):
        record(
            session, actor, acts.ASK_PLAYBACK, "recording", recording.id, squad_id=recording.squad_id,
            need=need.code,
        )  # fmt: skip
