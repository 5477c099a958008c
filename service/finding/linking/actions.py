"""What changes links: the machine's rules, and persons, whose word stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import case as by_case
from sqlalchemy import delete, select
from sqlmodel import Session

from schemas.base import believable
from schemas.cases import Case
from schemas.claims import PutRight
from schemas.events import EnforcementEvent, EventCreate
from schemas.jobs import Job, JobKind
from schemas.links import COUNTED, Link, LinkState
from schemas.people import Officer, Squad
from schemas.recordings import Recording
from service.access.actions import require
from service.access.queries import get_case, get_event, get_recording, visible_cases, visible_links
from service.finding.linking import acts, rules
from service.finding.linking.claims import claim, find_event
from service.finding.linking.errors import EventCancelled, NothingToUndo, NoTime, PartUnclear
from service.finding.linking.evidence import Reason
from service.finding.linking.facts import LIMITS, gather, limits, limits_of, span_of
from service.finding.linking.relink import LINK_JOBS, RETRY_AFTER
from service.finding.linking.writing import (
    keep_links,
    keep_many,
    links_of,
    lock_if_free,
    lock_recording_links,
)
from service.kernel.actor import Actor
from service.kernel.changes import changed, settle
from service.kernel.clock import now
from service.kernel.custody import Act, record
from service.kernel.errors import Invalid, NotFound, first_fault
from service.kernel.jobs import raise_priority, request_job
from service.kernel.policy import policy
from service.kernel.round_trip import together
from service.registry.events.actions import create_event
from service.registry.events.policy import DEFAULT_KIND
from service.registry.people.queries import known_officers

# What a person declared in place of an earlier claim; undo puts the earlier one back.
PUT_RIGHT: Final = "event_put_right"
CASE_PRIORITY = 1
HURRIED = (JobKind.walk, JobKind.looks, JobKind.renditions)  # in the order of locks
PART_SLACK_S = 1.0  # a player's last second may lie behind the measured end


def link_recording(session: Session, recording_id: UUID) -> list[Link]:
    """The `link` job: the machine's links of this recording, made to agree with what is known now.

    Runs again a moment later when the field was changing meanwhile. Idempotent. What a link to a case means for
    the encode is the stage's to say: the encode's job row comes before this job's in the order of locks.
    """
    (field,), stored = together(session, lock_if_free(recording_id), LIMITS)
    if not field.free:
        request_job(session, JobKind.link, recording_id, delay=RETRY_AFTER)
        lock_recording_links(session, recording_id)
    return keep_links(session, recording_id, limits_of(stored))


def confirm(session: Session, actor: Actor, link_id: UUID) -> Link:
    return _decide(session, actor, link_id, LinkState.confirmed)


def reject(session: Session, actor: Actor, link_id: UUID) -> Link:
    return _decide(session, actor, link_id, LinkState.rejected)


def undo(session: Session, actor: Actor, link_id: UUID) -> Link | None:
    """Takes a person's decision back: the link is what it was before, and the machine may decide again.

    None when nothing is left of it (the link was made by the person, or the rules no longer see it).
    """
    link, recording = _held(session, actor, link_id)
    if link.decided_by is None:
        raise NothingToUndo
    undone = str(link.state)
    event_id, case_id = link.event_id, link.case_id
    put_right = recording.claims.get(PUT_RIGHT) or {}
    with _counted(session, recording.id):
        if str(event_id) == put_right.get("event") or str(link_id) in put_right.get("rejected", []):
            _take_back(session, recording)
        else:
            _release(session, link)
        _note(session, actor, recording, acts.UNDO, event_id, case_id, undone=undone)
        links = keep_many(session, [recording.id], actor).links[recording.id]
    return next((one for one in links if (one.event_id, one.case_id) == (event_id, case_id)), None)


def declare_event(session: Session, actor: Actor, recording_id: UUID, event_id: UUID | None) -> list[Link]:
    """A person puts a wrong event right. None: the recording shows none of the events it is linked to."""
    require(actor, "link")
    recording = get_recording(session, actor, recording_id)
    event = get_event(session, actor, event_id) if event_id else None
    while event is not None and event.merged_into is not None:
        event = get_event(session, actor, event.merged_into)
    if event is not None and event.cancelled_at is not None:
        raise EventCancelled
    _take_turn(session, recording)
    with _counted(session, recording.id):
        _settle(session, actor, recording, event)
        links = keep_many(session, [recording.id], actor).links[recording.id]
        _hurry(session, recording, links)
    return links


def create_event_from_recording(
    session: Session, actor: Actor, recording_id: UUID, wanted: EventCreate
) -> tuple[EnforcementEvent, list[Link]]:
    """An event made from a recording in one action, with a confirmed link between them.

    Left-out parts come from the recording: the span, the squad, the officer and the place.
    """
    require(actor, "edit_events")
    require(actor, "link")
    recording = get_recording(session, actor, recording_id)
    if wanted.case:
        _first(session, recording)
    event = create_event(session, actor, wanted)
    settle(session, through=LINK_JOBS)  # before the links of the recording are held
    _take_turn(session, recording)
    with _counted(session, recording.id):
        _settle(session, actor, recording, event, made=True)
        links = keep_many(session, [recording.id], actor).links[recording.id]
    return event, links


def event_from_recording(session: Session, actor: Actor, recording_id: UUID, **known: object) -> EventCreate:
    """What an event made from this recording would be; `known` replaces single fields."""
    recording = get_recording(session, actor, recording_id)
    span = span_of(recording)
    if span is not None and not all(map(believable, span)):
        span = None
    if span is None and known.get("arrived_at") is None:
        raise NoTime
    gathered = gather(session, recording, limits(session), [])
    people = [gathered.recording.officer, *(held.officer for held in gathered.recording.holdings)]
    named = known_officers(actor).where(Officer.id.in_({one.id for one in people if one}))
    known_ids = set(session.scalars(named.with_only_columns(Officer.id)))
    officers = list(dict.fromkeys(one.label for one in people if one and one.id in known_ids))
    # Another squad's case stays unknown, even to those who guessed its number.
    claimed = gathered.claimed.case
    case = claimed and session.scalars(visible_cases(actor).where(Case.id == claimed.id)).first()
    values: dict[str, object] = {
        "title": recording.note[:500] or recording.file_name,
        "kind": policy(session, DEFAULT_KIND),
        "arrived_at": span[0] if span else None,
        "departed_at": span[1] if span else None,
        "squad": session.get_one(Squad, recording.squad_id).code,
        "officers": officers,
        "latitude": recording.latitude,
        "longitude": recording.longitude,
        "case": case.number if case else None,
    }
    try:
        return EventCreate.model_validate(values | {k: v for k, v in known.items() if v is not None})
    except ValidationError as error:
        where, problem = first_fault(error.errors())
        raise Invalid(field=".".join(where), problem=problem) from error


def set_part(
    session: Session, actor: Actor, link_id: UUID, start_s: float | None, end_s: float | None
) -> Link:
    """Which part of the recording belongs, in seconds into it; None and None: again what lies in the event. Whoever
    says which part belongs says that it belongs: the link is confirmed by it."""
    link, recording = _held(session, actor, link_id)
    if (start_s is None) != (end_s is None):
        raise PartUnclear
    length = length_s(recording)
    if start_s is not None and end_s is not None:
        if not 0 <= start_s < end_s or (length is not None and end_s > length + PART_SLACK_S):
            raise PartUnclear
        end_s = min(end_s, length) if length is not None else end_s
    before = [link.part_start_s, link.part_end_s]
    if before == [start_s, end_s] and link.state == LinkState.confirmed and link.decided_by is not None:
        return link
    with _counted(session, recording.id):
        if link.state != LinkState.confirmed or link.decided_by is None:
            _mark(session, actor, recording, link, LinkState.confirmed)
        link.part_start_s, link.part_end_s = start_s, end_s
        session.add(link)
        _note(
            session,
            actor,
            recording,
            acts.SET_PART,
            link.event_id,
            link.case_id,
            part_before=before,
            part=[start_s, end_s],
        )
        _hurry(session, recording, keep_many(session, [recording.id], actor).links[recording.id])
    return link


def length_s(recording: Recording) -> float | None:
    """As measured, else as the times say it."""
    if recording.duration_s is not None:
        return recording.duration_s
    span = span_of(recording)
    return (span[1] - span[0]).total_seconds() if span else None


# ---- one decision ----------------------------------------------------------------------------------


def _held(session: Session, actor: Actor, link_id: UUID) -> tuple[Link, Recording]:
    require(actor, "link")
    found = session.scalars(visible_links(actor).where(Link.id == link_id)).first()
    if found is None:
        raise _unseen(session, actor, link_id)
    recording = get_recording(session, actor, found.recording_id)
    _take_turn(session, recording)
    link = session.scalars(
        select(Link).where(Link.id == link_id).execution_options(populate_existing=True)
    ).first()
    if link is None:
        raise NotFound
    return link, recording


def _take_turn(session: Session, recording: Recording) -> None:
    """In the order of workers.lease: the jobs that a decision may move forward; the recording's links, for which its
    link job waits with that job's row held; the recording. No other job's row is taken after this."""
    if recording.original_id is not None:
        before = by_case({kind: place for place, kind in enumerate(HURRIED)}, value=Job.kind)
        hurried = select(Job.id).where(Job.kind.in_(HURRIED), Job.subject_id == recording.original_id)
        session.execute(hurried.order_by(before).with_for_update())
    if "answers" in recording.clock:
        request_job(session, JobKind.link, recording.id)  # what a person says settles which time it has
    lock_recording_links(session, recording.id)
    session.refresh(recording, with_for_update={"key_share": True})


def _unseen(session: Session, actor: Actor, link_id: UUID) -> NotFound:
    """Of a link that is another's, custody keeps which end the caller may not see."""
    link = session.get(Link, link_id)
    if link is not None:
        get_recording(session, actor, link.recording_id)
        if link.event_id is not None:
            get_event(session, actor, link.event_id)
        elif link.case_id is not None:
            get_case(session, actor, link.case_id)
    return NotFound()


