"""Reads the boxes of an MP4/MOV file: where things are, and each track's samples from its own tables.

Pure Python over untrusted bytes: reads headers and the movie box only, whatever the size of the file, never
recurses into unknown boxes, and never raises on malformed content: what cannot be read is absent. What it costs grows
with the bytes of the movie box, never with what they claim; who reads a stranger's file does so in workers.media.apart.
Source of the layout: ISO/IEC 14496-12.
"""

import math
import struct
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from pathlib import Path
from typing import BinaryIO

from schemas.plain_text import one_line
from workers.media.boxes import children, find
from workers.media.sample_tables import SAMPLES_MAX, SampleTables
from workers.media.timing import HOLE_S, Span, Spread

MOOV_MAX = 128 * 1024 * 1024  # of twelve hours with a length for each picture: 75
TOP_BOXES_MAX = 200_000
TRACKS_MAX = 64
SHOWN_MAX = 8  # of the tracks: of so many it is asked where their samples lie
RUNS_MAX = 4_000_000
EDITS_MAX = 1000
TELEMETRY_SAMPLES, TELEMETRY_BYTES = 100_000, 64 * 1024 * 1024
FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp", b"sidx",
               b"uuid", b"pdin", b"prfl", b"udta", b"junk"}  # fmt: skip


@dataclass
class Track:
    """One trak. Times in seconds; `presented_s` is the samples' own span after the edit list. `span`: where its
    samples lie, or None where the edit list shows its parts in another order or with holes between them.
    `edited_away`: the edit list shows nothing of what is there; `span` is that without it."""

    id: int
    handler: str
    sample_entry: str
    timescale: int
    claimed_s: float | None
    samples: int
    presented_s: float | None
    encrypted: bool
    sync_samples: int | None
    deltas: list[tuple[int, int]] = field(default_factory=list)
    missing_samples: int = 0
    span: Spread | None = None
    edited_away: bool = False


@dataclass
class Isobmff:
    """`overrun` names a top-level box that claims more bytes than the file has, "garbage" what is no box behind `end`.
    `movies`: how many lie behind each other, of which players show the first."""

    boxes: list[tuple[str, int, int]]
    brand: str | None
    has_moov: bool
    moov_first: bool
    fragmented: bool
    encrypted: bool
    claimed_s: float | None
    overrun: str | None
    movies: int
    end: int
    tracks: list[Track]

    @property
    def truncated(self) -> bool:
        cut_off = self.fragmented and self.overrun in ("moof", "mdat")  # each has its samples behind it
        return cut_off or any(track.missing_samples for track in self.tracks)


def is_one(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:8] in FIRST_BOXES


def read(path: Path, hole_s: float = HOLE_S) -> Isobmff | None:
    """The facts of an ISO file, or None when the file is of another kind."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size < 8 or file.read(8)[4:8] not in FIRST_BOXES:
            return None
        boxes, overrun = _top_level(file, size)
        kinds = [kind for kind, _, _ in boxes]
        brand = None
        moov = b""
        for kind, start, length in boxes:
            if kind == "ftyp" and brand is None:
                file.seek(start)
                brand = _name(file.read(min(4, length)))
            if kind == "moov" and not moov:
                file.seek(start)
                moov = file.read(min(length, MOOV_MAX))
    parsed = _movie(moov, size, hole_s) if moov else ([], None, False)
    tracks, claimed_s, fragmented = parsed
    return Isobmff(
        boxes=[(kind, start, length) for kind, start, length in boxes[:1000]],
        brand=brand,
        has_moov=bool(moov),
        moov_first="moov" in kinds and ("mdat" not in kinds or kinds.index("moov") < kinds.index("mdat")),
        fragmented=fragmented or "moof" in kinds,
        encrypted=any(track.encrypted for track in tracks),
        claimed_s=claimed_s,
        overrun=overrun,
        movies=max(1, kinds.count("moov")),
        end=boxes[-1][1] + boxes[-1][2] if boxes else 0,
        tracks=tracks,
    )


def _top_level(file: BinaryIO, size: int) -> tuple[list[tuple[str, int, int]], str | None]:
    boxes: list[tuple[str, int, int]] = []
    position = 0
    while position + 8 <= size and len(boxes) < TOP_BOXES_MAX:
        file.seek(position)
        head = file.read(16)
        length, kind = struct.unpack_from(">I4s", head)
        body = 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
            body = 16
        elif length == 0:
            length = size - position
        if length < body or not _plausible(kind):
            return boxes, "garbage" if boxes else None
        name = kind.decode("latin-1")
        boxes.append((name, position + body, min(length, size - position) - body))
        if position + length > size:
            return boxes, name
        position += length
    return boxes, None


def _name(code: bytes) -> str:
    """Four characters of the file's own, as far as they can be shown."""
    return one_line(code.decode("latin-1"))


def _plausible(kind: bytes) -> bool:
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)


