"""Which event a recording shows: scored, each term visible, decided alone only when clear. Pure.

Nothing here depends on the order in which facts became known: the same facts give the same decisions.
The terms are in service.finding.linking.terms.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
from service.finding.linking.terms import consider, cut_with, overlap

VERSION = "3"

CASE_LINK_SCORE = 0.9
OWN_FROM = 0.55
BEGAN_WITHIN = timedelta(minutes=5)
EDGE_SHARE, EDGE_BESIDE = 0.35, 1.5
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
    considered.sort(key=lambda one: (-one.score, -one.strength, one.event.start, str(one.event.id)))
    taken = [one for one in considered if one.event.id in confirmed]
    open_ones = [one for one in considered if one.event.id not in confirmed]
    automatic: list[Candidate] = []
    for one in open_ones:
        rivals = [other for other in open_ones if other is not one and _compete(one, other)]
        clear = all(one.strength - other.strength >= _margin(one, other, limits) for other in rivals)
        doubtful = _by_a_partner(one, rivals) or _at_the_edge(one, open_ones + taken, recording)
        sure = one.identity == "event" or (one.score >= limits.automatic_from and clear and not doubtful)
        if one.may_be_automatic and sure and not any(_compete(one, other) for other in taken):
            automatic.append(one)
    settled = taken + automatic
    offered = [
        one
        for one in open_ones
        if one not in automatic
        and (one.score >= limits.offer_from or one.identity == "event")
        and (
            one.identity == "event"
            or (
                one.identity == "unlisted" and one.part is not None
            )  # who it names cannot tell it from the other
            or not any(_compete(one, other) for other in settled)
        )
        and (one.part is not None or not settled or one.identity == "event")
    ]
    decisions = [_decision(one, LinkState.automatic) for one in automatic]
    decisions += [_decision(one, LinkState.offered) for one in offered[: limits.offers]]
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


def _margin(one: Candidate, other: Candidate, limits: Limits) -> float:
    """An event of its own officers needs less of a lead on one that others are named for; and one that it shows needs
    none on one that it lies beside."""
    shown = one.part is not None and not any(reason.code == "sliver" for reason in one.reasons)
    if shown and other.part is None and other.identity != "event":
        return 0.0
    only = one.part is None and _only(one) and not _only(other)
    named = only or (one.own and not other.own and bool(other.event.officers))
    return limits.clear_by / 2 if named else limits.clear_by


def _only(one: Candidate) -> bool:
    return any(reason.code == "only" for reason in one.reasons)


def _by_a_partner(one: Candidate, rivals: list[Candidate]) -> bool:
    """Who worked with the holder says little while there is an event of the holder's own."""
    return one.identity == "partner" and any(other.own and other.score >= OWN_FROM for other in rivals)


def _at_the_edge(one: Candidate, others: list[Candidate], recording: RecordingFacts) -> bool:
    """It lies in nothing of this event, or a small part of both does, while more of the recording lies in another event of its people: it was on before the
    arrival there, or after the departure."""
    length = recording.length
    beside = [other for other in others if other.event.id != one.event.id and other.part is not None]
    if one.part is None:
        return any(
            other.own or len(other.event.officers) < 2 for other in beside if other.identity != "squad"
        )
    began = recording.start is not None and abs(recording.start - one.event.start) <= BEGAN_WITHIN
    if one.event.open and not began and any(other.own and not other.event.open for other in beside):
        return True
    if length is None or _goes_over(one.part, recording):
        return False
    mine = one.part[1] - one.part[0]
    event = (one.event.end or one.part[1]) - one.event.start
    if mine >= EDGE_SHARE * length or mine >= EDGE_SHARE * event:
        return False
    return any(
        (other.own or other.identity == "unlisted")
        and other.part is not None
        and other.part[1] - other.part[0] >= EDGE_BESIDE * mine
        for other in beside
    )


def _goes_over(part: tuple[datetime, datetime], recording: RecordingFacts) -> bool:
    """Its recorder cut it from a filming that goes on where the part ends: it is no edge."""
    assert recording.start and recording.end, "a part is of what has a time"
    cut = cut_with(recording)
    before = any(piece.start < recording.start for piece in cut) and part[0] <= recording.start
    after = any(piece.start > recording.start for piece in cut) and part[1] >= recording.end
    return before or after


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
