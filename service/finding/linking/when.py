"""When it was filmed, against when the event was: terms of time. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from service.finding.linking.evidence import EventFacts, Limits, Piece, Reason, RecordingFacts
from service.finding.linking.surroundings import Span, joined, run_of
from service.finding.linking.who import is_usual_partner
from service.kernel.intervals import clip

OVERLAP = (0.10, 0.20)  # for any overlap at all; and for its share of the shorter of the two
BOTH = 0.06  # for its share of the longer one
CUT = timedelta(seconds=10)  # between files that the recorder cut, not a finger
ONLY, ONLY_WITHIN, ONLY_FROM_S = 0.15, timedelta(minutes=6), 60.0
ONLY_LONG = timedelta(minutes=11)  # it may go on so long outside
CONTINUES, CONTINUES_WITHIN_S = 0.10, 60.0  # lies just outside, and goes on with a file that lies inside
ENDS = 0.05
MEETS, MEETS_WITHIN, HALF = 0.12, timedelta(minutes=2), 0.5
TAIL = timedelta(minutes=1)  # switched on once more when the act was over
FILMED = -0.15  # an event that it lies beside has its own film
SLIVER = -0.25  # a small part of either
SLIVER_SHARE, SLIVER_S = 0.5, 300.0
SHIFTED = 0.12  # it would fit if the clock were off by what it may be off
SHIFTED_FROM_S = 1800.0
PRESUMED = 0.30  # its whole card would
CARD = 0.20  # the other files of its card lie beside other events, if it shows this one
DOUBT_HALVES_S = 600.0  # a clock that may be this far off makes the time count half
DOUBT_SAID_FROM_S = 60.0


def time_reasons(
    recording: RecordingFacts, event: EventFacts, ended: datetime, part: Span | None, limits: Limits
) -> list[Reason]:
    if recording.start is None or recording.end is None:
        fits = recording.supposed.get(event.id, 0.0)
        return [Reason("time_unknown"), *([Reason("card", {}, CARD * fits)] if fits else [])]
    trust = DOUBT_HALVES_S / (DOUBT_HALVES_S + recording.doubt_s)
    reasons = []
    if part is not None:
        share = _share(recording, event.start, ended, part)
        weight = (OVERLAP[0] + OVERLAP[1] * (1 - (1 - share) ** 2)) * trust
        reasons.append(overlap_reason(recording, event.start, ended, part, weight))
        reasons += _of_the_act(recording, event.start, ended, trust, weight - OVERLAP[0] * trust, limits)
        if reasons[-1].code == "sliver":
            if _only(recording, event, ended, limits):
                reasons.append(Reason("only", {}, ONLY * trust))
            elif tail := _tail(recording, event.start, ended, limits):
                reasons.append(Reason("continues", {"files": len(tail)}, CONTINUES * trust))
    else:
        gap = gap_between(recording, event.start, ended) or timedelta()
        nearness = max(0.0, 1.0 - gap / limits.slack) if limits.slack else 0.0
        nearest = min(recording.shown, key=lambda one: _apart(one, event.start, ended))
        params = {"gap_s": round(gap.total_seconds()), "before": nearest[1] <= event.start}
        reasons.append(Reason("gap", params, OVERLAP[0] * nearness * trust))
        inside = _goes_on(recording, event.start, ended)
        if inside and gap.total_seconds() <= CONTINUES_WITHIN_S:
            files = len({piece.id for piece in inside})
            reasons.append(Reason("continues", {"files": files}, CONTINUES * trust))
        elif tail := _tail(recording, event.start, ended, limits):
            reasons.append(Reason("continues", {"files": len(tail)}, CONTINUES * trust))
        elif gap <= ONLY_WITHIN and _only(recording, event, ended, limits):
            reasons.append(Reason("only", {}, ONLY * trust))
        elif gap > limits.pause and _filmed_itself(recording, event.start, ended):
            reasons.append(Reason("filmed", {}, FILMED * trust))
    apart = min(abs(recording.start - event.start), abs(recording.end - ended))
    closeness = 1.0 - min(1.0, apart / limits.slack) if limits.slack else 0.0
    if closeness:
        params = {
            "start_s": round((recording.start - event.start).total_seconds()),
            "end_s": round((recording.end - ended).total_seconds()),
        }
        reasons.append(Reason("ends", params, ENDS * closeness * trust))
    if recording.doubt_s >= DOUBT_SAID_FROM_S:
        doubt_s = abs(recording.presumed_s) or recording.doubt_s
        reasons.append(Reason("clock_doubt", {"doubt_s": round(doubt_s)}))
    if recording.doubt_s >= SHIFTED_FROM_S:
        reasons += _shifted(recording, event.start, ended, part)
    return reasons


def cut_with(recording: RecordingFacts) -> tuple[Piece, ...]:
    """The recorder's files that it cut from one filming: nobody stopped and started between them."""
    assert recording.start and recording.end, "only what has a time can be weighed"
    found = {
        (piece.start, piece.id): piece
        for since, until in recording.shown
        for piece in run_of(since, until, list(recording.run), CUT)
    }
    return tuple(found[key] for key in sorted(found))


