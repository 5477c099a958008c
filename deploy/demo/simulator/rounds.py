"""A bureau that is always at work: crews go from act to act as long as a shift lasts, two shifts a day."""

from collections.abc import Iterable
from math import floor
from random import Random

from deploy.demo.simulator.filming import Act
from deploy.demo.simulator.rates import ROUNDS, Rates, Work
from deploy.demo.simulator.rows import DAY, HOUR, MINUTE, Camera, Officer, Year
from deploy.demo.simulator.squad import Crew, Squad
from deploy.demo.simulator.whole import whole_year


def rounds_year(
    seed: int, *, squads: int = 6, crews: int = 3, days: int = 365, rates: Rates | None = None
) -> Year:
    """`crews`: of two officers, a squad and shift. About 12 events and 26 recordings a day for each of these."""
    rates = rates or Rates()
    made = [Rounds(seed, number, crews, days, rates) for number in range(squads)]
    cameras = [(one, camera) for one in made for camera in one.cameras]
    wrong = _of_years(len(cameras) * rates.hours_off, seed)
    for one, camera in Random(f"{seed}/wrong").sample(cameras, wrong):
        one.set_wrong(camera)
    return whole_year(made)


def _of_years(expected: float, seed: int) -> int:
    """How many of what comes `expected` times a year: over neighbouring seeds as many as stated. A handful of years,
    each drawn for itself, may well have none of what is rare, and then says nothing about it."""
    return floor(expected * (seed + 1)) - floor(expected * seed)


class Rounds(Squad):
    def __init__(self, seed: int, number: int, crews: int, days: int, rates: Rates) -> None:
        super().__init__(seed, number, days, rates)
        self.crews = crews
        self.id = self._id()
        pairs = -(-crews * 28 // 10)
        self.officers = [
            Officer(self._id(), f"{number + 1:02}{place + 1:03}", self.id) for place in range(2 * pairs)
        ]
        pooled = round(pairs * 2 / 3 * rates.shared / 0.5)
        self.cameras = [self._camera(place, shared=True) for place in range(pooled)]
        for officer in self.officers[2 * pooled :] if rates.shared < 1 else []:
            camera = self._camera(len(self.cameras), shared=False)
            self.personal[officer.id] = camera
            self.cameras.append(camera)
        self._equip()

    def _camera(self, place: int, *, shared: bool) -> Camera:
        return Camera(self._id(), f"R-{self.number + 1:02}{place + 1:03}", self.id, shared)

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

    def _shifts(self, day: int, pairs: list[Crew]) -> Iterable[tuple[list[Crew], float, float]]:
        late = (18 * HOUR, 25.5 * HOUR) if self.chance.random() < 0.15 else (14 * HOUR, 21 * HOUR)
        for place, (start, end) in enumerate(((8 * HOUR, 14.5 * HOUR), late)):
            crews = [list(pair) for pair in pairs[place * self.crews : (place + 1) * self.crews]]
            if len(crews) > 1 and self.chance.random() < 0.2:
                crews[0][1], crews[1][1] = crews[1][1], crews[0][1]
            yield crews, start, end

    def _agenda(self, crews: list[Crew], start: float, end: float) -> list[list[Act]]:
        days: list[list[Act]] = []
        forced: list[Act] = []
        for place in range(len(crews)):
            acts, forced = self._acts(start, end, forced, last=place == len(crews) - 1)
            days.append(acts)
        return days

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
            work, length = self._some_work()
            place = self._near(follow.place, 100) if follow else self._near(self.centre, 3000)
            act = Act(at, at + length, place, work, near=follow is not None)
            if waiting and act.end + 4 * MINUTE > waiting[0].start:
                act = waiting.pop(0)
                if acts and act.start < acts[-1].end + 2 * MINUTE:
                    continue
            acts.append(act)
            if not last and chance.random() < each:
                begins = act.start + chance.uniform(-10, 10) * MINUTE
                if begins > start + 5 * MINUTE:
                    act.near = True
                    work, length = self._some_work()
                    beside.append(Act(begins, begins + length, self._near(act.place, 100), work, near=True))
            # the last crew has nobody beside it, so it walks on next door more often
            follow = act if chance.random() < each * (2 if last else 1) else None
            if follow:
                act.near = True
            at = act.end + (chance.uniform(1.5, 10) if follow else chance.uniform(8, 75)) * MINUTE
        return acts, beside

    def _some_work(self) -> tuple[Work, float]:
        work = self.chance.choices(ROUNDS, [line.count for line in ROUNDS])[0]
        return work, self._length(work)
