"""Uploads in progress in an S3 bucket: multipart uploads at the final key, small remains as `tails/<key>/…`.

Nothing lies on this machine, so any process on any machine goes on with the row alone. Parts travel while the next
one is being received; memory is a few parts of 8 MiB for an upload, 16 MiB at most, larger parts wait in an
unnamed file. The layout rules and the fencing by part numbers are in s3_parts.py.
"""

import contextlib
import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from service.kernel.storage.errors import ObjectExists, ObjectMissing, StorageError, StorageUnavailable
from service.kernel.storage.protocols import (
    MAX_WRITE,
    MIB,
    Buffer,
    Checkpoint,
    Lingering,
    State,
    Stored,
    checked_key,
)
from service.kernel.storage.s3 import Bucket, FileBody, Listed, PartsRefused, StoredPart
from service.kernel.storage.s3_collecting import DiskPart, MemoryPart
from service.kernel.storage.s3_concatenation import Piece, concatenate, whole
from service.kernel.storage.s3_objects import read_surely
from service.kernel.storage.s3_parts import WINDOW, Layout, Tail, part_size, worth_a_part

IN_MEMORY = 16 * MIB
OFFER_EVERY = 16 * MIB
OFFER_AFTER_S = 1.0
PATIENCE = 20  # looks, a tenth of a second apart, at what the store has under way


@dataclass
class Travelling:
    number: int
    size: int
    part: MemoryPart | DiskPart
    done: Future[str]


