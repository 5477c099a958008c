"""The GPS track in GoPro's GPMF telemetry, from untrusted bytes. Pure but for `track`, which reads the samples.

Layout: key-length-value items, 32-bit aligned: four-character key, type byte, structure size, repeat count;
type 0 holds further items (DEVC device → STRM stream). Source: the public GPMF description by GoPro.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from schemas.plain_text import one_line
from workers.media import isobmff
from workers.media.apart import Bounds, apart
from workers.media.probe import Probe

# Columns of each kind of row: speed, fix, dilution of precision (None: not in the row). Latitude, longitude and
# altitude stand at `first`. GPS9 and GPS5 come from GoPro cameras, GPRI and GLPI from a drone's autopilot.
_ROWS = {
    b"GPS9": (0, 3, 8, 7),
    b"GPS5": (0, 3, None, None),
    b"GPRI": (1, 6, 8, None),
    b"GLPI": (1, None, None, None),
}
_NUMBERS = {
    "b": "b",
    "B": "B",
    "s": "h",
    "S": "H",
    "l": "i",
    "L": "I",
    "f": "f",
    "d": "d",
    "j": "q",
    "J": "Q",
}
ROWS_MAX = 1_000_000  # of all samples together: of four hours it is 260,000
WIDEST = 32  # fields of a row
POINTS_KEPT = 10_000
BOUNDS = Bounds(cpu_s=15)
DOP_GOOD = 5.0
_GPS9_EPOCH = datetime(2000, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Point:
    """`t_s` from the start of the recording; degrees, metres, metres a second; `fix` 0 none, 2 or 3 dimensions."""

    t_s: float
    lat: float
    lon: float
    alt: float | None = None
    speed: float | None = None
    fix: int | None = None
    dop: float | None = None


@dataclass
class Track:
    """`started_at` is the start of the recording by the satellites' clock: far better than the camera's. `middle`: the
    point that stands for all of them."""

    points: list[Point] = field(default_factory=list)
    device: str | None = None
    started_at: datetime | None = None
    middle: Point | None = None


def track(path: Path, probe: Probe, cancel: Event | None = None) -> Track:
    """The track of a probed file, of its points at most POINTS_KEPT; empty without GPMF telemetry or when nothing in it
    can be read. Raises Exceeded where it asks for more than telemetry takes."""
    stream = probe.telemetry
    if stream is None or stream.track_id is None:
        return Track()
    number = stream.track_id

    def thinned() -> Track:
        found = read(isobmff.samples(path, number))
        step = max(1, -(-len(found.points) // POINTS_KEPT))
        found.points = found.points[::step]
        return found

    return apart(thinned, BOUNDS, cancel)


def read(samples: list[tuple[float, float, bytes]]) -> Track:
    """From (start, duration, payload) of each telemetry sample. Points without a fix are left out; of several
    receivers' streams the best kind is taken."""
    best: dict[bytes, Track] = {}
    left = ROWS_MAX
    for start, duration, payload in samples:
        for device in _children(payload, b"DEVC"):
            name = next((_text(data) for _, data in _of(device, b"DVNM")), None)
            for stream in _children(device, b"STRM"):
                key, points, stamp, rows = _stream(stream, start, duration, left)
                left -= rows
                if not points:
                    continue
                found = best.setdefault(key, Track(device=name))
                if stamp is not None and found.started_at is None:
                    found.started_at = _utc(stamp - start)
                found.points += points
    chosen = next((best[key] for key in _ROWS if key in best), Track())
    chosen.middle = middle(chosen.points)
    return chosen


def items(
    data: bytes, start: int = 0, end: int | None = None
) -> Iterator[tuple[bytes, str, int, int, bytes]]:
    """(key, type, structure size, repeats, data) of the items directly within; stops where the bytes make no sense."""
    end = len(data) if end is None else min(end, len(data))
    while start + 8 <= end:
        key, kind, size, repeats = struct.unpack_from(">4sBBH", data, start)
        length = size * repeats
        if key == b"\0\0\0\0" or start + 8 + length > end:
            return
        yield key, chr(kind), size, repeats, data[start + 8 : start + 8 + length]
        start += 8 + (length + 3) // 4 * 4


def _of(data: bytes, key: bytes) -> Iterator[tuple[tuple[str, int, int], bytes]]:
    for name, kind, size, repeats, body in items(data):
        if name == key:
            yield (kind, size, repeats), body


