"""Decodes what a recording claims to show: a few short pieces that nobody could foresee, and where one of them fails,
all of it. What cannot be decoded is no footage.

The pieces are chosen by an HMAC of the file's hash under the installation's secret: whoever makes a file cannot know
which of its samples have to be sound. ffmpeg is told to give up on a damaged sample (`explode`) instead of repairing
it from its neighbours, so junk between sound key frames makes no pictures.
"""

import hashlib
import hmac
import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from workers import memory
from workers.media.formats import guard_args
from workers.media.probe import StreamFacts
from workers.media.sandbox import AllowanceSpent, Limits, Sandbox, inside
from workers.media.timing import HOLE_S, Span, Stretch

PIECES, PIECE_S = 5, 1.5
SHORT_S = 12.0  # what is not longer is decoded whole
SOUND_SHARE = 0.8  # of a piece's samples
FOOTAGE_SHARE = 0.5  # of the samples within a second, where all is decoded
LEAD_S = 4.0
ENTERED_S = 30.0  # so far before a piece may the key frame lie from which it was decoded
SAMPLES_MAX = 4_000_000  # twelve hours have two million and a half
WAITING_MAX = 10_000  # no decoder keeps so many back
FRAME_TIME, NO_TIME = "best_effort_timestamp_time", b"N/A"


@dataclass(frozen=True)
class Piece:
    """Seconds of the recording; how many samples lie in it, and how many of them could be decoded."""

    start_s: float
    end_s: float
    samples: int
    decoded: int

    @property
    def sound(self) -> bool:
        return self.decoded >= SOUND_SHARE * self.samples


@dataclass(frozen=True)
class Trial:
    """`stretches`: what counts; None: all that the samples claim. `whole`: all of it was decoded."""

    pieces: list[Piece]
    whole: bool
    stretches: list[Stretch] | None = None


def places(sha256: str, secret: bytes, stretches: Sequence[Stretch]) -> list[Stretch]:
    """The pieces to be decoded, in order, within the stretches. Pure."""
    total = sum(end - start for start, end in stretches)
    found = []
    for number in range(PIECES):
        drawn = hmac.new(secret, f"piece {number} of {sha256}".encode(), hashlib.sha256).digest()
        left = int.from_bytes(drawn[:8], "big") / 2**64 * max(0.0, total - PIECE_S)
        for start, end in stretches:
            if left < end - start:
                found.append((start + left, min(end, start + left + PIECE_S)))
                break
            left -= end - start
    return sorted(found)


def try_out(
    path: Path,
    stream: StreamFacts,
    stretches: Sequence[Stretch],
    pieces: Sequence[Stretch],
    sandbox: Sandbox,
    private: Path,
    cancel: Event | None = None,
    hole_s: float = HOLE_S,
    container: str | None = None,
) -> Trial:
    """`pieces`: what `places` chose. Where the clock in the file begins anew no moment can be sought by its time, and
    what is short costs little: then all is decoded."""
    claimed = sum(end - start for start, end in stretches)
    reader = _Reader(path, container, stream, sandbox, private, cancel)
    tried: list[Piece] = []
    if claimed > SHORT_S and not stream.clock_restarted and stream.start_s is not None:
        seen = reader.read([(start + stream.start_s, end + stream.start_s) for start, end in pieces])
        tried = [seen.piece(stream.start_s, piece) for piece in pieces]
        if all(piece.samples and piece.sound for piece in tried):
            return Trial(tried, whole=False)
    return Trial(tried, whole=True, stretches=reader.read([]).footage(stream, hole_s))