class S3Writer:
    def __init__(
        self,
        bucket: Bucket,
        pool: ThreadPoolExecutor,
        key: str,
        layout: Layout,
        epoch: int,
        length: int | None,
        hold: bool,
    ) -> None:
        self._bucket, self._pool, self._key, self._epoch = bucket, pool, key, epoch
        self._length, self._hold = length, hold
        self._began = self._layout = layout
        self._upload, self._next, self._limit = layout.upload, layout.next, layout.limit
        self._sent = layout.in_parts
        self._travelling: deque[Travelling] = deque()
        self._spare: list[MemoryPart] = []
        self._part: MemoryPart | DiskPart | None = None
        self._offered, self._offered_at = layout.offset, time.monotonic()
        self._old_tails = [layout.tail] if layout.tail else []
        self._ended = self._closed = False
        if layout.tail:
            tail = layout.tail
            # The first part takes the whole tail: part of it alone would move the offset back.
            self._part = self._empty_part(max(part_size(self._next, self._sent, length), tail.size))
            self._fill(read_surely(bucket, tail.key, tail.version, 0, tail.size))

    @property
    def position(self) -> int:
        return self._sent + (self._part.size if self._part else 0)

    def write(self, *pieces: Buffer) -> Checkpoint | None:
        if self._ended:
            raise ValueError("this writer has ended")
        views = [memoryview(piece).cast("B") for piece in pieces]
        size = sum(map(len, views))
        if size > MAX_WRITE:
            raise ValueError(f"at most {MAX_WRITE} bytes in one write")
        if self._length is not None and self.position + size > self._length:
            raise ValueError("more bytes than the upload's length")
        try:
            for view in views:
                self._fill(view)
            self._gather()
        except BaseException:  # clears up and raises it again
            self._ended = True
            raise
        return self._offer()

    def _offer(self) -> Checkpoint | None:
        now = time.monotonic()
        news = 0 if self._hold else self._layout.offset - self._offered
        due = news >= OFFER_EVERY or (news > 0 and now - self._offered_at >= OFFER_AFTER_S)
        if not due and self._limit - self._next >= WINDOW // 2:
            return None
        self._offered, self._offered_at = self._layout.offset, now
        return self.durable()

    def saved(self, checkpoint: Checkpoint) -> None:
        saved = Layout.from_state(checkpoint.state)
        self._limit = max(self._limit, saved.limit)
        for tail in [t for t in self._old_tails if t != saved.tail]:
            self._old_tails.remove(tail)
            self._pool.submit(self._forget, tail)

    def _forget(self, tail: Tail) -> None:
        # What stays because the store is away is removed with the rest when the upload completes.
        with contextlib.suppress(StorageError):
            self._bucket.delete(tail.key, tail.version)

    def _fill(self, view: memoryview) -> None:
        while len(view):
            if self._part is None:
                self._part = self._empty_part(part_size(self._next, self._sent, self._length))
            step = min(len(view), self._part.target - self._part.size)
            self._part.add(view[:step])
            view = view[step:]
            if self._part.size == self._part.target:
                self._send()

    def _empty_part(self, target: int) -> MemoryPart | DiskPart:
        if target > IN_MEMORY:
            return DiskPart(target)
        if self._spare and self._spare[-1].target == target:
            part = self._spare.pop()
            part.size = 0
            return part
        self._spare.clear()
        return MemoryPart(target)

    def _send(self) -> None:
        part, self._part = self._part, None
        assert part is not None
        if self._next >= self._limit:
            raise ValueError("a checkpoint was given and not reported as saved")
        if self._upload is None:
            self._upload = self._bucket.start(self._key)
        # Each part under way is held in memory: more of the small ones, whose round trips cost most.
        together = 3 if part.target <= 8 * MIB else 2 if part.target <= IN_MEMORY else 1
        while len(self._travelling) >= together:
            self._settle()
        done = self._pool.submit(self._bucket.part, self._key, self._upload, self._next, part.body())
        self._travelling.append(Travelling(self._next, part.size, part, done))
        self._next += 1
        self._sent += part.size

    def _settle(self) -> None:
        """Waits for the oldest part under way: the acknowledged bytes have no gaps."""
        oldest = self._travelling[0]
        oldest.done.result()
        self._travelling.popleft()
        self._layout = self._layout.with_part(oldest.number, oldest.size)
        if isinstance(oldest.part, MemoryPart) and not self._spare:
            self._spare.append(oldest.part)

    def _gather(self) -> None:
        while self._travelling and self._travelling[0].done.done():
            self._settle()

    def durable(self) -> Checkpoint:
        base = self._began if self._hold and not self._closed else self._layout
        settled = self._ended and not self._travelling
        limit = self._next if settled else self._next + WINDOW
        layout = replace(base, upload=self._upload, next=self._next, limit=limit, live=not settled)
        return Checkpoint(layout.offset, layout.to_state())

    def close(self) -> Checkpoint:
        if self._ended and not self._closed:
            raise ValueError("this writer has ended: abandon it")
        if not self._closed:
            self._ended = True
            self._put_remainder()
            while self._travelling:
                self._settle()
            self._closed = True
            self._spare.clear()
        return self.durable()

    def _put_remainder(self) -> None:
        part = self._part
        if part is None or not part.size:
            return
        # A short last part would be in the way if this writer dies before the row knows of it: see `_join`.
        if worth_a_part(part.size, self._next, self._sent, self._length):
            self._send()
            return
        if self._layout.tail and self.position == self._layout.offset:
            return  # nothing came since
        body = part.body()
        key = f"tails/{self._key}/{self._epoch}-{self._next}"
        if isinstance(body, FileBody):
            # Several hundred MiB at most, and only in uploads of terabytes.
            body.file.seek(0)
            version = self._bucket.put_stream(key, body.file, body.size, part_size(1, 0, body.size))
        else:
            version = self._bucket.put(key, body)
        while self._travelling:
            self._settle()
        tail = Tail(key, version, part.size)
        self._layout = replace(self._layout, tail=tail)
        self._old_tails.append(tail)
        self._part = None
        self._sent += part.size

    def abandon(self) -> Checkpoint:
        self._ended = True
        self._part = None
        with contextlib.suppress(StorageError):
            while self._travelling:
                self._settle()
        # A part that failed here may still be under way inside the store: its number must not be used again, and
        # is not, because `_next` is past it.
        for travelling in self._travelling:
            with contextlib.suppress(StorageError):
                travelling.done.result()
        self._travelling.clear()
        self._spare.clear()
        return self.durable()


def _plan_key(key: str) -> str:
    return f"tails/{key}/parts"


