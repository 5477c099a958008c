"""One object from several, inside the store wherever a piece is large enough to be copied as a part."""

import contextlib
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from service.kernel.storage.errors import StorageError
from service.kernel.storage.protocols import MIB, Stored
from service.kernel.storage.s3 import Bucket
from service.kernel.storage.s3_objects import read_surely
from service.kernel.storage.s3_parts import MAX_PART, MAX_PARTS, MIN_PART, USUAL_PART

COPY_AT_ONCE = 256 * MIB
TOGETHER = 3

Piece = tuple[Stored, int, int]
"""(source, start, length)"""


def whole(sources: Sequence[Stored]) -> list[Piece]:
    return [(source, 0, source.size) for source in sources]


def plan(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """What each part is made of: one piece of 5 MiB or more is copied, several or a small one are read and merged.

    Every part but the last has at least 5 MiB, and no merged part more than 16 MiB, which is held in memory.
    """
    copied = min(max(COPY_AT_ONCE, sum(length for _, _, length in pieces) // (MAX_PARTS // 2)), MAX_PART)
    parts: list[list[Piece]] = []
    merging: list[Piece] = []
    for source, start, length in pieces:
        end = start + length
        while start < end:
            left = end - start
            if merging or left < MIN_PART:
                room = USUAL_PART - sum(taken for _, _, taken in merging)
                # Taking a little more beats leaving a rest that would have to be merged again.
                step = left if left < room + MIN_PART else room
                merging.append((source, start, step))
                if sum(taken for _, _, taken in merging) >= USUAL_PART:
                    parts.append(merging)
                    merging = []
            else:
                step = left if left < copied + MIN_PART and left <= MAX_PART else copied
                parts.append([(source, start, step)])
            start += step
    return [*parts, merging] if merging else parts


def concatenate(bucket: Bucket, pool: ThreadPoolExecutor, key: str, pieces: Sequence[Piece]) -> None:
    parts = plan(pieces)
    if len(parts) <= 1 and sum(length for _, _, length in pieces) < MIN_PART:
        bucket.put(key, _read(bucket, parts[0]) if parts else b"")
        return
    upload = bucket.start(key)
    try:
        made: list[tuple[int, str]] = []
        under_way: deque[tuple[int, Future[str]]] = deque()

        def settle() -> None:
            number, done = under_way[0]
            made.append((number, done.result()))
            under_way.popleft()

        try:
            for number, made_of in enumerate(parts, start=1):
                while len(under_way) >= TOGETHER:
                    settle()
                under_way.append((number, pool.submit(_make, bucket, key, upload, number, made_of)))
            while under_way:
                settle()
        finally:
            for _, done in under_way:
                done.cancel()
    except BaseException:  # clears up and raises it again
        with contextlib.suppress(StorageError):
            bucket.cancel(key, upload)
        raise
    # Not given up when this fails: the store may be about to do it all the same, and would lose the parts.
    bucket.finish(key, upload, made)


def _make(bucket: Bucket, key: str, upload: str, number: int, pieces: list[Piece]) -> str:
    if len(pieces) == 1 and pieces[0][2] >= MIN_PART:
        source, start, length = pieces[0]
        return bucket.copy_part(key, upload, number, source.key, source.version, start, length)
    return bucket.part(key, upload, number, _read(bucket, pieces))


def _read(bucket: Bucket, pieces: list[Piece]) -> memoryview:
    joined = bytearray()
    for source, start, length in pieces:
        joined += read_surely(bucket, source.key, source.version, start, length)
    return memoryview(joined)
