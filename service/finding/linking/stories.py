"""Where the measurements of a clock disagree by hours, which of them holds for a file: what else is known of its
recorder says so. Pure.

Who held it, what they did, where the camera was, what persons said of a file, and with which docking it came. Between
two measurements a clock jumps once: the files before the jump are of the earlier one, those after it of the later.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from service.finding.linking.evidence import EventFacts, Holding, Person
from service.finding.linking.numbers import Number, in_order
from service.finding.linking.surroundings import ONE_CARD, Surroundings
from service.kernel.geo import distance_m

HELD, NOT_HELD = 1.0, -2.0
HOLDER_NAMED = 0.5
AT_WORK, NEAR_WORK, IDLE = 3.0, 0.5, -1.0  # an event of its people fills it; one is near; none is
ON_DUTY, OFF_DUTY = 0.5, -1.0  # its squad was out, or was not
PLACED, DISPLACED = 2.0, -2.0
SAID, NOT_SAID = 8.0, -8.0
CAME_LATE = -2.5  # it had come with an earlier docking
OUT_OF_ORDER = -6.0
CLEAR_BY = 2.5
NEAR_M, FAR_M = 150.0, 1000.0
ABOUT = timedelta(minutes=10)
NEAR_WORK_WITHIN, DUTY = timedelta(minutes=30), timedelta(hours=1.5)
SAME_S = 120.0
CARDS = timedelta(hours=36)  # files that came so far apart do not speak for each other
# Holdings say that nobody held it only where they are written down at all about that time.
KEPT_ABOUT = timedelta(hours=7)


@dataclass(frozen=True)
class Answer:
    """`start`: of the file, if the clock was off by this."""

    offset_s: float
    start: datetime
    came_late: bool = False


@dataclass(frozen=True)
class Shot:
    """A file whose clock is in question. `answers`: the earlier measurement's first. `track`: latitude, longitude,
    seconds into it. `said`: events that a person said it shows."""

    id: UUID
    recorder_id: UUID | None
    squad_id: UUID
    there_by: datetime
    length: timedelta
    answers: tuple[Answer, ...]
    officer: Person | None = None
    track: tuple[tuple[float, float, float], ...] = ()
    said: tuple[EventFacts, ...] = ()
    number: Number | None = None


@dataclass(frozen=True)
class Chosen:
    """`clear`: nothing that is known fits another answer as well."""

    answer: Answer
    clear: bool


def choose(shots: Sequence[Shot], known: Surroundings) -> dict[UUID, Chosen]:
    """`shots`: of one recorder, in no particular order. What is chosen for one rests on those that ask the same and came
    within `CARDS` of it, whatever else was asked about."""
    fits = {shot.id: [agreement(shot, one, known) for one in shot.answers] for shot in shots}
    ordered = sorted(shots, key=lambda one: (one.there_by, one.id))
    arrivals = [shot.there_by for shot in ordered]
    found: dict[UUID, Chosen] = {}
    for shot in ordered:
        first = bisect_left(arrivals, shot.there_by - CARDS)
        last = bisect_right(arrivals, shot.there_by + CARDS)
        totals = fits[shot.id]
        if len(shot.answers) == 2:
            group = [other for other in ordered[first:last] if _alike(other, shot)]
            totals = _with_one_jump(shot, group, fits)
        ranked = sorted(zip(totals, range(len(shot.answers)), strict=True), reverse=True)
        best, place = ranked[0]
        found[shot.id] = Chosen(shot.answers[place], best - ranked[1][0] >= CLEAR_BY)
    return found


def agreement(shot: Shot, answer: Answer, known: Surroundings) -> float:
    """How well a file fits into what is known, if it was filmed then."""
    start, end = answer.start, answer.start + shot.length
    score = CAME_LATE if answer.came_late else 0.0
    holdings = known.holdings.get(shot.recorder_id, ()) if shot.recorder_id else ()
    held = [one for one in holdings if _touches(one, start, end)]
    if held:
        score += HELD
        if shot.officer is not None and any(one.officer.id == shot.officer.id for one in held):
            score += HOLDER_NAMED
    elif any(_touches(one, start - KEPT_ABOUT, end + KEPT_ABOUT) for one in holdings):
        score += NOT_HELD
    people = {one.officer.id for one in held} | ({shot.officer.id} if shot.officer else set())
    events = {event.id: event for person in people for event in known.of_people(person, start, end)}
    shares = [_share(event, start, end, known) for event in events.values()]
    best = max(shares, default=0.0)
    if best > 0:
        score += AT_WORK * best
    else:
        beside = any(
            known.of_people(person, start - NEAR_WORK_WITHIN, end + NEAR_WORK_WITHIN) for person in people
        )
        score += NEAR_WORK if beside else IDLE
    score += ON_DUTY if known.squad_out(shot.squad_id, start - DUTY, end + DUTY) else OFF_DUTY
    score += _placed(shot, start, events.values(), known)
    for event in shot.said:
        score += SAID if _share(event, start, end, known) > 0 else NOT_SAID
    return score


def _touches(one: Holding, start: datetime, end: datetime) -> bool:
    return one.start <= end and (one.end is None or one.end >= start)


def _share(event: EventFacts, start: datetime, end: datetime, known: Surroundings) -> float:
    ended = event.end or event.start + known.limits.open_event
    common = (min(end, ended) - max(start, event.start)).total_seconds()
    shorter = min((end - start).total_seconds(), (ended - event.start).total_seconds())
    return max(0.0, common / shorter if shorter > 0 else float(common >= 0))


def _placed(shot: Shot, start: datetime, events: Iterable[EventFacts], known: Surroundings) -> float:
    """The camera stood where an event of its people was just then, or far from all of them."""
    metres = []
    for latitude, longitude, seconds in shot.track:
        moment = start + timedelta(seconds=seconds)
        for event in events:
            ended = event.end or event.start + known.limits.open_event
            if event.latitude is None or event.longitude is None:
                continue
            if event.start <= moment <= ended:
                metres.append(distance_m(latitude, longitude, event.latitude, event.longitude))
    if not metres:
        return 0.0
    return PLACED if min(metres) <= NEAR_M else DISPLACED if min(metres) >= FAR_M else 0.0


# ---- one jump --------------------------------------------------------------------------------------


def _alike(one: Shot, other: Shot) -> bool:
    """Between the same measurements: they ask the same question."""
    return len(one.answers) == len(other.answers) and all(
        abs(a.offset_s - b.offset_s) <= SAME_S for a, b in zip(one.answers, other.answers, strict=True)
    )


def _with_one_jump(mine: Shot, group: Sequence[Shot], fits: dict[UUID, list[float]]) -> list[float]:
    """How well all of the group fits at the best, if this one file is of the earlier or of the later answer."""
    best = [float("-inf")] * 2
    for before, after in _splits(group):
        total, own = 0.0, (0.0, 0.0)
        for shot in group:
            pair = (
                fits[shot.id][0] + (0.0 if shot.id in before else OUT_OF_ORDER),
                fits[shot.id][1] + (0.0 if shot.id in after else OUT_OF_ORDER),
            )
            if shot.id == mine.id:
                own = pair
            else:
                total += max(pair)
        best = [max(known, total + fit) for known, fit in zip(best, own, strict=True)]
    return best


def _splits(group: Sequence[Shot]) -> Iterator[tuple[set[UUID], set[UUID]]]:
    """For each place where the jump may lie: which files may be of before it, and which of after it. By their numbers
    where they have such, else by their times."""
    if places := _counted(group):
        for jump in range(len(group) + 1):
            yield (
                {one for one, at in places.items() if at < jump},
                {one for one, at in places.items() if at >= jump},
            )
        return
    moments = sorted({one.start for shot in group for one in shot.answers})
    for moment in (moments[0] - ABOUT, *(one + timedelta(seconds=1) for one in moments)):
        yield (
            {shot.id for shot in group if shot.answers[0].start < moment},
            {shot.id for shot in group if shot.answers[1].start >= moment},
        )


def _counted(group: Sequence[Shot]) -> dict[UUID, int]:
    """Their places in the order of filming, card by card; nothing where one of the cards tells none."""
    cards: list[list[Shot]] = []
    for shot in sorted(group, key=lambda one: (one.there_by, one.id)):
        if cards and shot.there_by - cards[-1][-1].there_by <= ONE_CARD:
            cards[-1].append(shot)
        else:
            cards.append([shot])
    found: dict[UUID, int] = {}
    for card in cards:
        places = in_order({shot.id: shot.number for shot in card}) if len(card) > 1 else {card[0].id: 0}
        if not places:
            return {}
        found |= {one: place + len(found) for one, place in places.items()}
    return found
