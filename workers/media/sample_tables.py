"""The sample tables of one MP4/MOV track: how many samples, how long, where, and whether they are there."""

import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from workers.media.boxes import children, words

SAMPLES_MAX = 50_000_000


@dataclass
class SampleTables:
    """stts, stsz or stz2, stsc, stco/co64 of one track. They stay numbers in a row as in the file, pairs and triples one
    behind the other: memory follows the bytes of the table, not the claim and not what Python makes of a pair."""

    stts: array
    sizes: array
    constant_size: int
    count: int
    chunks: array
    stsc: array
    sync_count: int | None
    ctts: array = field(default_factory=lambda: array("i"))

    @classmethod
    def read(cls, moov: bytes, stbl: tuple[int, int]) -> "SampleTables":
        boxes = {kind: (start, end) for kind, start, end in children(moov, *stbl)}
        sizes, constant, count = array("I"), 0, 0
        if span := boxes.get(b"stsz"):
            if span[1] - span[0] >= 12:
                constant, count = struct.unpack_from(">II", moov, span[0] + 4)
                if not constant:
                    sizes = words(moov, (span[0] + 4, span[1]), "I", 1)
                    count = len(sizes)
        elif span := boxes.get(b"stz2"):
            sizes = _compact_sizes(moov, *span)
            count = len(sizes)
        if b"co64" in boxes:
            chunks = words(moov, boxes[b"co64"], "Q", 1)
        else:
            chunks = words(moov, boxes.get(b"stco"), "I", 1)
        sync = boxes.get(b"stss")
        return cls(
            stts=words(moov, boxes.get(b"stts"), "I", 2),
            sizes=sizes,
            constant_size=constant,
            count=min(count, SAMPLES_MAX),
            chunks=chunks,
            stsc=words(moov, boxes.get(b"stsc"), "I", 3),
            sync_count=len(words(moov, sync, "I", 1)) if sync else None,
            ctts=words(moov, boxes.get(b"ctts"), "i", 2),
        )

    @property
    def deltas(self) -> Iterator[tuple[int, int]]:
        """(how many samples, how long each)."""
        return _pairs(self.stts)

    def located(self) -> Iterator[tuple[int, int, int]]:
        """(first sample index, samples, file offset) of each chunk, in order."""
        index, run, runs = 0, -1, len(self.stsc) // 3
        for number, offset in enumerate(self.chunks, start=1):
            while run + 1 < runs and self.stsc[3 * run + 3] <= number:
                run += 1
            if run < 0 or index >= self.count:
                return
            samples = min(self.stsc[3 * run + 1], self.count - index)
            yield index, samples, offset
            index += samples

    def size_of(self, start: int, samples: int) -> int:
        return self.constant_size * samples or sum(self.sizes[start : start + samples])

    def within(self, file_size: int) -> int:
        """How many samples from the first lie wholly inside the file."""
        reached = 0
        # Only chunks near the end need their samples added up: a long recording has hundreds of thousands.
        largest = max(self.stsc[1::3], default=0) * (self.constant_size or max(self.sizes, default=0))
        for index, samples, offset in self.located():
            if offset + largest > file_size and offset + self.size_of(index, samples) > file_size:
                return index + self._fit(index, samples, file_size - offset)
            reached = index + samples
        return reached

    def _fit(self, index: int, samples: int, room: int) -> int:
        if self.constant_size:
            return max(0, min(samples, room // self.constant_size))
        for number, size in enumerate(self.sizes[index : index + samples]):
            room -= size
            if room < 0:
                return number
        return samples

    def shown(self, samples: int) -> Iterator[tuple[int, int, int]]:
        """(when the first is shown, step, how many) of the first `samples`, in decoding order, as runs of one step
        and one shift; in the track's timescale."""
        shifts = _shifts(self.ctts) if self.ctts else iter([(samples, 0)])
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


def _pairs(flat: array) -> Iterator[tuple[int, int]]:
    numbers = iter(flat)
    return zip(numbers, numbers, strict=False)


def _shifts(ctts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Shifts beyond 2**26 are broken tables, not reordering."""
    numbers = iter(ctts)
    for count, shift in zip(numbers, numbers, strict=False):
        yield max(0, count), shift if abs(shift) < 2**26 else 0


def _compact_sizes(moov: bytes, start: int, end: int) -> array:
    """Of stz2: 4, 8 or 16 bits a sample, and no more samples than there are bytes for."""
    if end - start < 12:
        return array("B")
    bits, count = moov[start + 7], struct.unpack_from(">I", moov, start + 8)[0]
    data = moov[start + 12 : end]
    if bits == 16:
        sizes = array("H", data[: min(count, len(data) // 2) * 2])
        sizes.byteswap()
        return sizes
    if bits == 8:
        return array("B", data[:count])
    if bits == 4:
        return array(
            "B", [half for byte in data[: (count + 1) // 2] for half in (byte >> 4, byte & 15)][:count]
        )
    return array("B")
