"""The body of one request on its way into the store. Whatever way it ends, what arrived is made durable first.

Where the server lets us (`service.kernel.wire`), a thread reads it from the socket and writes it, as long as the client
keeps up; the event loop only waits for the next bytes. Else it is read on the event loop and written by a thread:
one batch is collected while the one before it is written, as the pieces that arrived, without copying them. Both
bound the memory of an upload and hand back-pressure to the client.
"""

import asyncio
import ctypes
import hmac
import logging
import select
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from typing import Any, TypeVar

import anyio
from anyio import CapacityLimiter
from sqlalchemy.exc import OperationalError
from starlette.requests import Request

from service.footage.uploads.actions import Held, advance, let_go, must_let_go, stay_alive
from service.footage.uploads.errors import (
    BodyCutOff,
    BodyTooLong,
    ChecksumMismatch,
    TooLarge,
    UploadTakenOver,
)
from service.footage.uploads.protocol import CHECKSUMS, Checksum
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from service.kernel.storage.errors import StorageError
from service.kernel.storage.protocols import MIB, Buffer
from service.kernel.wire import Wire

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 2 * MIB
MOST_PIECES = 512
"""Pieces of a few bytes each take far more memory than they say."""

AT_ONCE = 1 * MIB  # from the socket to the store
WAKE_FOR = MIB // 2  # not for each packet: that costs the client on the same machine as much as us
TURN_S = 0.25  # then the thread is another upload's for a while
WAIT_FOR_MORE_MS = 20  # inside a turn

FLUSH_AFTER_S = 1.0
LOOK_EVERY_S = 0.15
RENEW_EVERY_S = 1.0
SILENT_FOR_S = 120.0
SETTLE_WITHIN_S = 4.0

_writers = ThreadPoolExecutor(32, thread_name_prefix="upload")


class _Own(threading.local):
    """A thread's. Clients that only keep their connection open have none."""

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(AT_ONCE))


_own = _Own()
_receiving: set[asyncio.Task[Any]] = set()

# Pieces of a body are some hundred KiB each. By its defaults glibc gives each batch of them back to the system and
# takes fresh pages, which have to be cleared, for the next one: 100,000 page faults for a GiB. And each thread that
# ever held one keeps its own store of pages, unless they share.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
_libc = ctypes.CDLL(None)
_libc.mallopt(M_ARENA_MAX, 2)
_libc.mallopt(M_MMAP_THRESHOLD, 8 * MIB)
_libc.mallopt(M_TRIM_THRESHOLD, 16 * MIB)


@cache
def _limit(name: str, threads: int) -> CapacityLimiter:
    """Made on first use, because it belongs to the event loop."""
    return CapacityLimiter(threads)


async def in_thread(act: Callable[..., T], *arguments: Any) -> T:
    """For database commands: a bounded number of threads of our own; the language of the request goes along."""
    return await anyio.to_thread.run_sync(act, *arguments, limiter=_limit("commands", 16))


async def in_slow_thread(act: Callable[..., T], *arguments: Any) -> T:
    """For what also waits for the store, so that signs of life never queue behind it."""
    return await anyio.to_thread.run_sync(act, *arguments, limiter=_limit("completions", 8))


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """Raises `BodyCutOff` when the client goes away before its body has ended."""
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise BodyCutOff
        more = message.get("more_body", False)
        if data := message.get("body", b""):
            yield data


