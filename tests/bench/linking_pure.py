"""The generated year as the rules see it, without a database; and how well they do on it."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from deploy.demo.simulator.clocks import timelines
from deploy.demo.simulator.rows import FAULTS, STRAY, File, Year
from service.finding.linking.cards import CardFile, asked, at_a_loss
from service.finding.linking.evidence import (
    EventFacts,
    Fix,
    Holding,
    Limits,
    Person,
    Piece,
    RecordingFacts,
    Source,
)
from service.finding.linking.facts import REACH
from service.finding.linking.numbers import number_of
from service.finding.linking.stories import Answer, Shot, choose
from service.finding.linking.surroundings import ONE_CARD, Surroundings
from service.registry.clocks.correcting import offset_when_shown
from service.registry.clocks.rules import Offset
from workers.media.clock import CLOCKS_APART, EARLIEST

RIVAL_BEFORE = timedelta(minutes=5)
OFFERS = 3


class Clocks:
    """Corrected times as the product would have them: from what the docks measured, and, where that leaves more than
    one time, from what else is known."""

    def __init__(self, year: Year) -> None:
        self.lines = timelines(year)
        self.read: dict[UUID, Offset | None] = {}
        self.settled = self._settle(year)

    def offset(self, file: File) -> tuple[float, float]:
        """(offset, doubt) in seconds; nothing measured is nothing doubted."""
        if file.id in self.settled:
            return self.settled[file.id]
        found = self.measured(file)
        return (found.offset_s, found.doubt_s) if found else (0.0, 0.0)

    def measured(self, file: File) -> Offset | None:
        """What the measurements say by themselves."""
        if file.id not in self.read:
            line = self.lines.get(file.recorder) if file.recorder else None
            self.read[file.id] = offset_when_shown(line, file.claimed, file.received) if line else None
        return self.read[file.id]

    def _settle(self, year: Year) -> dict[UUID, tuple[float, float]]:
        known, people = field_of(year, Limits()), numbers(year)
        asking = defaultdict(list)
        answers = {}
        for file in year.files:
            found = self.measured(file)
            if file.recorder and found and found.answers:
                answers[file.id] = found.answers
                asking[file.recorder].append(
                    Shot(
                        file.id,
                        file.recorder,
                        file.squad,
                        file.received,
                        timedelta(seconds=file.length_s),
                        tuple(
                            Answer(
                                one.offset_s, file.claimed - timedelta(seconds=one.offset_s), one.came_late
                            )
                            for one in found.answers
                        ),
                        people[file.officer] if file.officer else None,
                        file.track[:20],
                        number=number_of(file.name),
                    )
                )
        settled = {}
        for shots in asking.values():
            for one, chosen in choose(shots, known).items():
                if chosen.clear:
                    offset = next(x for x in answers[one] if x.offset_s == chosen.answer.offset_s)
                    settled[one] = offset.offset_s, offset.doubt_s
        return settled


def numbers(year: Year) -> dict[UUID, Person]:
    return {officer.id: Person(officer.id, officer.number) for officer in year.officers}


def field_of(
    year: Year, limits: Limits, pieces: Mapping[UUID, Iterable[Piece]] | None = None
) -> Surroundings:
    people = numbers(year)
    events = [
        EventFacts(
            id=event.id,
            squad_id=event.squad,
            start=event.start,
            end=event.end,
            officers=tuple(sorted((people[one] for one in event.officers), key=lambda person: person.label)),
            latitude=event.latitude,
            longitude=event.longitude,
            case_id=event.case,
        )
        for event in year.events
    ]
    squads = {officer.id: officer.squad for officer in year.officers}
    holdings = defaultdict(list)
    for held in year.held:
        one = Holding(people[held.officer], held.start, held.end, squads[held.officer])
        holdings[held.recorder].append(one)
    return Surroundings(limits, events, holdings, pieces or {})


def span(file: File, clocks: Clocks) -> tuple[datetime, datetime, float]:
    offset, doubt = clocks.offset(file)
    start = file.claimed - timedelta(seconds=offset)
    return start, start + timedelta(seconds=file.length_s), min(doubt, REACH.total_seconds())


def as_seen(
    year: Year, limits: Limits, clocks: Clocks | None = None
) -> Iterator[tuple[File, RecordingFacts, tuple[EventFacts, ...]]]:
    """Every file with its candidates, as `service.finding.linking.facts` gathers them from the database."""
    clocks = clocks or Clocks(year)
    people = numbers(year)
    serials = {camera.id: camera.serial for camera in year.cameras}
    squads = {camera.id: camera.squad for camera in year.cameras}
    squads |= {officer.id: officer.squad for officer in year.officers}
    seen, pieces = [], defaultdict(list)
    cards: dict[UUID, list[CardFile]] = defaultdict(list)
    for file in year.files:
        start, end, doubt = span(file, clocks)
        timed = can_be(start, file)
        track = tuple(
            Fix(latitude, longitude, start + timedelta(seconds=seconds))
            for latitude, longitude, seconds in file.track
        )
        officer = people[file.officer] if file.officer else None
        seen.append(
            (
                file,
                RecordingFacts(
                    id=file.id,
                    squad_id=file.squad,
                    there_by=file.received,
                    start=start if timed else None,
                    end=end if timed else None,
                    doubt_s=doubt,
                    declared_case=file.case,
                    case_source=Source.sidecar,
                    case_number=str(file.case) if file.case else "",
                    officer=officer,
                    recorder_id=file.recorder,
                    recorder=serials[file.recorder] if file.recorder else "",
                    track=track,
                    officer_ours=file.officer is not None and squads[file.officer] == file.squad,
                    recorder_ours=file.recorder is not None and squads[file.recorder] == file.squad,
                ),
            )
        )
        if file.recorder:
            if timed:
                at = tuple(Fix(fix.latitude, fix.longitude) for fix in track[:1])
                pieces[file.recorder].append(Piece(file.id, start, end, officer, file.case, at))
            cards[file.recorder].append(
                CardFile(
                    file.id,
                    file.recorder,
                    file.squad,
                    file.received,
                    start if timed else file.claimed,
                    timed,
                    timedelta(seconds=file.length_s),
                    officer,
                    file.track[:20],
                    number_of(file.name),
                )
            )
    known = field_of(year, limits, pieces)
    for file, own in seen:
        facts, events = known.around(own)
        if at_a_loss(facts, events, limits):
            beside = cards[file.recorder] if file.recorder else []
            facts, events = asked(facts, events, near_on_card(beside, own.there_by), known)
        yield file, facts, events


def can_be(start: datetime, file: File) -> bool:
    """As workers.media.clock judges it."""
    end = start + timedelta(seconds=file.length_s)
    return start.year >= EARLIEST.year and end <= file.received + CLOCKS_APART


def near_on_card(files: Sequence[CardFile], there_by: datetime | None) -> list[CardFile]:
    return [one for one in files if there_by and abs(one.there_by - there_by) <= ONE_CARD]


# ---- how well ----------------------------------------------------------------------------------------


@dataclass
class Tally:
    """Of pairs of recording and event. `linked`: automatic; `right`: of these true; `rest`: true, not automatic;
    `offered`: of the rest among the first three offered."""

    recordings: int = 0
    true: int = 0
    linked: int = 0
    right: int = 0
    rest: int = 0
    offered: int = 0

    def count(self, shows: Iterable[UUID], automatic: set[UUID], offers: list[UUID]) -> None:
        shows = set(shows)
        self.recordings += 1
        self.true += len(shows)
        self.linked += len(automatic)
        self.right += len(automatic & shows)
        self.rest += len(shows - automatic)
        self.offered += len((shows - automatic) & set(offers[:OFFERS]))

    @property
    def precision(self) -> float:
        return self.right / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    @property
    def rest_offered(self) -> float:
        return self.offered / self.rest if self.rest else 1.0


@dataclass
class Marks:
    """`by_fault`: of the recordings that have it; "all" for all, "none" for those without any."""

    by_fault: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def count(self, file: File, automatic: set[UUID], offers: list[UUID]) -> None:
        for name in ("all", *(file.faults or ("none",))):
            self.by_fault[name].count(file.shows, automatic, offers)

    @property
    def all(self) -> Tally:
        return self.by_fault["all"]

    def lines(self) -> Iterator[str]:
        for name in ("all", "none", *FAULTS, STRAY):
            one = self.by_fault[name]
            yield (
                f"{name:<20}{one.recordings:>8}{one.true:>8}  precision {one.precision:.4f}"
                f"  recall {one.recall:.4f}  rest {one.rest:>6}  offered {one.rest_offered:.4f}"
            )


def rival(year: Year, marks: Marks) -> None:
    """Officer id equal and start of the recording from five minutes before arrival to departure, on corrected
    clocks; every match is a link, and nothing is offered."""
    clocks = Clocks(year)
    of_officer = defaultdict(list)
    for event in year.events:
        for officer in event.officers:
            of_officer[officer].append(event)
    for found in of_officer.values():
        found.sort(key=lambda event: event.start)
    starts = {officer: [event.start for event in found] for officer, found in of_officer.items()}
    for file in year.files:
        start = span(file, clocks)[0]
        matched = set()
        if file.officer in of_officer:
            until = bisect_left(starts[file.officer], start + RIVAL_BEFORE + timedelta(microseconds=1))
            for event in of_officer[file.officer][max(0, until - 12) : until]:
                if start <= (event.end or event.start + timedelta(hours=2)):
                    matched.add(event.id)
        marks.count(file, matched, [])
