"""Whom and what claims name, once such an officer or recorder is known: the columns are filled in."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.recordings import Recording
from service.finding.linking.claims import Claimed, Claims, resolve
from service.finding.linking.evidence import Person, Source
from service.kernel.changes import changed
from service.kernel.jobs import request_job
from service.registry.clocks.correcting import corrected, read_clock, timeline_of, write

CLOCK_BUSY = timedelta(seconds=1)


def recognise(session: Session, recording_ids: Iterable[UUID]) -> None:
    """Call it before their links are kept, in a transaction of its own: the links rest on the corrected time. With a
    recorder its clock counts, and its model's conventions: those are read by the `tags` job.

    Takes what it holds in the order of workers.lease: clocks, jobs, recordings. Whoever keeps links holds the link
    job's row or the recording's lock already, and a `tags` job that waits for one of them would close the ring.
    """
    recordings = session.scalars(
        select(Recording)
        .where(Recording.id.in_(list(recording_ids)), Recording.merged_into.is_(None))
        .where(Recording.officer_id.is_(None) | Recording.recorder_id.is_(None))
    ).all()
    claims = Claims(recordings)
    if not (claims.known["numbers"] or claims.known["serials"]):
        return
    found = resolve(session, claims)
    fresh = {
        one.id: found[one.id]
        for one in recordings
        if (one.officer_id is None and _named(found[one.id]))
        or (one.recorder_id is None and found[one.id].recorder)
    }
    if not fresh:
        return
    equipped = sorted(
        (one for one in recordings if one.id in fresh and one.recorder_id is None and fresh[one.id].recorder),
        key=lambda one: one.id,
    )
    clocks = sorted({known.id for one in equipped if (known := fresh[one.id].recorder)})
    readable = {recorder_id for recorder_id in clocks if read_clock(session, recorder_id)}
    for one in equipped:
        known = fresh[one.id].recorder
        if one.original_id is not None:
            request_job(session, JobKind.tags, one.id)
        elif known and known.id not in readable:
            request_job(session, JobKind.tags, one.id, delay=CLOCK_BUSY)
    locked = held_in_order(session, fresh)
    for one in locked:
        officer, recorder = _named(fresh[one.id]), fresh[one.id].recorder
        if one.officer_id is None and officer:
            one.officer_id = officer.id
        if one.recorder_id is None and recorder:
            one.recorder_id = recorder.id
            if recorder.id in readable:
                write(one, corrected(one, timeline_of(session, recorder.id)))
        session.add(one)
    changed(session, Recording, [one.id for one in locked])


def held_in_order(session: Session, ids: Iterable[UUID]) -> Sequence[Recording]:
    """As they are now, locked in the one order in which recordings are: two that want the same wait for each other."""
    return session.scalars(
        select(Recording)
        .where(Recording.id.in_(list(ids)))
        .order_by(Recording.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()


def _named(claimed: Claimed) -> Person | None:
    """Not whom only a guess names: that a recording is an officer's is said by nobody then."""
    return claimed.officer if claimed.officer_source != Source.guess else None
