"""How the acts of a shift are filmed: late, cut short, in several files, and what is filmed beside them."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import cos, hypot, pi, radians, sin
from random import Random
from uuid import UUID

from deploy.demo.simulator.rates import Rates, Work
from deploy.demo.simulator.rows import (
    BEGIN,
    BUREAU_H,
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
# Where the clock of a recorder begins whose battery was flat: midnight of 2000-01-01 by the bureau's wall clock.
ANEW = (datetime(2000, 1, 1, tzinfo=UTC) - BEGIN).total_seconds() - BUREAU_H * HOUR
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
    """Of one camera. `dock`: when it comes into its dock. `named`: its files say which recorder it is. `wrong`: the
    fault that its clock has in it."""

    kit: Kit
    acts: list[Act]
    start: float
    end: float
    dock: float
    named: bool
    wrong: str = ""


@dataclass
class Spell:
    """Some shifts in which a camera's clock is hours off, or years. `begun`: by how much, once it has begun anew."""

    fault: str
    reset: bool
    shifts: int
    each_anew: bool
    begun: float | None = None


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
    events: list[Happening]
    measured: list[Measured]
    files: list[File]
    unfilmed: dict[UUID, Unfilmed]
    typed: set[UUID]
    spells: dict[UUID, Spell]
    docked: dict[UUID, float]
    counts: dict[UUID, int]

    def _id(self) -> UUID:
        self.counted += 1
        return UUID(int=(self.seed << 96 | 0x7 << 76 | 0x8 << 60 | (self.number + 1) << 40 | self.counted))

    def _film(self, kit: Kit, acts: list[Act], start: float, end: float) -> None:
        chance, rates = self.chance, self.rates
        dock = end + chance.uniform(5, 40) * MINUTE
        if rates.late_docked and chance.random() < rates.late_docked:
            dock += chance.choice((1, 1, 1, 2, 3, 4)) * DAY + chance.uniform(-9, 2) * HOUR
        wrong, read = "", None
        if rates.eight_off or rates.reset or rates.unread:
            wrong, read = self._wrong_clock(kit.camera, start, end, dock)
        if read or (chance.random() >= rates.not_docked and read is None):
            offset, typed = self.clocks[kit.camera.id].offset(dock), kit.camera.id in self.typed
            self.measured.append(
                Measured(kit.camera.id, time(dock), offset + chance.gauss(0, 0.5), 1.5, typed)
            )
        shift = Shift(kit, acts, start, end, dock, named=chance.random() >= rates.no_recorder, wrong=wrong)
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
            often = 2.0 if act.near else 1.0
            if (
                rates.early_start
                and "late_start" not in faults
                and chance.random() < rates.early_start * often
            ):
                begin = act.start - chance.uniform(60, 480)
            else:
                begin = max(begin, acts[place - 1].end + 20 if place else begin)
            if self.files[first:] and (rates.early_start or rates.outside):
                begin = max(begin, seconds(self.files[-1].true_start) + self.files[-1].length_s + 20)
            if rates.early_start and begin < act.start and self._ended_meanwhile(act, begin):
                faults.add("before_neighbour")
            stop = max(stop, begin + 20)
            if following and not skip:
                stop = min(stop, following.start - 20)
            where = shift
            before = acts[place - 1] if place else None
            apart = rates.outside and len(seen) == 1 and chance.random() < rates.outside
            if apart and (span := self._outside(act, before, following)):
                (begin, stop), where = span, _stayed(shift, act, span)
                faults = {"outside"}
            self._filming(where, begin, stop, seen, faults)
            strays += chance.random() < rates.stray * 1.75
        for _ in range(strays):
            self._stray(shift, self.files[first:])
        self._number(kit.camera, first)

    def _number(self, camera: Camera, first: int) -> None:
        """What the camera filmed in this shift, in the order in which it did; after 9999 comes 1."""
        filmed = sorted(range(first, len(self.files)), key=lambda place: self.files[place].true_start)
        for place in filmed:
            self.counts[camera.id] = self.counts.get(camera.id, 0) % 9999 + 1
            self.files[place] = replace(self.files[place], number=self.counts[camera.id])

    def _wrong_clock(self, camera: Camera, start: float, end: float, dock: float) -> tuple[str, bool | None]:
        """The fault of this camera's clock in this shift; and whether the dock reads it then: None as usual."""
        chance, rates, clock = self.chance, self.rates, self.clocks[camera.id]
        before = self.docked.get(camera.id, start - 12 * HOUR)
        self.docked[camera.id] = dock
        spell = self.spells.get(camera.id)
        if spell is None or not spell.shifts:
            kinds = {"eight_off": rates.eight_off, "reset": rates.reset, "unread": rates.unread}
            fault = chance.choices(["", *kinds], [1 - sum(kinds.values()), *kinds.values()])[0]
            if not fault:
                return "", None
            reset = fault == "reset" or (fault == "unread" and chance.random() < 0.5)
            spell = Spell(fault, reset, chance.randint(1, 3), each_anew=chance.random() < 0.5)
            self.spells[camera.id] = spell
        since = before + MINUTE
        if spell.begun is None or (spell.reset and spell.each_anew):
            since = (
                chance.uniform(start - 10 * MINUTE, start) if spell.reset else chance.uniform(since, start)
            )
            if spell.reset and chance.random() < 0.2:
                since = chance.uniform(start, end)
            spell.begun = ANEW - since if spell.reset else -8 * HOUR - clock.offset(since)
        since = max(since, before + MINUTE)
        clock.put_on(spell.begun - clock.offset(since) if spell.reset else -8 * HOUR, since, dock + MINUTE)
        spell.shifts -= 1
        if spell.fault == "unread":
            return spell.fault, False
        return spell.fault, True if not spell.shifts else None

    def _ended_meanwhile(self, act: Act, begin: float) -> bool:
        """Whether another event of the squad, next door, ended between this and the arrival."""
        return any(
            one.end is not None
            and begin < seconds(one.end) < act.start
            and one is not act.kept
            and beside(one.true_place, act.place)
            for one in self.events[-200:]
        )

    def _outside(self, act: Act, before: Act | None, after: Act | None) -> tuple[float, float] | None:
        """When an act was filmed for the most part before it began or after it was over: the talk at the door, the
        street afterwards."""
        chance = self.chance
        length = chance.uniform(1, 10) * MINUTE
        apart = max(chance.uniform(-6, 5) * MINUTE, -length / 2, (act.start - act.end) / 2)
        if chance.random() < 0.5:
            span = act.start - apart - length, act.start - apart
        else:
            span = act.end + apart, act.end + apart + length
        free = (before.end + 30 if before else span[0], after.start - 30 if after else span[1])
        return span if free[0] <= span[0] and span[1] <= free[1] else None

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
            "over_two": len(shown) > 1,
            "no_crew": any(not event.officers for event in kept),
            shift.wrong: bool(shift.wrong) and abs(self.clocks[camera.id].offset(since)) > HOUR,
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


def _stayed(shift: Shift, act: Act, span: tuple[float, float]) -> Shift:
    """They were at the site all the while."""
    longer = replace(act, start=min(act.start, span[0] - 1), end=max(act.end, span[1] + 1))
    return replace(shift, acts=[longer if one is act else one for one in shift.acts])


def beside(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Within 300 m."""
    east = (one[1] - other[1]) * cos(radians(one[0]))
    return hypot(one[0] - other[0], east) < 300 * METRE


def moved(place: tuple[float, float], north: float, east: float) -> tuple[float, float]:
    return place[0] + north * METRE, place[1] + east * METRE / cos(radians(place[0]))
