"""A browser video while it is made: the list of what can be watched already, and its parts.

Each attempt has a list of its own, which only grows. That of an attempt whose worker was lost is gone at once: whoever
watches finds the next one's by asking again.
"""

import math
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, exists, func, select, update
from sqlmodel import Session

from schemas.encode_needs import EncodeNeed
from schemas.jobs import AttemptOutcome, Job, JobAttempt, JobKind, JobState
from schemas.originals import Rendition, RenditionKind
from schemas.recordings import Recording
from schemas.rendition_segments import RenditionSegment
from service.footage.recordings.delivery import Deliverable
from service.footage.recordings.errors import NotThereYet
from service.footage.recordings.needs import SIGNS_EVERY, by_persons
from service.footage.recordings.queries import given_out
from service.kernel.clock import now

LEAST_TARGET_S = 5
MEDIA_TYPE, LIST_TYPE = "video/mp4", "application/vnd.apple.mpegurl"


def watchable(session: Session, original_id: UUID) -> int | None:
    """The attempt of which something can be watched: the one at work, else the last that came to its end."""
    ready = select(RenditionSegment.attempt).where(
        RenditionSegment.original_id == original_id,
        RenditionSegment.number > 0,
        RenditionSegment.ready_at.is_not(None),
    )
    return session.scalars(
        _alive(original_id)
        .where(JobAttempt.attempt.in_(ready))
        .order_by((JobAttempt.outcome == AttemptOutcome.running).desc(), JobAttempt.attempt.desc())
        .limit(1)
    ).first()


def _alive(original_id: UUID) -> Select[int]:
    """Attempts whose list stands: it grows, or it has all of what was made."""
    at_work = (
        (JobAttempt.outcome == AttemptOutcome.running)
        & (Job.state == JobState.running)
        & (Job.attempt == JobAttempt.attempt)
        & (Job.lease_until >= func.now())
    )
    whole = exists().where(
        Rendition.original_id == original_id,
        Rendition.kind == RenditionKind.video,
        Rendition.attempt == JobAttempt.attempt,
        Rendition.facts.has_key("segments"),
    )
    return (
        select(JobAttempt.attempt)
        .join(Job, Job.id == JobAttempt.job_id)
        .where(
            Job.kind == JobKind.renditions,
            Job.subject_id == original_id,
            at_work | ((JobAttempt.outcome == AttemptOutcome.done) & whole),
        )
    )


def playlist(session: Session, recording: Recording, attempt: int | None) -> str:
    original = given_out(session, recording)
    found = attempt if attempt is not None else watchable(session, original.id)
    if found is None:
        raise NotThereYet
    outcome = session.execute(
        _alive(original.id).where(JobAttempt.attempt == found).with_only_columns(JobAttempt.outcome)
    ).scalar()
    parts = session.scalars(
        select(RenditionSegment)
        .where(
            RenditionSegment.original_id == original.id,
            RenditionSegment.attempt == found,
            RenditionSegment.ready_at.is_not(None),
        )
        .order_by(RenditionSegment.number)
    ).all()
    if outcome is None or len(parts) < 2:
        raise NotThereYet
    _give_sign(session, original.id)
    durations = [part.duration_s for part in parts if part.number > 0]
    return listed(found, durations, whole=outcome == AttemptOutcome.done)


def listed(attempt: int, durations: Sequence[float], whole: bool) -> str:
    """As RFC 8216 has it, version 7; from its beginning, however far the making is. Pure."""
    longest = max((math.floor(one + 0.5) for one in durations), default=0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(LEAST_TARGET_S, longest)}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES",
        f'#EXT-X-MAP:URI="playback/{attempt}/init.mp4"',
    ]
    for number, duration_s in enumerate(durations, 1):
        lines += [f"#EXTINF:{duration_s:.6f},", f"playback/{attempt}/{number}.m4s"]
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if whole else [])]) + "\n"


def segment_bytes(session: Session, recording: Recording, attempt: int, number: int) -> Deliverable:
    """`number` 0: the head."""
    original = given_out(session, recording)
    part = session.get(RenditionSegment, (original.id, attempt, number))
    if part is None or part.ready_at is None:
        raise NotThereYet
    _give_sign(session, original.id)
    tag = f"{original.id}-{attempt}-{number}"
    return Deliverable(part.store_key, part.store_version, part.size, MEDIA_TYPE, tag)


def _give_sign(session: Session, original_id: UUID) -> None:
    """Whoever watches still waits for the rest."""
    session.execute(
        update(EncodeNeed)
        .where(
            EncodeNeed.original_id == original_id,
            EncodeNeed.need.in_(by_persons()),
            EncodeNeed.seen_at < now() - SIGNS_EVERY,
        )
        .values(seen_at=now())
        .execution_options(synchronize_session=False)
    )
