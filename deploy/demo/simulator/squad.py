"""A squad of the simulated year: its clocks, its days, and what is written down of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from math import cos, pi, sin
from random import Random
from uuid import UUID

from deploy.demo.simulator.filming import Act, Clock, Filming, Kit, Spell, moved
from deploy.demo.simulator.rates import Rates, Work
from deploy.demo.simulator.rows import (
    BEGIN,
    BUREAU_H,
    CENTRE,
    DAY,
    HOUR,
    MINUTE,
    Camera,
    Duty,
    File,
    Happening,
    Held,
    Measured,
    Officer,
    Unfilmed,
    day_of,
    time,
)

Crew = list[Officer]


class Squad(Filming, ABC):
    """What its days hold is for its kinds: rounds.py, report.py."""

    def __init__(self, seed: int, number: int, days: int, rates: Rates) -> None:
        self.seed, self.number, self.days, self.rates = seed, number, days, rates
        self.chance = Random(f"{seed}/{number}")
        self.counted = 0
        self.id: UUID
        self.code = f"{number:02}"
        self.officers: list[Officer]
        self.cameras: list[Camera]
        self.personal: dict[UUID, Camera] = {}  # by officer
        self.held: list[Held] = []
        self.duties: list[Duty] = []
        self.cases: list[UUID] = []
        self.events: list[Happening] = []
        self.unfilmed: dict[UUID, Unfilmed] = {}
        self.measured: list[Measured] = []
        self.files: list[File] = []
        self.strangers: list[Officer] = []
        self.off: set[UUID] = set()
        self.typed: set[UUID] = set()
        self.spells: dict[UUID, Spell] = {}
        self.docked: dict[UUID, float] = {}
        self.counts: dict[UUID, int] = {}  # files, by camera
        self.forgotten: set[UUID] = set()  # personal recorders without an assignment

    def _equip(self) -> None:
        """When its people and recorders are known."""
        self.pool = [camera for camera in self.cameras if camera.shared]
        self.clocks = {camera.id: self._clock() for camera in self.cameras}
        self.papers = {
            camera.id for camera in self.cameras if self.chance.random() < self.rates.stations_with_papers
        }
        self.cut_s = {camera.id: self.chance.choice((300.0, 300.0, 600.0, 900.0)) for camera in self.cameras}
        typed = self.rates.typed
        self.typed = {camera.id for camera in self.cameras if typed and self.chance.random() < typed}
        angle = 2 * pi * self.number / 7
        self.centre = (CENTRE[0] + 0.05 * cos(angle), CENTRE[1] + 0.05 * sin(angle))

    @abstractmethod
    def _shifts(self, day: int, pairs: list[Crew]) -> Iterable[tuple[list[Crew], float, float]]:
        """Of a day: who is on duty, from when to when after midnight."""

    @abstractmethod
    def _agenda(self, crews: list[Crew], start: float, end: float) -> list[list[Act]]:
        """Of a shift: the acts of each crew in their order."""

    def live(self, others: list[list[Officer]]) -> None:
        self.strangers = [officer for squad in others for officer in squad]
        self._issue()
        pairs = self._pairs()
        for day in range(self.days):
            if day % 30 == 29:
                pairs = self._pairs()
            self.chance.shuffle(pairs)
            base = day * DAY - BUREAU_H * HOUR
            taken: set[UUID] = set()
            for crews, start, end in self._shifts(day, pairs):
                self._shift(crews, base + start, base + end, taken)
        self.files.sort(key=lambda file: file.received)

    # ---- what there is

    def _clock(self) -> Clock:
        chance = self.chance
        drift = chance.uniform(-self.rates.drift_s, self.rates.drift_s)
        at, steps = -2 * DAY, []
        while at < (self.days + 2) * DAY:
            steps.append((at, chance.uniform(-3, 3)))
            at += chance.uniform(*self.rates.set_every_days) * DAY
        return Clock(drift, steps)

    def _issue(self) -> None:
        """Personal recorders: one assignment, open, since long ago."""
        for officer in self.officers:
            camera = self.personal.get(officer.id)
            if camera is None:
                continue
            if self.chance.random() < self.rates.missing_assignment:
                self.forgotten.add(camera.id)
            else:
                self.held.append(Held(self._id(), camera.id, officer.id, BEGIN - timedelta(days=30), None))

    def _pairs(self) -> list[list[Officer]]:
        """Partners for a month. Two with recorders of their own, or two without."""
        own = [officer for officer in self.officers if officer.id in self.personal]
        none = [officer for officer in self.officers if officer.id not in self.personal]
        found = []
        for group in (own, none):
            self.chance.shuffle(group)
            found += [group[place : place + 2] for place in range(0, len(group) - 1, 2)]
        return found

    # ---- one shift

    def _shift(self, crews: list[Crew], start: float, end: float, taken: set[UUID]) -> None:
        days = self._agenda(crews, start, end)
        for crew, acts in zip(crews, days, strict=True):
            self.duties += [Duty(officer, time(start), time(end)) for officer in crew]
            for act in acts:
                act.kept = self._write_down(
                    act, crew, [who for other in crews if other is not crew for who in other]
                )
                self.events.append(act.kept)
        for crew, acts in zip(crews, days, strict=True):
            filmed = False
            for kit in self._kits(crew, start, end, taken):
                self._film(kit, acts, start, end)
                filmed = True
            if not filmed:
                for act in acts:
                    self._unfilmed(act, Unfilmed.no_recorder)

    def _length(self, work: Work) -> float:
        median = work.minutes * self.chance.lognormvariate(0, self.rates.spread)
        return max(2.5, min(median, 150)) * MINUTE

    def _near(self, place: tuple[float, float], metres: float) -> tuple[float, float]:
        away, angle = metres * self.chance.random() ** 0.5, self.chance.uniform(0, 2 * pi)
        return moved(place, away * cos(angle), away * sin(angle))

    def _write_down(self, act: Act, crew: Crew, colleagues: list[Officer]) -> Happening:
        chance, rates = self.chance, self.rates
        written = []
        for moment in (act.start, act.end):
            moment += chance.gauss(0, rates.noted_s)
            rounded = chance.random() < rates.to_the_minute
            written.append(round(moment / MINUTE) * MINUTE if rounded else moment)
        listed = list(crew)
        nobody = bool(rates.no_crew) and chance.random() < rates.no_crew
        if chance.random() < rates.one_listed:
            listed = [chance.choice(crew)]
        if colleagues and chance.random() < rates.joined:
            listed.append(chance.choice(colleagues))
        where: tuple[float, float] | None = None
        if chance.random() < rates.event_place:
            away = chance.uniform(100, 400) if chance.random() < 0.05 else abs(chance.gauss(0, 15))
            angle = chance.uniform(0, 2 * pi)
            where = moved(act.place, away * cos(angle), away * sin(angle))
        open_end = chance.random() < rates.open_end
        return Happening(
            id=self._id(),
            squad=self.id,
            kind=act.work.kind,
            start=time(written[0]),
            end=None if open_end else time(max(written[1], written[0] + MINUTE)),
            officers=() if nobody else tuple(officer.id for officer in listed),
            latitude=where[0] if where else None,
            longitude=where[1] if where else None,
            case=self._case(act.work),
            true_start=act.start,
            true_end=act.end,
            true_place=act.place,
            work=act.work,
            nth=act.nth,
        )

    def _case(self, work: Work) -> UUID | None:
        """A case has a handful of events, over some weeks."""
        if self.chance.random() >= work.cased:
            return None
        if not self.cases or self.chance.random() < self.rates.new_case:
            self.cases.append(self._id())
        return self.chance.choice(self.cases[-self.rates.open_cases :])

    def _kits(self, crew: Crew, start: float, end: float, taken: set[UUID]) -> Iterator[Kit]:
        chance, rates = self.chance, self.rates
        own = [officer for officer in crew if officer.id in self.personal]
        for officer in own:
            camera = self.personal[officer.id]
            free = [one for one in self.personal.values() if one.id not in taken and one is not camera]
            lent = bool(free) and chance.random() < rates.lent
            if lent or camera.id in taken:
                if not free:
                    continue
                camera = chance.choice(free)
                lent = True
            taken.add(camera.id)
            yield Kit(camera, [(start, officer)], lent or camera.id in self.forgotten)
        if own:
            return
        day = day_of(start)
        away = sum(first <= day <= last for first, last in rates.repairs)
        free = [camera for camera in self.pool[: len(self.pool) - away] if camera.id not in taken]
        if not free:
            return
        camera = chance.choice(free)
        taken.add(camera.id)
        holders = [(start - chance.uniform(2, 12) * MINUTE, crew[0])]
        if chance.random() < rates.handed_over:
            holders.append((chance.uniform(start + HOUR, end - HOUR), crew[1]))
        forgotten = False
        for place, (since, officer) in enumerate(holders):
            until = (
                holders[place + 1][0] if place + 1 < len(holders) else end + chance.uniform(2, 15) * MINUTE
            )
            if chance.random() < rates.missing_assignment:
                forgotten = True
                continue
            # hand-overs are written down to five minutes, and not by the second
            said = [round((at + chance.gauss(0, 120)) / 300) * 300.0 for at in (since, until)]
            if said[0] < said[1]:
                self.held.append(Held(self._id(), camera.id, officer.id, time(said[0]), time(said[1])))
        yield Kit(camera, holders, forgotten)

    # ---- when the year is over

    def not_counted(self) -> Iterator[Happening]:
        """Visits called off before anybody went, and acts that stand in the list twice: beside what was done."""
        chance, rates = self.chance, self.rates
        twice, off = (round(len(self.events) * rate) for rate in (rates.written_twice, rates.called_off))
        for n, kept in enumerate(chance.sample(self.events, twice + off)):
            merged = n < twice
            moved = timedelta(minutes=chance.randint(1, 3) if merged else chance.randint(200, 400))
            end = kept.end and kept.end + moved
            yield replace(
                kept,
                id=self._id(),
                start=kept.start + moved,
                end=end,
                merged_into=kept.id if merged else None,
                cancelled=None if merged else (end or kept.start + moved) + timedelta(hours=2),
            )
