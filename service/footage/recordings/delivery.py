"""Bytes to whoever may see them: whole or one range of them, never by a link that outlives the permission."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from service.footage.recordings.errors import RangeNotSatisfiable
from service.footage.recordings.rules import byte_range
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from service.kernel.storage.protocols import ByteStream


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
    """200, 206, 304 or 416. The store is asked before the first byte of the answer, so its errors are still
    answered as such."""
    etag = f'"{what.tag}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        # Kept by the browser, yet asked about each time: access can end this minute.
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if what.attachment:
        headers["Content-Disposition"] = f'attachment; filename="{what.attachment}"'
    if etag in (part.strip() for part in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    if accelerated := _accelerated(what.key):
        # The web server says itself what it can do with ranges; a second time would stand beside it.
        del headers["Accept-Ranges"]
        return Response(
            headers={**headers, "X-Accel-Redirect": accelerated}, media_type=_media_type(what.content_type)
        )
    part = _part(request, what.size, etag)
    start, length = part or (0, what.size)
    if part:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{what.size}"
    headers["Content-Length"] = str(length)
    status = 206 if part else 200
    media_type = _media_type(what.content_type)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    stream = get_store().objects.read(what.key, what.version, start, length)
    return StreamingResponse(_chunks(stream), status_code=status, headers=headers, media_type=media_type)


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


def _chunks(stream: ByteStream) -> Iterator[bytes]:
    with stream:
        yield from stream


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
