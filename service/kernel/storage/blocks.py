"""A range of an object, proven before it goes out.

The one walk over the bytes at intake gives the fingerprint of the whole and a sum of each MiB. Whoever reads a range
later reads the blocks that it lies in, and gets no byte of a block whose sum is another: neither what changed in the
store nor what was bent on the way is ever played. What was bent on the way is read anew and comes out right.
"""

import hashlib
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from service.kernel.storage.errors import BytesChanged, InvalidRange, StorageUnavailable
from service.kernel.storage.protocols import MIB, ByteStream

BLOCK = MIB
SUM_BYTES = 16
MUCH = 2**18
TRIES = 3
PAUSE_S = 0.1

Read = Callable[[int, int], ByteStream]
"""(start, length) of the object."""


def sum_of(block: bytes | bytearray | memoryview) -> bytes:
    return hashlib.sha256(block).digest()[:SUM_BYTES]


def blocks_of(start: int, length: int) -> range:
    """The numbers of the blocks in which these bytes lie."""
    return range(start // BLOCK, (start + length - 1) // BLOCK + 1 if length else start // BLOCK)


class Sums:
    """Of bytes that are given in order: the fingerprint of them all, and the sum of each block. Much at once is summed by
    two threads: an arriving file waits for its fingerprint, and has a second core until then."""

    def __init__(self) -> None:
        self.size = 0
        self._whole, self._block = hashlib.sha256(), hashlib.sha256()
        self._sums = bytearray()
        self._beside: ThreadPoolExecutor | None = None

    def update(self, data: bytes | memoryview) -> None:
        if len(data) < MUCH:
            self._whole.update(data)
            self._add(data)
            return
        if self._beside is None:
            self._beside = ThreadPoolExecutor(1, "block-sums")
        blocks = self._beside.submit(self._add, data)
        self._whole.update(data)
        blocks.result()

    def _add(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while len(view):
            step = min(BLOCK - self.size % BLOCK, len(view))
            self._block.update(view[:step])
            self.size += step
            if self.size % BLOCK == 0:
                self._end_block()
            view = view[step:]

    def _end_block(self) -> None:
        self._sums += self._block.digest()[:SUM_BYTES]
        self._block = hashlib.sha256()

    def hexdigest(self) -> str:
        return self._whole.hexdigest()

    def blocks(self) -> bytes:
        """After the last byte."""
        open_block = self._block.digest()[:SUM_BYTES] if self.size % BLOCK else b""
        return bytes(self._sums) + open_block


class ProvenStream:
    """`length` bytes from `start` of an object with `size`, of which `sums` are those of the blocks that they lie in.

    Opens the store at once, and proves the first block at once: what is wrong with the beginning is known before an
    answer is begun. BytesChanged: the store gave other bytes, again and again; `changed` is told first.
    """

    def __init__(
        self,
        read: Read,
        size: int,
        sums: bytes,
        start: int,
        length: int,
        changed: Callable[[int], object] = lambda block: None,
    ) -> None:
        self._read, self._size, self._sums, self._changed = read, size, sums, changed
        self.length = length
        self._start, self._end = start, start + length
        self._blocks = blocks_of(start, length)
        if len(sums) != len(self._blocks) * SUM_BYTES:
            raise ValueError(f"{len(self._blocks)} blocks, and sums of {len(sums)} bytes")
        self._next = self._blocks.start
        self._stream: ByteStream | None = None
        self._over = bytearray()
        self._first = self._proven() if self._blocks else None

    def __iter__(self) -> "ProvenStream":
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if self._next >= self._blocks.stop:
            self.close()
            raise StopIteration
        return self._proven()

    def _proven(self) -> bytes:
        number = self._next
        begin = number * BLOCK
        end = min(begin + BLOCK, self._size)
        at = (number - self._blocks.start) * SUM_BYTES
        wanted = self._sums[at : at + SUM_BYTES]
        for tries in range(TRIES):
            if tries:
                time.sleep(PAUSE_S * 2**tries * random.uniform(0.5, 1.0))
            block = self._taken(begin, end)
            if block is not None and sum_of(block) == wanted:
                self._next += 1
                return bytes(memoryview(block)[max(self._start - begin, 0) : self._end - begin])
            self.close()
        self._changed(number)
        raise BytesChanged(number)

    def _taken(self, begin: int, end: int) -> bytearray | None:
        """None: the object is shorter than that, or longer than it should be."""
        block, self._over = self._over, bytearray()
        try:
            if self._stream is None:
                last = min(self._blocks.stop * BLOCK, self._size)
                block = bytearray()
                self._stream = self._read(begin, last - begin)
                if self._stream.length != last - begin:
                    return None
            for chunk in self._stream:
                block += chunk
                if len(block) >= end - begin:
                    break
        except InvalidRange:
            return None
        except StorageUnavailable:
            self.close()
            raise
        if len(block) > end - begin:
            self._over = block[end - begin :]
            del block[end - begin :]
        return block if len(block) == end - begin else None

    def close(self) -> None:
        self._over = bytearray()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
