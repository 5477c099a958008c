"""How far a recorder's clock was off at a moment, from dated measurements. Pure; a set in, so order says nothing.

Offsets are device − true, in seconds; a fast clock is positive. Between two measurements a clock drifts at most
`drift` seconds a day. Two that a drift explains belong to one run, and inside a run the offset is piecewise linear.
Two that it does not explain have a jump between them: a reset, a zone, someone who set the clock.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.clocks import OffsetSource
from schemas.recording_clock import NearMeasurement, OffsetBasis
from service.registry.clocks.resets import LONG_BEFORE

DRIFT_S_PER_DAY = 3.0
DAY_S = 86400.0
# What it costs to disbelieve a measurement, and what it costs to believe in a jump. The cheapest story is told:
# one strange value typed by hand between two docks is a mistake, one that a dock read is a reset and its repair.
WORTH = {
    OffsetSource.dock: 6.0,
    OffsetSource.gps: 6.0,
    OffsetSource.hand: 3.0,
    OffsetSource.burned_in: 3.0,
    OffsetSource.sidecar: 1.5,
}
JUMP = 2.0
EQUALS_JUMP = (
    0.45  # of their worth, where both ends of a jump are worth no more: among its equals a reading counts
)
LOOK_BACK = 8
NEIGHBOURS = 8
# An offset this large came by a jump, and nobody knows whether that was before or after an earlier recording.
JUMPED_S = 1800.0
WORST_DRIFT = 60.0  # seconds a day; a clock that loses more was set
DRIFT_OVER_DAYS = 31.0
SET_WITHIN_S = 30.0  # how well a clock is set by hand
READ_AT_DOCK = (OffsetSource.dock, OffsetSource.hand, OffsetSource.sidecar)
ONE_DOCKING = timedelta(hours=3)  # a full card takes so long to come
CLOCKS_APART = timedelta(minutes=10)
OLDEST = timedelta(days=400)  # bytes come at most this long after they were filmed


class Kind(StrEnum):
    """Where an offset comes from, seen from the moment that it is for."""

    between = "between"  # measurements on both sides agree
    after = "after"  # later than the last measurement
    before = "before"  # earlier than the first one
    jump = "jump"  # between two that do not agree


class Unused(StrEnum):
    """Why a measurement corrects nothing."""

    withdrawn = "withdrawn"
    contradicted = "contradicted"  # by those around it, which agree with each other


@dataclass(frozen=True, order=True)
class Measurement:
    """`measured_at` is true time; the offset lies within ± `doubt_s`."""

    measured_at: datetime
    offset_s: float
    doubt_s: float
    source: OffsetSource


@dataclass(frozen=True)
class Basis:
    """`near`: the measurements next to the moment, the earlier one first."""

    kind: Kind
    near: tuple[Measurement, ...] = ()

    def as_json(self) -> OffsetBasis:
        near: list[NearMeasurement] = [
            {"source": str(m.source), "at": m.measured_at.isoformat()} for m in self.near
        ]
        return {"kind": str(self.kind), "near": near}


@dataclass(frozen=True)
class Offset:
    """The true offset lies within ± `doubt_s`, if the measurements were right and the drift no larger than said.

    `answers`: where the clock may have been off by this or by that, hours apart: each way by itself, this one among
    them. `came_late`: the recorder was read in between and the file did not come with that docking."""

    offset_s: float
    doubt_s: float
    basis: Basis
    answers: tuple["Offset", ...] = ()
    came_late: bool = False


@dataclass(frozen=True)
class _Run:
    """Measurements that agree, in order of time. `nodes` are the offsets drawn at them. `since` and `until`: the
    run may have begun as early and lasted as late, None without bound."""

    points: tuple[Measurement, ...]
    drift: float
    since: datetime | None = None
    until: datetime | None = None
    times: tuple[datetime, ...] = field(default=())
    nodes: tuple[float, ...] = field(default=())

    def at(self, moment: datetime) -> Offset:
        place = bisect_right(self.times, moment)
        near = self.points[max(0, place - NEIGHBOURS) : place + NEIGHBOURS]
        reach = [m.doubt_s + self.drift * _days(moment, m.measured_at) for m in near]
        low = max(m.offset_s - r for m, r in zip(near, reach, strict=True))
        high = min(m.offset_s + r for m, r in zip(near, reach, strict=True))
        drawn, kind = self._drawn(moment, place)
        doubt = max(abs(high - drawn), abs(drawn - low))
        beside = self.points[max(0, place - 1) : place + 1]
        return Offset(drawn, doubt, Basis(kind, beside))

    def _drawn(self, moment: datetime, place: int) -> tuple[float, Kind]:
        if place == 0:
            return self.nodes[0], Kind.before
        if place == len(self.points):
            return self.nodes[-1], Kind.between if moment == self.times[-1] else Kind.after
        start, end = self.times[place - 1], self.times[place]
        share = (moment - start) / (end - start)
        return self.nodes[place - 1] + share * (self.nodes[place] - self.nodes[place - 1]), Kind.between

    def holds(self, moment: datetime) -> bool:
        return (self.since is None or moment >= self.since) and (self.until is None or moment <= self.until)


def _began_anew(offset: Offset) -> bool:
    return offset.offset_s < -LONG_BEFORE.total_seconds()


def _may_be(moment: datetime, before: datetime | None) -> bool:
    return before is None or before - OLDEST <= moment <= before + CLOCKS_APART


def _days(a: datetime, b: datetime) -> float:
    return abs((a - b).total_seconds()) / DAY_S


@dataclass(frozen=True)
class Timeline:
    """The offset of one recorder's clock over time. `disbelieved`: the measurements that count for nothing."""

    runs: tuple[_Run, ...]
    believed: tuple[Measurement, ...]
    disbelieved: frozenset[Measurement]
    drift: float

    @classmethod
    def of(cls, measurements: Iterable[Measurement], drift_s_per_day: float = DRIFT_S_PER_DAY) -> "Timeline":
        points = sorted(measurements)
        kept = _believed(points, drift_s_per_day)
        chains: list[list[Measurement]] = []
        for index in kept:
            if chains and _agree(chains[-1][-1], points[index], drift_s_per_day):
                chains[-1].append(points[index])
            else:
                chains.append([points[index]])
        believed = tuple(points[index] for index in kept)
        return cls(
            _runs(chains, drift_s_per_day), believed, frozenset(points) - frozenset(believed), drift_s_per_day
        )

    def at(self, moment: datetime) -> Offset | None:
        """At a true moment. Between two runs the later one is taken: its jump begins as early as it can."""
        held = [run for run in self.runs if run.holds(moment)]
        if not held:
            return None
        chosen = held[-1].at(moment)
        others = [run.at(moment) for run in held[:-1]]
        return self._told(chosen, held, [abs(o.offset_s - chosen.offset_s) + o.doubt_s for o in others])

    def of_shown(self, shown: datetime, before: datetime | None = None) -> Offset | None:
        """When the clock showed `shown`. `before`: what is known to lie later, such as the arrival of the bytes.

        The clock may have shown the same time twice, or the jump may lie anywhere between two measurements: each
        run that fits is a possible answer. The latest is given, and the doubt reaches to all others. None where it had
        begun anew, and was not read before it was right again.
        """
        if not self.runs:
            return None
        answers = [(run, *_solve(run, shown)) for run in self.runs]
        fit = [
            one
            for one in answers
            if one[0].holds(one[1]) and _may_be(one[1], before) and not self._of_another_reset(*one, before)
        ]
        if not fit:
            nearest = self._nearest(answers, before)
            return None if _began_anew(nearest) else nearest
        run, moment, chosen = fit[-1]
        apart = [abs((other - moment).total_seconds()) + offset.doubt_s for _, other, offset in fit[:-1]]
        right = self._was_right(run, chosen, shown, before)
        if right is not None:
            apart.append(abs(chosen.offset_s))
        told = self._told(chosen, [run for run, *_ in fit], apart)
        ways = [self._came(offset, at, before) for _, at, offset in fit]
        if right is not None:
            ways.insert(0 if right.basis.kind == Kind.before else len(ways), self._came(right, shown, before))
        far = max(abs(one.offset_s - other.offset_s) for one in ways for other in ways)
        return replace(told, answers=tuple(ways)) if far > JUMPED_S else told

    def _was_right(
        self, run: _Run, chosen: Offset, shown: datetime, before: datetime | None
    ) -> Offset | None:
        """Outside all measurements a clock that was once hours off may as well have been right: nobody knows when it
        jumped, or was set."""
        outer = (run.since is None and chosen.basis.kind == Kind.before) or (
            run.until is None and chosen.basis.kind == Kind.after
        )
        if not outer or abs(chosen.offset_s) <= JUMPED_S or not _may_be(shown, before):
            return None
        first, last = run.points[0].measured_at, run.points[-1].measured_at
        if shown > first if chosen.basis.kind == Kind.before else shown < last:
            return None
        return Offset(0.0, max(SET_WITHIN_S, chosen.doubt_s), Basis(chosen.basis.kind, chosen.basis.near))

    def _of_another_reset(self, run: _Run, at: datetime, offset: Offset, before: datetime | None) -> bool:
        """A clock begins anew at the same time again and again, so what it was off by after one reset says nothing of
        the next one. A file is of the next one if it did not come with the docking after it, nor with that at which the
        clock was read right again."""
        if before is None or run.until is None or not _began_anew(offset):
            return False
        return run.until <= before - ONE_DOCKING and self._came(offset, at, before).came_late

    def _came(self, offset: Offset, at: datetime, before: datetime | None) -> Offset:
        if before is None:
            return offset
        docked = [
            one.measured_at
            for one in self.believed
            if one.source in READ_AT_DOCK and one.measured_at <= before - ONE_DOCKING
        ]
        return replace(offset, came_late=bool(docked) and at < docked[-1])

    def _told(self, chosen: Offset, fit: Sequence[_Run], apart: Sequence[float]) -> Offset:
        basis = chosen.basis
        if len(fit) > 1 and basis.kind in (Kind.before, Kind.after):
            basis = Basis(Kind.jump, (fit[-2].points[-1], fit[-1].points[0]))
        return Offset(chosen.offset_s, max([chosen.doubt_s, *apart]), basis)

    def _nearest(self, answers: Sequence[tuple[_Run, datetime, Offset]], before: datetime | None) -> Offset:
        """No run fits: what the clock showed lies in the hole that a jump left. The least wrong one is taken."""

        def miss(answer: tuple[_Run, datetime, Offset]) -> float:
            run, moment, _offset = answer
            bounds = [(run.since, -1), (run.until, 1)]
            bounds += [(before - OLDEST, -1), (before + CLOCKS_APART, 1)] if before else []
            return sum(
                max(0.0, side * (moment - bound).total_seconds())
                for bound, side in bounds
                if bound is not None
            )

        closest = min(reversed(answers), key=miss)
        return Offset(closest[2].offset_s, closest[2].doubt_s + miss(closest), closest[2].basis)

    def drift_s_per_day(self) -> tuple[float, float] | None:
        """(seconds a day, ± how much), from the last month's measurements as far back as the clock ran on without
        being set; None where that is less than a day. It may be more than a clock is allowed to drift."""
        points = self.believed
        first = len(points) - 1
        while first > 0 and self._ran_on(points[first - 1], points[first], points[-1]):
            first -= 1
        if first < 0 or (days := _days(points[first].measured_at, points[-1].measured_at)) < 1:
            return None
        return (points[-1].offset_s - points[first].offset_s) / days, (
            points[-1].doubt_s + points[first].doubt_s
        ) / days

    def _ran_on(self, before: Measurement, after: Measurement, last: Measurement) -> bool:
        if _days(before.measured_at, last.measured_at) > DRIFT_OVER_DAYS:
            return False
        if _agree(before, after, self.drift):
            return True
        return _agree(before, after, WORST_DRIFT) and _set_right(before, after, self.drift) is None


