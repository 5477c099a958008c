"""Which groups of pictures may hide a fault, told by key frames and by the sizes of packets alone. Pure.

A picture that stands still, or shows nothing, takes next to no bytes; one that changes wholly takes many. So a group is
left undecoded only where nothing in its bytes speaks for a fault, and the key frames at both its ends look alike. What
is named here in vain costs a decode and nothing else: what counts as a fault is said by the measurements.
"""

import itertools
import math
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from workers.media import quality
from workers.media.quality import Frame, Range

LONG_S = 5.0  # between key frames so far apart anything may happen
SURE_S = 2.2  # a fault that is worth a word contains a key frame of a group no longer than this
BIN_S, BIN_PACKETS = 0.25, 3
RUN_S, RUN_SHARE = 1.5, 0.7  # of the shortest freeze, what is left when its edges are taken off
BESIDE_S = 0.5
QUIET_SHARE = 0.2  # of what a busy moment takes
QUIET_BYTES, QUIET_PIXELS = (
    64,
    2000,
)  # bytes of a packet in which nothing moves: so many, and one for so many pixels
COARSE = ("mpeg4", "mpeg2video", "mpeg1video", "h263", "msmpeg4v3", "wmv3")
COARSE_PIXELS = 2048  # these say of every block that it has not changed
FLAT = 0.02  # packets as like as that are filled up
ALIKE = 1.0  # mean difference of luma between two key frames of a picture that stands still
JUMP = 2.5
JOIN_S = 2.5


NO_TIME = -(2**63)
_TICK = re.compile(r"#tb \d+: (\d+)/([1-9]\d*)", re.ASCII)
_PACKET = re.compile(
    r"\d+, *-?\d+, *(-?\d+), *\d+, *(\d+), *0x[0-9a-f]+(?:.*?, *F=0x([0-9A-Fa-f]+))?", re.ASCII
)


@dataclass
class Packets:
    """Those of one stream in decoding order; times in seconds, as the measurements have them."""

    times: "array[float]" = field(default_factory=lambda: array("d"))
    sizes: "array[int]" = field(default_factory=lambda: array("L"))
    keys: bytearray = field(default_factory=bytearray)
    timeless: int = 0

    def add(self, at: float | None, size: int, key: bool) -> None:
        if at is None:
            self.timeless += 1
            return
        self.times.append(at)
        self.sizes.append(size)
        self.keys.append(key)


@dataclass(frozen=True)
class Group:
    """From a key frame to the next."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def packets(lines: Iterable[str]) -> Packets:
    """From what ffmpeg's framecrc wrote of a copied stream."""
    found, tick = Packets(), 0.0
    for line in lines:
        if told := _TICK.match(line):
            tick = int(told[1]) / int(told[2])
        elif told := _PACKET.match(line):
            pts, size, flags = int(told[1]), int(told[2]), int(told[3] or "1", 16)
            found.add(pts * tick if pts > NO_TIME else None, size, bool(flags & 1))
    return found


def groups(stream: Packets) -> list[Group]:
    """In order of time; the last ends with the stream."""
    starts = sorted({at for at, key in zip(stream.times, stream.keys, strict=True) if key})
    if not starts:
        return []
    ends = [*starts[1:], max(stream.times) + _usual(stream.times)]
    return [Group(start, end) for start, end in zip(starts, ends, strict=True) if end > start]


def due(times: Sequence[float], from_s: float, *every_s: float) -> list[float]:
    """Of the pictures from `from_s` on, those that are measured: at most one in so many seconds, as graphs chooses
    them. Several: one choice after the other."""
    chosen: Iterable[float] = (at for at in sorted(times) if at >= from_s)
    for seconds in every_s:
        chosen = _spaced(chosen, seconds)
    return list(chosen)


def _spaced(times: Iterable[float], seconds: float) -> Iterator[float]:
    before = -math.inf
    for at in times:
        if at - before >= seconds * 0.99:
            before = at
            yield at


def suspects(
    stream: Packets, found: Sequence[Group], keys: Sequence[Frame], pixels: int, codec: str | None
) -> list[Group]:
    """`keys`: the key frames as measured, in order; not every group has one of its own."""
    bins = _Bins.of(stream)
    quiet = _runs(bins, bins.quiet(_still_bytes(pixels, codec))) + _runs(bins, bins.flat())
    named = []
    for group in found:
        looks = _looks(keys, group)
        if (
            group.length_s > LONG_S
            or len({quality.kind_of(frame) for frame in looks}) != 1
            or any(frame.values.get("signalstats.YDIF", math.inf) <= ALIKE for frame in looks[1:])
            or any(start < group.end_s and group.start_s < end for start, end in quiet)
            or (
                (group.length_s > SURE_S or quality.kind_of(looks[0]) is not None)
                and bins.jumps(group.start_s, group.end_s)
            )
        ):
            named.append(group)
    return named


