"""ASGI: an answer that is given before the request's body was read, such as 409, 413 or 423 to an upload.

The server would close the connection after it, often without having said so: a client that keeps connections finds
its next request broken, and one that is still sending may get a reset in place of the answer. So the answer says
`Connection: close`, and what is still coming is read and dropped for a while, until the client has noticed.
"""

import asyncio
import time
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.kernel.wire import wire_of

LINGER_BYTES = 64 * 2**20
LINGER_S = 10.0
SILENCE_S = 2.0


class EarlyAnswers:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = _length(scope) if scope["type"] == "http" else 0
        if length == 0:
            return await self.app(scope, receive, send)
        unread, early, taken, wire = True, False, 0, wire_of(scope)

        async def watched() -> Message:
            nonlocal unread, taken
            message = await receive()
            taken += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
            unread = unread and more and (length is None or taken < length)
            return message

        async def marked(message: Message) -> None:
            nonlocal early
            if message["type"] == "http.response.start" and unread and (wire is None or wire.left):
                early = True
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            if early and message["type"] == "http.response.body" and not message.get("more_body", False):
                # After the last message the server closes at once.
                await send({**message, "more_body": True})
                with suppress(TimeoutError):
                    await _linger(receive)
                message = {**message, "body": b""}
            await send(message)

        await self.app(scope, watched, marked)


def _length(scope: Scope) -> int | None:
    """Of the body; None when that is not known beforehand."""
    said = dict(scope["headers"])
    if b"transfer-encoding" in said:
        return None
    length = said.get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


async def _linger(receive: Receive) -> None:
    taken, deadline = 0, time.monotonic() + LINGER_S
    while taken < LINGER_BYTES and time.monotonic() < deadline:
        message = await asyncio.wait_for(receive(), SILENCE_S)
        taken += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
