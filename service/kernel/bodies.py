"""The bodies of requests that are no uploads: how large, how long in coming and of how many fields they may be.

Such a body is read whole before anything is done about it, so nobody who sends slowly holds a thread or a connection
of the database meanwhile."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import FormData
from starlette.types import Message

from service.kernel.errors import BodyTooLarge, BodyTooSlow, Invalid, ServiceError
from service.kernel.i18n import gettext as _

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)

URLENCODED = "application/x-www-form-urlencoded"
MOST_FIELDS = 500
GRACE_S = 10.0  # then the body must have come, on average, at least so fast
LEAST_BYTES_PER_S = 4096
_BOUND = "__bound__"


@dataclass(frozen=True)
class Bound:
    """`too_large`: what is said of more than that. `forms`: whether a plain form may come in its place, to be told what is
    missing."""

    most_bytes: int
    within_s: float
    too_large: Callable[[], ServiceError] = BodyTooLarge
    forms: bool = False


FORM = Bound(64 * 2**10, 30)
MESSAGE = Bound(256 * 2**10, 60)


def holds(bound: Bound) -> Callable[[F], F]:
    """On a dependency that takes what is neither a form nor JSON from the body."""

    def mark(function: F) -> F:
        setattr(function, _BOUND, bound)
        return function

    return mark


def bound_of(call: Callable[..., Any]) -> Bound | None:
    return getattr(call, _BOUND, None)


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_coming(request: Request) -> bool:
    return "transfer-encoding" in request.headers or said_length(request) > 0


def said_length(request: Request) -> int:
    said = request.headers.get("content-length", "0")
    return int(said[:20]) if said.isascii() and said.isdigit() else 0


async def read(request: Request, bound: Bound) -> bytes:
    """Never more than the bound in memory, whatever Content-Length says."""
    if said_length(request) > bound.most_bytes:
        raise bound.too_large()
    held, begun = bytearray(), time.monotonic()
    while True:
        patience = min(bound.within_s, GRACE_S + len(held) / LEAST_BYTES_PER_S)
        message = await _next(request, begun + patience - time.monotonic())
        held += message.get("body", b"")
        if len(held) > bound.most_bytes:
            raise bound.too_large()
        if not message.get("more_body", False):
            return bytes(held)


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise BodyTooSlow from None


async def _next(request: Request, within_s: float) -> Message:
    async with within(within_s):
        message = await request.receive()
    if message["type"] == "http.disconnect":  # nobody reads this
        log.info("%s %s: the client went away", request.method, request.url.path)
        raise Invalid(field="body", problem=_("the connection ended before it had arrived"))
    return message


def fields(body: bytes) -> list[tuple[str, str]]:
    """Of an urlencoded form. What only parts fields counts as one, too."""
    try:
        return parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BodyTooLarge from None


class Held(Request):
    """A request whose body is here."""

    def __init__(self, request: Request, body: bytes, form: list[tuple[str, str]] | None = None) -> None:
        async def replayed() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        super().__init__(request.scope, replayed)
        self.held, self.form_fields = body, form
        if form is not None:
            # starlette's own parser is a thousand times slower on what parts fields
            self._form = FormData([*form])
