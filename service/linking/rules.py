"""Which event a recording shows: scored, each term visible, decided alone only when clear. Pure.

Nothing here depends on the order in which facts became known: the same facts give the same decisions.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from schemas.links import LinkState
from service.linking.evidence import (
    Candidate,
    Decision,
    EventFacts,
    Holding,
    Limits,
    Reason,
    RecordingFacts,
    Source,
)
from service.search.rules import distance_m

VERSION = "1"

# How much each kind of evidence can add. Identity and time together must pass the automatic threshold,
# no identity alone and no time alone may.
IDENTITY = {"case": 0.56, "officer": 0.52, "holder": 0.48, "partner": 0.30, "squad": 0.14}
CASE_SOURCES = {Source.declared: 1.0, Source.sidecar: 1.0, Source.file_name: 0.9}
AGREEMENT = 0.05  # a second identity that says the same
OVERLAP = (0.10, 0.24)  # for any overlap at all; and for its share
ENDS = 0.05
PLACE = (0.15, -0.25)  # at the site; far from it
CASE_LINK_SCORE = 0.9
DOUBT_HALVES_AT = timedelta(minutes=10)  # a clock that may be this far off makes the time count half
OWN = frozenset({"event", "case", "officer", "holder"})
COMPETING_SHARE = 0.5  # two events compete for a recording when their parts cover each other this much


# ---- one recording against one event ---------------------------------------------------------------


def consider(recording: RecordingFacts, event: EventFacts, limits: Limits) -> Candidate:
    """Scores one pair. Every term stands in the reasons, and the score is their sum, held in 0…1."""
    ended = event.end or event.start + limits.open_event
    part = _overlap(recording, event.start, ended)
    if recording.declared_event == event.id:
        return _declared(recording, event, ended, part, limits)
    reasons = _identity(recording, event, ended)
    identity = reasons[0].code if reasons else ""
    reasons += _time(recording, event, ended, part, limits)
    reasons += _place(recording, event, part, limits)
    score = min(1.0, max(0.0, sum(reason.weight for reason in reasons)))
    return Candidate(event, round(score, 4), tuple(reasons), identity, part)


def _declared(
    recording: RecordingFacts,
    event: EventFacts,
    ended: datetime,
    part: tuple[datetime, datetime] | None,
    limits: Limits,
) -> Candidate:
    """A declared event holds, unless the believed clock or another squad's event speaks against it."""
    against = []
    at_work = {person.id for person in event.officers}
    ours = {holding.officer.id for holding in recording.holdings}
    if recording.officer:
        ours.add(recording.officer.id)
    if event.squad_id != recording.squad_id and not at_work & ours:
        against.append(Reason("event_other_squad", {}, -0.4))
    gap = _gap(recording, event.start, ended)
    if gap is not None and gap - timedelta(seconds=recording.doubt_s) > limits.slack:
        against.append(Reason("event_time_apart", {"gap_s": round(gap.total_seconds())}, -0.4))
    shown = [Reason("event", {}, 1.0), *against]
    if part is not None:
        shown.append(_overlap_reason(recording, event.start, ended, part, 0.0))
    score = max(0.0, 1.0 + sum(reason.weight for reason in against))
    return Candidate(event, round(score, 4), tuple(shown), "event", part, impossible=bool(against))


def _identity(recording: RecordingFacts, event: EventFacts, ended: datetime) -> list[Reason]:
    """The strongest first at its full weight; what else agrees adds a little."""
    found: list[Reason] = []
    if recording.declared_case is not None and recording.declared_case == event.case_id:
        weight = IDENTITY["case"] * CASE_SOURCES[recording.case_source]
        params = {"case": recording.case_number, "source": recording.case_source.value}
        found.append(Reason("case", params, weight))
    at_work = {person.id: person for person in event.officers}
    if recording.officer and recording.officer.id in at_work:
        found.append(Reason("officer", {"officer": recording.officer.label}, IDENTITY["officer"]))
    holding = _best_holding(recording, event, ended)
    if holding is not None:
        held, share = holding
        params = {
            "officer": held.officer.label,
            "recorder": recording.recorder,
            "from": held.start.isoformat(),
            "to": held.end.isoformat() if held.end else None,
        }
        found.append(Reason("holder", params, IDENTITY["holder"] * (0.5 + 0.5 * share)))
    if not found:
        partners = sorted(person.label for person in event.officers if person.id in recording.partners)
        if partners:
            found.append(Reason("partner", {"officer": partners[0]}, IDENTITY["partner"]))
    if not found and recording.squad_id == event.squad_id:
        found.append(Reason("squad", {}, IDENTITY["squad"]))
    found.sort(key=lambda reason: -reason.weight)
    return [
        reason if index == 0 else Reason(reason.code, reason.params, AGREEMENT)
        for index, reason in enumerate(found)
    ]


