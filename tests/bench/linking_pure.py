"""The generated year as the rules see it, without a database; and how well they do on it."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from deploy.demo.simulator.clocks import timelines
from deploy.demo.simulator.rows import FAULTS, STRAY, File, Year
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
from service.finding.linking.surroundings import Surroundings

RIVAL_BEFORE = timedelta(minutes=5)
OFFERS = 3


class Clocks:
    """Corrected times as the product would have them, from what the docks measured."""

    def __init__(self, year: Year) -> None:
        self.lines = timelines(year)

    def offset(self, file: File) -> tuple[float, float]:
        """(offset, doubt) in seconds; nothing measured is nothing doubted."""
        line = self.lines.get(file.recorder) if file.recorder else None
        found = line.of_shown(file.claimed, file.received) if line else None
        return (found.offset_s, found.doubt_s) if found else (0.0, 0.0)


def span(file: File, clocks: Clocks) -> tuple[datetime, datetime, float]:
    offset, doubt = clocks.offset(file)
    start = file.claimed - timedelta(seconds=offset)
    return start, start + timedelta(seconds=file.length_s), doubt


def as_seen(
    year: Year, limits: Limits, clocks: Clocks | None = None
) -> Iterator[tuple[File, RecordingFacts, tuple[EventFacts, ...]]]:
    """Every file with its candidates, as `service.finding.linking.facts` gathers them from the database."""
    clocks = clocks or Clocks(year)
    people = {officer.id: Person(officer.id, officer.number) for officer in year.officers}
    serials = {camera.id: camera.serial for camera in year.cameras}
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
    holdings = defaultdict(list)
    for held in year.held:
        holdings[held.recorder].append(Holding(people[held.officer], held.start, held.end))
    seen, pieces = [], defaultdict(list)
    for file in year.files:
        start, end, doubt = span(file, clocks)
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
                    received_at=file.received,
                    start=start,
                    end=end,
                    doubt_s=doubt,
                    declared_case=file.case,
                    case_source=Source.sidecar,
                    case_number=str(file.case) if file.case else "",
                    officer=officer,
                    recorder_id=file.recorder,
                    recorder=serials[file.recorder] if file.recorder else "",
                    track=track,
                ),
            )
        )
        if file.recorder:
            at = tuple(Fix(fix.latitude, fix.longitude) for fix in track[:1])
            pieces[file.recorder].append(Piece(file.id, start, end, officer, file.case, at))
    around = Surroundings(limits, events, holdings, pieces)
    for file, facts in seen:
        yield file, *around.around(facts)


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
