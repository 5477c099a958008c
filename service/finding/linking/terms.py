"""One recording against one event: what speaks for it and against it, each term with its weight. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from service.finding.linking.evidence import (
    Candidate,
    EventFacts,
    Fix,
    Holding,
    Limits,
    Piece,
    Reason,
    RecordingFacts,
    Source,
)
from service.finding.linking.surroundings import joined, run_of
from service.kernel.geo import distance_m
from service.kernel.intervals import clip

Span = tuple[datetime, datetime]

# How much each kind of evidence can add. Identity and time together must pass the automatic threshold,
# no identity alone and no time alone may.
IDENTITY = {
    "case": 0.56,
    "officer": 0.52,
    "holder": 0.48,
    "run_case": 0.48,
    "run_officer": 0.46,
    "beside_officer": 0.44,
    "partner": 0.38,
    "partner_beside": 0.30,
    "unlisted": 0.30,
    "squad": 0.14,
}
SOURCES = {Source.declared: 1.0, Source.sidecar: 1.0, Source.file_name: 0.95, Source.guess: 0.95}
BESIDE_UNSURE = 0.85  # named before it or after it only, or somebody else
AGREEMENT = 0.05  # a second identity that says the same
CREW = 0.12  # the others of the event worked with its officer that shift
OFFICER_ELSEWHERE = -0.04  # the named officer was not there, though the holder was
HOLDER_ELSEWHERE = -0.12  # who held the recorder was not there
OVERLAP = (0.10, 0.20)  # for any overlap at all; and for its share of the shorter of the two
BOTH = 0.06  # for its share of the longer one
CUT = timedelta(seconds=10)  # between files that the recorder cut, not a finger
ONLY, ONLY_WITHIN, ONLY_FROM_S = 0.15, timedelta(minutes=6), 60.0
ONLY_LONG = timedelta(minutes=11)  # it may go on so long outside
CONTINUES, CONTINUES_WITHIN_S = 0.10, 60.0  # lies just outside, and goes on with a file that lies inside
ENDS = 0.05
MEETS, MEETS_WITHIN, HALF = 0.12, timedelta(minutes=2), 0.5
USUAL_FROM = 2  # events, from which on somebody is a partner of the shift
TAIL = timedelta(minutes=1)  # switched on once more when the act was over
FILMED = -0.15  # an event that it lies beside has its own film
SLIVER = -0.25  # a small part of either
SLIVER_SHARE, SLIVER_S = 0.5, 300.0
PLACE = (0.15, -0.25)  # at the site; far from it
AT_SITE = timedelta(seconds=60)  # they are there a moment before and after
MOSTLY = 0.6  # of a file, for a position that has no moment
SHIFTED = 0.12  # it would fit if the clock were off by what it may be off
SHIFTED_FROM_S = 1800.0
PRESUMED = 0.30  # its whole card would
CARD = 0.20  # the other files of its card lie beside other events, if it shows this one
DOUBT_HALVES_S = 600.0  # a clock that may be this far off makes the time count half
DOUBT_SAID_FROM_S = 60.0


def consider(recording: RecordingFacts, event: EventFacts, limits: Limits) -> Candidate:
    """Scores one pair. Every term stands in the reasons, and the score is their sum, held in 0…1."""
    ended = event.end or event.start + limits.open_event
    part = overlap(recording, event.start, ended)
    if recording.declared_event == event.id:
        return _declared(recording, event, ended, part, limits)
    reasons = _identity(recording, event, ended, part)
    identity = reasons[0].code if reasons else ""
    guessed = bool(reasons) and _guessed(reasons[0])
    reasons += _contradictions(recording, event, identity, part)
    reasons += _time(recording, event, ended, part, limits)
    reasons += _meets(recording, event, ended, identity, limits)
    reasons += _place(recording, event, part, limits)
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


def was_there(recording: RecordingFacts, event: EventFacts) -> bool:
    """The event is its own squad's; or one of the event's officers held its recorder, or is named by it, and belongs to
    its squad by what the bureau wrote down: the recorder's squad, the officer's, the roster. Who uploads can say any
    number, so another squad's officer, recorder, case or event that is only said proves nothing."""
    if event.squad_id == recording.squad_id:
        return True
    at_work = {person.id for person in event.officers}
    held = recording.recorder_source != Source.guess and any(
        one.officer.id in at_work and (recording.recorder_ours or one.squad_id == recording.squad_id)
        for one in recording.holdings
    )
    named = recording.officer is not None and recording.officer_source != Source.guess
    if held or not named or recording.officer is None or recording.officer.id not in at_work:
        return held
    ended = event.end or event.start
    return recording.officer_ours or any(
        since <= ended and until >= event.start for since, until in recording.lent
    )