def _best_holding(
    recording: RecordingFacts, event: EventFacts, ended: datetime
) -> tuple[Holding, float] | None:
    """The holder among the event's officers who held the recorder longest of what was filmed there."""
    at_work = {person.id for person in event.officers}
    best: tuple[Holding, float] | None = None
    for held in sorted(recording.holdings, key=lambda held: (held.start, held.officer.label)):
        if held.officer.id not in at_work:
            continue
        share = 1.0
        part = _overlap(recording, event.start, ended)
        if part is not None:
            until = min(held.end or part[1], part[1])
            covered = (until - max(held.start, part[0])).total_seconds()
            whole = (part[1] - part[0]).total_seconds()
            share = min(1.0, max(0.0, covered / whole)) if whole else 1.0
        if best is None or share > best[1]:
            best = held, share
    return best


def _time(
    recording: RecordingFacts,
    event: EventFacts,
    ended: datetime,
    part: tuple[datetime, datetime] | None,
    limits: Limits,
) -> list[Reason]:
    if recording.start is None or recording.end is None:
        return [Reason("time_unknown")]
    trust = DOUBT_HALVES_AT / (DOUBT_HALVES_AT + timedelta(seconds=recording.doubt_s))
    start_apart = abs(recording.start - event.start)
    end_apart = abs(recording.end - ended)
    closeness = 1.0 - min(1.0, min(start_apart, end_apart) / limits.slack) if limits.slack else 0.0
    reasons = []
    if part is not None:
        share = _share(recording, event.start, ended, part)
        weight = (OVERLAP[0] + OVERLAP[1] * (1 - (1 - share) ** 2)) * trust
        reasons.append(_overlap_reason(recording, event.start, ended, part, weight))
    else:
        gap = _gap(recording, event.start, ended) or timedelta()
        nearness = max(0.0, 1.0 - gap / limits.slack) if limits.slack else 0.0
        params = {"gap_s": round(gap.total_seconds()), "before": recording.end <= event.start}
        reasons.append(Reason("gap", params, OVERLAP[0] * nearness * trust))
    if closeness:
        params = {
            "start_s": round((recording.start - event.start).total_seconds()),
            "end_s": round((recording.end - ended).total_seconds()),
        }
        reasons.append(Reason("ends", params, ENDS * closeness * trust))
    if recording.doubt_s >= 60:
        reasons.append(Reason("clock_doubt", {"doubt_s": round(recording.doubt_s)}))
    return reasons


def _share(
    recording: RecordingFacts, start: datetime, end: datetime, part: tuple[datetime, datetime]
) -> float:
    """Of the shorter of the two: a long recording may show a short event whole, and the other way round."""
    length = part[1] - part[0]
    shorter = min(recording.end - recording.start, end - start)  # type: ignore[operator]
    return min(1.0, length / shorter) if shorter else 1.0


def _overlap_reason(
    recording: RecordingFacts,
    start: datetime,
    end: datetime,
    part: tuple[datetime, datetime],
    weight: float,
) -> Reason:
    params = {
        "overlap_s": round((part[1] - part[0]).total_seconds()),
        "recording_s": round((recording.end - recording.start).total_seconds()),  # type: ignore[operator]
        "event_s": round((end - start).total_seconds()),
    }
    return Reason("overlap", params, weight)


def _overlap(recording: RecordingFacts, start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    """None unless they share time. An event or a recording of no length counts where it lies inside."""
    if recording.start is None or recording.end is None:
        return None
    since, until = max(recording.start, start), min(recording.end, end)
    if since < until:
        return since, until
    instant = recording.start == recording.end or start == end
    return (since, until) if instant and since == until else None


def _gap(recording: RecordingFacts, start: datetime, end: datetime) -> timedelta | None:
    """How far apart they lie; zero when they touch; None when the recording's time is not known."""
    if recording.start is None or recording.end is None:
        return None
    return max(timedelta(), start - recording.end, recording.start - end)


def _place(
    recording: RecordingFacts,
    event: EventFacts,
    part: tuple[datetime, datetime] | None,
    limits: Limits,
) -> list[Reason]:
    """Within the radius that both positions deserve it speaks for the event, beyond `far_m` against it."""
    if event.latitude is None or event.longitude is None or not recording.track:
        return []
    there = [
        fix for fix in recording.track if part is None or fix.at is None or part[0] <= fix.at <= part[1]
    ] or recording.track
    metres = min(distance_m(fix.latitude, fix.longitude, event.latitude, event.longitude) for fix in there)
    near, far = PLACE
    if metres <= limits.near_m:
        weight = near
    elif metres >= limits.far_m:
        weight = far
    else:
        weight = near + (far - near) * (metres - limits.near_m) / (limits.far_m - limits.near_m)
    return [Reason("place", {"distance_m": round(metres), "radius_m": round(limits.near_m)}, weight)]


# ---- one recording against all of them -------------------------------------------------------------


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
    if same_case and {one.identity, other.identity} <= OWN:
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
    return Decision(LinkState.automatic, CASE_LINK_SCORE, tuple(reasons), case_id=case)
