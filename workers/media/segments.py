"""What an encode has written so far, in parts that are watched while the rest is made.

ffmpeg begins a piece at each key frame; a segment is one or more of them. The first are short, so that whoever waits sees
something soon.
"""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from workers.media import graphs
from workers.media.formats import INPUT_GUARD_ARGS
from workers.media.sandbox import Limits, Sandbox, inside

USUAL_S = 4.0
FIRST_ENDS_S = (1.0, 2.0)  # the further ones at each multiple of the usual length
NEARLY_S = 0.1
MOST_BYTES = 32 * 2**20
COPIED = "copied.crc"


class TooLarge(ValueError):
    """More than is held in memory for somebody who waits."""


@dataclass(frozen=True)
class Piece:
    name: str
    duration_s: float


@dataclass(frozen=True)
class Segment:
    """`number` from 1 on."""

    number: int
    pieces: tuple[Piece, ...]
    start_s: float

    @property
    def duration_s(self) -> float:
        return sum(piece.duration_s for piece in self.pieces)


def pieces_in(listed: str) -> tuple[list[Piece], bool]:
    """Of ffmpeg's own list, which names what is written to its end; and whether nothing more will come."""
    found, seconds = [], None
    for line in listed.splitlines():
        if line.startswith("#EXTINF:"):
            seconds = float(line.removeprefix("#EXTINF:").rstrip(","))
        elif line and not line.startswith("#") and seconds is not None:
            found.append(Piece(line, seconds))
            seconds = None
    return found, "#EXT-X-ENDLIST" in listed


def segments_of(pieces: Sequence[Piece], whole: bool) -> list[Segment]:
    """Those that are complete; what they are does not change when more comes. `whole`: nothing more will."""
    found: list[Segment] = []
    start_s = end_s = 0.0
    taken: list[Piece] = []
    for piece in pieces:
        taken.append(piece)
        end_s += piece.duration_s
        if end_s >= _ends_at(start_s) - NEARLY_S:
            found.append(Segment(len(found) + 1, tuple(taken), start_s))
            taken, start_s = [], end_s
    if whole and taken:
        found.append(Segment(len(found) + 1, tuple(taken), start_s))
    return found


def _ends_at(start_s: float) -> float:
    """Where a segment that begins there should end."""
    for end_s in FIRST_ENDS_S:
        if start_s < end_s - NEARLY_S:
            return end_s
    return (math.floor((start_s + NEARLY_S) / USUAL_S) + 1) * USUAL_S


def written(folder: Path) -> tuple[list[Piece], bool]:
    path = folder / graphs.PIECES
    return pieces_in(path.read_text(encoding="ascii", errors="replace")) if path.is_file() else ([], False)


def bytes_of(folder: Path, names: Sequence[str]) -> bytes:
    """Of pieces in a folder in which only ffmpeg writes: a link that it left there leads nowhere."""
    found = bytearray()
    for name in names:
        descriptor = os.open(folder / Path(name).name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            found += file.read(MOST_BYTES + 1)
        if len(found) > MOST_BYTES:
            raise TooLarge
    return bytes(found)


def fault_of(
    path: Path, duration_s: float, picture: bool, box: Sandbox, private_dir: Path, cancel: Event | None
) -> str | None:
    """What is wrong with a segment behind its head, in one start of ffmpeg: its key frames and its sound are decoded, and
    its packets counted. None: nothing is."""
    argv = ["ffmpeg", "-v", "error", "-y", *(["-skip_frame", "nokey"] if picture else [])]
    argv += [*INPUT_GUARD_ARGS, "-i", inside()]
    argv += ["-map", "0:v?", "-map", "0:a?", "-vsync", "passthrough", "-f", "framecrc", "pipe:1"]
    argv += ["-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "framecrc", COPIED]
    outcome = box.run(
        argv, private_dir=private_dir, readonly=[path], limits=Limits(wall_s=60, cpu_s=60), cancel=cancel
    )
    if not outcome.ok or outcome.stderr.strip():
        return outcome.stderr.strip().replace(inside(), "segment")[-200:] or outcome.ended
    if not any(_packets(outcome.stdout.decode("ascii", "replace"))):
        return "nothing in it can be decoded"
    return _length_fault(bytes_of(private_dir, [COPIED]).decode("ascii", "replace"), duration_s, picture)


@dataclass(frozen=True)
class Packet:
    stream: int
    start_s: float
    end_s: float
    key: bool


def _packets(crc: str) -> Iterator[Packet]:
    bases: dict[int, float] = {}
    for line in crc.splitlines():
        if line.startswith("#tb "):
            stream, _, base = line.removeprefix("#tb ").partition(": ")
            over, _, under = base.partition("/")
            bases[int(stream)] = int(over) / int(under)
        elif line and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split(",")]
            at, base_s = int(cells[0]), bases[int(cells[0])]
            start_s = int(cells[2]) * base_s
            flagged = any(cell.startswith("F=") for cell in cells[6:])
            yield Packet(at, start_s, start_s + int(cells[3]) * base_s, key=not flagged)


def _length_fault(crc: str, duration_s: float, picture: bool) -> str | None:
    found = [packet for packet in _packets(crc) if packet.stream == 0]
    if not found:
        return "no packets"
    if picture and not found[0].key:
        return "no key frame at its beginning"
    length_s = max(one.end_s for one in found) - min(one.start_s for one in found)
    if abs(length_s - duration_s) > max(0.3, 0.1 * duration_s):
        return f"{length_s:.2f} s in place of {duration_s:.2f} s"
    return None
