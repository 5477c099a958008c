"""What keeps a link from being made alone, however high it scores: something else that the same filming shows. Pure."""

from datetime import datetime, timedelta

from service.finding.linking.evidence import Candidate, Limits, RecordingFacts, Source
from service.finding.linking.when import cut_with
from service.finding.linking.who import is_held

Span = tuple[datetime, datetime]

COMPETING_SHARE = 0.5  # two events compete for a recording when their parts cover each other this much
OWN_FROM = 0.55
USUAL_CREW = 0.07  # by more than this it is among those with whom its officer worked all the shift, and the other is not
BEGAN_WITHIN = timedelta(minutes=5)
EDGE_SHARE, EDGE_BESIDE = 0.35, 1.5
LEFT = 0.5
NOTED = timedelta(minutes=1)  # times are written down to the minute, and no truer


def is_doubtful(one: Candidate, others: list[Candidate], recording: RecordingFacts, limits: Limits) -> bool:
    """`others`: all that it may show, itself among them."""
    others = [other for other in others if other.event.id != one.event.id]
    return (
        _by_a_partner(one, others)
        or _by_somebody_else(one, others)
        or _by_nobody(one, others, recording)
        or _among_strangers(one, others)
        or _at_the_edge(one, others, recording)
        or _begun_for_the_next(one, others, recording)
        or _on_the_way(one, recording, limits)
    )


def compete(one: Candidate, other: Candidate) -> bool:
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


def shows(one: Candidate) -> timedelta:
    return one.part[1] - one.part[0] if one.part else timedelta()


# ---- who ---------------------------------------------------------------------------------------------


def _by_a_partner(one: Candidate, others: list[Candidate]) -> bool:
    """Who worked with the holder says little where the file shows more of an event of the holder's own, or may; unless
    it lies beside that and begins or ends with this one."""
    met = one.weight("meets") > 0
    return one.identity == "partner" and any(
        other.own
        and other.score >= OWN_FROM
        and ((compete(one, other) and not (met and other.part is None)) or shows(other) > shows(one))
        for other in others
    )


def _by_somebody_else(one: Candidate, others: list[Candidate]) -> bool:
    """Whom the file names was at this event, and who held its recorder at another one, of which it shows the same or no
    less: one of the two is wrong."""
    return one.weight("holder_elsewhere") < 0 and any(
        other.weight("holder") > 0
        and shows(other) > timedelta()
        and (compete(one, other) or shows(other) >= shows(one))
        for other in others
    )


def _by_nobody(one: Candidate, others: list[Candidate], recording: RecordingFacts) -> bool:
    """The event names nobody: it is theirs who filmed it only if they are known, and the file shows nothing else that
    they did just then."""
    if one.identity != "unlisted":
        return False
    named = recording.officer is not None and recording.officer_source != Source.guess
    beside = bool(recording.named_beside) and recording.recorder_source != Source.guess
    known = named or is_held(recording) or beside
    return not known or any(
        other.own and compete(one, other) and shows(other) > timedelta() for other in others
    )


def _among_strangers(one: Candidate, others: list[Candidate]) -> bool:
    """Its officer came along with another crew, as it is written down, and the file shows what the own crew did."""
    return len(one.event.officers) > 1 and any(
        other.own and shows(other) > timedelta() and other.weight("crew") - one.weight("crew") >= USUAL_CREW
        for other in others
    )


# ---- when --------------------------------------------------------------------------------------------


def _at_the_edge(one: Candidate, others: list[Candidate], recording: RecordingFacts) -> bool:
    """It lies in nothing of this event, or a small part of both does, while more of the recording lies in another event
    of its people: it was on before the arrival there, or after the departure."""
    beside = [other for other in others if shows(other) > timedelta()]
    if one.part is None:
        return any(
            other.own or len(other.event.officers) < 2 for other in beside if other.identity != "squad"
        )
    began = recording.start is not None and recording.start - one.event.start <= BEGAN_WITHIN
    if one.event.open and not began and any(other.own and not other.event.open for other in beside):
        return True
    length = recording.length
    if length is None or _goes_over(one.part, recording):
        return False
    mine, event = shows(one), (one.event.end or one.part[1]) - one.event.start
    if mine >= EDGE_SHARE * length or mine >= EDGE_SHARE * event:
        return False
    return any(_of_its_people(other) and shows(other) >= EDGE_BESIDE * mine for other in beside)


def _begun_for_the_next(one: Candidate, others: list[Candidate], recording: RecordingFacts) -> bool:
    """The filming began while this event was under way, goes on past its end, and shows what followed. Either less than
    half of this event was left, which had been filmed by itself; or little of both."""
    start, end = one.event.start, one.event.end
    if one.part is None or end is None or (filming := _filming(recording)) is None:
        return False
    if filming[0] - start <= NOTED or filming[1] <= end:
        return False
    mine, event = _common(filming, (start, end)), end - start
    later = [
        _common(filming, (other.event.start, other.event.end or filming[1]))
        for other in others
        if _of_its_people(other) and other.event.start > start
    ]
    if mine < LEFT * event and any(later) and _filmed_before(start, end, filming, recording):
        return True
    little = mine < EDGE_SHARE * event and mine < EDGE_SHARE * (filming[1] - filming[0])
    return little and any(seen >= EDGE_BESIDE * mine for seen in later)


def _filmed_before(start: datetime, end: datetime, filming: Span, recording: RecordingFacts) -> bool:
    """By another filming of its recorder, that had ended."""
    return any(
        until <= filming[0] and _common((since, until), (start, end)) >= NOTED
        for since, until in recording.others
    )


def _on_the_way(one: Candidate, recording: RecordingFacts, limits: Limits) -> bool:
    """Its recorder cut it from a filming that shows more than this event, and it lies in it by no more than what its
    written times may be off: it may as well be of the way there, or from there."""
    filming = _filming(recording)
    if filming is None or not cut_with(recording):
        return False
    inside = recording.within(*one.part) if one.part else timedelta()
    event = (one.event.end or one.event.start) - one.event.start
    return inside < NOTED and filming[1] - filming[0] > event + limits.slack


def _filming(recording: RecordingFacts) -> Span | None:
    """From first to last, of all that its recorder cut it from."""
    if recording.start is None or recording.end is None:
        return None
    cut = cut_with(recording)
    since = min([recording.start, *(piece.start for piece in cut)])
    return since, max([recording.end, *(piece.end for piece in cut)])


def _common(one: Span, other: Span) -> timedelta:
    return max(timedelta(), min(one[1], other[1]) - max(one[0], other[0]))


def _of_its_people(one: Candidate) -> bool:
    return one.own or one.identity == "unlisted"


def _goes_over(part: Span, recording: RecordingFacts) -> bool:
    """Its recorder cut it from a filming that goes on where the part ends: it is no edge."""
    assert recording.start and recording.end, "a part is of what has a time"
    cut = cut_with(recording)
    before = any(piece.start < recording.start for piece in cut) and part[0] <= recording.start
    after = any(piece.start > recording.start for piece in cut) and part[1] >= recording.end
    return before or after
