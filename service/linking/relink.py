"""When the field changes, the recordings that this may concern are linked anew: set-based, by jobs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlmodel import Session

from schemas.events import EnforcementEvent, EventOfficer
from schemas.jobs import JobKind
from service.jobs import request_jobs
from service.linking.facts import REACH, UNKNOWN_BEFORE_ARRIVAL, limits
from service.search.rules import case_number_fold

RELINK_PRIORITY = 6  # what just arrived goes first
FIELD_LOCK = 0x7A68656E676C75  # any number of its own


@dataclass(frozen=True)
class Touched:
    """A stretch of time in which something changed: for a squad, an officer or a recorder."""

    start: datetime
    end: datetime | None
    squad_id: UUID | None = None
    officer_id: UUID | None = None
    recorder_id: UUID | None = None


def announce_change(session: Session) -> None:
    """From here to the end of the transaction the field is changing, and a link job that reads meanwhile
    will run once more. Taken last, just before the recordings are looked up: so a recording is either seen by
    this change, or its own job sees the change."""
    session.execute(select(func.pg_advisory_xact_lock(FIELD_LOCK)))


def field_is_changing(session: Session) -> bool:
    """Whether another transaction is between `announce_change` and its end. Never waits."""
    return not session.execute(select(func.pg_try_advisory_xact_lock_shared(FIELD_LOCK))).scalar_one()


def touched_by_events(session: Session, event_ids: Iterable[UUID]) -> list[Touched]:
    """Where events lie now: call before and after a change that may move them."""
    session.flush()
    rows = session.execute(
        select(
            EnforcementEvent.arrived_at,
            EnforcementEvent.departed_at,
            EnforcementEvent.squad_id,
            func.array_agg(EventOfficer.officer_id),
        )
        .outerjoin(EventOfficer, EventOfficer.event_id == EnforcementEvent.id)
        .where(EnforcementEvent.id.in_(list(event_ids)))
        .group_by(EnforcementEvent.id)
    ).all()
    open_for = limits(session).open_event
    found = []
    for start, end, squad_id, officers in rows:
        until = end or start + open_for
        found.append(Touched(start, until, squad_id=squad_id))
        found += [Touched(start, until, officer_id=officer) for officer in officers if officer]
    return found


RECORDINGS_TOUCHED = """
    SELECT r.id AS subject_id
    FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:squads AS uuid[]),
                CAST(:officers AS uuid[]), CAST(:recorders AS uuid[]))
         AS t (since, until, squad_id, officer_id, recorder_id)
    JOIN recordings r
      ON tstzrange(r.recorded_from, r.recorded_to, '[]') && tstzrange(t.since, t.until, '[]')
     AND r.recorded_from IS NOT NULL
    WHERE r.squad_id = t.squad_id OR r.recorder_id = t.recorder_id OR r.officer_id = t.officer_id
       OR EXISTS (SELECT 1 FROM assignments a WHERE a.officer_id = t.officer_id AND a.recorder_id = r.recorder_id
                  AND tstzrange(a.held_from, a.held_to) && tstzrange(t.since, t.until))
    UNION
    SELECT r.id
    FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:squads AS uuid[]),
                CAST(:officers AS uuid[]), CAST(:recorders AS uuid[]))
         AS t (since, until, squad_id, officer_id, recorder_id)
    JOIN recordings r
      ON r.recorded_from IS NULL AND r.received_at BETWEEN t.since AND t.until + CAST(:unknown AS interval)
    WHERE r.squad_id = t.squad_id OR r.recorder_id = t.recorder_id OR r.officer_id = t.officer_id
"""
RECORDINGS_NAMING = """
    SELECT l.recording_id AS subject_id FROM links l WHERE l.event_id = ANY(CAST(:events AS uuid[]))
    UNION
    SELECT r.id FROM recordings r JOIN enforcement_events e ON e.id = ANY(CAST(:events AS uuid[]))
    WHERE coalesce(r.claims->>'event', r.claims->'sidecar'->>'event', r.claims->'file_name'->>'event')
          IN (e.id::text, e.external_id)
"""
_CLAIMED_CASE = "coalesce(r.claims->>'case', r.claims->'sidecar'->>'case', r.claims->'file_name'->>'case')"


def relink(session: Session, touched: Iterable[Touched] = (), event_ids: Iterable[UUID] = ()) -> int:
    """Requests `link` for every recording that the change may concern. Answers how many. Call it last."""
    session.flush()
    announce_change(session)
    count = 0
    spans = sorted(set(touched), key=lambda one: (one.start, str(one)))
    if spans:
        statement = text(RECORDINGS_TOUCHED).bindparams(
            starts=[one.start - REACH for one in spans],
            ends=[None if one.end is None else one.end + REACH for one in spans],
            squads=[one.squad_id for one in spans],
            officers=[one.officer_id for one in spans],
            recorders=[one.recorder_id for one in spans],
            unknown=UNKNOWN_BEFORE_ARRIVAL,
        )
        count += request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)
    events = list(event_ids)
    if events:
        statement = text(RECORDINGS_NAMING).bindparams(events=events)
        count += request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)
    return count


def relink_claims(session: Session, name: str, values: list[str]) -> int:
    """`name`: officer | recorder. Recordings that claimed what was not known until now."""
    if not values:
        return 0
    session.flush()
    announce_change(session)
    statement = text(
        f"""
        SELECT r.id AS subject_id FROM recordings r
        WHERE r.{name}_id IS NULL
          AND coalesce(r.claims->>'{name}', r.claims->'sidecar'->>'{name}', r.claims->'file_name'->>'{name}')
              = ANY(CAST(:said AS text[]))
        """  # `name` is one of two words in code, never a user's
    ).bindparams(said=values)
    return request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)


def relink_cases(session: Session, folded: Iterable[str], case_ids: Iterable[UUID] = ()) -> int:
    """Recordings whose claims name one of these cases (folded numbers), or that are linked to one."""
    wanted = set(folded)
    session.flush()
    announce_change(session)
    said = session.scalars(
        text(f"SELECT DISTINCT {_CLAIMED_CASE} FROM recordings r WHERE {_CLAIMED_CASE} IS NOT NULL")
    ).all()
    statement = text(
        f"""
        SELECT r.id AS subject_id FROM recordings r WHERE {_CLAIMED_CASE} = ANY(CAST(:said AS text[]))
        UNION SELECT l.recording_id FROM links l WHERE l.case_id = ANY(CAST(:cases AS uuid[]))
        """
    ).bindparams(said=[number for number in said if case_number_fold(number) in wanted], cases=list(case_ids))
    return request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)


__all__ = ["Touched", "field_is_changing", "relink", "relink_cases", "relink_claims", "touched_by_events"]
RETRY_AFTER = timedelta(seconds=1)
