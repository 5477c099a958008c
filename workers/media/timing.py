"""What a stream's samples say about time: span, stretches and rate, measured and not read from a header. Pure."""

from bisect import insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

STEADY = 0.25
"""A frame interval within this share of the usual one counts as steady (grids of 1 ms make 33 and 34 of 33.3)."""
HOLE_S = 2.0
REORDERED = 20  # samples come in decoding order; in a window of so many they are put back in showing order
FALLS_BACK_S = 0.1  # decoding times only grow: by as little ffmpeg, too, takes a stream to have begun anew
SHOWN_BACK_S = 1.5  # without decoding times: as far as reordering goes
SHOWN_LATER_S = 60.0  # shown so long after it is decoded: the clock is about to jump, or this time is broken
EXCURSION = (
    25  # so few samples ahead, and then back again: their times are broken, the clock did not begin anew
)
RESTARTS_MAX = 500
STRETCHES_MAX = 300  # the longest are kept; each stands in ffmpeg's command line
PIECES_MAX = 100_000
INTERVALS_MAX = 10_000
TOGETHER = 2.5
"""Where samples lie far apart by habit, so many usual steps without one are a hole."""

Stretch = tuple[float, float]
Part = tuple[float, float]


@dataclass
class Epochs:
    """The parts of a file whose clock begins anew, laid end to end: of each, where it begins then, and what was added
    to its times for that. All streams of a file share them; the one that `leads` has the last word."""

    parts: list[Part] = field(default_factory=lambda: [(0.0, 0.0)])

    def begin(self, number: int, part: Part, leads: bool) -> None:
        if number == len(self.parts):
            self.parts.append(part)
        elif leads:
            self.parts[number] = part


@dataclass
class _Piece:
    """Samples without a hole between them: the first's and the last's time, and how long the last claims to be, 0
    where it does not say."""

    first_s: float
    last_s: float
    length_s: float


@dataclass(frozen=True)
class Spread:
    """What a Span comes to once all samples are there. `stretches`: where they lie; `usual_s`: from one to the next."""

    stretches: list[Stretch]
    measured_s: float
    usual_s: float | None
    sparse: bool
    restarted: bool


