"""How the acts of a shift are filmed: late, cut short, in several files, and what is filmed beside them."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, pi, radians, sin
from random import Random
from uuid import UUID

from deploy.demo.simulator.rates import Rates, Work
from deploy.demo.simulator.rows import (
    DAY,
    HOUR,
    METRE,
    MINUTE,
    SEEN_S,
    STRAY,
    Camera,
    File,
    Happening,
    Measured,
    Officer,
    Unfilmed,
    day_of,
    seconds,
    time,
)

STRAY_TRIES = 30
Track = tuple[tuple[float, float, float], ...]  # latitude, longitude, seconds into the file


@dataclass
class Stay:
    """True times, true place."""

    start: float
    end: float
    place: tuple[float, float]


@dataclass
class Act(Stay):
    """An event on the day. `unfilmed`: times as often as usual filmed by nobody."""

    work: Work
    near: bool = False
    nth: int = 0
    unfilmed: float = 1.0
    kept: Happening | None = None


@dataclass
class Kit:
    """A camera with a crew for a shift: who holds it when, truly. `unrecorded`: not all of that was written down."""

    camera: Camera
    holders: list[tuple[float, Officer]]
    unrecorded: bool

    def holder(self, at: float) -> Officer:
        return [who for since, who in self.holders if since <= at or since == self.holders[0][0]][-1]


@dataclass(frozen=True)
class Shift:
    """Of one camera. `dock`: when it comes into its dock. `named`: its files say which recorder it is."""

    kit: Kit
    acts: list[Act]
    start: float
    end: float
    dock: float
    named: bool


@dataclass
class Clock:
    """`steps`: (from when, offset there); it drifts on from each."""

    drift: float
    steps: list[tuple[float, float]]

    def offset(self, at: float) -> float:
        place = max(0, bisect_left(self.steps, (at, float("inf"))) - 1)
        since, offset = self.steps[place]
        return offset + self.drift * (at - since) / DAY

    def put_on(self, by: float, since: float, until: float) -> None:
        ends = [(since, self.offset(since) + by), (until, self.offset(until))]
        inside = [(at, offset + by * (since <= at < until)) for at, offset in self.steps]
        self.steps = sorted([*inside, *ends])


class Filming:
    """What a squad's cameras make of its acts. The squad itself is in squad.py."""

    seed: int
    number: int
    counted: int
    chance: Random
    rates: Rates
    id: UUID
    centre: tuple[float, float]
    officers: list[Officer]
    strangers: list[Officer]
    clocks: dict[UUID, Clock]
    off: set[UUID]
    papers: set[UUID]
    cut_s: dict[UUID, float]
    cases: list[UUID]
    measured: list[Measured]
    files: list[File]
    unfilmed: dict[UUID, Unfilmed]

    def _id(self) -> UUID:
        self.counted += 1
        return UUID(int=(self.seed << 96 | 0x7 << 76 | 0x8 << 60 | (self.number + 1) << 40 | self.counted))

    def _film(self, kit: Kit, acts: list[Act], start: float, end: float) -> None:
        chance, rates = self.chance, self.rates
        dock = end + chance.uniform(5, 40) * MINUTE
        if rates.late_docked and chance.random() < rates.late_docked:
            dock += chance.choice((1, 1, 1, 2, 3, 4)) * DAY + chance.uniform(-9, 2) * HOUR
        if chance.random() >= rates.not_docked:
            offset = self.clocks[kit.camera.id].offset(dock)
            self.measured.append(Measured(kit.camera.id, time(dock), offset + chance.gauss(0, 0.5), 1.5))
        shift = Shift(kit, acts, start, end, dock, named=chance.random() >= rates.no_recorder)
        first, strays, skip = len(self.files), 0, False
        for place, act in enumerate(acts):
            if skip:
                skip = False
                continue
            if chance.random() >= 1 - rates.missed * act.unfilmed:
                self._unfilmed(act, Unfilmed.forgotten)
                continue
            faults: set[str] = set()
            begin = act.start + chance.gauss(-10, 25)
            if chance.random() < rates.late_start:
                faults.add("late_start")
                begin = act.start + min(chance.uniform(60, 600), 0.7 * (act.end - act.start))
            stop = act.end + chance.gauss(15, 30)
            if chance.random() < rates.early_stop:
                faults.add("early_stop")
                stop = act.end - chance.uniform(0.15, 0.6) * (act.end - act.start)
            following = acts[place + 1] if place + 1 < len(acts) else None
            seen = [act]
            if rates.in_pocket and chance.random() < rates.in_pocket:
                seen = []
            soon = following if seen and following and following.start - act.end < 30 * MINUTE else None
            if soon and chance.random() < rates.left_on:
                stop, skip = soon.end + chance.gauss(15, 30), True
                seen.append(soon)
            begin = max(begin, acts[place - 1].end + 20 if place else begin)
            stop = max(stop, begin + 20)
            if following and not skip:
                stop = min(stop, following.start - 20)
            self._filming(shift, begin, stop, seen, faults)
            strays += chance.random() < rates.stray * 1.75
        for _ in range(strays):
            self._stray(shift, self.files[first:])

    def _unfilmed(self, act: Act, why: Unfilmed) -> None:
        """By this camera; another may have seen it."""
        if act.kept:
            self.unfilmed.setdefault(act.kept.id, why)

    def _filming(self, shift: Shift, begin: float, stop: float, seen: list[Act], faults: set[str]) -> None:
        chance, rates = self.chance, self.rates
        pieces = [(begin, stop)]
        if chance.random() < rates.split:
            pieces = self._cut(shift.kit.camera, begin, stop)
            faults = faults | {"split"}
        holder = shift.kit.holder(begin)
        officer: UUID | None = holder.id
        if chance.random() < rates.no_officer:
            officer = None
        elif chance.random() < rates.wrong_officer:
            faults = faults | {"wrong_officer"}
            officer = self._somebody_else(holder).id
        # part of what has no position never found a satellite, the rest not yet in this file
        fix = 1 - (1 - rates.no_gps) ** 0.5
        blind = chance.random() < fix
        for since, until in pieces:
            shown = [
                act for act in seen if len(seen) == 1 or min(act.end, until) - max(act.start, since) >= SEEN_S
            ]
            track = () if blind or chance.random() < fix else self._track(shift.acts, since, until)
            self._file(shift, since, until, officer, shown, track, faults)

    def _somebody_else(self, holder: Officer) -> Officer:
        others = [officer for officer in self.officers if officer is not holder]
        if self.strangers and self.chance.random() < 0.2:
            others = self.strangers
        return self.chance.choice(others)

    def _cut(self, camera: Camera, begin: float, stop: float) -> list[tuple[float, float]]:
        """By the recorder, every few minutes without a gap; or by the finger, with one."""
        chance, rates, each = self.chance, self.rates, self.cut_s[camera.id]
        long = stop - begin > each
        if long and chance.random() < 1 - rates.by_finger:
            pieces, since = [], begin
            while since < stop:
                pieces.append((since, min(since + each, stop)))
                since += each + chance.uniform(0, 1)
            return pieces
        if not long and rates.short_by_finger < 1 and chance.random() >= rates.short_by_finger:
            return [(begin, stop)]
        at = begin + (stop - begin) * chance.uniform(0.2, 0.8)
        if stop - at <= 10:
            return [(begin, stop)]
        return [(begin, at), (min(at + chance.uniform(5, 150), stop - 5), stop)]

    def _stray(self, shift: Shift, filmed: list[File]) -> None:
        """`filmed`: by this camera in this shift; it never films two things at once."""
        for _ in range(STRAY_TRIES):
            begin, length, around = self._stray_time(shift)
            spans = ((seconds(one.true_start), one.length_s) for one in filmed)
            if not any(since < begin + length and begin < since + lasting for since, lasting in spans):
                break
        else:
            return
        shift = replace(shift, dock=max(shift.dock, begin + length + 60))
        officer: UUID | None = shift.kit.holder(begin).id
        if self.chance.random() < self.rates.no_officer:
            officer = None
        track: Track = ()
        if self.chance.random() >= self.rates.no_gps:
            track = self._track(around, begin, begin + length)
        self._file(shift, begin, begin + length, officer, [], track, {STRAY})

    def _stray_time(self, shift: Shift) -> tuple[float, float, Sequence[Stay]]:
        """Its beginning, its length, and where the camera is about then."""
        chance, acts, start, end = self.chance, shift.acts, shift.start, shift.end
        around: Sequence[Stay] = acts
        kind = chance.random()
        if kind < 0.4:  # does it work?
            begin, length = start + chance.uniform(-10, 12) * MINUTE, chance.uniform(4, 30)
        elif kind < 0.7:  # on the way
            place = chance.randrange(len(acts))
            until = acts[place].start
            since = acts[place - 1].end if place else start
            length = min(chance.uniform(10, 300), max(5.0, (until - since) / 2))
            begin = chance.uniform(since, max(since, until - length))
        elif kind < 0.85:  # whenever, by somebody at the squad's station
            begin, length = chance.uniform(start, end), chance.uniform(10, 400)
            around = [Stay(begin, begin + length, self.centre)]
        else:  # after work
            begin, length = end + chance.uniform(0, 0.5) * HOUR, chance.uniform(30, 900)
        return begin, length, around

    def _track(self, acts: Sequence[Stay], since: float, until: float) -> Track:
        """One position, or one a minute; now and then all of it far off."""
        chance = self.chance
        away, angle = 0.0, chance.uniform(0, 2 * pi)
        if chance.random() < 0.04:
            away = chance.uniform(200, 900)
        moments = [since]
        if chance.random() < 0.4:
            moments = [since + MINUTE * n for n in range(min(20, 1 + int((until - since) / MINUTE)))]
        found = []
        for at in moments:
            north, east = away * cos(angle) + chance.gauss(0, 12), away * sin(angle) + chance.gauss(0, 12)
            latitude, longitude = moved(where(acts, at), north, east)
            found.append((round(latitude, 6), round(longitude, 6), round(at - since, 1)))
        return tuple(found)

    def _file(
        self, shift: Shift, since: float, until: float, officer: UUID | None, shown: list[Act], track: Track,
        faults: set[str],
    ) -> None:  # fmt: skip
        chance, rates, camera = self.chance, self.rates, shift.kit.camera
        kept = [act.kept for act in shown if act.kept]
        case = next((event.case for event in kept if event.case), None)
        if case is not None:
            if camera.id not in self.papers or chance.random() >= rates.case_in_papers:
                case = None
            elif chance.random() < rates.wrong_case:
                case = chance.choice(self.cases)
        late = rates.announced and kept and shift.named and day_of(since) >= rates.announced_from
        more = {
            "shared": camera.shared,
            "hours_off": camera.id in self.off,
            "missing_assignment": shift.kit.unrecorded,
            "neighbours": any(act.near for act in shown),
            "no_gps": not track,
        }
        self.files.append(
            File(
                id=self._id(),
                squad=self.id,
                claimed=time(since + self.clocks[camera.id].offset(since)),
                length_s=round(until - since, 1),
                received=time(max(shift.dock, until) + chance.uniform(60, 1500)),
                recorder=camera.id if shift.named else None,
                officer=officer,
                case=case,
                track=track,
                shows=frozenset(event.id for event in kept),
                faults=frozenset({*faults, *(name for name, holds in more.items() if holds)}),
                true_start=time(since),
                announced=bool(late) and chance.random() < rates.announced,
            )
        )


def where(acts: Sequence[Stay], at: float) -> tuple[float, float]:
    """At an act, or on the straight way between two."""
    before = max((act for act in acts if act.start <= at), key=lambda act: act.start, default=acts[0])
    if at <= before.end:
        return before.place
    after = min((act for act in acts if act.start > at), key=lambda act: act.start, default=None)
    if after is None:
        return before.place
    share = (at - before.end) / max(1.0, after.start - before.end)
    (a, b), (c, d) = before.place, after.place
    return a + (c - a) * share, b + (d - b) * share


def moved(place: tuple[float, float], north: float, east: float) -> tuple[float, float]:
    return place[0] + north * METRE, place[1] + east * METRE / cos(radians(place[0]))