def offset_at(
    measurements: Iterable[Measurement], moment: datetime, drift_s_per_day: float = DRIFT_S_PER_DAY
) -> Offset | None:
    """The offset at a true moment; None without any measurement."""
    return Timeline.of(measurements, drift_s_per_day).at(moment)


def offset_of_shown(
    measurements: Iterable[Measurement],
    shown: datetime,
    before: datetime | None = None,
    drift_s_per_day: float = DRIFT_S_PER_DAY,
) -> Offset | None:
    """The offset when the device's clock showed `shown`, with `Timeline.of_shown`'s care about jumps."""
    return Timeline.of(measurements, drift_s_per_day).of_shown(shown, before)


def out_of_step(
    offset: Offset, drift: tuple[float, float] | None, limit_s: float, drift_limit: float = DRIFT_S_PER_DAY
) -> bool:
    """More than `limit_s` from true time, or drifting by more than a clock may, beyond what the measurements doubt."""
    return abs(offset.offset_s) > limit_s or (drift is not None and abs(drift[0]) - drift[1] > drift_limit)


def _agree(a: Measurement, b: Measurement, drift: float) -> bool:
    slack = a.doubt_s + b.doubt_s + drift * _days(a.measured_at, b.measured_at)
    return abs(a.offset_s - b.offset_s) <= slack + 1e-6