def _decide(session: Session, actor: Actor, link_id: UUID, state: LinkState) -> Link:
    link, recording = _held(session, actor, link_id)
    if link.decided_by is not None and link.state == state:
        return link
    with _counted(session, recording.id):
        _mark(session, actor, recording, link, state)
        _hurry(session, recording, keep_many(session, [recording.id], actor).links[recording.id])
    return link


@contextmanager
def _counted(session: Session, recording_id: UUID) -> Iterator[None]:
    """What a person decides about a recording's links is found and counted: of the events before and after."""
    before = _events_of(session, recording_id)
    yield
    session.flush()
    changed(session, EnforcementEvent, before | _events_of(session, recording_id), {"links"})
    changed(session, Recording, [recording_id], {"links"})


def _events_of(session: Session, recording_id: UUID) -> set[UUID]:
    events = select(Link.event_id).where(Link.recording_id == recording_id, Link.event_id.is_not(None))
    return set(session.scalars(events))


def _hurry(session: Session, recording: Recording, links: list[Link]) -> None:
    """Footage linked to a case is looked at and encoded first."""
    events = [link.event_id for link in links if link.event_id and link.state in COUNTED]
    of_case = (
        any(link.case_id and link.state in COUNTED for link in links)
        or session.scalars(
            select(EnforcementEvent.id)
            .where(EnforcementEvent.id.in_(events), EnforcementEvent.case_id.is_not(None))
            .limit(1)
        ).first()
    )
    if of_case:
        _first(session, recording)


