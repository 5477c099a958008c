"""Reads the boxes of an MP4/MOV file: where things are, and each track's samples from its own tables.

Pure Python over untrusted bytes: reads headers and the movie box only, whatever the size of the file, never
recurses into unknown boxes, and never raises on malformed content: what cannot be read is absent.
Source of the layout: ISO/IEC 14496-12.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MOOV_MAX = 256 * 1024 * 1024
MOOF_MAX = 16 * 1024 * 1024
TOP_BOXES_MAX = 200_000
SAMPLES_MAX = 50_000_000
FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp", b"sidx",
               b"uuid", b"pdin", b"prfl", b"udta", b"junk"}  # fmt: skip


@dataclass
class Track:
    """One trak. Times in seconds; `presented_s` is the samples' own span after the edit list."""

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


@dataclass
class Isobmff:
    """`overrun` names a top-level box that claims more bytes than the file has."""

    boxes: list[tuple[str, int, int]]
    brand: str | None
    has_moov: bool
    moov_first: bool
    fragmented: bool
    encrypted: bool
    claimed_s: float | None
    overrun: str | None
    tracks: list[Track]

    @property
    def truncated(self) -> bool:
        return any(track.missing_samples for track in self.tracks)


def read(path: Path) -> Isobmff | None:
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
                brand = file.read(min(4, length)).decode("latin-1").strip()
            if kind == "moov" and not moov:
                file.seek(start)
                moov = file.read(min(length, MOOV_MAX))
    parsed = _movie(moov, size) if moov else ([], None, False)
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


def _plausible(kind: bytes) -> bool:
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)


def children(
    data: bytes | memoryview, start: int = 0, end: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """(kind, body start, body end) of the boxes directly within data[start:end]."""
    end = len(data) if end is None else min(end, len(data))
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if length == 1 and start + 16 <= end:
            (length,) = struct.unpack_from(">Q", data, start + 8)
            body = start + 16
        elif length == 0:
            length = end - start
        if length < body - start:
            return
        yield kind, body, min(start + length, end)
        start += length


def _find(data: bytes, span: tuple[int, int], *path: bytes) -> tuple[int, int] | None:
    for name in path:
        for kind, start, end in children(data, *span):
            if kind == name:
                span = (start, end)
                break
        else:
            return None
    return span


def _movie(moov: bytes, file_size: int) -> tuple[list[Track], float | None, bool]:
    whole = (0, len(moov))
    movie_timescale, claimed_s = 1000, None
    if span := _find(moov, whole, b"mvhd"):
        movie_timescale, claimed_s = _timed_header(moov, *span) or (1000, None)
    tracks = []
    for kind, start, end in children(moov):
        if kind == b"trak" and len(tracks) < 64:
            track = _track(moov, (start, end), movie_timescale, file_size)
            if track:
                tracks.append(track)
    return tracks, claimed_s, _find(moov, whole, b"mvex") is not None


def _timed_header(data: bytes, start: int, end: int) -> tuple[int, float | None] | None:
    """(timescale, seconds) of an mvhd or mdhd body."""
    try:
        if data[start] == 1:
            timescale, duration = struct.unpack_from(">IQ", data[:end], start + 20)
            unknown = 2**64 - 1
        else:
            timescale, duration = struct.unpack_from(">II", data[:end], start + 12)
            unknown = 2**32 - 1
    except (struct.error, IndexError):
        return None
    if timescale == 0:
        return None
    return timescale, None if duration in (0, unknown) else duration / timescale


def _track(moov: bytes, span: tuple[int, int], movie_timescale: int, file_size: int) -> Track | None:
    mdia = _find(moov, span, b"mdia")
    mdhd = mdia and _find(moov, mdia, b"mdhd")
    header = mdhd and _timed_header(moov, *mdhd)
    stbl = mdia and _find(moov, mdia, b"minf", b"stbl")
    if not (mdia and header and stbl):
        return None
    timescale, claimed_s = header
    tkhd = _find(moov, span, b"tkhd")
    track_id = 0
    if tkhd and tkhd[1] - tkhd[0] >= 24:
        track_id = struct.unpack_from(">I", moov, tkhd[0] + (20 if moov[tkhd[0]] == 1 else 12))[0]
    hdlr = _find(moov, mdia, b"hdlr")
    handler = moov[hdlr[0] + 8 : hdlr[0] + 12].decode("latin-1") if hdlr and hdlr[1] - hdlr[0] >= 12 else ""
    entry, encrypted = _sample_entry(moov, stbl)
    tables = SampleTables.read(moov, stbl)
    present = tables.within(file_size)
    presented = None
    if present:
        first, end = (at / timescale for at in tables.extent(present))
        presented = _edited(moov, span, first, end, timescale, movie_timescale)
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
        deltas=tables.deltas[:2000],
        missing_samples=tables.count - present,
    )