def _jump(a: Measurement, b: Measurement) -> float:
    return min(JUMP, EQUALS_JUMP * max(WORTH[a.source], WORTH[b.source]))


def _believed(points: Sequence[Measurement], drift: float) -> list[int]:
    """The indices that the cheapest story keeps: jumps and disbelieved measurements cost, agreement is free."""
    before = [0.0]  # cost of disbelieving all of points[:i]
    for point in points:
        before.append(before[-1] + WORTH[point.source])
    cost: list[float] = []
    came: list[int | None] = []
    for i, point in enumerate(points):
        best, best_from = before[i], None
        for j in range(i - 1, max(-1, i - 1 - LOOK_BACK), -1):
            jump = 0.0 if _agree(points[j], point, drift) else _jump(points[j], point)
            price = cost[j] + before[i] - before[j + 1] + jump
            if price < best or (price == best and best_from is None):
                best, best_from = price, j
        cost.append(best)
        came.append(best_from)
    if not points:
        return []
    total = [cost[i] + before[-1] - before[i + 1] for i in range(len(points))]
    last: int | None = min(reversed(range(len(points))), key=lambda i: total[i])
    kept = []
    while last is not None:
        kept.append(last)
        last = came[last]
    return kept[::-1]


def _runs(chains: Sequence[Sequence[Measurement]], drift: float) -> tuple[_Run, ...]:
    runs = []
    for i, chain in enumerate(chains):
        points = list(chain)
        since = chains[i - 1][-1].measured_at if i else None
        until = chains[i + 1][0].measured_at if i + 1 < len(chains) else None
        if i and (set_right := _set_right(chains[i - 1][-1], chain[0], drift)):
            points.insert(0, set_right)
        if i + 1 < len(chains) and _set_right(chain[-1], chains[i + 1][0], drift):
            until = chain[-1].measured_at
        times = tuple(point.measured_at for point in points)
        runs.append(_Run(tuple(points), drift, since, until, times, _nodes(points, drift)))
    return tuple(runs)