@dataclass(frozen=True)
class _Reader:
    path: Path
    container: str | None
    stream: StreamFacts
    sandbox: Sandbox
    private: Path
    cancel: Event | None

    def read(self, parts: Sequence[Stretch]) -> "_Seen":
        """Decodes these seconds of the file's own axis, each from the key frame before it; none: all of it."""
        argv = ["ffprobe", "-v", "quiet", *guard_args(self.container), "-err_detect", "explode"]
        argv += ["-select_streams", str(self.stream.index), "-of", "csv"]
        argv += ["-show_entries", f"packet=pts_time,dts_time,duration_time,flags:frame={FRAME_TIME}"]
        if parts:
            # A container without an index is entered anywhere: a key frame is to come before what is wanted.
            within = ",".join(f"{max(0.0, start - LEAD_S):.3f}%{end:.3f}" for start, end in parts)
            argv += ["-read_intervals", within]
        seconds = sum(end - start + 10 for start, end in parts) or self.stream.measured_s or 60.0
        seen = _Seen()
        outcome = self.sandbox.run(
            [*argv, inside()],
            private_dir=self.private,
            readonly=[self.path],
            limits=Limits(
                wall_s=300 + 4 * seconds,
                cpu_s=int(300 + 4 * seconds),
                file_bytes=1024 * 1024,
                memory_bytes=memory.share(),
            ),
            on_stdout=seen.write,
            cancel=self.cancel,
        )
        seen.write(b"\n")
        if outcome.ended not in ("exit", "cancelled"):
            # What was not reached is not undecodable: nothing may be concluded from half a look.
            raise AllowanceSpent(outcome.ended)
        return seen


@dataclass
class _Seen:
    """The samples that were read, in the order of the file, and which of them gave a picture or a sound."""

    pts: "array[float]" = field(default_factory=lambda: array("d"))
    dts: "array[float]" = field(default_factory=lambda: array("d"))
    lengths: "array[float]" = field(default_factory=lambda: array("d"))
    keys: bytearray = field(default_factory=bytearray)
    decoded: bytearray = field(default_factory=bytearray)
    _waiting: dict[bytes, int] = field(default_factory=dict)
    _untold: list[int] = field(
        default_factory=list
    )  # of those without a time: a frame is of one read just now
    _pending: bytes = b""

    def write(self, chunk: bytes) -> None:
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        for line in lines:
            kind, *parts = line.strip().split(b",")
            if kind == b"packet" and len(parts) >= 4:
                self._packet(parts)
            elif kind == b"frame" and parts:
                number = self._waiting.pop(parts[0], None)
                if number is None and parts[0] == NO_TIME and self._untold:
                    number = self._untold.pop()
                if number is not None:
                    self.decoded[number] = 1

    def _packet(self, parts: list[bytes]) -> None:
        if len(self.pts) >= SAMPLES_MAX:
            raise AllowanceSpent("stdout_size")
        pts, dts, length = (_number(part) for part in parts[:3])
        # A frame is told by the time of the packet that it came from.
        told = parts[1] if math.isnan(pts) else parts[0]
        if told == NO_TIME:
            self._untold.append(len(self.pts))
        else:
            self._waiting[told] = len(self.pts)
            if len(self._waiting) > WAITING_MAX:
                del self._waiting[next(iter(self._waiting))]
        self.pts.append(pts)
        self.dts.append(dts)
        self.lengths.append(length)
        self.keys.append(parts[3].startswith(b"K"))
        self.decoded.append(0)

    def piece(self, origin: float, piece: Stretch) -> Piece:
        start, end = piece
        times = [self._at(number) - origin for number in range(len(self.pts))]
        entered = min(
            (at for at, key in zip(times, self.keys, strict=True) if key and start - ENTERED_S < at < end),
            default=end,
        )
        found: dict[float, int] = {}  # what is read on the way to two pieces comes twice
        for at, decoded in zip(times, self.decoded, strict=True):
            if max(start, entered) - 0.001 <= at < end - 0.001:
                found[at] = max(decoded, found.get(at, 0))
        return Piece(round(start, 3), round(end, 3), len(found), sum(found.values()))

    def footage(self, stream: StreamFacts, hole_s: float) -> list[Stretch]:
        """Where most of what is shown within a second could be decoded."""
        together = max(1, round(1 / stream.usual_s)) if stream.usual_s else 25
        span = Span(hole_s)
        by_rate = (stream.measured_s or 0.0) / max(1, len(self.pts)) if stream.start_s is None else None
        for first in range(0, len(self.pts), together):
            part = self.decoded[first : first + together]
            counts = sum(part) >= FOOTAGE_SHARE * len(part)
            for number in range(first, first + len(part)):
                pts, dts, length = (_known(column[number]) for column in (self.pts, self.dts, self.lengths))
                if by_rate is not None:
                    pts, dts, length = None, number * by_rate, by_rate
                span.add(pts, dts, length, bool(self.keys[number]), counts)
        span.finish()
        return span.stretches(stream.sparse)

    def _at(self, number: int) -> float:
        return self.dts[number] if math.isnan(self.pts[number]) else self.pts[number]


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
