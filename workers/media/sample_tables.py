"""The sample tables of one MP4/MOV track: how many samples, how long, where, and whether they are there."""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from workers.media.boxes import children, words

SAMPLES_MAX = 50_000_000


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
        stts = words(moov, boxes.get(b"stts"), "I", 2)
        deltas = list(zip(stts[0::2], stts[1::2], strict=True))
        sizes, constant, count = array("I"), 0, 0
        if span := boxes.get(b"stsz"):
            if span[1] - span[0] >= 12:
                constant, count = struct.unpack_from(">II", moov, span[0] + 4)
                if not constant:
                    sizes = words(moov, (span[0] + 4, span[1]), "I", 1)
                    count = len(sizes)
        elif b"stz2" in boxes:
            count = sum(n for n, _ in deltas)
        count = min(count, SAMPLES_MAX)
        stsc = words(moov, boxes.get(b"stsc"), "I", 3)
        runs = list(zip(stsc[0::3], stsc[1::3], strict=True))
        if b"co64" in boxes:
            chunks = words(moov, boxes[b"co64"], "Q", 1)
        else:
            chunks = words(moov, boxes.get(b"stco"), "I", 1)
        sync = boxes.get(b"stss")
        sync_count = len(words(moov, sync, "I", 1)) if sync else None
        ctts = words(moov, boxes.get(b"ctts"), "i", 2)
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

    def shown(self, samples: int) -> Iterator[tuple[int, int, int]]:
        """(when the first is shown, step, how many) of the first `samples`, in decoding order, as runs of one step
        and one shift; in the track's timescale."""
        shifts = iter(self.shifts or [(samples, 0)])
        shift_left, shift = next(shifts)
        clock, left = 0, samples
        for count, delta in self.deltas:
            # Some writers put a negative correction here; 2**31 and more cannot be a sample's length.
            delta = delta if delta < 2**31 else 0
            while count and left:
                if not shift_left:
                    shift_left, shift = next(shifts, (left, 0))
                    continue
                taken = min(count, left, shift_left)
                yield clock + shift, delta, taken
                clock += taken * delta
                count, left, shift_left = count - taken, left - taken, shift_left - taken

    def extent(self, samples: int) -> tuple[int, int]:
        """(first shown, end of the last shown) of the first `samples`, in the track's timescale.

        Decoding times alone would not do: with B-frames and a varying rate they span less than is shown.
        """
        first, last, last_delta = None, 0, 0
        for at, delta, count in self.shown(samples):
            first = at if first is None else min(first, at)
            last = max(last, at + (count - 1) * delta)
            last_delta = delta
        return first or 0, last + last_delta