def _set_right(last: Measurement, first: Measurement, drift: float) -> Measurement | None:
    """The dock that found the clock wrong also set it, if the next measurement is what a clock set then would show.
    Then there is no doubt about when the jump was."""
    right = Measurement(last.measured_at, 0.0, last.doubt_s, OffsetSource.dock)
    return right if last.source == OffsetSource.dock and _agree(right, first, drift) else None


def _nodes(points: Sequence[Measurement], drift: float) -> tuple[float, ...]:
    """The offset drawn at each measurement: neighbours count by their doubt, which grows with the days between, so a
    rough measurement beside a fine one does not bend the line. Of those at one moment the line has one value."""
    times = [point.measured_at for point in points]
    drawn = []
    for point in points:
        start = max(0, bisect_left(times, point.measured_at) - NEIGHBOURS)
        end = bisect_right(times, point.measured_at) + NEIGHBOURS
        total = weight = 0.0
        for other in points[start:end]:
            doubt = max(0.05, other.doubt_s + drift * _days(point.measured_at, other.measured_at))
            total += other.offset_s / doubt**2
            weight += 1 / doubt**2
        drawn.append(total / weight)
    return tuple(drawn)


def _solve(run: _Run, shown: datetime) -> tuple[datetime, Offset]:
    """The true moment at which a clock of this run showed `shown`."""
    offset = run.nodes[len(run.nodes) // 2]
    for _ in range(4):
        moment = shown - timedelta(seconds=offset)
        found = run.at(moment)
        offset = found.offset_s
    return shown - timedelta(seconds=found.offset_s), found