class S3Multipart:
    def __init__(self, bucket: Bucket, parallel: int = 16) -> None:
        self._bucket = bucket
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="s3-part")

    def create(self, key: str) -> Checkpoint:
        checked_key(key)
        return Checkpoint(0, Layout().to_state())

    def begin(self, state: State, epoch: int) -> State:
        return Layout.from_state(state).begun().to_state()

    def open(
        self, key: str, state: State, epoch: int, length: int | None = None, hold: bool = False
    ) -> S3Writer:
        layout = Layout.from_state(state)
        if not layout.live:
            raise ValueError("this state is not from `begin`")
        return S3Writer(self._bucket, self._pool, checked_key(key), layout, epoch, length, hold)

    def complete(self, key: str, state: State) -> Stored:
        layout = Layout.from_state(state)
        size = layout.offset
        found = self._bucket.head(checked_key(key))
        try:
            if found is None:
                self._join(key, layout) if layout.upload and layout.runs else self._put_small(key, layout)
            elif self._size(found, size) != size:
                self._cut_out(key, found)
        except (ObjectMissing, StorageUnavailable):
            # Another caller, or this request before a connection broke, completed it or is about to: then RGW
            # answers that the upload is unknown, or with 500.
            if not self._appears(key, size):
                raise
        done = self._already(key, size)
        if done is None:
            raise StorageError(f"{key} is not there after it was completed")
        done = self._parted(done)
        self._clear(key, size)
        return done

    def _appears(self, key: str, size: int) -> bool:
        for _ in range(PATIENCE):
            if self._already(key, size) is not None:
                return True
            time.sleep(0.1)
        return False

    def _clear(self, key: str, size: int) -> None:
        if self._bucket.head(_plan_key(key)) is not None:
            for found in list(self._bucket.versions(key)):
                if found.key == key and found.size and found.size != size:
                    self._bucket.delete(key, found.version)
        self._clear_tails(key)

    def _put_small(self, key: str, layout: Layout) -> None:
        if layout.tail is None:
            self._bucket.put(key, b"")
            return
        self._bucket.put(key, self._tail_bytes(layout.tail))

    def _tail_bytes(self, tail: Tail) -> memoryview:
        return read_surely(self._bucket, tail.key, tail.version, 0, tail.size)

    def _join(self, key: str, layout: Layout) -> None:
        assert layout.upload is not None
        wanted = {number for first, last, _ in layout.runs for number in range(first, last + 1)}
        tail: list[StoredPart] = []
        if layout.tail:
            etag = self._bucket.part(key, layout.upload, layout.next, self._tail_bytes(layout.tail))
            tail = [StoredPart(layout.next, etag, layout.tail.size, None)]
        for attempt in range(5):
            listed = sorted(self._bucket.parts(key, layout.upload), key=lambda part: part.number)
            parts = [part for part in listed if part.number in wanted]
            if len(parts) != len(wanted) or sum(part.size for part in parts) != layout.in_parts:
                raise ObjectMissing(f"parts of {key}")
            parts += tail
            others = [part for part in listed if part not in parts and part.number != layout.next]
            try:
                self._bucket.finish(key, layout.upload, [(part.number, part.etag) for part in parts])
                return
            except PartsRefused:
                if attempt == 4:
                    raise
            if others:
                # Ceph RGW completes only what lists every part that ever arrived, also those of a writer that
                # died before the row knew of them. So they go in, and are cut out of the object afterwards.
                everything = sorted([*parts, *others], key=lambda part: part.number)
                keep = {part.number for part in parts}
                plan = [[part.size, part.number in keep] for part in everything]
                self._bucket.put(_plan_key(key), json.dumps(plan).encode())
                with contextlib.suppress(PartsRefused):
                    self._bucket.finish(key, layout.upload, [(p.number, p.etag) for p in everything])
                    found = self._bucket.head(key)
                    if found is None:
                        raise StorageError(f"{key} is not there after it was completed")
                    self._cut_out(key, found)
                    return

    def _cut_out(self, key: str, everything: Listed) -> None:
        """Writes the object again without the parts that are not its own, by copying inside the store."""
        noted = self._bucket.head(_plan_key(key))
        if noted is None:
            raise ObjectExists(key)
        plan = json.loads(bytes(read_surely(self._bucket, noted.key, noted.version, 0, noted.size)))
        if sum(size for size, _ in plan) != everything.size:
            raise ObjectExists(key)
        source = Stored(key, everything.version, everything.size)
        pieces: list[Piece] = []
        start = 0
        for size, kept in plan:
            if kept and pieces and pieces[-1][1] + pieces[-1][2] == start:
                pieces[-1] = (source, pieces[-1][1], pieces[-1][2] + size)
            elif kept:
                pieces.append((source, start, size))
            start += size
        concatenate(self._bucket, self._pool, key, pieces)

    def concatenate(self, key: str, sources: Sequence[Stored]) -> Stored:
        total = sum(source.size for source in sources)
        done = self._already(key, total)
        if done is None:
            concatenate(self._bucket, self._pool, key, whole(sources))
            done = self._already(key, total)
            if done is None:
                raise StorageError(f"{key} is not there after it was put together")
        return self._parted(done)

    def _parted(self, done: Stored) -> Stored:
        """The finished object, of which no upload is listed any more.

        A store that was killed in between has the object and still lists the upload that it is made of. Whoever gives
        that up (we, or a rule of the bucket) takes the parts from under the object, so it is written again first."""
        listed = self._listed(done.key)
        for _ in range(PATIENCE):
            if not any(self._made_of(done.key, upload) for upload in listed):
                break
            time.sleep(0.1)  # or it is just about to forget it
            listed = self._listed(done.key)
        else:
            done = self._written_again(done)
        for upload in listed:
            self._bucket.cancel(done.key, upload)
        return done

    def _written_again(self, done: Stored) -> Stored:
        concatenate(self._bucket, self._pool, done.key, whole([done]))
        again = self._already(done.key, done.size)
        if again is None or again.version == done.version:
            raise StorageError(f"{done.key} was not written again")
        self._bucket.delete(done.key, done.version)
        return again

    def _listed(self, key: str) -> list[str]:
        return [upload for found, upload, _ in list(self._bucket.uploads(checked_key(key))) if found == key]

    def _made_of(self, key: str, upload: str) -> bool:
        """Whether the object may lie in the parts of this upload, which the store still lists."""
        found = self._bucket.head(key)
        if found is None or not found.made_of:
            return False
        with contextlib.suppress(ObjectMissing):
            sizes = [part.size for part in self._bucket.parts(key, upload)]
            return len(sizes) == found.made_of and sum(sizes) == found.size
        return False

    def _size(self, found: Listed, expected: int) -> int:
        """A head that says something else is not believed alone."""
        if found.size == expected or not expected:
            return found.size
        return self._bucket.size_of(found.key, found.version)

    def _already(self, key: str, size: int) -> Stored | None:
        found = self._bucket.head(checked_key(key))
        if found is None:
            return None
        if self._size(found, size) != size:
            raise ObjectExists(key)
        return Stored(key, found.version, size)

    def abort(self, key: str) -> None:
        for upload in self._listed(key):
            if not self._made_of(key, upload):
                self._bucket.cancel(key, upload)
        self._clear_tails(key)

    def _clear_tails(self, key: str) -> None:
        for tail in list(self._bucket.versions(f"tails/{key}/")):
            self._bucket.delete(tail.key, tail.version)

    def list_uploads(self, older_than: datetime) -> Iterator[Lingering]:
        touched: dict[str, datetime] = {}
        for tail in self._bucket.versions("tails/"):
            key = tail.key.removeprefix("tails/").rpartition("/")[0]
            touched[key] = max(touched.get(key, tail.modified), tail.modified)
        for key, upload, begun in self._bucket.uploads(""):
            latest = max(touched.get(key, begun), begun)
            if latest < older_than:
                with contextlib.suppress(ObjectMissing):
                    for part in self._bucket.parts(key, upload):
                        latest = max(latest, part.modified or latest)
            touched[key] = latest
        for key, moment in touched.items():
            if moment < older_than:
                yield Lingering(key, moment)