def _declared(
    recording: RecordingFacts, event: EventFacts, ended: datetime, part: Span | None, limits: Limits
) -> Candidate:
    """A declared event holds, unless the believed clock or another squad's event speaks against it."""
    against = []
    foreign = not was_there(recording, event)
    if foreign:
        against.append(Reason("event_other_squad", {}, -0.4))
    gap = _gap(recording, event.start, ended)
    if gap is not None and gap - timedelta(seconds=recording.doubt_s) > limits.slack:
        against.append(Reason("event_time_apart", {"gap_s": round(gap.total_seconds())}, -0.4))
    guessed = recording.event_source == Source.guess
    shown = [Reason("event", {"source": Source.guess.value} if guessed else {}, 1.0), *against]
    if part is not None:
        shown.append(_overlap_reason(recording, event.start, ended, part, 0.0))
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


# ---- who ---------------------------------------------------------------------------------------------


def _identity(
    recording: RecordingFacts, event: EventFacts, ended: datetime, part: Span | None
) -> list[Reason]:
    """The strongest first at its full weight; what else agrees adds a little. Guesses come after what is not one."""
    found: list[Reason] = []
    at_work = {person.id for person in event.officers}
    if recording.declared_case is not None and recording.declared_case == event.case_id:
        weight = IDENTITY["case"] * SOURCES[recording.case_source]
        params: dict[str, Any] = {"case": recording.case_number, "source": recording.case_source.value}
        found.append(Reason("case", params, weight))
    if recording.officer and recording.officer.id in at_work:
        params = {"officer": recording.officer.label, "source": recording.officer_source.value}
        found.append(Reason("officer", params, IDENTITY["officer"] * SOURCES[recording.officer_source]))
    holding = _best_holding(recording, at_work, part)
    if holding is not None:
        held, share = holding
        params = {
            "officer": held.officer.label,
            "recorder": recording.recorder,
            "from": held.start.isoformat(),
            "to": held.end.isoformat() if held.end else None,
        }
        if recording.recorder_source == Source.guess:
            params["source"] = Source.guess.value
        found.append(Reason("holder", params, IDENTITY["holder"] * (0.5 + 0.5 * share)))
    found += _said_beside(recording, event, at_work)
    partners = sorted(person.label for person in event.officers if person.id in recording.partners)
    if partners and not found:
        weight = IDENTITY["partner" if len(event.officers) == 1 else "partner_beside"]
        found.append(Reason("partner", {"officer": partners[0]}, weight))
        partners = []
    if not found and recording.squad_id == event.squad_id:
        code = "squad" if event.officers else "unlisted"
        found.append(Reason(code, {}, IDENTITY[code]))
    found.sort(key=lambda reason: (_guessed(reason), -reason.weight))
    whole = _usual(recording, event) / max(1, len(event.officers) - 1)
    crew = [Reason("crew", {"officer": partners[0]}, CREW * min(1.0, whole))] if partners else []
    return [
        *found[:1],
        *(Reason(reason.code, reason.params, AGREEMENT) for reason in found[1:]),
        *crew,
    ]