def _goes_on(recording: RecordingFacts, start: datetime, end: datetime) -> list[Piece]:
    """The files inside that it was cut from, if it is the last of its filming, or the first: one with more on the far
    side may be of the way to the next event."""
    assert recording.start and recording.end, "only what has a time can be weighed"
    cut, after = cut_with(recording), recording.start >= end
    if any(piece.start >= recording.end if after else piece.end <= recording.start for piece in cut):
        return []
    return [piece for piece in cut if piece.start < end and piece.end > start]


def _only(recording: RecordingFacts, event: EventFacts, ended: datetime, limits: Limits) -> bool:
    """The one film that its recorder made about an event, at the door before or in the street afterwards."""
    return (
        recording.recorder_id is not None
        and _common(recording, recording.run, event.start, ended, limits.pause)[1] >= ONLY_FROM_S
        and (recording.end or ended) - ended <= ONLY_WITHIN + ONLY_LONG
        and event.start - (recording.start or event.start) <= ONLY_WITHIN + ONLY_LONG
        and not _filmed_itself(recording, event.start, ended)
    )


def _filmed_itself(recording: RecordingFacts, start: datetime, end: datetime) -> bool:
    """By other files of its recorder."""
    return any(since < end and until > start for since, until in recording.others)


def _tail(recording: RecordingFacts, start: datetime, end: datetime, limits: Limits) -> set[UUID]:
    """The files inside, if it is a moment at the end of the act: somebody stopped, and switched on once more."""
    assert recording.start and recording.end, "only what has a time can be weighed"
    if recording.end - recording.start > TAIL or not start < recording.start <= end + limits.pause:
        return set()
    if any(piece.start >= recording.end for piece in recording.run):
        return set()
    return {piece.id for piece in recording.run if piece.start < end and piece.end > start}


def meets(
    recording: RecordingFacts, event: EventFacts, ended: datetime, identity: str, limits: Limits
) -> list[Reason]:
    """Of an event that names nobody, or of its people only the usual partner of who filmed: the filming begins with it
    or ends with it, and shows half of it."""
    if identity == "partner":
        if len(event.officers) > 1 or not is_usual_partner(recording, event):
            return []
    elif identity != "unlisted":
        return []
    spans = [*recording.shown, *((piece.start, piece.end) for piece in recording.run)]
    if not recording.shown or not clip(spans, event.start, ended):
        return []
    starts = abs(min(since for since, _ in spans) - event.start) <= MEETS_WITHIN
    ends = not event.open and abs(max(until for _, until in spans) - ended) <= MEETS_WITHIN
    common, _ = _common(recording, recording.run, event.start, ended, limits.pause)
    if not (starts or ends) or common < HALF * (ended - event.start).total_seconds():
        return []
    trust = DOUBT_HALVES_S / (DOUBT_HALVES_S + recording.doubt_s)
    return [Reason("meets", {"arrival": starts, "departure": ends}, MEETS * trust)]