class Sink:
    """The thread's side: the store's writer, the row, and the checksum if there is one. After an error it has let
    go of the upload, keeping what can be kept."""

    def __init__(self, held: Held, checksum: Checksum | None) -> None:
        self.held, self.checksum = held, checksum
        self.digest = CHECKSUMS[checksum.algorithm]() if checksum else None
        try:
            self.writer = get_store().uploads.open(
                held.key, held.progress, held.epoch, length=held.length, hold=checksum is not None
            )
        except BaseException:  # clears up and raises it again
            let_go(held)
            raise

    def put(self, pieces: list[Buffer]) -> None:
        try:
            if self.digest:
                for piece in pieces:
                    self.digest.update(piece)
            checkpoint = self.writer.write(*pieces)
            if checkpoint is not None:
                if not advance(self.held, checkpoint):
                    raise UploadTakenOver
                self.writer.saved(checkpoint)
        except BaseException:  # keeps what is durable and raises it again
            self.give_up()
            raise

    def finish(self) -> int:
        """Everything durable, the row saying so. Answers the new offset."""
        try:
            if self.digest and self.checksum and not hmac.compare_digest(
                self.digest.digest(), self.checksum.digest
            ):  # fmt: skip
                raise ChecksumMismatch
            checkpoint = self.writer.close()
            if not advance(self.held, checkpoint, last=True):
                raise UploadTakenOver
            return checkpoint.offset
        except BaseException:  # keeps what is durable and raises it again
            self.give_up()
            raise

    def give_up(self) -> None:
        """Keeps what is durable; a writer that was fenced changes nothing by this."""
        checkpoint = self.writer.abandon()
        with suppress(OperationalError):
            advance(self.held, checkpoint, last=True)