def _usual(recording: RecordingFacts, event: EventFacts) -> float:
    """How many of the event's people its officer worked with that shift. Who did so once while another did all the
    while came along from another crew, and counts the less."""
    others = [person.id for person in event.officers if person.id in recording.partners]
    often = {one: len(events - {event.id}) for one, events in recording.together.items()}
    most = max(often.values(), default=0)
    return sum(often.get(one, most) / most if most else 1.0 for one in others)


def _said_beside(recording: RecordingFacts, event: EventFacts, at_work: set) -> list[Reason]:
    """What the recorder's neighbouring files say, where this one says nothing itself."""
    found = []
    of_case = event.case_id is not None and any(piece.case_id == event.case_id for piece in recording.run)
    if (recording.declared_case is None or recording.case_foreign) and of_case:
        found.append(Reason("run_case", {}, IDENTITY["run_case"]))
    if recording.officer is None or recording.officer_source == Source.guess:
        named = sorted(
            piece.officer.label
            for piece in recording.run
            if piece.officer is not None and piece.officer.id in at_work
        )
        if named:
            found.append(Reason("run_officer", {"officer": named[0]}, IDENTITY["run_officer"]))
        elif recording.recorder_source != Source.guess and not is_held(recording):
            found += _named_beside(recording, at_work)
    return found


def _named_beside(recording: RecordingFacts, at_work: set) -> list[Reason]:
    """Whom the nearest files name, where nobody is written down who held the recorder."""
    named = sorted(person.label for person in recording.named_beside if person.id in at_work)
    agreed = len(recording.named_beside) == 2 and len(set(recording.named_beside)) == 1
    weight = IDENTITY["beside_officer"] * (1.0 if agreed else BESIDE_UNSURE)
    return [Reason("beside_officer", {"officer": named[0]}, weight)] if named else []


def is_held(recording: RecordingFacts) -> bool:
    """Somebody is written down who held the recorder then, and it is no guess which one it was."""
    return recording.recorder_source != Source.guess and any(
        held.start < until and (held.end is None or held.end > since)
        for held in recording.holdings
        for since, until in recording.shown
    )


def _guessed(reason: Reason) -> bool:
    return reason.params.get("source") == Source.guess


def _best_holding(recording: RecordingFacts, at_work: set, part: Span | None) -> tuple[Holding, float] | None:
    """The holder among the event's officers who held the recorder longest of what was filmed there."""
    best: tuple[Holding, float] | None = None
    for held in recording.holdings:
        if held.officer.id not in at_work:
            continue
        share = 1.0 if part is None else _held_share(held, part)
        if best is None or share > best[1]:
            best = held, share
    return best


def _held_share(held: Holding, part: Span) -> float:
    whole = (part[1] - part[0]).total_seconds()
    if not whole:
        return 1.0
    until = min(held.end, part[1]) if held.end else part[1]
    return min(1.0, max(0.0, (until - max(held.start, part[0])).total_seconds() / whole))


def _contradictions(
    recording: RecordingFacts, event: EventFacts, identity: str, part: Span | None
) -> list[Reason]:
    """Somebody else is named, or held the recorder all the while."""
    at_work = {person.id for person in event.officers}
    found = []
    if (
        recording.officer is not None
        and recording.officer_source != Source.guess
        and recording.officer.id not in at_work
        and identity in ("holder", "case")
    ):
        params = {"officer": recording.officer.label}
        found.append(Reason("officer_elsewhere", params, OFFICER_ELSEWHERE))
    if identity in ("officer", "case", "run_officer", "run_case", "beside_officer") and part is not None:
        there = [held for held in recording.holdings if _held_share(held, part) > 0.5]
        mine = {recording.officer.id} if recording.officer else set()
        if there and not any(held.officer.id in at_work | mine for held in there):
            params = {"officer": there[0].officer.label, "recorder": recording.recorder}
            found.append(Reason("holder_elsewhere", params, HOLDER_ELSEWHERE))
    return found


# ---- when --------------------------------------------------------------------------------------------


