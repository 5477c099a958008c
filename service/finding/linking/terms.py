"""One recording against one event: what speaks for it and against it, each term with its weight. Pure.

The terms by what they ask stand in `who`, `when` and `where`. Identity and time together must pass the automatic
threshold; no identity alone and no time alone may.
"""

from datetime import datetime, timedelta

from service.finding.linking.evidence import Candidate, EventFacts, Limits, Reason, RecordingFacts, Source
from service.finding.linking.surroundings import Span
from service.finding.linking.when import gap_between, meets, overlap, overlap_reason, time_reasons
from service.finding.linking.where import place_reasons
from service.finding.linking.who import contradictions, identity_reasons, is_guess, was_there


def consider(recording: RecordingFacts, event: EventFacts, limits: Limits) -> Candidate:
    """Scores one pair. Every term stands in the reasons, and the score is their sum, held in 0…1."""
    ended = event.end or event.start + limits.open_event
    part = overlap(recording, event.start, ended)
    if recording.declared_event == event.id:
        return _declared(recording, event, ended, part, limits)
    reasons = identity_reasons(recording, event, part)
    identity = reasons[0].code if reasons else ""
    guessed = bool(reasons) and is_guess(reasons[0])
    reasons += contradictions(recording, event, identity, part)
    reasons += time_reasons(recording, event, ended, part, limits)
    reasons += meets(recording, event, ended, identity, limits)
    reasons += place_reasons(recording, event, part, limits)
    foreign = not was_there(recording, event)
    if foreign:
        reasons.append(Reason("other_squad"))
    strength = sum(reason.weight for reason in reasons)
    score = min(1.0, max(0.0, strength))
    return Candidate(
        event,
        round(score, 4),
        tuple(reasons),
        identity,
        part,
        guessed=guessed,
        strength=round(strength, 4),
        foreign=foreign,
    )


def _declared(
    recording: RecordingFacts, event: EventFacts, ended: datetime, part: Span | None, limits: Limits
) -> Candidate:
    """A declared event holds, unless the believed clock or another squad's event speaks against it."""
    against = []
    foreign = not was_there(recording, event)
    if foreign:
        against.append(Reason("event_other_squad", {}, -0.4))
    gap = gap_between(recording, event.start, ended)
    if gap is not None and gap - timedelta(seconds=recording.doubt_s) > limits.slack:
        against.append(Reason("event_time_apart", {"gap_s": round(gap.total_seconds())}, -0.4))
    guessed = recording.event_source == Source.guess
    shown = [Reason("event", {"source": Source.guess.value} if guessed else {}, 1.0), *against]
    if part is not None:
        shown.append(overlap_reason(recording, event.start, ended, part, 0.0))
    score = max(0.0, 1.0 + sum(reason.weight for reason in against))
    return Candidate(
        event,
        round(score, 4),
        tuple(shown),
        "event",
        part,
        impossible=bool(against),
        guessed=guessed,
        strength=score,
        foreign=foreign,
    )
