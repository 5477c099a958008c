"""A request put to the application piece by piece: what it read of the body, and what else was held meanwhile."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass
class Answered:
    """`pieces`: how many of the body were asked for before the answer began; `seen`: what `look` said at each."""

    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    pieces: int = 0
    seen: list[Any] = field(default_factory=list)


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    body: Sequence[bytes] = (),
    *,
    kind: str = JSON,
    headers: Mapping[str, str] | None = None,
    length: int | None = None,
    ends: bool = True,
    look: Callable[[], Any] | None = None,
    until: asyncio.Event | None = None,
) -> Answered:
    """`length`: what Content-Length says, else it is chunked. `ends`: False for a client that falls silent after these
    pieces. `until`: the last piece comes only then."""
    said = Answered()
    sent = {"host": "localhost", "content-type": kind, **(headers or {})}
    sent |= {"transfer-encoding": "chunked"} if length is None else {"content-length": str(length)}
    path, _mark, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "client": ("192.0.2.1", 1), "server": ("localhost", 80), "scheme": "http", "http_version": "1.1",
        "root_path": "",
    }  # fmt: skip
    pieces = deque(body)

    async def receive() -> Message:
        if not said.status:
            said.pieces += 1
            if look is not None:
                said.seen.append(look())
        if said.status:  # answered: what still comes is dropped
            return {"type": "http.disconnect"}
        if pieces:
            return {"type": "http.request", "body": pieces.popleft(), "more_body": True}
        if until is not None:
            await until.wait()
        if not ends:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            said.status = message["status"]
            said.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            said.body += message.get("body", b"")

    await app(scope, receive, send)
    return said


def asked(app: ASGIApp, method: str, path: str, body: Sequence[bytes] = (), **more: Any) -> Answered:
    """In a thread of its own: a browser of another test may keep an event loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(ask(app, method, path, body, **more))).result(60)