class Reception:
    def __init__(self, sink: Sink) -> None:
        self._sink, held = sink, sink.held
        limit = get_settings().max_upload_bytes
        # what the upload still takes
        self._room = (limit if held.length is None else held.length) - held.offset
        self._too_long = TooLarge(limit=limit) if held.length is None else BodyTooLong(room=self._room)
        self._pieces: list[Buffer] = []
        self._size = 0
        self._writing: asyncio.Future[None] | None = None
        self._flushed = self._heard = time.monotonic()
        self.wanted_elsewhere = False
        self._gone = False  # the client

    async def take(self, chunks: AsyncIterator[bytes], wire: Wire | None) -> None:
        if wire is not None and wire.there:
            return await self._take_from(wire)
        async for chunk in chunks:
            if len(chunk) > self._room:  # a body that did not say how long it is
                raise self._too_long
            await self._keep(chunk)

    async def _keep(self, chunk: bytes) -> None:
        self._heard = time.monotonic()
        view = memoryview(chunk)
        self._room -= len(view)
        for start in range(0, len(view), BATCH):  # batches stay below MAX_WRITE
            piece = view[start : start + BATCH]
            self._pieces.append(piece)
            self._size += len(piece)
            # The last ones wait for the end of the body: with anything after them they are not this upload's.
            if self._room and (self._size >= BATCH or len(self._pieces) == MOST_PIECES):
                await self.flush()
        if self._room and self._size and self._heard - self._flushed > FLUSH_AFTER_S:
            await self.flush()

    async def _take_from(self, wire: Wire) -> None:
        with wire.taken() as (first, own):
            await self._keep(first)
            await self.flush()
            try:
                while self._coming(wire):
                    await _readable(own)
                    await self.settle()
                    turn = partial(self._turn, wire, own)
                    self._writing = asyncio.get_running_loop().run_in_executor(_writers, turn)
                    await self.settle()
                    if self._gone:
                        raise BodyCutOff
            finally:
                await self.settle()  # nobody may close the socket under the thread

    def _coming(self, wire: Wire) -> int:
        return min(wire.left, self._room)

    def _turn(self, wire: Wire, own: socket.socket) -> None:
        """In a thread: from the socket to the store until nothing comes, or it is another upload's turn."""
        buffer, filled, until = _own.buffer, 0, time.monotonic() + TURN_S
        while (coming := self._coming(wire)) and self._heard < until and not self.wanted_elsewhere:
            try:
                taken = own.recv_into(buffer[filled:], min(coming, len(buffer) - filled))
            except BlockingIOError:
                if not _more_comes(own, min(coming, WAKE_FOR)):
                    break
                continue
            except OSError:
                taken = 0
            if not taken:
                self._gone = True
                break
            self._heard = time.monotonic()
            wire.left -= taken
            self._room -= taken
            filled += taken
            if filled == len(buffer):
                self._sink.put([buffer])
                filled = 0
        if filled:
            self._sink.put([buffer[:filled]])

    async def flush(self) -> None:
        await self.settle()
        if self._pieces:
            pieces, self._pieces, self._size = self._pieces, [], 0
            self._writing = asyncio.get_running_loop().run_in_executor(_writers, self._sink.put, pieces)
            self._flushed = time.monotonic()

    async def settle(self) -> None:
        """The thread has no buffer any more. Its errors are raised here. Once begun, a write is never cancelled."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None

    async def watch(self, reading: asyncio.Task[None]) -> None:
        """Ends the reading when the upload is wanted by another request, or nothing came for long."""
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            moment = time.monotonic()
            with suppress(OperationalError):  # the row decides at the next checkpoint
                self.wanted_elsewhere = await in_thread(must_let_go, self._sink.held)
                if not self.wanted_elsewhere and moment - renewed >= RENEW_EVERY_S:
                    await in_thread(stay_alive, self._sink.held)
                    renewed = moment
            if self.wanted_elsewhere or moment - self._heard > SILENT_FOR_S:
                reading.cancel()
                return


def _more_comes(own: socket.socket, wanted: int) -> bool:
    """Soon, so many bytes or the end."""
    poller = select.poll()
    poller.register(own, select.POLLIN)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)
    try:
        return bool(poller.poll(WAIT_FOR_MORE_MS))
    finally:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


async def _readable(own: socket.socket) -> None:
    """Bytes have come, or the end."""
    loop = asyncio.get_running_loop()
    readable = loop.create_future()
    loop.add_reader(own, lambda: None if readable.done() else readable.set_result(None))
    try:
        await readable
    finally:
        loop.remove_reader(own)


async def write_body(
    held: Held, chunks: AsyncIterator[bytes], checksum: Checksum | None = None, wire: Wire | None = None
) -> int:
    """Writes the chunks from `held.offset` on and answers the offset reached. With `wire`, they come from there.

    Raises `BodyCutOff` when the client went away and `UploadTakenOver` when another request wanted the upload: the
    bytes until then are kept (not with a checksum, which can only be true of the whole). Errors of the store and
    `ChecksumMismatch` as they are. Of a body that turns out longer than the upload what came with the surplus is not
    kept. In every case the upload is free again afterwards.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    _receiving.add(task)
    task.add_done_callback(_receiving.discard)
    sink = await loop.run_in_executor(_writers, Sink, held, checksum)
    reception = Reception(sink)
    reading = asyncio.create_task(reception.take(chunks, wire))
    watching = asyncio.create_task(reception.watch(reading))
    cut: BodyCutOff | None = None
    try:
        await reading
    except BodyCutOff as error:
        cut = error
    except asyncio.CancelledError:
        if not reading.cancelled() or task.cancelling():
            await _end(reception, sink, keep=checksum is None, shielded=True)
            raise
        cut = BodyCutOff()
    except (BodyTooLong, TooLarge):
        await _end(reception, sink, keep=False, shielded=True)
        raise
    except (StorageError, UploadTakenOver, OperationalError):
        raise  # the sink has let go already
    except BaseException:  # whatever it was, the sink lets go of the upload, and it is raised again
        await _end(reception, sink, keep=checksum is None, shielded=True)
        raise
    finally:
        watching.cancel()
    offset = await _end(reception, sink, keep=cut is None or checksum is None)
    if reception.wanted_elsewhere:
        raise UploadTakenOver
    if cut:
        raise cut
    return offset


async def settle_all() -> None:
    """For the end of the process: the server has cancelled its requests, and does not wait for what they still do."""
    if _receiving:
        await asyncio.wait(_receiving, timeout=SETTLE_WITHIN_S)


async def _end(reception: Reception, sink: Sink, *, keep: bool, shielded: bool = False) -> int:
    async def end() -> int:
        loop = asyncio.get_running_loop()
        if keep:
            await reception.flush()
        await reception.settle()
        return await loop.run_in_executor(
            _writers, sink.finish if keep else _abandoned, *(() if keep else (sink,))
        )

    ending = asyncio.ensure_future(end())
    if not shielded:
        return await asyncio.shield(ending)
    with anyio.CancelScope(shield=True):
        await ending
    return ending.result()


def _abandoned(sink: Sink) -> int:
    sink.give_up()
    return sink.held.offset
