"""Geometry for the drawings that the server makes as SVG: pure, in per cent or in a small square."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, copysign, cos, floor, log10, radians

Point = tuple[float, float, float]  # latitude, longitude, seconds into the recording


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a time axis, in per cent of its width."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of real time drawn from 0 to 100 per cent."""

    start: datetime
    end: datetime

    def at(self, moment: datetime) -> float:
        share = (moment - self.start) / (self.end - self.start)
        return round(100 * min(1.0, max(0.0, share)), 3)

    def span(self, start: datetime, end: datetime | None, least: float = 0.6) -> Span:
        """At least `least` per cent wide, so that a short recording on a long axis can still be seen."""
        x = self.at(start)
        width = max(least, self.at(end or start) - x)
        return Span(round(min(x, 100 - width), 3), round(width, 3))

    def ticks(self, about: int = 6) -> list[tuple[float, datetime]]:
        """Round moments (position, moment), at most about `about` of them."""
        total = self.end - self.start
        steps = [timedelta(minutes=m) for m in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)]
        steps += [timedelta(days=d) for d in (1, 2, 7, 14, 30, 91, 182, 365)]
        step = next((s for s in steps if total / s <= about), steps[-1])
        whole = step.total_seconds()
        offset = (self.start.utcoffset() or timedelta(0)).total_seconds()
        first = self.start.timestamp() + offset
        moment = self.start + timedelta(seconds=(-first) % whole)
        found = []
        while moment <= self.end:
            found.append((self.at(moment), moment))
            moment += step
        return found


def axis(moments: Sequence[datetime | None], margin: float = 0.04) -> Axis | None:
    """The axis that shows all of them with a margin at both ends; None when there is nothing to show."""
    known = sorted(m for m in moments if m)
    if not known:
        return None
    pad = max((known[-1] - known[0]) * margin, timedelta(minutes=1))
    return Axis(known[0] - pad, known[-1] + pad)


def uncovered(
    start: datetime, end: datetime, recorded: Sequence[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    """The parts of [start, end] inside none of the recorded intervals, in order."""
    gaps, reached = [], start
    for begin, finish in sorted(recorded):
        if begin > reached:
            gaps.append((reached, min(begin, end)))
        reached = max(reached, finish)
        if reached >= end:
            return gaps
    gaps.append((reached, end))
    return gaps


@dataclass(frozen=True, slots=True)
class Track:
    """A GPS track inside a square of `side` units, north up, equal scale on both axes."""

    path: str
    start: tuple[float, float]
    end: tuple[float, float]
    width_m: float


def track(points: Sequence[Point], side: float = 200, margin: float = 20) -> Track | None:
    if len(points) < 2:
        return None
    middle = radians(sum(p[0] for p in points) / len(points))
    flat = [(lon * cos(middle), -lat) for lat, lon, _ in points]
    left, right = min(x for x, _ in flat), max(x for x, _ in flat)
    top, bottom = min(y for _, y in flat), max(y for _, y in flat)
    extent = max(right - left, bottom - top) or 1e-9
    scale = (side - 2 * margin) / extent
    inset_x = (side - (right - left) * scale) / 2
    inset_y = (side - (bottom - top) * scale) / 2
    placed = [
        (round((x - left) * scale + inset_x, 1), round((y - top) * scale + inset_y, 1)) for x, y in flat
    ]
    path = "M" + "L".join(f"{x} {y}" for x, y in placed)
    return Track(path, placed[0], placed[-1], extent * 111_320)


UNITS = (1, 10, 60, 600, 3600, 8 * 3600, 86400, 30 * 86400, 365 * 86400, 50 * 365 * 86400)


@dataclass(frozen=True, slots=True)
class Steps:
    """A vertical scale for seconds of either sign, 0 at the top and 100 at the bottom: nearly even within a few
    seconds of zero, then each tenfold takes the same height, so that seconds and hours are seen in one drawing."""

    low: float
    high: float

    def at(self, seconds: float) -> float:
        share = (_bent(self.high) - _bent(seconds)) / (_bent(self.high) - _bent(self.low))
        return round(100 * min(1.0, max(0.0, share)), 2)

    def ticks(self, apart: float = 14) -> list[tuple[float, int]]:
        """Round numbers of seconds (position, seconds), no two nearer than `apart` per cent; zero always."""
        found: list[tuple[float, int]] = [(self.at(0), 0)]
        for side in (1, -1):
            for unit in UNITS:
                place = self.at(side * unit)
                inside = self.low <= side * unit <= self.high
                if inside and all(abs(place - other) >= apart for other, _ in found):
                    found.append((place, side * unit))
        return sorted(found)


def _bent(seconds: float) -> float:
    return copysign(log10(1 + abs(seconds) / 3), seconds)


def steps(values: Sequence[float]) -> Steps:
    """The scale that shows zero and all of them, with room above and below."""
    high, low = max([3.0, *values]), min([-3.0, *values])
    return Steps(low * 1.6 if low < 0 else low, high * 1.6 if high > 0 else high)


@dataclass(frozen=True, slots=True)
class Shares:
    """A vertical scale of shares, `high` at the top (0) and `low` at the bottom (100)."""

    low: float
    high: float

    def at(self, share: float) -> float:
        place = (self.high - share) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, place)), 2)

    def ticks(self) -> list[tuple[float, float]]:
        """Round shares (position, share), from the bottom up."""
        step = 0.05 if self.high - self.low <= 0.3 else 0.1 if self.high - self.low <= 0.6 else 0.2
        first, last = ceil(self.low / step - 1e-6), floor(self.high / step + 1e-6)
        return [(self.at(n * step), round(n * step, 2)) for n in range(first, last + 1)]


def shares(values: Sequence[float]) -> Shares:
    """The scale that shows all of them, cut at round tenths and at least two of them high."""
    if not values:
        return Shares(0.0, 1.0)
    low, high = max(0, floor(min(values) * 10 + 1e-9)), min(10, ceil(max(values) * 10 - 1e-9))
    if high - low < 2:
        low, high = max(0, high - 2), max(2, high)
    return Shares(low / 10, high / 10)


def broken_line(points: Sequence[tuple[float, float] | None]) -> str:
    """A path through the points, broken where one is None; a point between two breaks is a dot of no length."""
    path, pen = "", "M"
    for place, point in enumerate(points):
        if point is None:
            pen = "M"
            continue
        lone = pen == "M" and (place + 1 == len(points) or points[place + 1] is None)
        path += f"{pen}{point[0]:.2f} {point[1]:.2f}" + ("h0" if lone else "")
        pen = "L"
    return path
