"""Files of one recorder that follow each other speak for each other's links. Whoever changes tells the others."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.links import LinkEvidence
from schemas.recordings import Recording, RecordingState
from service.jobs import request_jobs
from service.linking.claims import Claimed, resolve
from service.linking.facts import limits, pieces_of, span_of
from service.linking.surroundings import PIECE_REACH, RUN_REACH, run_of
from service.search.rules import case_number_fold

TOLD_PRIORITY = 5

Where = tuple[UUID, datetime, datetime]  # recorder, beginning, end


def tell_neighbours(session: Session, recording_ids: Sequence[UUID]) -> int:
    """Requests `link` for the recorder's files next to these, as they lie now and as they lay when this was last
    asked, if what these say has changed since. Answers how many. What the rules read of a neighbour never includes
    its links: so this comes to an end.

    In a transaction of its own: neighbours' link jobs hold each their own row of jobs and would wait in a ring.
    """
    recordings = session.scalars(
        select(Recording).where(Recording.id.in_(recording_ids)).execution_options(populate_existing=True)
    ).all()
    known = {
        one.recording_id: one
        for one in session.scalars(
            select(LinkEvidence)
            .where(LinkEvidence.recording_id.in_(recording_ids))
            .execution_options(populate_existing=True)
        )
    }
    claimed = resolve(session, recordings)
    rows, places = [], []
    for one in recordings:
        fresh = _evidence(one, claimed[one.id])
        before = known.get(one.id)
        if before is not None and (before.digest, before.case_folded) == (fresh.digest, fresh.case_folded):
            continue
        rows.append(fresh.model_dump())
        if before is None or before.digest != fresh.digest:
            places += [place for told in (fresh, before) if told and (place := _place(told))]
    if not rows:
        return 0
    statement = insert(LinkEvidence).values(sorted(rows, key=lambda row: row["recording_id"]))
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["recording_id"],
            set_={name: statement.excluded[name] for name in rows[0] if name != "recording_id"},
        )
    )
    told = _beside(session, places) - {row["recording_id"] for row in rows if len(rows) == 1}
    if not told:
        return 0
    wanted = select(Recording.id.label("subject_id")).where(Recording.id.in_(told))
    return request_jobs(session, JobKind.link, wanted, priority=TOLD_PRIORITY)


def _evidence(recording: Recording, claimed: Claimed) -> LinkEvidence:
    """Of one that is gone: that it says nothing."""
    span = span_of(recording)
    gone = recording.merged_into is not None or recording.state == RecordingState.refused
    says = (
        None
        if gone or span is None or recording.recorder_id is None
        else (
            recording.recorder_id,
            span,
            recording.officer_id,
            claimed.case.id if claimed.case else None,
            recording.latitude,
            recording.longitude,
        )
    )
    return LinkEvidence(
        recording_id=recording.id,
        recorder_id=recording.recorder_id if says else None,
        since=span[0] if says and span else None,
        until=span[1] if says and span else None,
        case_folded=case_number_fold(claimed.case_number)[:128] if claimed.case_number else None,
        digest=blake2b(repr(says).encode(), digest_size=16).hexdigest(),
    )


def _place(told: LinkEvidence) -> Where | None:
    if told.recorder_id is None or told.since is None or told.until is None:
        return None
    return told.recorder_id, told.since, told.until


def _beside(session: Session, places: Iterable[Where]) -> set[UUID]:
    """The files that hang together with these places."""
    wanted = list(places)
    if not wanted:
        return set()
    pause = limits(session).pause
    spans = [(since - PIECE_REACH, until + RUN_REACH) for _, since, until in wanted]
    pieces = pieces_of(session, {recorder for recorder, _, _ in wanted}, spans)
    found = set()
    for recorder, since, until in wanted:
        near = [
            piece
            for piece in pieces[recorder]
            if since - PIECE_REACH <= piece.start <= until + RUN_REACH and piece.end >= since - RUN_REACH
        ]
        found |= {piece.id for piece in run_of(since, until, near, pause)}
    return found