def _sample_entry(moov: bytes, stbl: tuple[int, int]) -> tuple[str, bool]:
    stsd = _find(moov, stbl, b"stsd")
    if not stsd:
        return "", False
    for kind, start, end in children(moov, stsd[0] + 8, stsd[1]):
        encrypted = kind in (b"encv", b"enca", b"enct", b"encs", b"drmi", b"drms")
        return kind.decode("latin-1"), encrypted or b"sinf" in moov[start : min(end, start + 4096)]
    return "", False


def _edited(
    moov: bytes, trak: tuple[int, int], first_s: float, end_s: float, timescale: int, movie_timescale: int
) -> float:
    """Seconds shown after the edit list of a track whose pictures are shown from `first_s` to `end_s` of its
    own time line; an empty first edit only delays, so it adds nothing."""
    media_s = max(0.0, end_s - first_s)
    elst = _find(moov, trak, b"edts", b"elst")
    if not elst or elst[1] - elst[0] < 8:
        return media_s
    start, end = elst
    wide = moov[start] == 1
    (count,) = struct.unpack_from(">I", moov, start + 4)
    step, shape = (20, ">Qq") if wide else (12, ">Ii")
    shown, seen = 0.0, False
    for i in range(min(count, 1000)):
        at = start + 8 + i * step
        if at + step > end:
            break
        duration, media_time = struct.unpack_from(shape, moov, at)
        if media_time < 0:
            continue
        seen = True
        left = min(media_s, max(0.0, end_s - media_time / timescale))
        shown += min(duration / movie_timescale, left) if duration else left
    return shown if seen and shown > 0 else media_s


@dataclass
class SampleTables:
    """stts, stsz, stsc, stco/co64 of one track, kept as runs: memory follows the table, not the claim."""

    deltas: list[tuple[int, int]]
    sizes: array
    constant_size: int
    count: int
    chunks: array
    runs: list[tuple[int, int]]
    sync_count: int | None
    shifts: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def read(cls, moov: bytes, stbl: tuple[int, int]) -> "SampleTables":
        boxes = {kind: (start, end) for kind, start, end in children(moov, *stbl)}
        stts = _words(moov, boxes.get(b"stts"), "I", 2)
        deltas = list(zip(stts[0::2], stts[1::2], strict=True))
        sizes, constant, count = array("I"), 0, 0
        if span := boxes.get(b"stsz"):
            if span[1] - span[0] >= 12:
                constant, count = struct.unpack_from(">II", moov, span[0] + 4)
                if not constant:
                    sizes = _words(moov, (span[0] + 4, span[1]), "I", 1)
                    count = len(sizes)
        elif b"stz2" in boxes:
            count = sum(n for n, _ in deltas)
        count = min(count, SAMPLES_MAX)
        stsc = _words(moov, boxes.get(b"stsc"), "I", 3)
        runs = list(zip(stsc[0::3], stsc[1::3], strict=True))
        if b"co64" in boxes:
            chunks = _words(moov, boxes[b"co64"], "Q", 1)
        else:
            chunks = _words(moov, boxes.get(b"stco"), "I", 1)
        sync = boxes.get(b"stss")
        sync_count = len(_words(moov, sync, "I", 1)) if sync else None
        ctts = _words(moov, boxes.get(b"ctts"), "i", 2)
        # Shifts beyond 2**26 are broken tables, not reordering.
        shifts = [
            (max(0, n), shift if abs(shift) < 2**26 else 0)
            for n, shift in zip(ctts[0::2], ctts[1::2], strict=True)
        ]
        return cls(deltas, sizes, constant, count, chunks, runs, sync_count, shifts)

    def located(self) -> Iterator[tuple[int, int, int]]:
        """(first sample index, samples, file offset) of each chunk, in order."""
        index, run = 0, -1
        for number, offset in enumerate(self.chunks, start=1):
            while run + 1 < len(self.runs) and self.runs[run + 1][0] <= number:
                run += 1
            if run < 0 or index >= self.count:
                return
            samples = min(self.runs[run][1], self.count - index)
            yield index, samples, offset
            index += samples

    def size_of(self, start: int, samples: int) -> int:
        return self.constant_size * samples or sum(self.sizes[start : start + samples])

    def within(self, file_size: int) -> int:
        """How many samples from the first lie wholly inside the file."""
        reached = 0
        # Only chunks near the end need their samples added up: a long recording has hundreds of thousands.
        largest = max((n for _, n in self.runs), default=0) * (
            self.constant_size or max(self.sizes, default=0)
        )
        for index, samples, offset in self.located():
            if offset + largest > file_size and offset + self.size_of(index, samples) > file_size:
                for i in range(index, index + samples):
                    offset += self.size_of(i, 1)
                    if offset > file_size:
                        return i
            reached = index + samples
        return reached

    def extent(self, samples: int) -> tuple[int, int]:
        """(first shown, end of the last shown) of the first `samples`, in the track's timescale.

        Decoding times alone would not do: with B-frames and a varying rate they span less than is shown.
        """
        shifts = iter(self.shifts or [(samples, 0)])
        shift_left, shift = next(shifts)
        clock = last_delta = 0
        first, last = None, 0
        left = samples
        for count, delta in self.deltas:
            # Some writers put a negative correction here; 2**31 and more cannot be a sample's length.
            delta = delta if delta < 2**31 else 0
            while count and left:
                if not shift_left:
                    shift_left, shift = next(shifts, (left, 0))
                    continue
                taken = min(count, left, shift_left)
                first = clock + shift if first is None else min(first, clock + shift)
                last = max(last, clock + (taken - 1) * delta + shift)
                clock += taken * delta
                last_delta = delta
                count, left, shift_left = count - taken, left - taken, shift_left - taken
        return first or 0, last + last_delta


