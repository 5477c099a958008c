"""Bytes to whoever may see them: whole or one range of them, never by a link that outlives the permission."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from service.footage.recordings.errors import RangeNotSatisfiable
from service.footage.recordings.rules import byte_range
from service.kernel.kept_bytes import read_proven
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from service.kernel.storage.protocols import MIB, ByteStream

AT_ONCE = 24
"""Reads of the store under way in a process. They have threads of their own: a store that is slow keeps no page."""
ACCELERATED_MOST = 16 * MIB
"""What is proven before the web server is told to send it. Longer ranges go out through us, proven as they go."""


@dataclass(frozen=True)
class Deliverable:
    """One stored object as it is given out. `tag` changes whenever its bytes do. `attachment`: a file name made
    by us, for what is to be saved and never shown."""

    key: str
    version: str | None
    size: int
    content_type: str
    tag: str
    attachment: str | None = None


def deliver(request: Request, what: Deliverable) -> Response:
    """200, 206, 304 or 416. The store is asked once the transaction of the request is over, and before the answer is
    begun: so it keeps no connection, and its errors are still answered as such."""
    etag = f'"{what.tag}"'
    headers = {"Accept-Ranges": "bytes", "ETag": etag, **_kept()}
    if what.attachment:
        headers["Content-Disposition"] = f'attachment; filename="{what.attachment}"'
    if etag in (part.strip() for part in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    media_type = _media_type(what.content_type)
    part = _part(request, what.size, etag)
    start, length = part or (0, what.size)
    # By If-Range the web server may decide otherwise than we, and send all of it.
    proven = what.size if "if-range" in request.headers else length
    if proven <= ACCELERATED_MOST and (accelerated := _accelerated(what.key)):
        # The web server says itself what it can do with ranges; a second time would stand beside it.
        del headers["Accept-Ranges"]
        headers["X-Accel-Redirect"] = accelerated
        if request.method == "HEAD":
            return Response(headers=headers, media_type=media_type)
        first, many = (0, what.size) if proven == what.size else (start, length)
        return _Ordered(what, first, many, headers=headers, media_type=media_type)
    if part:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{what.size}"
    headers["Content-Length"] = str(length)
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    return _Proven(what, start, length, status_code=status, headers=headers, media_type=media_type)


def listed(text: str, content_type: str) -> Response:
    """Made by us, of the moment."""
    return Response(text, headers=_kept(), media_type=content_type)


def _kept() -> dict[str, str]:
    return {
        # Kept by the browser, yet asked about each time: access can end this minute.
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


_reads: RunVar[CapacityLimiter] = RunVar("reads of the store")


def _limiter() -> CapacityLimiter:
    try:
        return _reads.get()
    except LookupError:
        made = CapacityLimiter(AT_ONCE)
        _reads.set(made)
        return made


class _Ordered(Response):
    """What the web server is told to send, once it is proven."""

    def __init__(
        self, what: Deliverable, start: int, length: int, *, headers: dict[str, str], media_type: str
    ) -> None:
        super().__init__(headers=headers, media_type=media_type)
        self._open = partial(read_proven, what.key, what.version, what.size, start, length)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await to_thread.run_sync(self._prove, limiter=_limiter())
        await super().__call__(scope, receive, send)

    def _prove(self) -> None:
        with self._open() as stream:
            for _ in stream:
                pass


class _Proven(StreamingResponse):
    """A range of an object, block by block as each is proven. What is wrong later ends the connection: the receiver
    sees that the answer is not whole, and no wrong byte of it."""

    def __init__(
        self,
        what: Deliverable,
        start: int,
        length: int,
        *,
        status_code: int,
        headers: dict[str, str],
        media_type: str,
    ) -> None:
        super().__init__(self._chunks(), status_code=status_code, headers=headers, media_type=media_type)
        self._open = partial(read_proven, what.key, what.version, what.size, start, length)
        self._stream: ByteStream | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._stream = await to_thread.run_sync(self._open, limiter=_limiter())
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()

    async def _chunks(self) -> AsyncIterator[bytes]:
        assert self._stream is not None, "opened before the answer is begun"
        while (chunk := await to_thread.run_sync(next, self._stream, None, limiter=_limiter())) is not None:
            yield chunk


def _media_type(content_type: str) -> str:
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type


def _part(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip() != etag:
        return None
    try:
        return byte_range(request.headers.get("range"), size)
    except ValueError:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"}, size=size) from None


def _accelerated(key: str) -> str | None:
    """The web server's own address of a file of the directory store, where one stands in front of us."""
    settings = get_settings()
    if not settings.accel_redirect:
        return None
    path = get_store().objects.local_path(key)
    if path is None:
        return None
    root = Path(urlsplit(settings.store_url).path)
    return f"{settings.accel_redirect.rstrip('/')}/{quote(str(path.relative_to(root)))}"
