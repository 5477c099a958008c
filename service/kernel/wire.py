"""The web server's side of a connection: uvicorn's, with what a server of uploads needs besides.

Whoever handles a request may read its body from the socket itself (`wire_of`), without a step from thread to thread
for each piece. A request's head may be neither endless nor endlessly slow. And strangers' connections are bounded
(service.kernel.crowd).
"""

import asyncio
import os
import socket
from asyncio.events import TimerHandle
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import httptools
from starlette.types import Message, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.kernel.crowd import Crowd
from service.kernel.settings import get_settings, is_proxy

EXTENSION = "zhenglu.wire"
CONNECTION = "zhenglu.connection"
HEAD_BYTES = 64 * 2**10
HEAD_WITHIN_S = 30.0
HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


_crowds: WeakKeyDictionary[asyncio.AbstractEventLoop, Crowd] = WeakKeyDictionary()


def crowd_of(loop: asyncio.AbstractEventLoop) -> Crowd:
    if loop not in _crowds:
        settings = get_settings()
        most, most_of_one = settings.stranger_connections, settings.stranger_connections_per_address
        _crowds[loop] = Crowd(most, most_of_one)
    return _crowds[loop]


class Protocol(HttpToolsProtocol):
    address: str | None = None
    known = False
    _unread_head = 0  # bytes that came since the parser last knew what they were
    _head_timer: TimerHandle | None = None
    _wire: "Wire | None" = None  # of the request that the parser is in; the one in work may be an earlier one

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP and TLS are both transports that can be paused
        super().connection_made(transport)
        self._await_head()
        peer = self.client[0] if self.client else ""
        self.address = peer if peer and not is_proxy(peer) else None
        crowd_of(self.loop).came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        crowd_of(self.loop).gone(self)
        super().connection_lost(exc)

    @property
    def waits(self) -> bool:
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        return self.flow.write_paused or cycle.more_body

    def end(self) -> None:
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self._unread_head += len(data)
        super().data_received(data)
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self._head_timer is None and not self.transport.is_closing():
            self._await_head()  # also after a blank line, which is no request yet but ends uvicorn's own waiting
        if self._unread_head > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(HEAD_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._forget_head()
        if self.known and self.address is None:
            # Else strangers would take over, one by one, the connections that a proxy keeps, and be counted no more.
            self.known = False
            crowd_of(self.loop).another(self)
        super().on_headers_complete()
        self._wire = None
        # A request has its own cycle, and uvicorn its own names for what starlette calls messages.
        cycle: Any = self.cycle
        cycle.receive = partial(_to_the_last_byte, self.cycle, cycle.receive)
        self.scope["extensions"] = {CONNECTION: self}  # type: ignore[dict-item]  # the protocol's own names, for this program alone
        length = dict(self.headers).get(b"content-length", b"0")
        if self.scheme == "http" and length.isdigit() and int(length):
            self._wire = Wire(self, self.cycle, int(length))
            self.scope["extensions"][EXTENSION] = self._wire  # type: ignore[assignment]
            # Else a client that sends and closes would be gone before anyone asked for what it sent.
            self.flow.pause_reading()

    def on_body(self, body: bytes) -> None:
        self._unread_head = 0
        if self._wire is not None:
            self._wire.parsed += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread_head = 0
        super().on_message_complete()

    def begin_anew(self) -> None:
        """The parser still waits for a body that it was not shown."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)

    def _forget_head(self) -> None:
        self._unread_head = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class Wire:
    """The body of a request, of known length and on a socket without encryption.

    `left`: bytes that nobody has read yet, counted down by whoever takes them. At 0 the connection is good for the
    next request; else it must be closed after the answer. `parsed`: how many the server has read itself.
    """

    parsed = 0

    def __init__(self, protocol: Protocol, cycle: RequestResponseCycle, length: int) -> None:
        self._protocol, self._cycle, self.left = protocol, cycle, length

    @property
    def there(self) -> bool:
        """Else the server has closed the connection, and knows itself what had come."""
        return not self._protocol.transport.is_closing()

    @contextmanager
    def taken(self) -> Iterator[tuple[bytes, socket.socket]]:
        """What the event loop has read and not handed on, and the socket, which it leaves alone from now on."""
        protocol, cycle = self._protocol, self._cycle
        protocol.flow.pause_reading()
        if cycle.waiting_for_100_continue:
            cycle.waiting_for_100_continue = False
            protocol.transport.write(CONTINUE)
        first, cycle.body = bytes(cycle.body), bytearray()
        self.left -= self.parsed
        # A handle of its own: the connection may be closed meanwhile, and its number be another's.
        with socket.socket(fileno=os.dup(protocol.transport.get_extra_info("socket").fileno())) as own:
            try:
                yield first, own
            finally:  # what went wrong with the body is nothing to the next request
                if self.left == 0 and cycle.more_body:
                    cycle.more_body = False
                    cycle.message_event.set()
                    protocol.begin_anew()


async def _to_the_last_byte(cycle: RequestResponseCycle, receive: Receive) -> Message:
    """uvicorn forgets what has come when the client is gone."""
    message = await receive()
    if message["type"] == "http.disconnect" and cycle.body:
        last, cycle.body = bytes(cycle.body), bytearray()
        return {"type": "http.request", "body": last, "more_body": True}
    return message


def recognised(scope: Scope) -> None:
    """Whoever asks has signed in. From any thread."""
    connection = scope.get("extensions", {}).get(CONNECTION)
    if connection is not None:
        connection.known = True


def wire_of(scope: Scope) -> Wire | None:
    """None where only the server can read the body: its length is unknown, it is encrypted, or the server is
    another."""
    return scope.get("extensions", {}).get(EXTENSION)
