"""What a stream's packets say about time: span and frame rate, measured and not read from a header. Pure."""

from bisect import insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

STEADY = 0.25
"""A frame interval within this share of the usual one counts as steady (grids of 1 ms make 33 and 34 of 33.3)."""


@dataclass
class Span:
    """Collects one stream's packets in file order. Seconds."""

    samples: int = 0
    first_s: float | None = None
    last_s: float | None = None
    first_key_s: float | None = None
    intervals: Counter = field(default_factory=Counter)
    _window: list[float] = field(default_factory=list)

    def add(self, pts_s: float | None, dts_s: float | None, duration_s: float | None, key: bool) -> None:
        at = pts_s if pts_s is not None else dts_s
        self.samples += 1
        if at is None:
            return
        if self.first_s is None or at < self.first_s:
            self.first_s = at
        end = at + (duration_s or 0.0)
        if self.last_s is None or end > self.last_s:
            self.last_s = end
        if key and self.first_key_s is None:
            self.first_key_s = at
        # Packets come in decoding order; a small sorted window puts them back in showing order.
        insort(self._window, at)
        if len(self._window) > 20:
            self._step(self._window[1] - self._window.pop(0))

    def _step(self, interval: float) -> None:
        if interval > 0 and len(self.intervals) < 10_000:
            self.intervals[round(interval, 5)] += 1

    def finish(self) -> None:
        while len(self._window) > 1:
            self._step(self._window[1] - self._window.pop(0))
        self._window.clear()

    @property
    def measured_s(self) -> float | None:
        """From the first picture or sound to the end of the last; a last frame without a length gets the usual."""
        if self.first_s is None or self.last_s is None:
            return None
        return self.last_s - self.first_s

    def rate(self) -> tuple[float | None, bool | None]:
        return rate(self.intervals.items())


def rate(intervals: Iterable[tuple[float, int]]) -> tuple[float | None, bool | None]:
    """(frames a second, whether the rate varies) from (interval in seconds, how often)."""
    runs = sorted((interval, count) for interval, count in intervals if interval > 0)
    total = sum(count for _, count in runs)
    if total < 2:
        return (1 / runs[0][0] if runs else None), None
    seconds = sum(interval * count for interval, count in runs)
    usual = _median(runs, total)
    odd = sum(count for interval, count in runs if abs(interval - usual) > STEADY * usual)
    # One or two odd intervals are the first or last frame, or a dropped one.
    return total / seconds, odd > max(2, 0.02 * total)


def _median(runs: list[tuple[float, int]], total: int) -> float:
    seen = 0
    for interval, count in runs:
        seen += count
        if seen * 2 >= total:
            return interval
    return runs[-1][0]