def _looks(keys: Sequence[Frame], group: Group) -> Sequence[Frame]:
    """The measured key frames at both ends of a group, and between."""
    first = max(0, bisect_right(keys, group.start_s + 0.01, key=lambda frame: frame.t) - 1)
    after = bisect_left(keys, group.end_s - 0.01, key=lambda frame: frame.t)
    return keys[first : after + 1]


def _still_bytes(pixels: int, codec: str | None) -> float:
    return QUIET_BYTES + pixels / QUIET_PIXELS + (pixels / COARSE_PIXELS if codec in COARSE else 0)


def _usual(times: Sequence[float]) -> float:
    ordered = sorted(times)
    steps = [after - before for before, after in itertools.pairwise(ordered) if after > before]
    return median(steps) if steps else 0.0


@dataclass
class _Bins:
    """What the packets between key frames take, in equal pieces of time; 0 packets: nothing is known of it."""

    origin_s: float
    width_s: float
    total: list[int]
    count: list[int]
    least: list[int]
    most: list[int]

    @classmethod
    def of(cls, stream: Packets) -> "_Bins":
        origin, last = min(stream.times, default=0.0), max(stream.times, default=0.0)
        width = max(BIN_S, BIN_PACKETS * _usual(stream.times))
        number = int((last - origin) / width) + 1
        made = cls(origin, width, [0] * number, [0] * number, [2**62] * number, [0] * number)
        for at, size, key in zip(stream.times, stream.sizes, stream.keys, strict=True):
            if not key:
                place = int((at - origin) / width)
                made.total[place] += size
                made.count[place] += 1
                made.least[place] = min(made.least[place], size)
                made.most[place] = max(made.most[place], size)
        return made

    def means(self) -> list[float]:
        return [total / count for total, count in zip(self.total, self.count, strict=True) if count]

    def quiet(self, still_bytes: float) -> list[bool | None]:
        means = sorted(self.means())
        busy = means[len(means) * 3 // 4] if means else 0.0
        most = max(still_bytes, QUIET_SHARE * busy)
        return [
            total / count <= most if count else None
            for total, count in zip(self.total, self.count, strict=True)
        ]

    def flat(self) -> list[bool | None]:
        return [
            most - least <= FLAT * least if count > 1 else None
            for count, least, most in zip(self.count, self.least, self.most, strict=True)
        ]

    def jumps(self, start_s: float, end_s: float) -> bool:
        """The picture changes wholly, or goes on with far more or far fewer bytes."""
        begin, end = (int((at - self.origin_s) / self.width_s) for at in (start_s, end_s))
        means = [
            self.total[i] / self.count[i]
            for i in range(begin, min(end + 1, len(self.count)))
            if self.count[i]
        ]
        return len(means) > 1 and max(means) > JUMP * max(1.0, min(means))


def _runs(bins: _Bins, holds: Sequence[bool | None]) -> list[Range]:
    """Where it holds for most of a run."""
    length = max(1, round(RUN_S / bins.width_s))
    found: list[Range] = []
    for first in range(max(1, len(holds) - length + 1)):
        told = [one for one in holds[first : first + length] if one is not None]
        if told and sum(told) >= RUN_SHARE * len(told):
            start = bins.origin_s + first * bins.width_s - BESIDE_S
            end = bins.origin_s + (first + length) * bins.width_s + BESIDE_S
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
    return found


def stretches(named: Iterable[Group]) -> list[Range]:
    """What to decode: groups near each other in one go."""
    merged: list[Range] = []
    for group in named:
        if merged and group.start_s - merged[-1][1] <= JOIN_S:
            merged[-1] = (merged[-1][0], group.end_s)
        else:
            merged.append((group.start_s, group.end_s))
    return merged


def stitched(
    times: Iterable[float], keys: Sequence[Frame], decoded: Sequence[tuple[Range, Sequence[Frame]]]
) -> list[Frame]:
    """One record for every picture that a whole decode had measured: as decoded, else as the key frame before it."""
    records = [frame for _, frames in decoded for frame in frames]
    known = [within for within, _ in decoded]
    for at in times:
        if not any(start - 0.001 <= at < end - 0.001 for start, end in known):
            before = max(0, bisect_right(keys, at + 0.01, key=lambda frame: frame.t) - 1)
            records.append(Frame(at, keys[before].values))
    return sorted(records, key=lambda frame: frame.t)
