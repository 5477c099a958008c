"""A squad of the generated year: its people, recorders and clocks, its days, and what is written down of them."""

from collections.abc import Iterator
from datetime import timedelta
from math import cos, pi, sin
from random import Random
from uuid import UUID

from tests.bench.field_filming import Act, Clock, Filming, Kit, moved, time
from tests.bench.field_rows import (
    BEGIN,
    BUREAU_H,
    CENTRE,
    DAY,
    HOUR,
    MINUTE,
    Camera,
    File,
    Happening,
    Held,
    Measured,
    Officer,
    Rates,
)

KINDS = {  # share, median minutes, chance of a case
    "inspection": (0.62, 13.0, 0.03),
    "evidence_collection": (0.20, 28.0, 0.35),
    "document_delivery": (0.12, 8.0, 0.50),
    "coercion": (0.06, 50.0, 0.40),
}


class Squad(Filming):
    def __init__(self, seed: int, number: int, crews: int, days: int, rates: Rates) -> None:
        self.number, self.crews, self.days, self.rates = number, crews, days, rates
        self.chance = Random(f"{seed}/{number}")
        self.seed = seed
        self.counted = 0
        self.id = self._id()
        pairs = -(-crews * 28 // 10)
        self.officers = [
            Officer(self._id(), f"{number + 1:02}{place + 1:03}", self.id) for place in range(2 * pairs)
        ]
        pooled = round(pairs * 2 / 3 * rates.shared / 0.5)
        self.personal: dict[UUID, Camera] = {}
        self.cameras = [self._camera(place, shared=True) for place in range(pooled)]
        for officer in self.officers[2 * pooled :] if rates.shared < 1 else []:
            camera = self._camera(len(self.cameras), shared=False)
            self.personal[officer.id] = camera
            self.cameras.append(camera)
        self.pool = [camera for camera in self.cameras if camera.shared]
        self.clocks = {camera.id: self._clock() for camera in self.cameras}
        self.off: set[UUID] = set()
        self.papers = {
            camera.id for camera in self.cameras if self.chance.random() < rates.stations_with_papers
        }
        self.cut_s = {camera.id: self.chance.choice((300.0, 300.0, 600.0, 900.0)) for camera in self.cameras}
        angle = 2 * pi * number / 7
        self.centre = (CENTRE[0] + 0.05 * cos(angle), CENTRE[1] + 0.05 * sin(angle))
        self.held: list[Held] = []
        self.cases: list[UUID] = []
        self.events: list[Happening] = []
        self.measured: list[Measured] = []
        self.files: list[File] = []
        self.strangers: list[Officer] = []
        self.forgotten: set[UUID] = set()  # personal recorders without an assignment

    def live(self, others: list[list[Officer]]) -> None:
        self.strangers = [officer for squad in others for officer in squad]
        self._issue()
        pairs = self._pairs()
        for day in range(self.days):
            if day % 30 == 29:
                pairs = self._pairs()
            self.chance.shuffle(pairs)
            # the bureau's morning in UTC
            base = day * DAY - BUREAU_H * HOUR
            late = (18 * HOUR, 25.5 * HOUR) if self.chance.random() < 0.15 else (14 * HOUR, 21 * HOUR)
            taken: set[UUID] = set()
            for place, (start, end) in enumerate(((8 * HOUR, 14.5 * HOUR), late)):
                crews = [list(pair) for pair in pairs[place * self.crews : (place + 1) * self.crews]]
                if len(crews) > 1 and self.chance.random() < 0.2:
                    crews[0][1], crews[1][1] = crews[1][1], crews[0][1]
                self._shift(crews, base + start, base + end, taken)
        self.files.sort(key=lambda file: file.received)

    # ---- what there is

    def _camera(self, place: int, *, shared: bool) -> Camera:
        return Camera(self._id(), f"R-{self.number + 1:02}{place + 1:03}", self.id, shared)

    def _clock(self) -> Clock:
        chance = self.chance
        drift = chance.uniform(-self.rates.drift_s, self.rates.drift_s)
        at, steps = -2 * DAY, []
        while at < (self.days + 2) * DAY:
            steps.append((at, chance.uniform(-3, 3)))
            at += chance.uniform(10, 60) * DAY
        return Clock(drift, steps)

    def set_wrong(self, camera: Camera) -> None:
        """Before `live`."""
        chance, clock = self.chance, self.clocks[camera.id]
        self.off.add(camera.id)
        if chance.random() < 0.6:
            zone = chance.choice((-8, -8, -8, 8, -7, 1)) * HOUR
            clock.steps = [(at, offset + zone) for at, offset in clock.steps]
            return
        for _ in range(3):
            at = chance.uniform(0, self.days) * DAY
            lost = -chance.uniform(1, 40) * HOUR
            mended = at + chance.uniform(2, 20) * DAY
            inside = [(when, offset) for when, offset in clock.steps if not at <= when <= mended]
            clock.steps = sorted([*inside, (at, lost), (mended, chance.uniform(-3, 3))])

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

    def _shift(self, crews: list[list[Officer]], start: float, end: float, taken: set[UUID]) -> None:
        days: list[list[Act]] = []
        forced: list[Act] = []
        for place in range(len(crews)):
            acts, forced = self._acts(start, end, forced, last=place == len(crews) - 1)
            days.append(acts)
        for crew, acts in zip(crews, days, strict=True):
            for act in acts:
                act.kept = self._write_down(
                    act, crew, [who for other in crews if other is not crew for who in other]
                )
                self.events.append(act.kept)
        for crew, acts in zip(crews, days, strict=True):
            for kit in self._kits(crew, start, end, taken):
                self._film(kit, acts, start, end)

    def _acts(
        self, start: float, end: float, forced: list[Act], *, last: bool
    ) -> tuple[list[Act], list[Act]]:
        """A crew's acts in their order, round those that lie beside another crew's; and what the next crew gets."""
        chance = self.chance
        acts: list[Act] = []
        beside: list[Act] = []
        waiting = sorted(forced, key=lambda act: act.start)
        at = start + chance.uniform(15, 40) * MINUTE
        each = self.rates.neighbours / 4  # of two kinds, and each has two sides
        follow: Act | None = None
        while at < end - 10 * MINUTE:
            kind, length = self._kind()
            place = self._near(follow.place, 100) if follow else self._near(self.centre, 3000)
            act = Act(at, at + length, place, kind, near=follow is not None)
            if waiting and act.end + 4 * MINUTE > waiting[0].start:
                act = waiting.pop(0)
                if acts and act.start < acts[-1].end + 2 * MINUTE:
                    continue
            acts.append(act)
            if not last and chance.random() < each:
                begins = act.start + chance.uniform(-10, 10) * MINUTE
                if begins > start + 5 * MINUTE:
                    act.near = True
                    kind, length = self._kind()
                    beside.append(Act(begins, begins + length, self._near(act.place, 100), kind, near=True))
            # the last crew has nobody beside it, so it walks on next door more often
            follow = act if chance.random() < each * (2 if last else 1) else None
            if follow:
                act.near = True
            at = act.end + (chance.uniform(1.5, 10) if follow else chance.uniform(8, 75)) * MINUTE
        return acts, beside

    def _kind(self) -> tuple[str, float]:
        names = list(KINDS)
        kind = self.chance.choices(names, [KINDS[name][0] for name in names])[0]
        return kind, max(2.5, min(KINDS[kind][1] * self.chance.lognormvariate(0, 0.55), 150)) * MINUTE

    def _near(self, place: tuple[float, float], metres: float) -> tuple[float, float]:
        away, angle = metres * self.chance.random() ** 0.5, self.chance.uniform(0, 2 * pi)
        return moved(place, away * cos(angle), away * sin(angle))

    def _write_down(self, act: Act, crew: list[Officer], colleagues: list[Officer]) -> Happening:
        chance, rates = self.chance, self.rates
        written = []
        for moment in (act.start, act.end):
            moment += chance.gauss(0, 45)
            written.append(round(moment / MINUTE) * MINUTE if chance.random() < 0.7 else moment)
        listed = list(crew)
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
            kind=act.kind,
            start=time(written[0]),
            end=None if open_end else time(max(written[1], written[0] + MINUTE)),
            officers=tuple(officer.id for officer in listed),
            latitude=where[0] if where else None,
            longitude=where[1] if where else None,
            case=self._case(act.kind),
            true_start=act.start,
            true_end=act.end,
        )

    def _case(self, kind: str) -> UUID | None:
        """A case has a handful of events, over some weeks."""
        if self.chance.random() >= KINDS[kind][2]:
            return None
        if not self.cases or self.chance.random() < 0.35:
            self.cases.append(self._id())
        return self.chance.choice(self.cases[-40:])

    def _kits(self, crew: list[Officer], start: float, end: float, taken: set[UUID]) -> Iterator[Kit]:
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
        free = [camera for camera in self.pool if camera.id not in taken] or self.pool
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
