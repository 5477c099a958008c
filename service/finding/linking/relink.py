"""When the field changes, the recordings that this may concern are linked anew: set-based, by jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent
from schemas.jobs import JobKind
from schemas.people import Officer
from schemas.recorders import Assignment, Recorder
from schemas.recordings import Recording, claimed, claimed_key, there_by_sql
from service.finding.linking.facts import FAR_DOUBT_S, REACH, limits
from service.finding.linking.surroundings import ONE_CARD, PIECE_REACH, SHIFT, UNKNOWN_BEFORE_ARRIVAL
from service.kernel.changes import NEW, Changes, Fields, Reaction, anything, but, only
from service.kernel.jobs import request_jobs
from service.registry.cases.rules import case_number_fold

RELINK_PRIORITY = 6  # what just arrived goes first
FIELD_LOCK = 0x7A68656E676C75  # any number of its own


@dataclass(frozen=True)
class Touched:
    """A stretch of time in which something changed: for a squad, an officer, a recorder, or one who worked with one
    of an event's officers. What an officer does says with whom he works for a shift around; what a colleague does
    concerns him only where it may be what he recorded."""

    start: datetime
    end: datetime | None
    squad_id: UUID | None = None
    officer_id: UUID | None = None
    recorder_id: UUID | None = None
    colleague: bool = False


def announce_change(session: Session) -> None:
    """From here to the end of the transaction the field is changing, and a link job that reads meanwhile
    will run once more. Taken last, just before the recordings are looked up: so a recording is either seen by
    this change, or its own job sees the change."""
    session.execute(select(func.pg_advisory_xact_lock(FIELD_LOCK)))


def _touched_by_events(session: Session, event_ids: Sequence[UUID]) -> dict[UUID, list[Touched]]:
    """Where events lie now. Beside their squads and officers each touches those who worked with one of the officers
    about that time, in whatever squad."""
    rows = session.execute(_PLACES, {"ids": list(event_ids)}).all()
    rule = limits(session)
    within = (
        SHIFT + 2 * (REACH + rule.slack) + PIECE_REACH
    )  # from one end of a recording's window to the other
    spans = {
        event_id: (
            start,
            end or start + rule.open_event,
            squad_id,
            {officer for officer in officers if officer},
        )
        for event_id, start, end, squad_id, officers in rows
    }
    colleagues = _colleagues(
        session, [(start, until, people) for start, until, _, people in spans.values()], within
    )
    found = {}
    for event_id, (start, until, squad_id, people) in spans.items():
        around = {
            colleague
            for officer in people
            for arrived, colleague in colleagues.get(officer, ())
            if start - within <= arrived <= until + within
        }
        found[event_id] = [
            Touched(start, until, squad_id=squad_id),
            *(Touched(start, until, officer_id=officer) for officer in sorted(people)),
            *(
                Touched(start, until, officer_id=officer, colleague=True)
                for officer in sorted(around - people)
            ),
        ]
    return found


_PLACES = text(
    """
    SELECT e.id, e.arrived_at, e.departed_at, e.squad_id, array_agg(x.officer_id)
    FROM enforcement_events e LEFT JOIN event_officers x ON x.event_id = e.id
    WHERE e.id = ANY(CAST(:ids AS uuid[])) GROUP BY e.id
    """
)


def _as_held(session: Session, assignment_ids: Sequence[UUID]) -> dict[UUID, list[Touched]]:
    """As the session has them in hand, mostly: whoever changes an assignment has read it."""
    held = (session.get(Assignment, one) for one in assignment_ids)
    return {one.id: [Touched(one.held_from, one.held_to, recorder_id=one.recorder_id)] for one in held if one}


def _holdings(session: Session, assignment_ids: Sequence[UUID]) -> list[Touched]:
    rows = session.execute(_HELD, {"ids": list(assignment_ids)})
    return [Touched(start, end, recorder_id=recorder_id) for start, end, recorder_id in rows]


_HELD = text("SELECT held_from, held_to, recorder_id FROM assignments WHERE id = ANY(CAST(:ids AS uuid[]))")


def _as_folded(session: Session, case_ids: Sequence[UUID]) -> dict[UUID, str]:
    held = (session.get(Case, one) for one in case_ids)
    return {one.id: one.number_folded for one in held if one and one.number_folded}


def _colleagues(
    session: Session, spans: Iterable[tuple[datetime, datetime, set[UUID]]], within: timedelta
) -> dict[UUID, list[tuple[datetime, UUID]]]:
    """By officer: who worked with the officer about those times, and when. Times that touch are asked for once, so an
    import of thousands of events of one crew stays one look."""
    wanted: dict[UUID, list[list[datetime]]] = {}
    for start, until, people in sorted(spans, key=lambda span: span[0]):
        for officer in people:
            held = wanted.setdefault(officer, [])
            since, upto = start - within, until + within
            if held and since <= held[-1][1]:
                held[-1][1] = max(held[-1][1], upto)
            else:
                held.append([since, upto])
    rows = [(officer, *span) for officer, held in wanted.items() for span in held]
    found: dict[UUID, list[tuple[datetime, UUID]]] = {}
    if rows:
        officers, sinces, untils = (list(column) for column in zip(*rows, strict=True))
        known = {"officers": officers, "sinces": sinces, "untils": untils}
        for officer, arrived, colleague in session.execute(_COLLEAGUES, known):
            found.setdefault(officer, []).append((arrived, colleague))
    return found


_COLLEAGUES = text(
    """
    SELECT DISTINCT t.officer_id, shared.arrived_at, other.officer_id AS colleague
    FROM unnest(CAST(:officers AS uuid[]), CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[]))
         AS t (officer_id, since, until)
    JOIN event_officers mine ON mine.officer_id = t.officer_id
    JOIN enforcement_events shared ON shared.id = mine.event_id AND shared.arrived_at BETWEEN t.since AND t.until
    JOIN event_officers other ON other.event_id = shared.id AND other.officer_id <> t.officer_id
    """
)


# First by the widest reach, which an index answers, then by each recording's own. That of one without a link of the
# rules is the widest: what came with it on its card may say that it was filmed hours from its claim.
RECORDINGS_TOUCHED = f"""
    WITH touched AS (
        SELECT * FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]), CAST(:squads AS uuid[]),
                             CAST(:officers AS uuid[]), CAST(:recorders AS uuid[]), CAST(:colleagues AS boolean[]))
                      AS t (since, until, squad_id, officer_id, recorder_id, colleague)
    )
    SELECT r.id AS subject_id
    FROM touched t
    JOIN recordings r
      ON tstzrange(r.recorded_from, r.recorded_to, '[]')
         && tstzrange(t.since - CAST(:reach AS interval), t.until + CAST(:reach AS interval), '[]')
     AND r.recorded_from IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT r.clock ? 'answers' OR NOT EXISTS (
            SELECT FROM links l WHERE l.recording_id = r.id AND l.event_id IS NOT NULL AND l.state = 'automatic'
        ) AS unsure
    ) AS links
    CROSS JOIN LATERAL (
        SELECT CAST(:slack AS interval) + make_interval(secs => least(coalesce(
            CASE WHEN links.unsure THEN :most END, r.clock_doubt_s, CAST(r.clock->>'doubt_s' AS float),
            CASE WHEN coalesce(r.clock->'doubts', '[]') = '[]' THEN :far ELSE :most END), :most)) AS doubt
    ) AS open
    CROSS JOIN LATERAL (
        SELECT open.doubt + CASE WHEN t.squad_id IS NULL AND NOT t.colleague THEN CAST(:shift AS interval)
                                 ELSE interval '0' END AS reach
    ) AS own
    WHERE tstzrange(r.recorded_from - own.reach, r.recorded_to + own.reach, '[]')
          && tstzrange(t.since, t.until, '[]')
      AND (r.squad_id = t.squad_id OR r.recorder_id = t.recorder_id OR r.officer_id = t.officer_id
           OR EXISTS (SELECT 1 FROM assignments a
                      WHERE a.officer_id = t.officer_id AND a.recorder_id = r.recorder_id
                        AND tstzrange(a.held_from, a.held_to)
                            && tstzrange(r.recorded_from - open.doubt, r.recorded_to + open.doubt, '[]'))
           OR (links.unsure AND EXISTS (SELECT 1 FROM recordings other
                                        WHERE other.recorder_id = r.recorder_id AND other.officer_id = t.officer_id
                                          AND {there_by_sql("other")} BETWEEN {there_by_sql("r")} - CAST(:card AS interval)
                                                                      AND {there_by_sql("r")} + CAST(:card AS interval))))
    UNION
    SELECT r.id
    FROM touched t
    JOIN recordings r
      ON r.recorded_from IS NULL
     AND (r.received_at BETWEEN t.since - CAST(:shift AS interval)
                            AND coalesce(t.until + CAST(:unknown AS interval), 'infinity')
          OR r.first_received_at BETWEEN t.since - CAST(:shift AS interval)
                                 AND coalesce(t.until + CAST(:unknown AS interval), 'infinity'))
    WHERE r.squad_id = t.squad_id OR r.recorder_id = t.recorder_id OR r.officer_id = t.officer_id
       OR EXISTS (SELECT 1 FROM assignments a
                  WHERE a.officer_id = t.officer_id AND a.recorder_id = r.recorder_id
                    AND tstzrange(a.held_from, a.held_to)
                        && tstzrange({there_by_sql("r")} - CAST(:unknown AS interval), {there_by_sql("r")}, '[]'))
       OR EXISTS (SELECT 1 FROM recordings other
                  WHERE other.recorder_id = r.recorder_id AND other.officer_id = t.officer_id
                    AND {there_by_sql("other")} BETWEEN {there_by_sql("r")} - CAST(:card AS interval)
                                                AND {there_by_sql("r")} + CAST(:card AS interval))