def _words(data: bytes, span: tuple[int, int] | None, code: str, width: int) -> array:
    """The big-endian table after a full-box header: a 32-bit count, then count × width numbers."""
    words = array(code)
    if not span or span[1] - span[0] < 8:
        return words
    (count,) = struct.unpack_from(">I", data, span[0] + 4)
    item = words.itemsize * width
    count = min(count, (span[1] - span[0] - 8) // item)
    words.frombytes(data[span[0] + 8 : span[0] + 8 + count * item])
    words.byteswap()
    return words


def samples(
    path: Path, track_id: int, limit_bytes: int = 64 * 1024 * 1024
) -> list[tuple[float, float, bytes]]:
    """(start, duration, bytes) of each sample of one track, for small tracks such as telemetry."""
    facts = read(path)
    if not facts:
        return []
    moov = b""
    with path.open("rb") as file:
        for kind, start, length in facts.boxes:
            if kind == "moov":
                file.seek(start)
                moov = file.read(min(length, MOOV_MAX))
                break
        for kind, start, end in children(moov):
            tkhd = kind == b"trak" and _find(moov, (start, end), b"tkhd")
            if not tkhd or tkhd[1] - tkhd[0] < 24:
                continue
            if struct.unpack_from(">I", moov, tkhd[0] + (20 if moov[tkhd[0]] == 1 else 12))[0] != track_id:
                continue
            mdhd = _find(moov, (start, end), b"mdia", b"mdhd")
            stbl = _find(moov, (start, end), b"mdia", b"minf", b"stbl")
            header = mdhd and _timed_header(moov, *mdhd)
            if stbl and header:
                return _read_samples(file, SampleTables.read(moov, stbl), header[0], limit_bytes)
    return []


def _read_samples(
    file: BinaryIO, tables: SampleTables, timescale: int, limit_bytes: int
) -> list[tuple[float, float, bytes]]:
    durations = (delta for count, delta in tables.deltas for _ in range(min(count, SAMPLES_MAX)))
    found: list[tuple[float, float, bytes]] = []
    clock = total = 0
    for index, samples, offset in tables.located():
        for i in range(index, index + samples):
            length = tables.size_of(i, 1)
            delta = next(durations, 0)
            total += length
            if total > limit_bytes:
                return found
            file.seek(offset)
            found.append((clock / timescale, delta / timescale, file.read(length)))
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
                tkhd = _find(moov, (body, end), b"tkhd") if name == b"trak" else None
                if tkhd:
                    file.seek(start + tkhd[0] + (52 if moov[tkhd[0]] == 1 else 40))
                    file.write(struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
