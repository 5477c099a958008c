"""Recordings whose clock was hours off or not, as two measurements have it: what else is known says which it was."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlmodel import Session

from schemas.events import EnforcementEvent
from schemas.jobs import JobKind
from schemas.links import Link, LinkState
from schemas.people import Officer
from schemas.recordings import Recording, RecordingState, there_by
from service.finding.linking.card_files import points
from service.finding.linking.evidence import EventFacts, Person
from service.finding.linking.facts import EVENTS, HOLDINGS, event_facts, holdings_of, limits, merged
from service.finding.linking.numbers import number_of
from service.finding.linking.recognise import held_in_order
from service.finding.linking.stories import CARDS, DUTY, KEPT_ABOUT, Answer, Chosen, Shot, choose
from service.finding.linking.surroundings import Surroundings
from service.kernel.changes import changed
from service.kernel.jobs import request_job, request_jobs
from service.kernel.round_trip import together
from service.registry.clocks.correcting import move, read_clock, timeline_of

BUSY = timedelta(seconds=1)
REACH = 2 * CARDS + timedelta(
    days=1
)  # from one arrival of a day to all that speak for those that speak with it
CLEARED_PRIORITY = 5
_THERE_BY = func.least(Recording.received_at, Recording.first_received_at)


def unclear(session: Session, recording_ids: Iterable[UUID]) -> list[UUID]:
    """Those of them that measurements leave more than one time."""
    wanted = select(Recording.id).where(Recording.id.in_(list(recording_ids)), *_OPEN)
    return list(session.scalars(wanted))


_OPEN = (
    Recording.clock.has_key("answers"),
    ~Recording.clock.has_key("corrected"),
    Recording.recorder_id.is_not(None),
    Recording.merged_into.is_(None),
    Recording.state != RecordingState.refused,
)


def clear_clocks(session: Session, recording_ids: Sequence[UUID]) -> None:
    """Of these recordings, and of those beside them that ask the same. In a transaction of its own before links are
    kept; takes what it holds in the order of workers.lease: clocks, jobs, recordings."""
    asked = session.execute(
        select(Recording.id, Recording.recorder_id, _THERE_BY)
        .where(Recording.id.in_(list(recording_ids)), *_OPEN)
        .order_by(Recording.recorder_id)
    ).all()
    arrivals: dict[UUID, list[datetime]] = defaultdict(list)
    for one, recorder_id, there in asked:
        if recorder_id in arrivals or read_clock(session, recorder_id):
            arrivals[recorder_id].append(there)
        else:
            request_job(session, JobKind.link, one, delay=BUSY)
    for recorder_id, times in arrivals.items():
        _clear(session, recorder_id, times, set(recording_ids))


def _clear(session: Session, recorder_id: UUID, arrivals: list[datetime], linked_next: set[UUID]) -> None:
    beside = session.scalars(
        select(Recording)
        .where(
            Recording.recorder_id == recorder_id,
            or_(*(_THERE_BY.between(one - REACH, one + REACH) for one in _days(arrivals))),
            *_OPEN,
        )
        .order_by(Recording.id)
        .execution_options(populate_existing=True)
    ).all()
    found = _chosen(session, recorder_id, beside)
    news = {
        one.id: settled
        for one in beside
        if any(abs(there_by(one) - arrival) <= CARDS for arrival in arrivals)
        and (settled := _settled(found.get(one.id))) != one.clock.get("settled")
    }
    if not news:
        return
    others = sorted(set(news) - linked_next)
    if others:
        wanted = select(Recording.id.label("subject_id")).where(Recording.id.in_(others))
        request_jobs(session, JobKind.link, wanted, priority=CLEARED_PRIORITY)
    line = timeline_of(session, recorder_id)
    locked = held_in_order(session, news)
    for one in locked:
        clock = one.clock.copy()
        settled = news[one.id]
        if settled is None:
            clock.pop("settled", None)
        else:
            clock["settled"] = settled
        one.clock = clock
        move(session, one, line)
    changed(
        session,
        Recording,
        [one.id for one in locked],
        {"claimed_from", "recorded_from", "recorded_to", "clock"},
    )


def _days(arrivals: Iterable[datetime]) -> list[datetime]:
    """One of each day, to say few spans of many arrivals."""
    return list({one.date(): one for one in arrivals}.values())


def _settled(chosen: Chosen | None) -> Any:
    return {"offset_s": chosen.answer.offset_s} if chosen is not None and chosen.clear else None


def _chosen(session: Session, recorder_id: UUID, recordings: Sequence[Recording]) -> dict[UUID, Chosen]:
    shots = [shot for one in recordings if (shot := _shot(one)) is not None]
    if not shots:
        return {}
    rule = limits(session)
    spans = [(answer.start, answer.start + shot.length) for shot in shots for answer in shot.answers]
    starts, ends = merged(spans, DUTY)
    since, until = merged(spans, KEPT_ABOUT)
    people = {one.id: one.officer_id for one in recordings if one.officer_id}
    who = {"recorders": [recorder_id], "serials": [], "held_since": since, "held_until": until}
    everyone = {
        **who,
        "officers": sorted(set(people.values())),
        "numbers": [],
        "starts": starts,
        "ends": ends,
        "open": rule.open_event,
        "squads": sorted({one.squad_id for one in recordings}),
        "cases": [],
        "folded": [],
        "named": [],
    }
    holdings, events = together(session, (HOLDINGS, who), (EVENTS, everyone))
    names = _names(session, people)
    files = {one.id: one.file_name for one in recordings}
    said = _said(session, [shot.id for shot in shots])
    known = Surroundings(rule, map(event_facts, events), holdings_of(holdings), {})
    return choose(
        [
            Shot(
                shot.id,
                shot.recorder_id,
                shot.squad_id,
                shot.there_by,
                shot.length,
                shot.answers,
                names.get(shot.id),
                shot.track,
                said.get(shot.id, ()),
                number_of(files[shot.id], names[shot.id].label if shot.id in names else ""),
            )
            for shot in shots
        ],
        known,
    )


def _shot(recording: Recording) -> Shot | None:
    claimed = recording.claimed_from
    answers = recording.clock.get("answers") or []
    if claimed is None or len(answers) < 2:
        return None
    return Shot(
        id=recording.id,
        recorder_id=recording.recorder_id,
        squad_id=recording.squad_id,
        there_by=there_by(recording),
        length=timedelta(seconds=recording.duration_s or 0.0),
        answers=tuple(
            Answer(
                one["offset_s"],
                claimed - timedelta(seconds=one["offset_s"]),
                came_late=one.get("came_late", False),
            )
            for one in answers
        ),
        track=points(recording.track, recording.latitude, recording.longitude),
    )


def _names(session: Session, people: dict[UUID, UUID]) -> dict[UUID, Person]:
    rows = session.execute(
        select(Officer.id, Officer.certificate_no).where(Officer.id.in_(set(people.values())))
    )
    known = {one: Person(one, number) for one, number in rows}
    return {recording: known[officer] for recording, officer in people.items() if officer in known}


def _said(session: Session, recording_ids: Sequence[UUID]) -> dict[UUID, tuple[EventFacts, ...]]:
    found: dict[UUID, list[EventFacts]] = defaultdict(list)
    rows = session.execute(
        select(Link.recording_id, EnforcementEvent)
        .join(EnforcementEvent, EnforcementEvent.id == Link.event_id)
        .where(
            Link.recording_id.in_(recording_ids),
            Link.state == LinkState.confirmed,
            EnforcementEvent.cancelled_at.is_(None),
        )
    )
    for recording_id, event in rows:
        facts = EventFacts(event.id, event.squad_id, event.arrived_at, event.departed_at)
        found[recording_id].append(facts)
    return {one: tuple(events) for one, events in found.items()}
