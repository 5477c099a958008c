"""Which event a recording shows: scored, each term visible, decided alone only when clear. Pure.

Nothing here depends on the order in which facts became known: the same facts give the same decisions.
The terms are in service.finding.linking.terms (who, when, where).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from schemas.links import LinkState
from service.finding.linking.doubts import USUAL_CREW, compete, is_doubtful
from service.finding.linking.evidence import (
    Candidate,
    Decision,
    EventFacts,
    Limits,
    Reason,
    RecordingFacts,
    Source,
)
from service.finding.linking.terms import consider
from service.finding.linking.when import overlap

VERSION = "4"

CASE_LINK_SCORE = 0.9


def decide(
    recording: RecordingFacts,
    events: Iterable[EventFacts],
    limits: Limits,
    *,
    confirmed: frozenset[UUID] = frozenset(),
    rejected: frozenset[UUID] = frozenset(),
    settled_cases: frozenset[UUID] = frozenset(),
) -> list[Decision]:
    """The machine's links, best first; `confirmed` and `rejected` are what persons decided about events.

    One recording may serve several events: only events whose parts of the recording cover each other compete.
    A link is automatic above the threshold and clear of every competitor; the rest is offered, unless what
    it would show is already taken. A cancelled event is never linked. Events of other squads that nothing but words ties
    to it are offered beside these, and change nothing about them: what the own squad sees would tell of those.
    """
    by_id = {event.id: event for event in _closed([one for one in events if not one.cancelled], limits)}
    considered = [consider(recording, event, limits) for event in by_id.values() if event.id not in rejected]
    considered.sort(key=lambda one: (-one.score, -one.strength, one.event.start, str(one.event.id)))
    taken = [one for one in considered if one.event.id in confirmed]
    strangers = [one for one in considered if one.foreign and one.event.id not in confirmed]
    open_ones = [one for one in considered if not one.foreign and one.event.id not in confirmed]
    automatic: list[Candidate] = []
    for one in open_ones:
        if not one.may_be_automatic or any(compete(one, other) for other in taken):
            continue
        if one.identity == "event" or (
            one.score >= limits.automatic_from
            and _clear(one, open_ones, limits)
            and not is_doubtful(one, open_ones + taken, recording, limits)
        ):
            automatic.append(one)
    settled = taken + automatic
    offered = [
        one
        for one in open_ones
        if one not in automatic
        and (one.score >= limits.offer_from or one.identity == "event")
        and (
            one.identity == "event"
            or (one.identity == "unlisted" and one.there)  # who it names cannot tell it from the other
            or not any(compete(one, other) for other in settled)
        )
        and (one.there or not settled or one.identity == "event")
    ]
    beside = [
        one
        for one in strangers
        if one.identity == "event"
        or (
            one.identity
            and one.score >= limits.offer_from
            and not any(compete(one, other) for other in settled)
            and (one.part is not None or not settled)
        )
    ]
    decisions = [_decision(one, LinkState.automatic) for one in automatic]
    # There is room for few: what was declared or what it shows, before what it only lies beside.
    first = sorted(offered, key=lambda one: not (one.there or one.identity == "event"))[: limits.offers]
    shown = (first + beside)[: limits.offers]
    decisions += [_decision(one, LinkState.offered) for one in considered if one in shown]
    case_link = _case_decision(recording, settled, settled_cases)
    return decisions + ([case_link] if case_link else [])


@dataclass(frozen=True)
class Said:
    """What of a recording belongs to an event of which a person said that it is shown; `begun`: when the recording is
    taken to have begun for it. Both None where nothing is known of either its time or its length."""

    begun: datetime | None
    part: tuple[datetime, datetime] | None


def said(recording: RecordingFacts, events: Iterable[EventFacts], limits: Limits) -> dict[UUID, Said]:
    """For each event: what lies in it; and where nothing does, then as near to the recording's own time as can be."""
    found = {}
    for event in _closed([one for one in events if not one.cancelled], limits):
        part = overlap(recording, event.start, event.end or event.start)
        if part is not None:
            found[event.id] = Said(recording.start, part)
        else:
            found[event.id] = _taken(recording, event.start, event.end or event.start)
    return found


def _taken(recording: RecordingFacts, start: datetime, end: datetime) -> Said:
    if recording.length is None:
        return Said(recording.start, None)
    first, last = sorted((start, end - recording.length))
    begun = min(max(recording.start or first, first), last) if recording.start else start
    return Said(begun, (max(begun, start), min(begun + recording.length, end)))


def _closed(events: list[EventFacts], limits: Limits) -> list[EventFacts]:
    """An event without departure ends when one of its officers arrives at the next one, at the latest."""
    found = []
    for event in events:
        crew = {person.id for person in event.officers}
        later = [
            other.start
            for other in events
            if other.start > event.start and crew & {person.id for person in other.officers}
        ]
        until = min([event.start + limits.open_event, *later])
        found.append(event if event.end is not None else replace(event, end=until, open=True))
    return found


def _clear(one: Candidate, others: list[Candidate], limits: Limits) -> bool:
    """So far ahead of every competitor as it has to be."""
    return all(
        one.strength - _against(one, other) >= _margin(one, other, limits)
        for other in others
        if other is not one and compete(one, other)
    )


def _against(one: Candidate, other: Candidate) -> float:
    """How strong the other is. That a filming begins or ends with it stands in for people who were not written down,
    and so says nothing against an event of its own officers."""
    return other.strength - (other.weight("meets") if one.own and not other.own else 0.0)


def _margin(one: Candidate, other: Candidate, limits: Limits) -> float:
    """An event of its own officers needs less of a lead on one that others are named for; and one that it shows needs
    none on one that it lies beside."""
    shown = one.part is not None and not any(reason.code == "sliver" for reason in one.reasons)
    if shown and other.part is None and other.identity != "event":
        return 0.0
    only = one.part is None and _only(one) and not _only(other)
    named = only or (one.own and not other.own and bool(other.event.officers))
    named = named or (one.own and one.weight("crew") - other.weight("crew") >= USUAL_CREW)
    return limits.clear_by / 2 if named else limits.clear_by


def _only(one: Candidate) -> bool:
    return any(reason.code == "only" for reason in one.reasons)


def _decision(one: Candidate, state: LinkState) -> Decision:
    return Decision(state, one.score, one.reasons, event_id=one.event.id, part=one.part)


def _case_decision(
    recording: RecordingFacts, settled: list[Candidate], settled_cases: frozenset[UUID]
) -> Decision | None:
    """A declared case that none of the linked events belongs to is linked itself."""
    case = recording.declared_case
    if case is None or case in settled_cases or any(one.event.case_id == case for one in settled):
        return None
    params = {"case": recording.case_number, "source": recording.case_source.value}
    reasons = [Reason("case", params, CASE_LINK_SCORE)]
    if recording.case_foreign:
        reasons.append(Reason("case_other_squad", {}, -0.4))
        return Decision(LinkState.offered, CASE_LINK_SCORE - 0.4, tuple(reasons), case_id=case)
    if recording.case_source == Source.guess:
        return Decision(LinkState.offered, CASE_LINK_SCORE, tuple(reasons), case_id=case)
    return Decision(LinkState.automatic, CASE_LINK_SCORE, tuple(reasons), case_id=case)


__all__ = ["VERSION", "consider", "decide"]
