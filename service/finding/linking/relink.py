"""When the field changes, the recordings that this may concern are linked anew: set-based, by jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlmodel import Session

from schemas.events import EnforcementEvent, EventOfficer
from schemas.jobs import JobKind
from schemas.recordings import claimed
from service.finding.linking.facts import FAR_DOUBT_S, REACH, limits
from service.finding.linking.surroundings import SHIFT, UNKNOWN_BEFORE_ARRIVAL
from service.kernel.jobs import request_jobs
from service.registry.cases.rules import case_number_fold

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


def touched_by_events(session: Session, event_ids: Iterable[UUID]) -> list[Touched]:
    """Where events lie now: call before and after a change that may move them. Beside their squads and officers it
    touches those of other squads who worked with one of the officers that shift."""
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
    spans = [
        (start, end or start + open_for, squad_id, {officer for officer in officers if officer})
        for start, end, squad_id, officers in rows
    ]
    partners = _partners_elsewhere(session, spans)
    found = []
    for start, until, squad_id, people in spans:
        found.append(Touched(start, until, squad_id=squad_id))
        around = {
            stranger
            for officer in people
            for arrived, stranger in partners.get((officer, squad_id), ())
            if start - PARTNERS_WITHIN <= arrived <= until + PARTNERS_WITHIN
        }
        found += [Touched(start, until, officer_id=officer) for officer in sorted(people | around)]
    return found


def _partners_elsewhere(
    session: Session, spans: Sequence[tuple[datetime, datetime, UUID, set[UUID]]]
) -> dict[tuple[UUID, UUID], list[tuple[datetime, UUID]]]:
    """By officer and squad: who worked with the officer about those times and belongs, or did so, to another squad.
    Times that touch are asked for once, so an import of thousands of events of one crew stays one look."""
    wanted: dict[tuple[UUID, UUID], list[list[datetime]]] = {}
    for start, until, squad_id, people in sorted(spans, key=lambda span: span[0]):
        for officer in people:
            held = wanted.setdefault((officer, squad_id), [])
            since, upto = start - PARTNERS_WITHIN, until + PARTNERS_WITHIN
            if held and since <= held[-1][1]:
                held[-1][1] = max(held[-1][1], upto)
            else:
                held.append([since, upto])
    rows = [(*key, *span) for key, held in wanted.items() for span in held]
    found: dict[tuple[UUID, UUID], list[tuple[datetime, UUID]]] = {}
    if rows:
        officers, squads, sinces, untils = (list(column) for column in zip(*rows, strict=True))
        known = {"officers": officers, "squads": squads, "sinces": sinces, "untils": untils}
        for officer, squad_id, arrived, stranger in session.execute(_STRANGERS, known):
            found.setdefault((officer, squad_id), []).append((arrived, stranger))
    return found


PARTNERS_WITHIN = SHIFT + REACH
_STRANGERS = text(
    """
    SELECT DISTINCT t.officer_id, t.squad_id, shared.arrived_at, other.officer_id AS stranger
    FROM unnest(CAST(:officers AS uuid[]), CAST(:squads AS uuid[]), CAST(:sinces AS timestamptz[]),
                CAST(:untils AS timestamptz[])) AS t (officer_id, squad_id, since, until)
    JOIN event_officers mine ON mine.officer_id = t.officer_id
    JOIN enforcement_events shared ON shared.id = mine.event_id AND shared.arrived_at BETWEEN t.since AND t.until
    JOIN event_officers other ON other.event_id = shared.id
    JOIN officers o ON o.id = other.officer_id
    WHERE o.squad_id <> t.squad_id OR shared.squad_id <> t.squad_id
    """
)


# First by the widest reach, which an index answers, then by each recording's own.
RECORDINGS_TOUCHED = """
    WITH touched AS (
        SELECT * FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:squads AS uuid[]),
                             CAST(:officers AS uuid[]), CAST(:recorders AS uuid[]))
                      AS t (since, until, squad_id, officer_id, recorder_id)
    )
    SELECT r.id AS subject_id
    FROM touched t
    JOIN recordings r
      ON tstzrange(r.recorded_from, r.recorded_to, '[]')
         && tstzrange(t.since - CAST(:reach AS interval), t.until + CAST(:reach AS interval), '[]')
     AND r.recorded_from IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT CAST(:slack AS interval)
               + CASE WHEN t.squad_id IS NULL THEN CAST(:shift AS interval) ELSE interval '0' END
               + make_interval(secs => least(coalesce(
            r.clock_doubt_s, CAST(r.clock->>'doubt_s' AS float),
            CASE WHEN coalesce(r.clock->'doubts', '[]') = '[]' THEN :far ELSE :most END), :most)) AS reach
    ) AS own
    WHERE tstzrange(r.recorded_from - own.reach, r.recorded_to + own.reach, '[]')
          && tstzrange(t.since, t.until, '[]')
      AND (r.squad_id = t.squad_id OR r.recorder_id = t.recorder_id OR r.officer_id = t.officer_id
           OR EXISTS (SELECT 1 FROM assignments a
                      WHERE a.officer_id = t.officer_id AND a.recorder_id = r.recorder_id
                        AND tstzrange(a.held_from, a.held_to)
                            && tstzrange(t.since - CAST(:reach AS interval), t.until + CAST(:reach AS interval))))
    UNION
    SELECT r.id
    FROM touched t
    JOIN recordings r
      ON r.recorded_from IS NULL
     AND r.received_at BETWEEN t.since - CAST(:shift AS interval)
                           AND coalesce(t.until + CAST(:unknown AS interval), 'infinity')
    WHERE r.squad_id = t.squad_id OR r.recorder_id = t.recorder_id OR r.officer_id = t.officer_id
