"""Files whose clock nobody measured: what came on one card with them, and the pattern of the day, say when it may have
been. Only ever an offer. Pure.

A clock that stands years or hours off still runs: the files of a card keep their distances. So all of them together
are laid beside the events of those who held the recorder, and where they fit best is when they may have been filmed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp
from uuid import UUID

from service.finding.linking.evidence import EventFacts, Limits, Person, RecordingFacts
from service.finding.linking.numbers import Number, in_order
from service.finding.linking.stories import Answer, Shot, agreement
from service.finding.linking.surroundings import ONE_CARD, UNKNOWN_BEFORE_ARRIVAL, Surroundings
from service.finding.linking.who import was_there

CLOCKS_APART = timedelta(minutes=10)
LATE_STARTS = (timedelta(0), timedelta(minutes=3))
SOFT = 1.5  # by so much less fitting a place counts a third
HOURS_OFF = (8.0, -8.0)
SAME_HOURS = timedelta(hours=3)
PRESUMED_BY = 3.0
AT_WORK = timedelta(hours=2)
DOUBTED_S = 1800.0  # a clock that may be this far off is looked at in all of its reach anyway
GROUP = 16
NO_ROOM = 6.0  # where its card was filming something else: as much as three files gain that lie in events
ABOUT_CUT = timedelta(minutes=1)
FOREVER = timedelta(days=36500)


@dataclass(frozen=True)
class CardFile:
    """`shown`: its start by the camera's clock, as it was; `timed`: that this can be, or was corrected to what can."""

    id: UUID
    recorder_id: UUID
    squad_id: UUID
    there_by: datetime
    shown: datetime
    timed: bool
    length: timedelta
    officer: Person | None = None
    track: tuple[tuple[float, float, float], ...] = ()
    number: Number | None = None


def at_a_loss(recording: RecordingFacts, events: Sequence[EventFacts], limits: Limits) -> bool:
    """Whether its card is to be asked: its time is not known; or it is, and none of its people did anything then."""
    said = (
        any(event.id == recording.declared_event and was_there(recording, event) for event in events)
        or (recording.declared_case and not recording.case_foreign)
        or any(piece.case_id for piece in recording.run)
    )
    if recording.recorder_id is None or said:
        return False
    if recording.start is None or recording.end is None:
        return True
    if recording.doubt_s >= DOUBTED_S:
        return False
    people = {one.officer.id for one in recording.holdings} | recording.partners
    named = (recording.officer, *(piece.officer for piece in recording.run))
    people |= {officer.id for officer in named if officer is not None}
    since, until = recording.start - AT_WORK, recording.end + AT_WORK
    return not any(
        event.start <= until
        and (event.end or event.start + limits.open_event) >= since
        and (not people or any(officer.id in people for officer in event.officers))
        for event in events
    )


def asked(
    recording: RecordingFacts,
    seen: tuple[EventFacts, ...],
    files: Sequence[CardFile],
    known: Surroundings,
    named: Iterable[UUID] = (),
) -> tuple[RecordingFacts, tuple[EventFacts, ...]]:
    """What the recorder's other files say of one that is at a loss. `recording` and its candidates `seen`: as
    `Surroundings.around` had them."""
    own = next((one for one in files if one.id == recording.id), None)
    if own is None:
        return recording, seen
    if recording.start is None or recording.end is None:
        fits = supposed(own, files, known)
        more = [known.by_id[event] for event in fits if not any(event == one.id for one in seen)]
        return replace(recording, supposed=fits), (*seen, *more)
    shift = presumed(own, files, known)
    if shift is None:
        return recording, seen
    moved = replace(
        recording,
        start=recording.start + shift,
        end=recording.end + shift,
        doubt_s=DOUBTED_S,
        track=tuple(replace(fix, at=fix.at + shift) if fix.at else fix for fix in recording.track),
        presumed_s=-shift.total_seconds(),
    )
    facts, events = known.around(moved, named)
    # What else was filmed at a time that is only presumed is not asked for.
    return replace(facts, run=(), others=(), named_beside=()), events


def together(file: CardFile, files: Sequence[CardFile]) -> list[CardFile]:
    """It and those that came with it and stand as it does."""
    beside = [
        one
        for one in files
        if one.timed == file.timed
        and one.id != file.id
        and abs(one.there_by - file.there_by) <= ONE_CARD
        and not (one.timed and abs(one.shown - file.shown) > SAME_HOURS)
    ]
    if places := in_order({one.id: one.number for one in files}):
        beside = _ran_on(file, beside, places)
    beside.sort(key=lambda one: (abs(one.shown - file.shown), one.id))
    return [file, *beside[: GROUP - 1]]


def _ran_on(file: CardFile, beside: Sequence[CardFile], places: Mapping[UUID, int]) -> list[CardFile]:
    """Those between which and it the clock did not go back: else it began anew there, or was set."""
    counted = sorted((file, *beside), key=lambda one: places[one.id])
    first = last = counted.index(file)
    while first and counted[first - 1].shown <= counted[first].shown:
        first -= 1
    while last + 1 < len(counted) and counted[last].shown <= counted[last + 1].shown:
        last += 1
    return [one for one in counted[first : last + 1] if one is not file]


