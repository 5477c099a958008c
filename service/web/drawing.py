"""Geometry for the drawings that the server makes as SVG: pure, in per cent or in a small square."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, radians

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
