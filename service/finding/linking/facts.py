"""Reads what the rules need to know about some recordings, in a fixed number of queries however many they are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from schemas.accounts import Role
from schemas.cases import Case
from schemas.recording_clock import RecordingClock
from schemas.recordings import Recording, there_by
from service.access.queries import visible_cases
from service.finding.linking import policy
from service.finding.linking.card_files import card_file, cards_asked
from service.finding.linking.cards import CardFile, asked, at_a_loss
from service.finding.linking.claims import Claimed, Claims, Named, find_cases, find_events
from service.finding.linking.evidence import EventFacts, Fix, Holding, Limits, Person, Piece, RecordingFacts
from service.finding.linking.surroundings import (
    ONE_CARD,
    PIECE_REACH,
    RUN_REACH,
    SHIFT,
    UNKNOWN_BEFORE_ARRIVAL,
    Surroundings,
    window_of,
)
from service.footage.stretches import STRETCHES, in_real_time, seconds
from service.kernel.actor import Actor
from service.kernel.round_trip import Asked, together

Span = tuple[datetime, datetime]

# A clock is never doubted by more than this when candidates are looked for.
REACH = timedelta(hours=12)
UNMEASURED_DOUBT_S = 3600.0
FAR_DOUBT_S = 600.0  # true by itself, but the bytes came suspiciously late
# Spans closer to each other than this are read as one.
CLOSE = timedelta(hours=6)


LIMITS: Asked = (
    text("SELECT name, value FROM policy_values WHERE name = ANY(CAST(:names AS text[]))"),
    {"names": [rule.name for rule in policy.RULES]},
)


def limits(session: Session) -> Limits:
    return limits_of(together(session, LIMITS)[0])


def limits_of(rows: Iterable[Any]) -> Limits:
    """`rows`: of `LIMITS`."""
    stored = {row.name: row.value for row in rows}
    return Limits(
        automatic_from=policy.AUTOMATIC_FROM.among(stored),
        clear_by=policy.CLEAR_BY.among(stored),
        offer_from=policy.OFFER_FROM.among(stored),
        offers=policy.OFFERS.among(stored),
        slack=timedelta(minutes=policy.SLACK.among(stored)),
        open_event=timedelta(minutes=policy.OPEN_EVENT.among(stored)),
        near_m=policy.NEAR.among(stored),
        far_m=policy.FAR.among(stored),
        pause=timedelta(seconds=policy.PAUSE.among(stored)),
    )


def clock_doubt_s(recording: Recording) -> float:
    """How far the recording's time may be off: as measured, else as the claims themselves say."""
    if recording.clock_doubt_s is not None:
        return max(0.0, min(recording.clock_doubt_s, REACH.total_seconds()))
    return doubt_s(recording.clock)


def doubt_s(clock: RecordingClock) -> float:
    """How far the believed time may be off, in seconds.

    Claims that were passed over cast no doubt; good claims that disagree do, by how much they differ.
    """
    known = clock.get("doubt_s")
    if isinstance(known, (int, float)):
        return max(0.0, min(float(known), REACH.total_seconds()))
    judged, chosen = clock.get("judged"), clock.get("chosen")
    if not isinstance(judged, list) or not isinstance(chosen, int) or chosen >= len(judged):
        return UNMEASURED_DOUBT_S if clock.get("doubts") else 0.0
    believed = judged[chosen]
    if "claims_disagree" in clock.get("doubts", []):
        starts = [one.get("start") for one in judged if one.get("finding") == "ok"]
        good = [datetime.fromisoformat(start) for start in starts if start]
        apart = max(good) - min(good) if good else timedelta(seconds=UNMEASURED_DOUBT_S)
        return min(apart, REACH).total_seconds()
    return 0.0 if believed.get("finding") == "ok" else FAR_DOUBT_S