"""
RECORDINGS_NAMING = f"""
    SELECT l.recording_id AS subject_id FROM links l WHERE l.event_id = ANY(CAST(:events AS uuid[]))
    UNION
    SELECT id FROM recordings WHERE {claimed("event")} = ANY(CAST(:names AS text[]))
"""
# Those that never had a link job, or had it before evidence was kept, are looked through.
RECORDINGS_OF_CASES = """
    SELECT recording_id AS subject_id FROM link_evidence WHERE case_folded = ANY(CAST(:folded AS text[]))
    UNION SELECT unnest(CAST(:others AS uuid[]))
    UNION SELECT recording_id FROM links WHERE case_id = ANY(CAST(:cases AS uuid[]))
"""


def relink(session: Session, touched: Iterable[Touched] = (), event_ids: Iterable[UUID] = ()) -> int:
    """Requests `link` for every recording that the change may concern. Answers how many. Call it last."""
    session.flush()
    announce_change(session)
    count = 0
    spans = sorted(set(touched), key=lambda one: (one.start, str(one)))
    if spans:
        rule = limits(session)
        statement = text(RECORDINGS_TOUCHED).bindparams(
            starts=[one.start for one in spans],
            ends=[one.end for one in spans],
            squads=[one.squad_id for one in spans],
            officers=[one.officer_id for one in spans],
            recorders=[one.recorder_id for one in spans],
            unknown=UNKNOWN_BEFORE_ARRIVAL + SHIFT,
            reach=REACH + SHIFT + rule.slack,
            slack=rule.slack,
            shift=SHIFT,
            far=FAR_DOUBT_S,
            most=REACH.total_seconds(),
        )
        count += request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)
    events = list(event_ids)
    if events:
        external = session.scalars(
            select(EnforcementEvent.external_id).where(
                EnforcementEvent.id.in_(events), EnforcementEvent.external_id.is_not(None)
            )
        )
        names = [*map(str, events), *external]
        statement = text(RECORDINGS_NAMING).bindparams(events=events, names=names)
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
        SELECT id AS subject_id FROM recordings
        WHERE {name}_id IS NULL AND {claimed(name)} = ANY(CAST(:said AS text[]))
        """  # `name` is one of two words in code, never a user's
    ).bindparams(said=values)
    return request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)


def relink_cases(session: Session, folded: Iterable[str], case_ids: Iterable[UUID] = ()) -> int:
    """Recordings whose claims name one of these cases (folded numbers), or that are linked to one."""
    wanted = set(folded)
    session.flush()
    announce_change(session)
    untold = session.execute(
        text(
            f"""
            SELECT id, {claimed("case")} AS said FROM recordings
            WHERE {claimed("case")} IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM link_evidence WHERE recording_id = recordings.id)
            """
        )
    )
    statement = text(RECORDINGS_OF_CASES).bindparams(
        folded=sorted(wanted),
        others=[row.id for row in untold if case_number_fold(row.said) in wanted],
        cases=list(case_ids),
    )
    return request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)


__all__ = ["Touched", "relink", "relink_cases", "relink_claims", "touched_by_events"]
RETRY_AFTER = timedelta(seconds=1)
