"""Files of one recorder that follow each other speak for each other's links. Whoever changes tells the others."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.links import LinkEvidence
from schemas.originals import Original
from schemas.recordings import Recording, RecordingState, there_by_sql
from service.finding.linking.claims import Claimed, Claims, resolve
from service.finding.linking.evidence import Piece
from service.finding.linking.facts import LIMITS, files_near, known_there, limits_of, span_of
from service.finding.linking.surroundings import ONE_CARD, OTHERS_REACH, PIECE_REACH, RUN_REACH, run_of
from service.kernel.jobs import request_jobs
from service.kernel.round_trip import together
from service.registry.cases.rules import case_number_fold

TOLD_PRIORITY = 5

Where = tuple[UUID, datetime, datetime]  # recorder, beginning, end


def tell_neighbours(session: Session, recording_ids: Sequence[UUID]) -> int:
    """Requests `link` for the recorder's files next to these, as they lie now and as they lay when this was last
    asked, if what these say has changed since. Answers how many. What the rules read of a neighbour never includes
    its links: so this comes to an end.

    In a transaction of its own: neighbours' link jobs hold each their own row of jobs and would wait in a ring.
    """
    rows = session.execute(_TOLD, {"ids": list(recording_ids)}).all()
    claimed = resolve(session, Claims([one for one, *_ in rows]))
    fresh, places, altered = [], [], []
    for one, before, stretches in rows:
        now = _evidence(one, claimed[one.id], stretches)
        if before is not None and (before.digest, before.case_folded) == (now.digest, now.case_folded):
            continue
        fresh.append(now)
        if before is None or before.digest != now.digest:
            altered += [(one.id, told.recorder_id) for told in (now, before) if told and told.recorder_id]
            places += [place for told in (now, before) if told and (place := _place(told))]
    if not fresh:
        return 0
    told = _beside(session, fresh, places) | _on_card(session, altered)
    told -= {one.recording_id for one in fresh if len(fresh) == 1}
    if not told:
        return 0
    wanted = select(Recording.id.label("subject_id")).where(Recording.id.in_(told))
    # Left to the sweeper: a dock's files come together and each tells the others, who so run once and not each time.
    return request_jobs(session, JobKind.link, wanted, priority=TOLD_PRIORITY, nudged=0)


_TOLD = (
    select(Recording, LinkEvidence, Original.stretches)
    .outerjoin(LinkEvidence, LinkEvidence.recording_id == Recording.id)
    .outerjoin(Original, Original.id == Recording.original_id)
    .where(Recording.id.in_(bindparam("ids", expanding=True)))
    .execution_options(populate_existing=True)
)


def _evidence(
    recording: Recording, claimed: Claimed, stretches: Sequence[Sequence[float]] | None
) -> LinkEvidence:
    """Of one that is gone: that it says nothing."""
    span = span_of(recording)
    gone = recording.merged_into is not None or recording.state == RecordingState.refused
    says = (
        None
        if gone or recording.recorder_id is None
        else (
            recording.recorder_id,
            span or (recording.claimed_from, recording.clock.get("camera"), recording.clock.get("judged")),
            recording.officer_id,
            claimed.case.id if claimed.case else None,
            recording.latitude,
            recording.longitude,
            known_there(recording),
            recording.duration_s,
            # files without a hole say what they said before stretches were measured
            *([stretches] if stretches and len(stretches) > 1 and not recording.sample else ()),
        )
    )
    timed = says is not None and span is not None
    return LinkEvidence(
        recording_id=recording.id,
        recorder_id=recording.recorder_id if says is not None else None,
        since=span[0] if timed and span else None,
        until=span[1] if timed and span else None,
        case_folded=case_number_fold(claimed.case_number)[:128] if claimed.case_number else None,
        digest=blake2b(repr(says).encode(), digest_size=16).hexdigest(),
    )


def _place(told: LinkEvidence) -> Where | None:
    if told.recorder_id is None or told.since is None or told.until is None:
        return None
    return told.recorder_id, told.since, told.until


def _on_card(session: Session, altered: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """`altered`: recordings, each with a recorder that it is or was of."""
    known = {
        "ids": [one for one, _ in altered],
        "recorders": [recorder for _, recorder in altered],
        "card": ONE_CARD,
    }
    return set(session.scalars(_ON_CARD, known)) if altered else set()


def _beside(session: Session, fresh: Sequence[LinkEvidence], places: Sequence[Where]) -> set[UUID]:
    """Writes what is told now; answers the files that hang together with these places, or lie so near that it matters
    what else their recorder filmed there."""
    rows = [one.model_dump() for one in sorted(fresh, key=lambda one: one.recording_id)]
    values = {name: [row[name] for row in rows] for name in rows[0]}
    spans = [(since - PIECE_REACH, until + RUN_REACH) for _, since, until in places]
    recorders = {recorder for recorder, _, _ in places}
    _, stored, files = together(session, (_TELL, values), LIMITS, files_near(recorders, spans))
    pause = limits_of(stored).pause
    pieces: dict[UUID, list[Piece]] = defaultdict(list)
    for row in files:
        pieces[row.recorder_id].append(Piece(row.id, row.recorded_from, row.until))
    found = set()
    for recorder, since, until in places:
        near = [
            piece
            for piece in pieces[recorder]
            if since - PIECE_REACH <= piece.start <= until + RUN_REACH and piece.end >= since - RUN_REACH
        ]
        found |= {piece.id for piece in run_of(since, until, near, pause)}
        found |= {
            piece.id
            for piece in near
            if piece.start <= until + OTHERS_REACH and piece.end >= since - OTHERS_REACH
        }
    return found


# Those that came with it and have no link of the rules: what they are offered rests on their whole card, if anything
# happened that day.
_ON_CARD = text(
    f"""
    SELECT other.id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:recorders AS uuid[])) AS t (id, recorder_id)
    JOIN recordings r ON r.id = t.id
    JOIN recordings other ON other.recorder_id = t.recorder_id
     AND {there_by_sql("other")} BETWEEN {there_by_sql("r")} - CAST(:card AS interval)
                                     AND {there_by_sql("r")} + CAST(:card AS interval)
    WHERE other.id <> r.id AND other.merged_into IS NULL
      AND NOT EXISTS (SELECT FROM links l WHERE l.recording_id = other.id AND l.event_id IS NOT NULL
                      AND l.state = 'automatic')
      AND EXISTS (SELECT FROM enforcement_events e
                  WHERE e.arrived_at BETWEEN coalesce(other.recorded_from, {there_by_sql("other")} - interval '12 hours')
                                             - interval '16 hours'
                                         AND coalesce(other.recorded_from, {there_by_sql("other")}) + interval '16 hours')
    """
)
_TELL = text(
    """
    INSERT INTO link_evidence (recording_id, recorder_id, since, until, case_folded, digest)
    SELECT * FROM unnest(CAST(:recording_id AS uuid[]), CAST(:recorder_id AS uuid[]), CAST(:since AS timestamptz[]),
                         CAST(:until AS timestamptz[]), CAST(:case_folded AS text[]), CAST(:digest AS text[]))
    ON CONFLICT (recording_id) DO UPDATE
    SET recorder_id = excluded.recorder_id, since = excluded.since, until = excluded.until,
        case_folded = excluded.case_folded, digest = excluded.digest
    """
)