@dataclass
class Span:
    """Collects one stream's samples in file order. Seconds, on an axis on which parts with a clock of their own lie
    end to end (`epochs`)."""

    hole_s: float = HOLE_S
    epochs: Epochs = field(default_factory=Epochs)
    leads: bool = True
    samples: int = 0
    first_s: float | None = None
    last_s: float | None = None
    first_key_s: float | None = None
    intervals: Counter[float] = field(default_factory=Counter)
    _epoch: int = 0
    _order: float | None = None  # the last sample's place in decoding order, by its part's clock
    _by_dts: bool = False
    _open_end: bool = False  # the last sample did not say how long it is
    _ahead: list[tuple[float, float | None, bool, bool]] = field(default_factory=list)
    _before: float = 0.0
    _early: list[tuple[float, float, float | None, bool, bool]] = field(default_factory=list)
    _waited: int = 0
    _timeless: list[tuple[float | None, bool, bool]] = field(default_factory=list)
    _window: list[tuple[float, float, float]] = field(default_factory=list)
    _pieces: list[_Piece] = field(default_factory=list)

    def add(
        self,
        pts_s: float | None,
        dts_s: float | None,
        duration_s: float | None,
        key: bool,
        counts: bool = True,
    ) -> None:
        """`counts`: False for one that shows nothing; it takes its place on the axis all the same. One without any time
        lies between its neighbours: some recorders write one for every group only."""
        self.samples += 1
        at = pts_s if pts_s is not None else dts_s
        if at is None:
            if self._order is not None and len(self._timeless) < PIECES_MAX:
                self._timeless.append((duration_s, key, counts))
            return
        self._between(dts_s if dts_s is not None else at)
        self._take(at, dts_s, duration_s, key, counts)

    def _take(
        self, at: float, dts_s: float | None, duration_s: float | None, key: bool, counts: bool
    ) -> None:
        if dts_s is not None and at < dts_s - SHOWN_LATER_S:
            at = dts_s
        order, by_dts = (at, False) if dts_s is None else (dts_s, True)
        slack = FALLS_BACK_S if by_dts else max(SHOWN_BACK_S, 8 * (duration_s or 0.0))
        before, self._order = self._order, order
        comparable, self._by_dts = by_dts == self._by_dts, by_dts
        if before is not None and comparable:
            if order < before - slack:
                if self._ahead and self._before - slack <= order <= self._before + self.hole_s:
                    self._ahead.clear()
                else:
                    self._land()
                    self._settle()
                    self._begin_anew(at)
            elif order > before + self.hole_s and not self._ahead:
                self._before = before
                self._ahead = [(sample[0], *sample[2:]) for sample in self._early]
                self._early.clear()
                self._ahead.append((at, duration_s, key, counts))
                return
        if not self._ahead:
            if dts_s is not None and at > dts_s + SHOWN_LATER_S:
                self._early.append((at, dts_s, duration_s, key, counts))
            else:
                self._place(at, duration_s, key, counts)
            self._waited = self._waited + 1 if self._early else 0
            if self._waited > REORDERED:
                self._settle()
            return
        self._ahead.append((at, duration_s, key, counts))
        if len(self._ahead) > EXCURSION:
            self._land()

    def run(self, first_s: float, step_s: float, count: int) -> None:
        """`count` samples, one every `step_s`, of a file whose tables say so: their times grow but for reordering."""
        self.samples += count
        last_s = first_s + (count - 1) * step_s
        if count == 1 or step_s <= self.hole_s:
            self._count(step_s, count - 1)
            self._show(first_s, last_s, step_s)
            return
        for number in range(min(count - 1, PIECES_MAX - len(self._pieces))):
            self._show(first_s + number * step_s, first_s + number * step_s, step_s)
        self._show(last_s, last_s, step_s)

    def finish(self) -> None:
        self._between(None)
        self._land()
        self._settle()
        while self._window:
            self._pop()

    @property
    def measured_s(self) -> float | None:
        """From the first picture or sound to the end of the last; a last frame without a length gets the usual."""
        if self.first_s is None or self.last_s is None:
            return None
        return self.last_s - self.first_s

    def spread(self, lasting: bool = True) -> Spread:
        """`lasting`: a sample lasts until the next, as a picture does; a sound is over when it is."""
        sparse = lasting and self.sparse
        return Spread(self.stretches(sparse), self.measured_s or 0.0, self.usual_s, sparse, self.restarted)

    @property
    def restarted(self) -> bool:
        return self._epoch > 0

    def rate(self) -> tuple[float | None, bool | None]:
        """Of what lies together: a hole is no step."""
        sparse = self.sparse
        return rate((step, count) for step, count in self.intervals.items() if sparse or step <= self.hole_s)

    @property
    def usual_s(self) -> float | None:
        """The median step from one sample to the next."""
        runs = sorted(self.intervals.items())
        return _median(runs, sum(count for _, count in runs)) if runs else None

    @property
    def sparse(self) -> bool:
        return (self.usual_s or 0.0) > self.hole_s

    def stretches(self, sparse: bool | None = None) -> list[Stretch]:
        """Where there are samples, from the first one on; after `finish`. A sample lasts as long as the usual one
        where it claims more than a hole: what a few far samples claim is nothing. `sparse`: what is known of all of
        them where only some count."""
        sparse = self.sparse if sparse is None else sparse
        usual = self.usual_s or 0.0
        limit = max(self.hole_s, TOGETHER * usual) if sparse else self.hole_s
        longest = usual if sparse else self.hole_s
        joined: list[_Piece] = []
        for piece in self._pieces:
            if joined and piece.first_s - joined[-1].last_s <= limit:
                joined[-1] = _Piece(joined[-1].first_s, piece.last_s, piece.length_s)
            else:
                joined.append(piece)
        found: list[Stretch] = []
        origin = self.first_s or 0.0
        for number, piece in enumerate(joined):
            end = piece.last_s + (piece.length_s if 0 < piece.length_s <= longest else min(usual, longest))
            if number + 1 < len(joined):
                end = min(end, joined[number + 1].first_s)
            stretch = round(piece.first_s - origin, 3), round(end - origin, 3)
            if stretch[0] < stretch[1]:
                found.append(stretch)
        longest_first = sorted(found, key=lambda stretch: stretch[0] - stretch[1])
        return sorted(longest_first[:STRETCHES_MAX])

    def _between(self, order: float | None) -> None:
        """Places those without a time: evenly up to `order`, where that leaves no hole, else by how long they claim to
        be."""
        waiting, self._timeless = self._timeless, []
        if not waiting or self._order is None:
            return
        at, by_dts = self._order, self._by_dts
        step = (order - at) / (len(waiting) + 1) if order is not None else 0.0
        for duration_s, key, counts in waiting:
            at += step if 0 < step <= self.hole_s else min(duration_s or self.usual_s or 0.0, self.hole_s)
            self._take(at, at if by_dts else None, duration_s, key, counts)

    def _land(self) -> None:
        """Those ahead were no slip: there is a hole before them."""
        for sample in self._ahead:
            self._place(*sample)
        self._ahead.clear()

    def _settle(self) -> None:
        """Those to be shown so much later did not announce a jump: their times are broken."""
        for _, decoded, duration_s, key, counts in self._early:
            self._place(decoded, duration_s, key, counts)
        self._early.clear()

    def _begin_anew(self, at: float) -> None:
        if self._epoch >= RESTARTS_MAX or self.last_s is None:
            return
        self._epoch += 1
        usual = (self.usual_s or 0.0) if self._open_end else 0.0
        end = self.last_s + usual
        self.epochs.begin(self._epoch, (end, end - at), self.leads)

    def _place(self, at: float, duration_s: float | None, key: bool, counts: bool) -> None:
        at += self.epochs.parts[self._epoch][1]
        self._open_end = not duration_s
        if key and self.first_key_s is None:
            self.first_key_s = at
        self._show(at, at, duration_s or 0.0, counts)

    def _show(self, first_s: float, last_s: float, length_s: float, counts: bool = True) -> None:
        if self.first_s is None or first_s < self.first_s:
            self.first_s = first_s
        if self.last_s is None or last_s + length_s > self.last_s:
            self.last_s = last_s + length_s
        if not counts:
            return
        insort(self._window, (first_s, last_s, length_s))
        if len(self._window) > REORDERED:
            self._pop()

    def _pop(self) -> None:
        first, last, length = self._window.pop(0)
        shown = self._pieces[-1] if self._pieces else None
        if shown is None:
            self._pieces.append(_Piece(first, last, length))
            return
        step = first - shown.last_s
        if step > 0:
            self._count(step, 1)
        if step > self.hole_s:
            if len(self._pieces) < PIECES_MAX:
                self._pieces.append(_Piece(first, last, length))
        elif last >= shown.last_s:
            shown.last_s, shown.length_s = last, length

    def _count(self, interval: float, times: int) -> None:
        interval = round(interval, 5)
        if interval > 0 and times and (interval in self.intervals or len(self.intervals) < INTERVALS_MAX):
            self.intervals[interval] += times


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
