"""Groups of pictures: where each lies in the file, when it is shown, and a digest that copying leaves as it is.

A group begins with a key sample; of codecs that know nothing else, with every eighth (`LEAST`). Its digest, in the form
`FORM`, is SHA-256 over 32-byte SHA-256 digests, one after the other: of each parameter set in force where the group
begins (each once, in the order of their bytes), then of each of its samples in decoding order.
- H.264, HEVC: a sample is its NAL units as ffmpeg's filter_units writes them, with start codes of that filter's own,
  whatever start codes or lengths the container had; without parameter sets, delimiters, ends and filler (types 7-12;
  32-38). Supplementary information stays: cameras write into it.
- Any other codec: a sample is its bytes.
So a stream that was only copied, to MP4, MPEG-TS or Matroska, has the same digests.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from workers.media.formats import guard_args
from workers.media.movies import PART_GUARD_ARGS, Range, part_of
from workers.media.probe import Probe, StreamFacts
from workers.media.sandbox import Limits, Sandbox, inside
from workers.media.timing import FALLS_BACK_S, Part

FORM = 1
LEAST = 8
SAMPLES_MAX = 2_000_000  # nine hours of sixty a second; each takes some hundred bytes here
SETS, SETS_LIST = "sets.bin", "sets.txt"
UNITS = {"h264": ("7-12", "7-8"), "hevc": ("32-38", "32-34")}  # left out; of these the parameter sets
_ROW = struct.Struct(">dQQI32s")
_START_CODE = re.compile(rb"\x00{2,}\x01")


@dataclass(frozen=True)
class Group:
    """`start_s`: of its key sample, in seconds into the recording. `offset`, `length`: bytes of the file from that
    sample to the next group; what else is interleaved there included."""

    start_s: float
    offset: int
    length: int
    samples: int
    sha256: bytes


def packed(groups: Iterable[Group]) -> bytes:
    rows = (_ROW.pack(one.start_s, one.offset, one.length, one.samples, one.sha256) for one in groups)
    return zlib.compress(b"".join(rows), 6)


def unpacked(stored: bytes) -> list[Group]:
    return [Group(*row) for row in _ROW.iter_unpack(zlib.decompress(stored))]


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    position: int
    end: int
    key: bool


class _TooMany(Exception):
    """More samples than are kept."""


def groups_of(
    path: Path,
    facts: Probe,
    stream: StreamFacts,
    sandbox: Sandbox,
    private: Path,
    cancel: Event | None = None,
) -> list[Group] | None:
    """None where the samples cannot be told apart for certain: then nothing is said of them."""
    if (stream.samples or 0) > SAMPLES_MAX:
        return None
    source = _Source(path, facts.size, (*guard_args(facts.container), "-i", inside()), str(stream.index))
    places = _Places(facts.parts, stream.start_s or 0.0, stream.usual_s or 0.0)
    return _groups(source, stream, places, sandbox, private, cancel)


def groups_of_movies(
    path: Path,
    movies: Sequence[Range],
    facts: Probe,
    stream: StreamFacts,
    sandbox: Sandbox,
    private: Path,
    cancel: Event | None = None,
) -> list[Group] | None:
    """Of several movies in one file that are laid end to end (`facts.joined`): those of each, where they lie in the
    file. None where one of them has a clock that begins anew by itself."""
    if len(movies) != len(facts.parts) or (stream.samples or 0) > SAMPLES_MAX:
        return None
    found: list[Group] = []
    for number, (begin, end) in enumerate(movies):
        source = _Source(path, end - begin, (*PART_GUARD_ARGS, "-i", part_of(begin, end)), "v:0")
        groups = _groups(
            source, stream, _Places([(0.0, 0.0)], 0.0, stream.usual_s or 0.0), sandbox, private, cancel
        )
        if groups is None:
            return None
        start_s = facts.parts[number][0] - (stream.start_s or 0.0) if number else 0.0
        start_s -= min(group.start_s for group in groups)
        found += [
            replace(group, start_s=round(group.start_s + start_s, 6), offset=group.offset + begin)
            for group in groups
        ]
    return found


@dataclass(frozen=True)
class _Source:
    """What is read of a file: how ffmpeg opens it, and which of its streams."""

    path: Path
    size: int
    opened: tuple[str, ...]
    stream: str


def _groups(
    source: _Source,
    stream: StreamFacts,
    places: "_Places",
    sandbox: Sandbox,
    private: Path,
    cancel: Event | None,
) -> list[Group] | None:
    limits = Limits(wall_s=600 + source.size / 5_000_000, cpu_s=3600, file_bytes=64 * 1024**2)
    entries = "packet=pts_time,dts_time,size,pos,flags"
    listing = ["ffprobe", "-v", "error", *source.opened, "-select_streams", source.stream]
    listing += ["-show_entries", entries, "-of", "csv=p=0"]
    try:
        _lines(sandbox, listing, source.path, private, limits, cancel, places.add)
    except _TooMany:
        return None
    samples = places.samples
    digests: list[bytes] = []
    pts: list[bytes] = []

    def hashed(line: bytes) -> None:
        parts = line.split(b",")
        if len(parts) >= 6 and parts[0].strip() == b"0":
            pts.append(parts[2].strip())
            digests.append(bytes.fromhex(parts[5].strip().decode("ascii")))

    _lines(sandbox, _hashing(source, stream), source.path, private, limits, cancel, hashed)
    if not samples or len(samples) != len(digests):
        return None
    sets = _sets(private) if stream.codec in UNITS else {}
    return list(_grouped(samples, digests, pts, sets, source.size))


def _hashing(source: _Source, stream: StreamFacts) -> list[str]:
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-y", *source.opened]
    copied = ["-map", f"0:{source.stream}", "-c", "copy", "-copyinkf"]
    if stream.codec not in UNITS:
        return [*argv, *copied, "-f", "framehash", "-hash", "sha256", "pipe:1"]
    left_out, sets = UNITS[stream.codec or ""]
    to_units = f"{stream.codec}_mp4toannexb,filter_units="
    argv += [*copied, "-bsf:v", f"{to_units}remove_types={left_out}"]
    argv += ["-f", "framehash", "-hash", "sha256", "pipe:1"]
    only_sets = [*copied, "-bsf:v", f"{to_units}pass_types={sets}"]
    return [*argv, *only_sets, "-f", "framehash", "-hash", "md5", SETS_LIST, *only_sets, "-f", "data", SETS]


class _Places:
    """The samples as the demuxer lists them, on the recording's own axis. One without a time lies a usual step behind
    the one before it."""

    def __init__(self, parts: Sequence[Part], origin: float, step: float) -> None:
        self.parts, self.origin, self.step = parts, origin, step
        self.untold = origin
        self.samples: list[_Sample] = []
        self.part, self.order = 0, float("-inf")

    def add(self, line: bytes) -> None:
        pts, dts, size, position, flags = (*line.strip().split(b","), b"", b"", b"", b"", b"")[:5]
        at = _number(pts, _number(dts, self.untold))
        order = _number(dts, at)
        self.untold = at + self.step
        if order < self.order - FALLS_BACK_S and self.part + 1 < len(self.parts):
            self.part += 1
        self.order = order
        if len(self.samples) >= SAMPLES_MAX:
            raise _TooMany
        begins, length = int(_number(position, 0)), int(_number(size, 0))
        self.samples.append(
            _Sample(
                at + self.parts[self.part][1] - self.origin, begins, begins + length, flags.startswith(b"K")
            )
        )


def _lines(
    sandbox: Sandbox,
    argv: list[str],
    path: Path,
    private: Path,
    limits: Limits,
    cancel: Event | None,
    take: Callable[[bytes], None],
) -> None:
    pending = b""

    def read(chunk: bytes) -> None:
        nonlocal pending
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            if line and not line.startswith(b"#"):
                take(line)

    sandbox.run(argv, private_dir=private, readonly=[path], limits=limits, on_stdout=read, cancel=cancel)


def _sets(private: Path) -> dict[bytes, bytes]:
    """By the time of the sample that they stand before: the digests of the parameter sets."""
    found: dict[bytes, bytes] = {}
    if not (private / SETS).is_file() or not (private / SETS_LIST).is_file():
        return found
    with (private / SETS).open("rb") as data, (private / SETS_LIST).open("rb") as listed:
        for line in listed:
            parts = line.split(b",")
            if not line.startswith(b"#") and len(parts) >= 6:
                units = {unit.rstrip(b"\0") for unit in _START_CODE.split(data.read(int(parts[4])))} - {b""}
                digests = (hashlib.sha256(unit).digest() for unit in sorted(units))
                found.setdefault(parts[2].strip(), b"".join(digests))
    return found


def _grouped(
    samples: list[_Sample], digests: list[bytes], pts: list[bytes], sets: dict[bytes, bytes], size: int
) -> Iterator[Group]:
    all_key = all(sample.key for sample in samples)
    begins = [
        number
        for number, sample in enumerate(samples)
        if number == 0 or (number % LEAST == 0 if all_key else sample.key)
    ]
    in_force = b""
    for place, first in enumerate(begins):
        after = begins[place + 1] if place + 1 < len(begins) else len(samples)
        in_force = sets.get(pts[first], in_force)
        offset = samples[first].position
        end = samples[after].position if after < len(samples) else max(one.end for one in samples[first:])
        digest = hashlib.sha256(in_force + b"".join(digests[first:after])).digest()
        length = max(0, min(end, size) - offset)
        yield Group(round(samples[first].at, 6), offset, length, after - first, digest)


def _number(text: bytes, otherwise: float) -> float:
    try:
        return float(text)
    except ValueError:
        return otherwise