def _free(card: Sequence[CardFile], files: Sequence[CardFile]) -> Callable[[timedelta], bool]:
    """By which shifts the files of a card come to lie where its files with a time leave room: a camera films one thing
    at once, and counts what it films."""
    timed = [one for one in files if one.timed]
    places = in_order({one.id: one.number for one in files}) if timed else {}
    if places:
        after = [
            other.shown + other.length - one.shown
            for one in card
            for other in timed
            if places[other.id] < places[one.id]
        ]
        before = [
            other.shown - one.shown - one.length
            for one in card
            for other in timed
            if places[other.id] > places[one.id]
        ]
        least, most = max(after, default=-FOREVER), min(before, default=FOREVER)
        return lambda shift: least - ABOUT_CUT <= shift <= most + ABOUT_CUT
    return lambda shift: (
        not any(
            one.shown + shift < other.shown + other.length - ABOUT_CUT
            and one.shown + shift + one.length > other.shown + ABOUT_CUT
            for one in card
            for other in timed
        )
    )


def supposed(file: CardFile, files: Sequence[CardFile], known: Surroundings) -> dict[UUID, float]:
    """For each event of its people that a file without time may show, how well that fits beside the best: from 0 to
    1."""
    card = together(file, files)
    since, until = file.there_by - UNKNOWN_BEFORE_ARRIVAL, file.there_by + CLOCKS_APART
    people = {
        one.officer.id
        for one in known.holdings.get(file.recorder_id, ())
        if one.start < until and (one.end is None or one.end > since)
    } | {one.officer.id for one in card if one.officer is not None}
    events = sorted(
        {event.id: event for person in people for event in known.of_people(person, since, until)}.values(),
        key=lambda event: (event.start, event.id),
    )
    best: dict[UUID, float] = {}
    free = _free(card, files)
    for shift in _shifts(card, events):
        if any(one.shown + shift + one.length > one.there_by + CLOCKS_APART for one in card):
            continue
        if file.shown + shift < since:
            continue
        fit = _fit(card, shift, events, known) - (0.0 if free(shift) else NO_ROOM)
        start, end = file.shown + shift, file.shown + shift + file.length
        for event in _touching(events, start, end, known):
            best[event.id] = max(best.get(event.id, fit), fit)
    top = max(best.values(), default=0.0)
    return {event: exp((fit - top) / SOFT) for event, fit in best.items()}


def _shifts(card: Sequence[CardFile], events: Sequence[EventFacts]) -> list[timedelta]:
    """By which some file of the card begins with some event, to the minute."""
    minutes = {
        round((event.start + late - one.shown).total_seconds() / 60)
        for one in card
        for event in events
        for late in LATE_STARTS
    }
    return [timedelta(minutes=one) for one in sorted(minutes)]


def _fit(
    card: Sequence[CardFile], shift: timedelta, events: Sequence[EventFacts], known: Surroundings
) -> float:
    """Of the card's length in events, and of the ends that meet."""
    total = 0.0
    for one in card:
        start, end = one.shown + shift, one.shown + shift + one.length
        share = 0.0
        for event in _touching(events, start, end, known):
            ended = event.end or event.start + known.limits.open_event
            common = (min(end, ended) - max(start, event.start)).total_seconds()
            shorter = min((end - start).total_seconds(), (ended - event.start).total_seconds())
            longer = max((end - start).total_seconds(), (ended - event.start).total_seconds())
            if shorter > 0:
                share = max(share, 0.6 * common / shorter + 0.4 * common / longer)
        total += share
    return 2.0 * total


def _touching(
    events: Sequence[EventFacts], start: datetime, end: datetime, known: Surroundings
) -> list[EventFacts]:
    return [
        event
        for event in events
        if event.start < end and (event.end or event.start + known.limits.open_event) > start
    ]


def presumed(file: CardFile, files: Sequence[CardFile], known: Surroundings) -> timedelta | None:
    """By how much its card fits better than as its clock has it: whole zones alone."""
    card = together(file, files)
    as_shown = _agreement(card, 0.0, known)
    found = [(_agreement(card, hours, known), hours) for hours in HOURS_OFF]
    best, hours = max(found)
    return timedelta(hours=hours) if best - as_shown >= PRESUMED_BY else None


def _agreement(card: Sequence[CardFile], hours: float, known: Surroundings) -> float:
    total, squad_id = 0.0, card[0].squad_id
    for one in card:
        start = one.shown + timedelta(hours=hours)
        if start + one.length > one.there_by + CLOCKS_APART:
            return float("-inf")
        shot = Shot(one.id, one.recorder_id, squad_id, one.there_by, one.length, (), one.officer, one.track)
        total += agreement(shot, Answer(0.0, start), known)
    return total