"""
RECORDINGS_NAMING = f"""
    SELECT l.recording_id AS subject_id FROM links l WHERE l.event_id = ANY(CAST(:events AS uuid[]))
    UNION
    SELECT id FROM recordings WHERE {claimed_key("event")} = ANY(CAST(:names AS text[]))
"""
RECORDINGS_SAYING_THEIR_CASE = """
    SELECT DISTINCT said.recording_id AS subject_id
    FROM enforcement_events e
    JOIN cases c ON c.id = e.case_id
    JOIN link_evidence said ON said.case_folded = c.number_folded
    WHERE e.id = ANY(CAST(:events AS uuid[]))
"""
# Those that never had a link job, or had it before evidence was kept, are looked through.
RECORDINGS_OF_CASES = """
    SELECT recording_id AS subject_id FROM link_evidence WHERE case_folded = ANY(CAST(:folded AS text[]))
    UNION SELECT unnest(CAST(:others AS uuid[]))
    UNION SELECT recording_id FROM links WHERE case_id = ANY(CAST(:cases AS uuid[]))
"""


def _settle(session: Session, changes: Changes) -> None:
    """Requests `link` for every recording that the changes may concern."""
    if measured := changes.ids(Recording):
        wanted = select(Recording.id.label("subject_id")).where(Recording.id.in_(measured))
        request_jobs(session, JobKind.link, wanted, priority=RELINK_PRIORITY)
    if any(changes.ids(thing) for thing in LINK_JOBS.watches if thing is not Recording):
        _settle_field(session, changes)


def _settle_field(session: Session, changes: Changes) -> None:
    events, assignments = changes.ids(EnforcementEvent), changes.ids(Assignment)
    touched = [one for noted in changes.before(EnforcementEvent) for one in noted]
    touched += [one for noted in changes.before(Assignment) for one in noted]
    if events:
        touched += [one for now in _touched_by_events(session, events).values() for one in now]
    if assignments:
        touched += _holdings(session, assignments)
    naming = sorted({*events, *session.scalars(_MERGED_HERE, {"ids": events})}) if events else []
    announce_change(session)
    _ask_for_touched(session, touched)
    _ask_for_named(session, naming)
    _ask_for_cases_of(session, events)
    for thing, name, numbers in ((Officer, "officer", _NUMBERS), (Recorder, "recorder", _SERIALS)):
        if ids := changes.ids(thing):
            _ask_for_claims(session, name, list(session.scalars(numbers, {"ids": ids})))
    if cases := changes.ids(Case):
        folded = {*changes.before(Case), *session.scalars(_FOLDED, {"ids": cases})}
        _ask_for_cases(session, folded, cases)


# What links do not depend on: a change of these is one of what is found by words, and of the coverage.
WORDS = ("title", "subject", "party", "object", "place", "kind", "campaign_id")


def _measured(fields: Fields) -> bool:
    """Where a recording has samples was found out after it was linked. Whoever changes something else of a recording
    asks for its link himself, before he holds its row."""
    return fields is not None and "stretches" in fields


LINK_JOBS = Reaction(
    "link jobs",
    {
        EnforcementEvent: but(*WORDS, "links", "explanations"),
        Assignment: anything,
        Officer: only(*NEW),
        Recorder: only(*NEW),
        Case: only(*NEW, "number_folded", "squad_id", "events"),  # a squad works on it by its events
        Recording: _measured,
    },
    _settle,
    {EnforcementEvent: _touched_by_events, Assignment: _as_held, Case: _as_folded},
)

_MERGED_HERE = text(
    """
    WITH RECURSIVE here AS (
        SELECT id FROM enforcement_events WHERE merged_into = ANY(CAST(:ids AS uuid[]))
        UNION SELECT e.id FROM enforcement_events e JOIN here ON e.merged_into = here.id
    )
    SELECT id FROM here
    """
)
_NUMBERS = text("SELECT folded FROM officers WHERE id = ANY(CAST(:ids AS uuid[]))")
_SERIALS = text("SELECT folded FROM recorders WHERE id = ANY(CAST(:ids AS uuid[]))")
_FOLDED = text(
    "SELECT number_folded FROM cases WHERE id = ANY(CAST(:ids AS uuid[])) AND number_folded IS NOT NULL"
)
_EXTERNAL = text(
    """
    SELECT folded FROM enforcement_events
    WHERE id = ANY(CAST(:ids AS uuid[])) AND folded IS NOT NULL
    """
)


def _ask_for_touched(session: Session, touched: Iterable[Touched]) -> None:
    spans = sorted(set(touched), key=lambda one: (one.start, str(one)))
    if not spans:
        return
    rule = limits(session)
    statement = text(RECORDINGS_TOUCHED).bindparams(
        starts=[one.start for one in spans],
        ends=[one.end for one in spans],
        squads=[one.squad_id for one in spans],
        officers=[one.officer_id for one in spans],
        recorders=[one.recorder_id for one in spans],
        colleagues=[one.colleague for one in spans],
        unknown=UNKNOWN_BEFORE_ARRIVAL + SHIFT,
        reach=REACH + SHIFT + rule.slack,
        slack=rule.slack,
        shift=SHIFT,
        far=FAR_DOUBT_S,
        card=ONE_CARD,
        most=REACH.total_seconds(),
    )
    request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)


def _ask_for_named(session: Session, events: Sequence[UUID]) -> None:
    """Linked to one of these events, or naming it."""
    if not events:
        return
    names = [*map(str, events), *session.scalars(_EXTERNAL, {"ids": events})]
    statement = text(RECORDINGS_NAMING).bindparams(events=events, names=names)
    request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)


def _ask_for_cases_of(session: Session, events: Sequence[UUID]) -> None:
    """Whoever said a case looks at its events, of whatever squad."""
    if events:
        statement = text(RECORDINGS_SAYING_THEIR_CASE).bindparams(events=events)
        request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)


def _ask_for_claims(session: Session, name: str, values: Sequence[str]) -> None:
    """`name`: officer | recorder. Recordings that claimed what was not known until now."""
    if not values:
        return
    statement = text(
        f"""
        SELECT id AS subject_id FROM recordings
        WHERE {name}_id IS NULL AND {claimed_key(name)} = ANY(CAST(:said AS text[]))
        """  # `name` is one of two words in code, never a user's
    ).bindparams(said=values)
    request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)


def _ask_for_cases(session: Session, folded: set[str], case_ids: Sequence[UUID]) -> None:
    """Recordings whose claims name one of these cases (folded numbers), or that are linked to one."""
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
        folded=sorted(folded),
        others=[row.id for row in untold if case_number_fold(row.said) in folded],
        cases=case_ids,
    )
    request_jobs(session, JobKind.link, statement, priority=RELINK_PRIORITY)


RETRY_AFTER = timedelta(seconds=1)
