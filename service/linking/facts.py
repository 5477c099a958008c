"""Reads what the rules need to know about one recording: claims resolved, holders, partners, candidates."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.linking.evidence import EventFacts, Fix, Holding, Limits, Person, RecordingFacts, Source
from service.policy import policy
from service.search.rules import case_number_fold

# A recording whose time nobody knows was made at most this long before its bytes arrived.
UNKNOWN_BEFORE_ARRIVAL = timedelta(hours=24)
# A clock is never doubted by more than this when candidates are looked for, and a shift is no longer.
REACH = timedelta(hours=12)
SHIFT = timedelta(hours=6)
UNMEASURED_DOUBT_S = 3600.0
FAR_DOUBT_S = 600.0  # true by itself, but the bytes came suspiciously late


@dataclass(frozen=True)
class Claimed:
    """What the claims resolve to today; officers, recorders, events and cases may be imported later."""

    officer: Officer | None
    recorder: Recorder | None
    event: EnforcementEvent | None
    case: Case | None
    case_number: str
    case_source: Source
    case_foreign: bool


def limits(session: Session) -> Limits:
    return Limits(
        automatic_from=policy(session, "link_automatic_from"),
        clear_by=policy(session, "link_clear_by"),
        offer_from=policy(session, "link_offer_from"),
        offers=policy(session, "link_offers"),
        slack=timedelta(minutes=policy(session, "link_slack_minutes")),
        open_event=timedelta(minutes=policy(session, "link_open_event_minutes")),
        near_m=policy(session, "link_near_metres"),
        far_m=policy(session, "link_far_metres"),
    )


def claim(claims: dict[str, Any], name: str) -> tuple[str, Source] | None:
    """What was said under `name`: by the uploader, else in the sidecar, else in the file name."""
    for source in Source:
        held = claims if source == Source.declared else claims.get(source.value)
        value = held.get(name) if isinstance(held, dict) else None
        if isinstance(value, (str, int)) and str(value).strip():
            return str(value).strip(), source
    return None


def resolve(session: Session, recording: Recording) -> Claimed:
    officer = session.get(Officer, recording.officer_id) if recording.officer_id else None
    recorder = session.get(Recorder, recording.recorder_id) if recording.recorder_id else None
    if officer is None and (said := claim(recording.claims, "officer")):
        officer = session.scalars(select(Officer).where(Officer.certificate_no == said[0])).first()
    if recorder is None and (said := claim(recording.claims, "recorder")):
        recorder = session.scalars(select(Recorder).where(Recorder.serial == said[0])).first()
    event = None
    if said := claim(recording.claims, "event"):
        event = find_event(session, said[0])
    case, number, source, foreign = None, "", Source.declared, False
    if said := claim(recording.claims, "case"):
        number, source = said
        case = find_case(session, number)
        if case is not None:
            number = case.number
            foreign = case.squad_id != recording.squad_id and not _works_on(session, recording.squad_id, case)
    return Claimed(officer, recorder, event, case, number, source, foreign)


def find_event(session: Session, name: str) -> EnforcementEvent | None:
    """By its id or its external id."""
    found = [EnforcementEvent.external_id == name]
    if (known := as_id(name)) is not None:
        found.append(EnforcementEvent.id == known)
    return session.scalars(
        select(EnforcementEvent).where(or_(*found)).execution_options(populate_existing=True)
    ).first()


def find_case(session: Session, name: str) -> Case | None:
    """By its id or its number, however that is written."""
    if (known := as_id(name)) is not None:
        return session.get(Case, known)
    return session.scalars(select(Case).where(Case.number_folded == case_number_fold(name))).first()


def as_id(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _works_on(session: Session, squad_id: UUID, case: Case) -> bool:
    return (
        session.scalars(
            select(EnforcementEvent.id)
            .where(EnforcementEvent.case_id == case.id, EnforcementEvent.squad_id == squad_id)
            .limit(1)
        ).first()
        is not None
    )


def doubt_s(clock: dict[str, Any]) -> float:
    """How far the believed time may be off, in seconds (shape of `clock`: workers.media.clock.Clock).

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
        good = [datetime.fromisoformat(one["start"]) for one in judged if one.get("finding") == "ok"]
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


def span_of(recording: Recording) -> tuple[datetime, datetime] | None:
    if recording.recorded_from is None:
        return None
    return recording.recorded_from, recording.recorded_to or recording.recorded_from + timedelta(
        seconds=recording.duration_s or 0
    )


def window_of(recording: Recording, slack: timedelta) -> tuple[datetime, datetime]:
    """Where its events may lie."""
    span = span_of(recording)
    if span is None:
        return recording.received_at - UNKNOWN_BEFORE_ARRIVAL, recording.received_at
    reach = slack + timedelta(seconds=doubt_s(recording.clock))
    return span[0] - reach, span[1] + reach


HOLDINGS = text(
    """
    SELECT a.officer_id, o.certificate_no, a.held_from, a.held_to
    FROM assignments a JOIN officers o ON o.id = a.officer_id
    WHERE a.recorder_id = :recorder AND a.held_from < :until AND (a.held_to IS NULL OR a.held_to > :since)
    ORDER BY a.held_from, a.id
    """
)