def _children(data: bytes, key: bytes) -> Iterator[bytes]:
    for (kind, _, _), body in _of(data, key):
        if kind == "\0":
            yield body


def _stream(
    data: bytes, start: float, duration: float, most: int
) -> tuple[bytes, list[Point], float | None, int]:
    """The points of at most so many rows; how many rows were read."""
    fix: int | None = None
    dop: float | None = None
    stamp: float | None = None
    scale: list[float] = []
    types, found = "", b""
    rows: list[tuple[float, ...]] = []
    read = 0
    for key, kind, size, repeats, body in items(data):
        if key == b"SCAL":
            scale = [n for row in _rows(kind, size, min(repeats, WIDEST), body) for n in row][:WIDEST]
        elif key == b"TYPE":
            types = _text(body)
        elif key == b"GPSF":
            fix = next((int(row[0]) for row in _rows(kind, size, 1, body) if row[0] == row[0]), None)
        elif key == b"GPSP":
            dop = next((row[0] / 100 for row in _rows(kind, size, 1, body)), None)
        elif key == b"GPSU":
            stamp = _gpsu(_text(body))
        elif key in _ROWS:
            found, rows = key, _rows(types if kind == "?" else kind, size, min(repeats, most - read), body)
            read += len(rows)
    points = []
    if any(n == 0 for n in scale):
        scale = []
    for i, row in enumerate(rows):
        values = _scaled(row, scale)
        point = _point(found, start + i * duration / len(rows), values, fix, dop)
        if not point:
            continue
        points.append(point)
        if found == b"GPS9" and stamp is None:
            stamp = _GPS9_EPOCH + values[5] * 86400 + values[6] - i * duration / len(rows)
    # Without a fix the unit tells the time of its own cold clock.
    return found, points, stamp if points else None, read


def _point(key: bytes, t: float, values: list[float], fix: int | None, dop: float | None) -> Point | None:
    first, speed_at, fix_at, dop_at = _ROWS[key]
    if len(values) <= max(first + 2, speed_at or 0, fix_at or 0):
        return None
    lat, lon, alt = values[first : first + 3]
    speed = values[speed_at] if speed_at is not None else None
    fix = int(values[fix_at]) if fix_at is not None else fix
    dop = values[dop_at] if dop_at is not None else dop
    no_fix = fix is not None and fix < 2
    if no_fix or not (-90 <= lat <= 90 and -180 <= lon <= 180) or (abs(lat) < 1e-6 and abs(lon) < 1e-6):
        return None
    return Point(
        t_s=round(t, 3),
        lat=round(lat, 7),
        lon=round(lon, 7),
        alt=round(alt, 2) if abs(alt) < 100_000 else None,
        speed=round(speed, 2) if speed is not None and 0 <= speed < 1000 else None,
        fix=min(fix, 3) if fix is not None else None,
        dop=round(dop, 2) if dop is not None and 0 <= dop < 1000 else None,
    )


def _rows(types: str, size: int, repeats: int, body: bytes) -> list[tuple[float, ...]]:
    """The numbers of each structure; one type letter stands for all of its fields."""
    if len(types) == 1:
        code = _NUMBERS.get(types)
        if not code or not size:
            return []
        shape = f">{size // struct.calcsize(code)}{code}"
    else:
        shape = ">" + "".join(_NUMBERS.get(letter, "?") for letter in types)
    if "?" in shape or size == 0 or len(types) > WIDEST or struct.calcsize(shape) != size:
        return []
    return [struct.unpack_from(shape, body, i * size) for i in range(min(repeats, len(body) // size))]


def _scaled(row: tuple[float, ...], scale: list[float]) -> list[float]:
    if not scale:
        return []
    divisors = scale * len(row) if len(scale) == 1 else scale
    values = [n / d for n, d in zip(row, divisors, strict=False)]
    return values if all(v == v and abs(v) < 1e15 for v in values) else []


def _text(body: bytes) -> str:
    return one_line(body[:200].split(b"\0")[0].decode("latin-1"))[:100]


def _gpsu(text: str) -> float | None:
    """`yymmddhhmmss.sss`, UTC."""
    try:
        stamp = datetime.strptime(text[:12], "%y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
        return stamp + float(f"0{text[12:]}" if text[12:] else 0)
    except ValueError:
        return None


def _utc(stamp: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(stamp, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def middle(points: list[Point]) -> Point | None:
    """The point that stands for the whole track: the first one that is precise, else the first."""
    return next((p for p in points if p.dop is None or p.dop <= DOP_GOOD), points[0] if points else None)