def _of_the_act(
    recording: RecordingFacts, start: datetime, end: datetime, trust: float, gained: float, limits: Limits
) -> list[Reason]:
    """Of the whole act of filming: this file with those that it continues or that continue it. `gained`: what the
    overlap said beyond that there is one; a sliver takes back no more, or touching would be worth more than it."""
    common, act = _common(recording, recording.run, start, end, limits.pause)
    event = (end - start).total_seconds()
    reasons = []
    if longer := max(act, event):
        files = len({piece.id for piece in recording.run}) + 1
        params = {"share": round(common / longer, 3), "files": files}
        reasons.append(Reason("both", params, BOTH * common / longer * trust))
    common, act = _common(recording, cut_with(recording), start, end, CUT)
    if shorter := min(act, event):
        enough = max(common / shorter / SLIVER_SHARE, common / SLIVER_S)
        if enough < 1:
            params = {"overlap_s": round(common), "enough": round(enough, 3)}
            gained += sum(reason.weight for reason in reasons)
            reasons.append(Reason("sliver", params, max(SLIVER * (1 - enough), -gained)))
    return reasons


def _common(
    recording: RecordingFacts, run: tuple[Piece, ...], start: datetime, end: datetime, pause: timedelta
) -> tuple[float, float]:
    """Of the filming in these files: seconds in the event, and in all."""
    filmed = joined([*recording.shown, *((piece.start, piece.end) for piece in run)], pause)
    return _seconds(clip(filmed, start, end)), _seconds(filmed)


def _shifted(recording: RecordingFacts, start: datetime, end: datetime, part: Span | None) -> list[Reason]:
    """A clock that may be hours off is so in one piece: it was set wrong, or not. Speaks for an offer only: the
    time itself counts next to nothing then."""
    best = (0.0, 0.0)
    assert recording.start and recording.end, "only what has a time can be weighed"
    for shift in (-recording.doubt_s, recording.doubt_s):
        moved = replace(
            recording,
            start=recording.start + timedelta(seconds=shift),
            end=recording.end + timedelta(seconds=shift),
        )
        found = overlap(moved, start, end)
        if found is not None:
            best = max(best, (_share(moved, start, end, found), shift))
    here = _share(recording, start, end, part) if part is not None else 0.0
    if recording.presumed_s:
        return [Reason("shifted", {"shift_s": round(recording.presumed_s)}, PRESUMED * here)] if here else []
    if here >= best[0]:
        return [Reason("shifted", {"shift_s": 0}, SHIFTED * here)] if here else []
    return [Reason("shifted", {"shift_s": round(best[1])}, SHIFTED * best[0])]


def _share(recording: RecordingFacts, start: datetime, end: datetime, part: Span) -> float:
    """Of the shorter of the two: a long recording may show a short event whole, and the other way round."""
    length = recording.within(*part)
    shorter = min(recording.recorded, end - start)
    return min(1.0, length / shorter) if shorter else 1.0


def overlap_reason(
    recording: RecordingFacts, start: datetime, end: datetime, part: Span, weight: float
) -> Reason:
    params = {
        "overlap_s": round(recording.within(*part).total_seconds()),
        "recording_s": round(recording.recorded.total_seconds()),
        "event_s": round((end - start).total_seconds()),
    }
    return Reason("overlap", params, weight)


def overlap(recording: RecordingFacts, start: datetime, end: datetime) -> Span | None:
    """From the first moment of the event that it shows to the last; None unless it shows any. An event or a recording
    of no length counts where it lies inside."""
    if shared := clip(recording.shown, start, end):
        return shared[0][0], shared[-1][1]
    instant = recording.start == recording.end or start == end
    for shown in recording.shown if instant else ():
        since, until = max(shown[0], start), min(shown[1], end)
        if since == until:
            return since, until
    return None


def gap_between(recording: RecordingFacts, start: datetime, end: datetime) -> timedelta | None:
    """How far apart they lie; zero when they touch; None when the recording's time is not known."""
    return min((_apart(one, start, end) for one in recording.shown), default=None)


def _apart(one: Span, start: datetime, end: datetime) -> timedelta:
    return max(timedelta(), start - one[1], one[0] - end)


def _seconds(spans: list[Span]) -> float:
    return sum((until - since for since, until in spans), timedelta()).total_seconds()