# The interval join: the squad's events in the window, those of the officer, of a holder or of their partners in
# whatever squad, and what was declared or decided. A partner is whoever took part in another event of that shift
# with one of them.
CANDIDATES = text(
    """
    WITH people AS (
        SELECT unnest(CAST(:people AS uuid[])) AS officer_id
    ), partners AS (
        SELECT DISTINCT other.officer_id, shared.id AS event_id
        FROM people
        JOIN event_officers mine ON mine.officer_id = people.officer_id
        JOIN enforcement_events shared ON shared.id = mine.event_id
        JOIN event_officers other ON other.event_id = shared.id AND other.officer_id <> mine.officer_id
        WHERE shared.cancelled_at IS NULL
          AND shared.arrived_at BETWEEN CAST(:since AS timestamptz) - CAST(:shift AS interval)
                                    AND CAST(:until AS timestamptz) + CAST(:shift AS interval)
    ), near AS (
        SELECT e.id FROM enforcement_events e
        WHERE tstzrange(e.arrived_at, e.departed_at, '[]') && tstzrange(:since, :until, '[]')
          AND (e.departed_at IS NOT NULL OR e.arrived_at >= CAST(:since AS timestamptz) - CAST(:open AS interval))
          AND e.cancelled_at IS NULL
          AND ((e.squad_id = :squad AND :timed)
               OR EXISTS (SELECT 1 FROM event_officers x WHERE x.event_id = e.id
                          AND (x.officer_id IN (SELECT officer_id FROM people)
                               OR (:timed AND x.officer_id IN (SELECT officer_id FROM partners))))
               OR e.case_id = :case)
        ORDER BY (e.squad_id = :squad) DESC, abs(extract(epoch FROM e.arrived_at - :since)), e.id
        LIMIT 300
    )
    SELECT e.id, e.squad_id, e.arrived_at, e.departed_at, e.latitude, e.longitude, e.case_id,
           e.cancelled_at IS NOT NULL AS cancelled,
           coalesce((SELECT array_agg(o.id ORDER BY o.certificate_no) FROM event_officers x
                     JOIN officers o ON o.id = x.officer_id WHERE x.event_id = e.id), '{}') AS officers,
           coalesce((SELECT array_agg(o.certificate_no ORDER BY o.certificate_no) FROM event_officers x
                     JOIN officers o ON o.id = x.officer_id WHERE x.event_id = e.id), '{}') AS labels,
           coalesce((SELECT array_agg(DISTINCT p.officer_id) FROM partners p
                     JOIN event_officers x ON x.officer_id = p.officer_id
                     WHERE x.event_id = e.id AND p.event_id <> e.id), '{}') AS partners
    FROM enforcement_events e
    WHERE e.id IN (SELECT id FROM near) OR e.id = ANY(CAST(:named AS uuid[]))
    """
)


@dataclass(frozen=True)
class Gathered:
    recording: RecordingFacts
    events: tuple[EventFacts, ...]
    claimed: Claimed


def gather(session: Session, recording: Recording, rule: Limits, named: list[UUID]) -> Gathered:
    """`named`: events that persons decided about, candidates whatever their time."""
    claimed = resolve(session, recording)
    since, until = window_of(recording, rule.slack)
    holdings: list[Holding] = []
    if claimed.recorder is not None:
        rows = session.execute(HOLDINGS, {"recorder": claimed.recorder.id, "since": since, "until": until})
        holdings = [
            Holding(Person(row.officer_id, row.certificate_no), row.held_from, row.held_to) for row in rows
        ]
    people = {holding.officer.id for holding in holdings}
    if claimed.officer is not None:
        people.add(claimed.officer.id)
    found = session.execute(
        CANDIDATES,
        {
            "people": sorted(people),
            "since": since,
            "until": until,
            "shift": SHIFT,
            "open": rule.open_event,
            "timed": recording.recorded_from is not None,
            "squad": recording.squad_id,
            "case": claimed.case.id if claimed.case else None,
            "named": [*named, *([claimed.event.id] if claimed.event else [])],
        },
    ).all()
    span = span_of(recording)
    facts = RecordingFacts(
        id=recording.id,
        squad_id=recording.squad_id,
        start=span[0] if span else None,
        end=span[1] if span else None,
        doubt_s=doubt_s(recording.clock),
        declared_event=claimed.event.id if claimed.event else None,
        declared_case=claimed.case.id if claimed.case else None,
        case_source=claimed.case_source,
        case_number=claimed.case_number,
        case_foreign=claimed.case_foreign,
        officer=Person(claimed.officer.id, claimed.officer.certificate_no) if claimed.officer else None,
        recorder=claimed.recorder.serial if claimed.recorder else "",
        holdings=tuple(holdings),
        partners=frozenset(partner for row in found for partner in row.partners),
        track=track(recording),
    )
    events = tuple(
        EventFacts(
            id=row.id,
            squad_id=row.squad_id,
            start=row.arrived_at,
            end=row.departed_at,
            officers=tuple(
                Person(officer, label) for officer, label in zip(row.officers, row.labels, strict=True)
            ),
            latitude=row.latitude,
            longitude=row.longitude,
            case_id=row.case_id,
            cancelled=row.cancelled,
        )
        for row in found
    )
    return Gathered(facts, events, claimed)