def _first(session: Session, recording: Recording) -> None:
    if recording.original_id is None:
        return
    for kind in HURRIED:
        raise_priority(session, kind, recording.original_id, CASE_PRIORITY)


def _mark(session: Session, actor: Actor, recording: Recording, link: Link, state: LinkState) -> None:
    """A second decision replaces the first one, and undo still returns to what the machine had said."""
    before = link.state
    if link.decided_by is None:
        link.previous_state = link.state
    link.state, link.decided_by, link.decided_at = state, actor.account_id, now()
    session.add(link)
    _note(
        session,
        actor,
        recording,
        acts.CONFIRM if state == LinkState.confirmed else acts.REJECT,
        link.event_id,
        link.case_id,
        before=str(before),
    )


def _settle(
    session: Session,
    actor: Actor,
    recording: Recording,
    event: EnforcementEvent | None,
    *,
    made: bool = False,
) -> None:
    """The declared event becomes a confirmed link. What had been claimed before is rejected; the rest is left
    to the rules, which drop whatever competes with a confirmed link."""
    _take_back(session, recording)
    if event is None:  # without the claim, what would be linked?
        links = keep_many(session, [recording.id], actor).links[recording.id]
    else:
        links = links_of(session, recording.id)
    claimed = claim(recording.claims, "event")
    before = recording.claims.get("event")
    wrong = find_event(session, claimed[0]) if claimed else None
    rejected = []
    for link in links:
        if link.event_id is None or link.state == LinkState.rejected:
            continue
        if event is None or (wrong is not None and link.event_id == wrong.id != event.id):
            _mark(session, actor, recording, link, LinkState.rejected)
            rejected.append(str(link.id))
    put_right: PutRight = {
        "event": str(event.id) if event else None,
        "before": before,
        "rejected": rejected,
    }
    claims = recording.claims.copy()
    claims[PUT_RIGHT] = put_right
    if event is not None:
        claims["event"] = str(event.id)
    else:
        claims.pop("event", None)
    recording.claims = claims
    session.add(recording)
    _note(
        session,
        actor,
        recording,
        acts.DECLARE_EVENT,
        event.id if event else None,
        None,
        before=claimed[0] if claimed else None,
    )
    if event is None:
        return
    mine = next((link for link in links if link.event_id == event.id), None)
    if mine is None:
        mine = _fresh(session, recording, event, made)
        mine.decided_by, mine.decided_at = actor.account_id, now()
        session.add(mine)
        _note(session, actor, recording, acts.CONFIRM, event.id, None, before=None)
    elif mine.decided_by is None or mine.state != LinkState.confirmed:
        _mark(session, actor, recording, mine, LinkState.confirmed)