def _movie(moov: bytes, file_size: int, hole_s: float) -> tuple[list[Track], float | None, bool]:
    whole = (0, len(moov))
    movie_timescale, claimed_s = 1000, None
    if span := find(moov, whole, b"mvhd"):
        movie_timescale, claimed_s = _timed_header(moov, *span) or (1000, None)
    tracks: list[Track] = []
    for kind, start, end in children(moov):
        if kind == b"trak" and len(tracks) < TRACKS_MAX:
            track = _track(moov, (start, end), movie_timescale, file_size, hole_s, len(tracks) < SHOWN_MAX)
            if track:
                tracks.append(track)
    return tracks, claimed_s, find(moov, whole, b"mvex") is not None


def _timed_header(data: bytes, start: int, end: int) -> tuple[int, float | None] | None:
    """(timescale, seconds) of an mvhd or mdhd body."""
    wide = start < end and data[start] == 1
    shape, at, unknown = (">IQ", start + 20, 2**64 - 1) if wide else (">II", start + 12, 2**32 - 1)
    if at + struct.calcsize(shape) > end:
        return None
    timescale, duration = struct.unpack_from(shape, data, at)
    if timescale == 0:
        return None
    return timescale, None if duration in (0, unknown) else duration / timescale


def _track(
    moov: bytes, span: tuple[int, int], movie_timescale: int, file_size: int, hole_s: float, ask_where: bool
) -> Track | None:
    mdia = find(moov, span, b"mdia")
    mdhd = mdia and find(moov, mdia, b"mdhd")
    header = mdhd and _timed_header(moov, *mdhd)
    stbl = mdia and find(moov, mdia, b"minf", b"stbl")
    if not (mdia and header and stbl):
        return None
    timescale, claimed_s = header
    tkhd = find(moov, span, b"tkhd")
    track_id = 0
    if tkhd and tkhd[1] - tkhd[0] >= 24:
        track_id = struct.unpack_from(">I", moov, tkhd[0] + (20 if moov[tkhd[0]] == 1 else 12))[0]
    hdlr = find(moov, mdia, b"hdlr")
    handler = _name(moov[hdlr[0] + 8 : hdlr[0] + 12]) if hdlr and hdlr[1] - hdlr[0] >= 12 else ""
    entry, encrypted = _sample_entry(moov, stbl)
    tables = SampleTables.read(moov, stbl)
    present = tables.within(file_size)
    presented = shown = None
    edited_away = False
    if present:
        edits = _edits(moov, span, movie_timescale)
        first, end = (at / timescale for at in tables.extent(present))
        presented = _edited(edits, first, end, timescale)
        if ask_where:
            lasting = handler != "soun"
            shown = _shown(tables, present, edits, timescale, hole_s, lasting)
            edited_away = shown is None and bool(edits)
            if shown is None:  # edits that show nothing are no edits to players
                shown = _shown(tables, present, [], timescale, hole_s, lasting)
        if shown is not None and any(at < 0 for _, at in edits[1:]):
            presented = shown.measured_s
    return Track(
        id=track_id,
        handler=handler,
        sample_entry=entry,
        timescale=timescale,
        claimed_s=claimed_s,
        samples=tables.count,
        presented_s=presented,
        encrypted=encrypted,
        sync_samples=tables.sync_count,
        deltas=list(islice(tables.deltas, 2000)),
        missing_samples=tables.count - present,
        span=shown,
        edited_away=edited_away,
    )


def _sample_entry(moov: bytes, stbl: tuple[int, int]) -> tuple[str, bool]:
    stsd = find(moov, stbl, b"stsd")
    if not stsd:
        return "", False
    for kind, start, end in children(moov, stsd[0] + 8, stsd[1]):
        encrypted = kind in (b"encv", b"enca", b"enct", b"encs", b"drmi", b"drms")
        return _name(kind), encrypted or b"sinf" in moov[start : min(end, start + 4096)]
    return "", False


def _edits(moov: bytes, trak: tuple[int, int], movie_timescale: int) -> list[tuple[float, int]]:
    """The edit list: (seconds shown, 0 for all that is left; where in the media, in its timescale, negative for an
    empty edit)."""
    elst = find(moov, trak, b"edts", b"elst")
    if not elst or elst[1] - elst[0] < 8:
        return []
    start, end = elst
    wide = moov[start] == 1
    (count,) = struct.unpack_from(">I", moov, start + 4)
    step, shape = (20, ">Qq") if wide else (12, ">Ii")
    found = []
    for i in range(min(count, EDITS_MAX)):
        at = start + 8 + i * step
        if at + step > end:
            break
        duration, media_time = struct.unpack_from(shape, moov, at)
        found.append((duration / movie_timescale, media_time))
    return found


def _edited(edits: list[tuple[float, int]], first_s: float, end_s: float, timescale: int) -> float:
    """Seconds shown after the edit list of a track whose pictures are shown from `first_s` to `end_s` of its
    own time line; an empty first edit only delays, so it adds nothing."""
    media_s = max(0.0, end_s - first_s)
    shown, seen = 0.0, False
    for duration, media_time in edits:
        if media_time < 0:
            continue
        seen = True
        left = min(media_s, max(0.0, end_s - media_time / timescale))
        shown += min(duration, left) if duration else left
    return shown if seen and shown > 0 else media_s


