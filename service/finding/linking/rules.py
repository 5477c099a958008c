"""Which event a recording shows: scored, each term visible, decided alone only when clear. Pure.

Nothing here depends on the order in which facts became known: the same facts give the same decisions.
The terms are in service.finding.linking.terms.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from schemas.links import LinkState
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

VERSION = "2"

CASE_LINK_SCORE = 0.9
COMPETING_SHARE = 0.5  # two events compete for a recording when their parts cover each other this much


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
    it would show is already taken. A cancelled event is never linked.
    """
    by_id = {event.id: event for event in _closed([one for one in events if not one.cancelled], limits)}
    considered = [consider(recording, event, limits) for event in by_id.values() if event.id not in rejected]
    considered.sort(key=lambda one: (-one.score, one.event.start, str(one.event.id)))
    taken = [one for one in considered if one.event.id in confirmed]
    open_ones = [one for one in considered if one.event.id not in confirmed]
    automatic: list[Candidate] = []
    for one in open_ones:
        rivals = [other for other in open_ones if other is not one and _compete(one, other)]
        clear = all(one.score - other.score >= limits.clear_by for other in rivals)
        sure = one.identity == "event" or (one.score >= limits.automatic_from and clear)
        if one.may_be_automatic and sure and not any(_compete(one, other) for other in taken):
            automatic.append(one)
    settled = taken + automatic
    offered = [
        one
        for one in open_ones
        if one not in automatic
        and (one.score >= limits.offer_from or one.identity == "event")
        and (one.identity == "event" or not any(_compete(one, other) for other in settled))
        and (one.part is not None or not settled or one.identity == "event")
    ]
    decisions = [_decision(one, LinkState.automatic) for one in automatic]
    decisions += [_decision(one, LinkState.offered) for one in offered[: limits.offers]]
    case_link = _case_decision(recording, settled, settled_cases)
    return decisions + ([case_link] if case_link else [])


def parts(
    recording: RecordingFacts, events: Iterable[EventFacts], limits: Limits
) -> dict[UUID, tuple[datetime, datetime] | None]:
    """What of the recording lies in each event."""
    return {
        event.id: consider(recording, event, limits).part
        for event in _closed([one for one in events if not one.cancelled], limits)
    }


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
        found.append(event if event.end is not None else replace(event, end=until))
    return found


def _compete(one: Candidate, other: Candidate) -> bool:
    """Two events compete when the same stretch of the recording would have to show both. Events of one case,
    filmed by one of their own officers, may share it; without a part, every event competes."""
    if one.part is None or other.part is None:
        return True
    same_case = one.event.case_id is not None and one.event.case_id == other.event.case_id
    if same_case and one.own and other.own:
        return False
    common = min(one.part[1], other.part[1]) - max(one.part[0], other.part[0])
    shorter = min(one.part[1] - one.part[0], other.part[1] - other.part[0])
    if not shorter:
        return common >= timedelta()
    return common / shorter >= COMPETING_SHARE


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