def _time(
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
        reasons.append(_overlap_reason(recording, event.start, ended, part, weight))
        reasons += _of_the_act(recording, event.start, ended, trust, weight - OVERLAP[0] * trust, limits)
        if reasons[-1].code == "sliver":
            if _only(recording, event, ended, limits):
                reasons.append(Reason("only", {}, ONLY * trust))
            elif tail := _tail(recording, event.start, ended, limits):
                reasons.append(Reason("continues", {"files": len(tail)}, CONTINUES * trust))
    else:
        gap = _gap(recording, event.start, ended) or timedelta()
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


def _meets(
    recording: RecordingFacts, event: EventFacts, ended: datetime, identity: str, limits: Limits
) -> list[Reason]:
    """Of an event that names nobody, or of its people only the usual partner of who filmed: the filming begins with it
    or ends with it, and shows half of it."""
    if identity == "partner":
        if len(event.officers) > 1 or not _usual_partner(recording, event):
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


def _usual_partner(recording: RecordingFacts, event: EventFacts) -> bool:
    """Who filmed worked with the one whom the event names at no fewer events of that shift than with anybody else."""
    often = {one: len(events - {event.id}) for one, events in recording.together.items()}
    mine = max((often.get(person.id, 0) for person in event.officers), default=0)
    return mine >= USUAL_FROM and mine >= max(often.values())


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


def _overlap_reason(
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


def _gap(recording: RecordingFacts, start: datetime, end: datetime) -> timedelta | None:
    """How far apart they lie; zero when they touch; None when the recording's time is not known."""
    return min((_apart(one, start, end) for one in recording.shown), default=None)


def _apart(one: Span, start: datetime, end: datetime) -> timedelta:
    return max(timedelta(), start - one[1], one[0] - end)


def _seconds(spans: list[Span]) -> float:
    return sum((until - since for since, until in spans), timedelta()).total_seconds()


# ---- where -------------------------------------------------------------------------------------------


def _place(recording: RecordingFacts, event: EventFacts, part: Span | None, limits: Limits) -> list[Reason]:
    """Within the radius that both positions deserve it speaks for the event, beyond `far_m` against it."""
    if event.latitude is None or event.longitude is None:
        return []
    beside = not recording.track
    track = recording.track or _track_beside(recording)
    if not track or (beside and part is None):
        return []
    there = _then(track, recording, part)
    if not there:
        return []
    metres = min(distance_m(fix.latitude, fix.longitude, event.latitude, event.longitude) for fix in there)
    near, far = PLACE
    if metres <= limits.near_m:
        weight = near
    elif metres >= limits.far_m:
        weight = far
    else:
        weight = near + (far - near) * (metres - limits.near_m) / (limits.far_m - limits.near_m)
    params = {"distance_m": round(metres), "radius_m": round(limits.near_m)}
    return [Reason("place_beside" if beside else "place", params, weight)]


def _then(track: tuple[Fix, ...], recording: RecordingFacts, part: Span | None) -> tuple[Fix, ...]:
    """A position is evidence for its moment: of a file that shows two events it says nothing of the other one. Where
    the moment is not known it counts for what most of the file shows."""
    if part is None or recording.start is None or recording.end is None:
        return track
    since, until = part[0] - AT_SITE, part[1] + AT_SITE
    whole = (recording.end - recording.start).total_seconds()
    mostly = not whole or (part[1] - part[0]).total_seconds() / whole >= MOSTLY
    return tuple(fix for fix in track if (mostly if fix.at is None else since <= fix.at <= until))


def _track_beside(recording: RecordingFacts) -> tuple[Fix, ...]:
    """The position of the nearest file of the same act that has one."""
    if recording.start is None or recording.end is None:
        return ()
    placed = [piece for piece in recording.run if piece.track]
    if not placed:
        return ()
    start, end = recording.start, recording.end
    nearest = min(placed, key=lambda piece: (max(piece.start - end, start - piece.end), piece.id))
    return nearest.track