def track(recording: Recording) -> tuple[Fix, ...]:
    """[lat, lon, seconds] rows, else the one point. Thinned to 200 points: places are 100 m, not 1 m, wide."""
    rows = [row for row in recording.track or [] if isinstance(row, (list, tuple)) and len(row) >= 2]
    step = max(1, len(rows) // 200)
    fixes = []
    for row in rows[::step]:
        at = None
        if len(row) > 2 and row[2] is not None and recording.recorded_from is not None:
            at = recording.recorded_from + timedelta(seconds=float(row[2]))
        fixes.append(Fix(float(row[0]), float(row[1]), at))
    if not fixes and recording.latitude is not None and recording.longitude is not None:
        fixes.append(Fix(recording.latitude, recording.longitude))
    return tuple(fixes)


def known_there(recording: Recording) -> datetime | None:
    """None of an archive that does not say since when it has it: that it comes now says nothing of when it was filmed."""
    return None if recording.archived and recording.first_received_at is None else there_by(recording)


def span_of(recording: Recording) -> tuple[datetime, datetime] | None:
    if recording.recorded_from is None:
        return None
    return recording.recorded_from, recording.recorded_to or recording.recorded_from + timedelta(
        seconds=recording.duration_s or 0
    )


@dataclass(frozen=True)
class Gathered:
    recording: RecordingFacts
    events: tuple[EventFacts, ...]
    claimed: Claimed


def gather(session: Session, recording: Recording, rule: Limits, named: Iterable[UUID]) -> Gathered:
    return gather_all(session, [recording], rule, {recording.id: named})[recording.id]


def gather_all(
    session: Session,
    recordings: Sequence[Recording],
    rule: Limits,
    named: Mapping[UUID, Iterable[UUID]],
) -> dict[UUID, Gathered]:
    """`named`: events that persons decided about, candidates whatever their time. One round trip, unless a claim
    names an event, or a file beside these another case than they do."""
    claims = Claims(recordings)
    declared = find_events(session, claims.words("event"))
    spans = {one.id: _window(one, rule) for one in recordings}
    around = merged(spans.values(), SHIFT)
    holding = merged(spans.values(), timedelta())
    wanted = {event_id for one in recordings for event_id in named.get(one.id, ())} | set(declared.values())
    who = {name: claims.known[name] for name in ("officers", "numbers", "recorders", "serials")}
    held = {**who, "held_since": holding[0], "held_until": holding[1]}
    sought = {
        **held,
        "starts": around[0],
        "ends": around[1],
        "open": rule.open_event,
        "squads": sorted({one.squad_id for one in recordings if one.recorded_from is not None}),
        "cases": claims.known["cases"],
        "folded": claims.known["folded"],
        "named": sorted(wanted),
    }
    beside = [place for one in recordings if (place := piece_span(one)) is not None]
    names, measured, holdings, pieces, events = together(
        session,
        claims.asked,
        (MEASURED, {"ids": [one.id for one in recordings]}),
        (HOLDINGS, {name: held[name] for name in ("recorders", "serials", "held_since", "held_until")}),
        (PIECES, _near(claims.known["recorders"], claims.known["serials"], beside)),
        (EVENTS, sought),
    )
    claimed = claims.resolved(names, declared)
    stretches = {row.id: row.stretches for row in measured}
    facts = [_own_facts(one, claimed[one.id], stretches.get(one.id)) for one in recordings]
    known = Surroundings(
        rule,
        map(event_facts, events),
        holdings_of(holdings),
        _pieces(session, pieces, claims.found_cases(names)),
    )
    found = {}
    for one in facts:
        recording, candidates = known.around(one, named.get(one.id, ()))
        found[one.id] = Gathered(recording, candidates, claimed[one.id])
    found = _with_duties(session, found)
    lost = [one for one in found.values() if at_a_loss(one.recording, one.events, rule)]
    return found | _by_their_cards(session, lost, rule, named) if lost else found


def _with_duties(session: Session, found: dict[UUID, Gathered]) -> dict[UUID, Gathered]:
    """Of those few that name another squad's officer, who took part in another squad's event: when the roster has him
    on duty for theirs."""
    lent: dict[UUID, Gathered] = {}
    for key, one in found.items():
        mine, who = one.recording, one.recording.officer
        elsewhere = (event for event in one.events if event.squad_id != mine.squad_id)
        if who and not mine.officer_ours and any(who in event.officers for event in elsewhere):
            lent[key] = one
    if not lent:
        return found
    asked = {
        (one.recording.officer.id, one.recording.squad_id) for one in lent.values() if one.recording.officer
    }
    duties: dict[tuple[UUID, UUID], list[Span]] = defaultdict(list)
    for row in session.execute(
        DUTIES, {"officers": [who for who, _ in asked], "squads": [squad for _, squad in asked]}
    ):
        duties[row.officer_id, row.squad_id].append((row.starts_at, row.ends_at))
    for key, one in lent.items():
        mine, who = one.recording, one.recording.officer
        spans = tuple(sorted(duties.get((who.id, mine.squad_id), ()))) if who else ()
        found[key] = replace(one, recording=replace(mine, lent=spans))
    return found


DUTIES = text(
    """
    SELECT r.officer_id, r.squad_id, r.starts_at, r.ends_at
    FROM unnest(CAST(:officers AS uuid[]), CAST(:squads AS uuid[])) AS t (officer_id, squad_id)
    JOIN rosters r ON r.officer_id = t.officer_id AND r.squad_id = t.squad_id
    """
)


def _by_their_cards(
    session: Session, lost: Sequence[Gathered], rule: Limits, named: Mapping[UUID, Iterable[UUID]]
) -> dict[UUID, Gathered]:
    """Two more round trips, for those few that nothing fits: the files that came with them, and what their people did
    about all the times at which these may have been filmed."""
    recordings = [one.recording for one in lost]
    (rows,) = together(session, cards_asked(recordings))
    cards: dict[UUID, list[CardFile]] = defaultdict(list)
    for row in rows:
        if row.shown is not None:
            cards[row.lost].append(card_file(row))
    files = {one.id: one for card in cards.values() for one in card}.values()
    spans = [
        (one.shown - HOURS_ABOUT, one.shown + one.length + HOURS_ABOUT) for one in files if one.timed
    ] + [(one.there_by - UNKNOWN_BEFORE_ARRIVAL, one.there_by + ONE_CARD) for one in files]
    starts, ends = merged(spans, timedelta())
    who = {
        "recorders": sorted({one.recorder_id for one in recordings if one.recorder_id}),
        "serials": [],
        "held_since": starts,
        "held_until": ends,
    }
    people = {one.officer.id for one in files if one.officer}
    sought = {
        **who,
        "officers": sorted(people | {one.officer.id for one in recordings if one.officer}),
        "numbers": [],
        "starts": [start - SHIFT for start in starts],
        "ends": [end + SHIFT for end in ends],
        "open": rule.open_event,
        "squads": sorted({one.squad_id for one in recordings if one.start is not None}),
        "cases": [],
        "folded": [],
        "named": sorted({event for one in recordings for event in named.get(one.id, ())}),
    }
    holdings, events = together(session, (HOLDINGS, who), (EVENTS, sought))
    known = Surroundings(rule, map(event_facts, events), holdings_of(holdings), {})
    found = {}
    for one in lost:
        mine = one.recording
        recording, candidates = asked(mine, one.events, cards[mine.id], known, named.get(mine.id, ()))
        found[mine.id] = Gathered(recording, candidates, one.claimed)
    return found


HOURS_ABOUT = timedelta(hours=17)  # a clock eight hours off, and what is looked at about that time


def _own_facts(
    recording: Recording, claimed: Claimed, stretches: Sequence[Sequence[float]] | None
) -> RecordingFacts:
    span = span_of(recording)
    return RecordingFacts(
        id=recording.id,
        squad_id=recording.squad_id,
        there_by=known_there(recording),
        start=span[0] if span else None,
        end=span[1] if span else None,
        doubt_s=clock_doubt_s(recording),
        length_s=recording.duration_s,
        declared_event=claimed.event_id,
        event_source=claimed.event_source,
        declared_case=claimed.case.id if claimed.case else None,
        case_source=claimed.case_source,
        case_number=claimed.case_number,
        case_foreign=claimed.case_foreign,
        officer=claimed.officer,
        officer_source=claimed.officer_source,
        officer_ours=claimed.officer_squad == recording.squad_id,
        recorder_ours=claimed.recorder is not None and claimed.recorder.squad_id == recording.squad_id,
        recorder_id=claimed.recorder.id if claimed.recorder else None,
        recorder=claimed.recorder.label if claimed.recorder else "",
        recorder_source=claimed.recorder_source,
        track=track(recording),
        stretches=None if stretches is None else seconds(stretches),
    )


def merged(
    spans: Iterable[tuple[datetime, datetime]], reach: timedelta
) -> tuple[list[datetime], list[datetime]]:
    """Starts and ends of few spans that hold all of these, each widened by `reach`."""
    starts: list[datetime] = []
    ends: list[datetime] = []
    for start, end in sorted(spans):
        if ends and start - reach <= ends[-1] + CLOSE:
            ends[-1] = max(ends[-1], end + reach)
        else:
            starts.append(start - reach)
            ends.append(end + reach)
    return starts, ends


def _window(recording: Recording, rule: Limits) -> Span:
    span = span_of(recording)
    return window_of(span, clock_doubt_s(recording), known_there(recording), rule)


# Links ask what it shows, whether or not that counts as recorded.
MEASURED = text(
    f"""
    SELECT r.id, {STRETCHES} AS stretches FROM recordings r JOIN originals o ON o.id = r.original_id
    WHERE r.id = ANY(CAST(:ids AS uuid[]))
    """
)
# Whose they are is asked by id or by what is claimed; the wider reach of another recording is no harm.
HOLDINGS = text(
    """
    SELECT DISTINCT a.id, a.recorder_id, a.officer_id, o.certificate_no, o.squad_id, a.held_from, a.held_to
    FROM unnest(CAST(:held_since AS timestamptz[]), CAST(:held_until AS timestamptz[])) AS t (since, until)
    CROSS JOIN (
        SELECT id FROM recorders WHERE id = ANY(CAST(:recorders AS uuid[]))
           OR (folded = ANY(CAST(:serials AS text[])) AND double_of IS NULL)
    ) AS d
    JOIN assignments a ON a.recorder_id = d.id AND tstzrange(a.held_from, a.held_to) && tstzrange(t.since, t.until)
    JOIN officers o ON o.id = a.officer_id
    """
)


def holdings_of(rows: Iterable[Any]) -> dict[UUID, list[Holding]]:
    found: dict[UUID, list[Holding]] = defaultdict(list)
    for row in rows:
        holder = Person(row.officer_id, row.certificate_no)
        found[row.recorder_id].append(Holding(holder, row.held_from, row.held_to, row.squad_id))
    return found


PIECES = text(
    """
    SELECT r.id, r.squad_id, r.recorder_id, r.officer_id, p.certificate_no, r.recorded_from,
           coalesce(r.recorded_to, r.recorded_from + make_interval(secs => coalesce(r.duration_s, 0))) AS until,
           r.latitude, r.longitude, CASE WHEN jsonb_array_length(o.stretches) > 1 AND NOT r.sample THEN o.stretches END
               AS stretches,
           coalesce(nullif(trim(r.claims ->> 'case'), ''), nullif(trim(r.claims -> 'sidecar' ->> 'case'), ''),
                    CASE WHEN r.claims -> 'file_name' -> 'guessed' IS NULL
                         THEN nullif(trim(r.claims -> 'file_name' ->> 'case'), '') END) AS said_case
    FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])) AS t (since, until)
    CROSS JOIN (
        SELECT id FROM recorders WHERE id = ANY(CAST(:recorders AS uuid[]))
           OR (folded = ANY(CAST(:serials AS text[])) AND double_of IS NULL)
    ) AS d
    JOIN recordings r ON r.recorder_id = d.id AND r.recorded_from BETWEEN t.since AND t.until
    LEFT JOIN officers p ON p.id = r.officer_id LEFT JOIN originals o ON o.id = r.original_id
    WHERE r.merged_into IS NULL AND r.state <> 'refused'
    """
)


def piece_span(recording: Recording) -> Span | None:
    """Where the recorder's files begin that may be of the same act."""
    span = span_of(recording)
    return (span[0] - PIECE_REACH, span[1] + RUN_REACH) if span else None


def _near(recorders: Sequence[UUID], serials: Sequence[str], spans: Iterable[Span]) -> dict[str, Any]:
    starts, ends = merged(spans, timedelta())
    return {"recorders": recorders, "serials": serials, "starts": starts, "ends": ends}


def _pieces(session: Session, rows: Sequence[Any], cases: Mapping[str, Named]) -> dict[UUID, list[Piece]]:
    """`cases`: those that are known already, by what was said. One counts only where the file's own squad sees it: a
    number of another squad is said as easily as one that nobody has."""
    found: dict[UUID, list[Piece]] = defaultdict(list)
    others = {row.said_case for row in rows if row.said_case} - set(cases)
    known = {**cases, **find_cases(session, others)}
    elsewhere: dict[UUID, set[UUID]] = defaultdict(set)
    for row in rows:
        if (case := known.get(row.said_case)) is not None and case.squad_id != row.squad_id:
            elsewhere[row.squad_id].add(case.id)
    unseen = {
        (squad_id, case_id)
        for squad_id, said in elsewhere.items()
        for case_id in said - _seen_by(session, squad_id, said)
    }
    for row in rows:
        case = known.get(row.said_case)
        if case is not None and (row.squad_id, case.id) in unseen:
            case = None
        at = (
            (Fix(row.latitude, row.longitude),)
            if row.latitude is not None and row.longitude is not None
            else ()
        )
        officer = Person(row.officer_id, row.certificate_no) if row.officer_id else None
        begun = row.recorded_from
        found[row.recorder_id] += [
            Piece(row.id, since, until, officer, case.id if case else None, at, begun)
            for since, until in in_real_time(row.stretches, begun, begun, row.until)
        ]
    return found


def _seen_by(session: Session, squad_id: UUID, cases: Iterable[UUID]) -> set[UUID]:
    a_member = Actor(account_id=squad_id, username="linking", role=Role.member, squad_id=squad_id)
    seen = visible_cases(a_member).with_only_columns(Case.id).where(Case.id.in_(cases))
    return set(session.scalars(seen))


def files_near(recorders: Iterable[UUID], spans: Iterable[Span]) -> Asked:
    """The files of these recorders that begin in these spans."""
    return PIECES, _near(sorted(recorders), [], spans)


# The interval join: the squads' events in the spans, those of officers, of holders or of their partners in whatever
# squad, those of the cases, and what was declared or decided. A partner is whoever took part in another event of that
# shift with one of them. Two ways to the events in a span: those that ended, by their span, and the few that did not.
EVENTS = text(
    """
    WITH spans AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])) AS t (since, until)
    ), people AS MATERIALIZED (
        SELECT coalesce(array_agg(one.id), '{}') AS ids FROM (
            SELECT id FROM officers
            WHERE id = ANY(CAST(:officers AS uuid[]))
               OR (folded = ANY(CAST(:numbers AS text[])) AND double_of IS NULL)
            UNION
            SELECT a.officer_id
            FROM unnest(CAST(:held_since AS timestamptz[]), CAST(:held_until AS timestamptz[])) AS t (since, until)
            CROSS JOIN (
                SELECT id FROM recorders
                WHERE id = ANY(CAST(:recorders AS uuid[]))
           OR (folded = ANY(CAST(:serials AS text[])) AND double_of IS NULL)
            ) AS d
            JOIN assignments a
              ON a.recorder_id = d.id AND tstzrange(a.held_from, a.held_to) && tstzrange(t.since, t.until)
        ) AS one
    ), of_cases AS MATERIALIZED (
        SELECT coalesce(array_agg(id), '{}') AS ids FROM cases
        WHERE id = ANY(CAST(:cases AS uuid[])) OR number_folded = ANY(CAST(:folded AS text[]))
    ), near AS MATERIALIZED (
        SELECT e.id, e.squad_id, e.case_id
        FROM spans JOIN enforcement_events e
          ON tstzrange(e.arrived_at, e.departed_at, '[]') && tstzrange(spans.since, spans.until, '[]')
        WHERE e.departed_at IS NOT NULL AND e.cancelled_at IS NULL AND e.merged_into IS NULL
        UNION ALL
        SELECT e.id, e.squad_id, e.case_id
        FROM spans JOIN enforcement_events e
          ON e.arrived_at BETWEEN spans.since - CAST(:open AS interval) AND spans.until
        WHERE e.departed_at IS NULL AND e.cancelled_at IS NULL AND e.merged_into IS NULL
    ), crews AS MATERIALIZED (
        SELECT near.id, near.squad_id, near.case_id,
               coalesce(array_agg(x.officer_id) FILTER (WHERE x.officer_id IS NOT NULL), '{}') AS crew
        FROM near LEFT JOIN event_officers x ON x.event_id = near.id
        GROUP BY near.id, near.squad_id, near.case_id
    ), partners AS MATERIALIZED (
        SELECT coalesce(array_agg(DISTINCT one), '{}') AS ids
        FROM crews, unnest(crews.crew) AS one WHERE crews.crew && (SELECT ids FROM people)
    ), wanted AS MATERIALIZED (
        SELECT crews.id FROM crews
        WHERE crews.squad_id = ANY(CAST(:squads AS uuid[])) OR crews.case_id = ANY((SELECT ids FROM of_cases)::uuid[])
           OR crews.crew && (SELECT ids FROM partners) OR crews.crew && (SELECT ids FROM people)
        UNION SELECT unnest(CAST(:named AS uuid[]))
    ), members AS MATERIALIZED (
        SELECT x.event_id, array_agg(o.id ORDER BY o.certificate_no) AS officers,
               array_agg(o.certificate_no ORDER BY o.certificate_no) AS labels
        FROM wanted JOIN event_officers x ON x.event_id = wanted.id JOIN officers o ON o.id = x.officer_id
        GROUP BY x.event_id
    )
    SELECT e.id, e.squad_id, e.arrived_at, e.departed_at, e.latitude, e.longitude, e.case_id,
           e.cancelled_at IS NOT NULL OR e.merged_into IS NOT NULL AS cancelled,
           coalesce(members.officers, '{}') AS officers, coalesce(members.labels, '{}') AS labels
    FROM wanted JOIN enforcement_events e ON e.id = wanted.id LEFT JOIN members ON members.event_id = e.id
    """
)


def event_facts(row: Any) -> EventFacts:
    return EventFacts(
        id=row.id,
        squad_id=row.squad_id,
        start=row.arrived_at,
        end=row.departed_at,
        officers=tuple(map(Person, row.officers, row.labels)),
        latitude=row.latitude,
        longitude=row.longitude,
        case_id=row.case_id,
        cancelled=row.cancelled,
    )