def _take_back(session: Session, recording: Recording) -> None:
    """Undoes what an earlier `declare_event` did: its claim, its rejections, the link that it made."""
    put_right = recording.claims.get(PUT_RIGHT)
    if put_right is None:
        return
    claims = recording.claims.copy()
    claims.pop(PUT_RIGHT)
    claims.pop("event", None)
    if (before := put_right.get("before")) is not None:
        claims["event"] = before
    recording.claims = claims
    session.add(recording)
    for link in links_of(session, recording.id):
        declared = link.event_id is not None and str(link.event_id) == put_right.get("event")
        swept = str(link.id) in put_right.get("rejected", []) and link.state == LinkState.rejected
        if (declared and link.state == LinkState.confirmed) or swept:
            _release(session, link)
    session.flush()


def _release(session: Session, link: Link) -> None:
    if link.previous_state is None:
        session.execute(delete(Link).where(Link.id == link.id))
        session.expunge(link)
        return
    link.state = LinkState(link.previous_state)
    link.previous_state = link.decided_by = link.decided_at = None
    link.part_start_s = link.part_end_s = link.taken_from = None
    session.add(link)


def _fresh(session: Session, recording: Recording, event: EnforcementEvent, made: bool) -> Link:
    rule = limits(session)
    gathered = gather(session, recording, rule, [event.id])
    facts = next(one for one in gathered.events if one.id == event.id)
    considered = rules.consider(gathered.recording, facts, rule)
    reasons = [Reason("made_from" if made else "person", {}, 1.0)]
    reasons += [reason for reason in considered.reasons if reason.code != "event"]
    return Link(
        recording_id=recording.id,
        event_id=event.id,
        state=LinkState.confirmed,
        score=1.0,
        reasons=[reason.stored() for reason in reasons],
        part_from=considered.part[0] if considered.part else None,
        part_to=considered.part[1] if considered.part else None,
        rule_version=rules.VERSION,
    )


def _note(
    session: Session,
    actor: Actor,
    recording: Recording,
    act: Act,
    event_id: UUID | None,
    case_id: UUID | None,
    **detail: object,
) -> None:
    record(
        session,
        actor,
        act,
        "recording",
        recording.id,
        squad_id=recording.squad_id,
        event=str(event_id) if event_id else None,
        case=str(case_id) if case_id else None,
        **detail,
    )