def _shown(
    tables: SampleTables,
    present: int,
    edits: list[tuple[float, int]],
    timescale: int,
    hole_s: float,
    lasting: bool,
) -> Spread | None:
    """Where samples lie once the edit list is applied. What it shows a second time is no more footage for that."""
    span, seen = Span(hole_s), [(0.0, 0.0)]
    shown_at, runs = 0.0, 0
    parts = [(duration, at / timescale) for duration, at in edits]
    if not any(at >= 0 for _, at in parts):
        parts.append((0.0, -math.inf))  # as it is
    for duration, begin in parts:
        if begin < 0 and begin != -math.inf:
            shown_at += duration
            continue
        end = begin + duration - 0.001 if duration else math.inf
        moved = shown_at - begin if begin >= 0 else 0.0
        for at, delta, count in tables.shown(present):
            runs += len(seen)
            if runs > RUNS_MAX:
                break
            for first, times in _inside(at / timescale, delta / timescale, count, begin - 0.001, end, seen):
                span.run(first + moved, delta / timescale, times)
        seen.append((begin, end))
        shown_at += duration
    span.finish()
    return span.spread(lasting) if span.first_s is not None else None


def _inside(
    first: float, step: float, count: int, begin: float, end: float, seen: list[tuple[float, float]]
) -> list[tuple[float, int]]:
    """(first, how many) of a run of samples that lie in an edit and in none before it."""
    if step <= 0:
        inside = begin <= first < end and not any(since <= first < until for since, until in seen)
        return [(first, count)] if inside else []
    found, lowest = [], 0 if begin == -math.inf else max(0, math.ceil((begin - first) / step))
    highest = count if end == math.inf else min(count, math.ceil((end - first) / step))
    for since, until in sorted(seen):
        if since <= first + lowest * step < until:
            lowest = count if until == math.inf else math.ceil((until - first) / step)
        elif first + lowest * step < since < first + highest * step:
            before = math.ceil((since - first) / step)
            found.append((first + lowest * step, before - lowest))
            lowest = max(before, count if until == math.inf else math.ceil((until - first) / step))
    if lowest < highest:
        found.append((first + lowest * step, highest - lowest))
    return found


def samples(path: Path, track_id: int) -> list[tuple[float, float, bytes]]:
    """(start, duration, bytes) of each sample of one track, for small tracks such as telemetry."""
    facts = read(path)
    if not facts:
        return []
    moov = b""
    with path.open("rb") as file:
        for box, start, length in facts.boxes:
            if box == "moov":
                file.seek(start)
                moov = file.read(min(length, MOOV_MAX))
                break
        for kind, start, end in children(moov):
            tkhd = kind == b"trak" and find(moov, (start, end), b"tkhd")
            if not tkhd or tkhd[1] - tkhd[0] < 24:
                continue
            if struct.unpack_from(">I", moov, tkhd[0] + (20 if moov[tkhd[0]] == 1 else 12))[0] != track_id:
                continue
            mdhd = find(moov, (start, end), b"mdia", b"mdhd")
            stbl = find(moov, (start, end), b"mdia", b"minf", b"stbl")
            header = mdhd and _timed_header(moov, *mdhd)
            if stbl and header:
                return _read_samples(file, SampleTables.read(moov, stbl), header[0])
    return []


def _read_samples(file: BinaryIO, tables: SampleTables, timescale: int) -> list[tuple[float, float, bytes]]:
    """Only samples that have bytes, and bytes only once: samples of nothing, and many that share the same bytes, would
    make much of a small file."""
    durations = chain.from_iterable(repeat(delta, min(count, SAMPLES_MAX)) for count, delta in tables.deltas)
    found: list[tuple[float, float, bytes]] = []
    clock = total = behind = 0
    for index, samples, offset in tables.located():
        for i in range(index, index + min(samples, TELEMETRY_SAMPLES)):
            length = tables.size_of(i, 1)
            delta = next(durations, 0)
            total += length
            if total > TELEMETRY_BYTES or i >= TELEMETRY_SAMPLES:
                return found
            if length and offset >= behind:
                file.seek(offset)
                found.append((clock / timescale, delta / timescale, file.read(length)))
                behind = offset + length
            offset += length
            clock += delta
    return found


def straighten(path: Path) -> None:
    """Set the display matrix of every track of our own output to upright.

    The turn is in the picture by then. ffmpeg hands the source's matrix on to the new file in some cases (a
    graph with one input) and in some versions, so the browser would turn it twice.
    """
    facts = read(path)
    with path.open("r+b") as file:
        for kind, start, length in facts.boxes if facts else []:
            if kind != "moov":
                continue
            file.seek(start)
            moov = file.read(min(length, MOOV_MAX))
            for name, body, end in children(moov):
                tkhd = find(moov, (body, end), b"tkhd") if name == b"trak" else None
                if tkhd:
                    file.seek(start + tkhd[0] + (52 if moov[tkhd[0]] == 1 else 40))
                    file.write(struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
