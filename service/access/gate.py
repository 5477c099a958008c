"""The way into every route: who asks, and whether its role may, is settled before its body is awaited; and the body is
here before the route begins, which is when it takes a connection of the database.

Uploads have a way of their own (service.footage.uploads): their bodies go to the store as they come.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from inspect import iscoroutinefunction
from typing import Any, TypeVar
from uuid import UUID

import anyio
from anyio import CapacityLimiter
from fastapi import Request, Response
from fastapi.params import Form
from fastapi.routing import APIRoute

from service.access import known_browsers, patience
from service.access.actions import require, require_bureau
from service.access.dependencies import (
    CSRF_HEADER,
    SAFE_METHODS,
    check_csrf,
    client_address,
    credentials,
    identify,
    no_dock,
    signed_in,
)
from service.access.patience import Attempt, Standing
from service.kernel import bodies
from service.kernel.actor import Actor
from service.kernel.asked import check_address
from service.kernel.bodies import Bound, Held
from service.kernel.database import session_for
from service.kernel.errors import Crowded, NotAllowed, NotSignedIn, TooManyAtOnce, WrongContentType
from service.kernel.openapi import calls
from service.kernel.settings import get_settings

F = TypeVar("F", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

LOOKS_AT_ONCE = 4  # threads that find out who asks, which nothing else may take
TURN_WITHIN_S = 20.0
MOST_WAIT = 200  # strangers for their turn
_NEEDS = "__needs__"
_GUESSES = "__guesses__"


def needs(may: str | Callable[[Actor], None], *, bureau: bool = False) -> Callable[[F], F]:
    """On an endpoint that takes a body: the word of what the role must be allowed, or what refuses an actor. `bureau`:
    and it must see the whole of it. The action asks again, whoever calls it."""

    def check(actor: Actor) -> None:
        if not isinstance(may, str):
            may(actor)
        elif bureau:
            require_bureau(actor, may)
        else:
            require(actor, may)

    def mark(function: F) -> F:
        setattr(function, _NEEDS, check)
        return function

    return mark


def guesses(field: str = "") -> Callable[[F], F]:
    """On an endpoint that looks at a password: of whose name the body says in that field, and else of whoever asks. It
    waits for what others have failed before (service.access.patience)."""

    def mark(function: F) -> F:
        setattr(function, _GUESSES, field)
        return function

    return mark


@dataclass(frozen=True)
class Door:
    """What a route wants to know of who comes. `bound`: of the body that it takes, if any."""

    known: bool
    no_dock: bool
    check: Callable[[Actor], None] | None
    bound: Bound | None
    form: bool
    table: Bound | None
    threaded: bool
    guessed: str | None

    @classmethod
    def of(cls, route: APIRoute) -> "Door":
        asked = list(calls(route.dependant))
        table = next(filter(None, map(bodies.bound_of, asked)), None)
        form = route.body_field is not None and isinstance(route.body_field.field_info, Form)
        message = bodies.FORM if form else bodies.MESSAGE
        return cls(
            known=signed_in in asked,
            no_dock=no_dock in asked,
            check=getattr(route.endpoint, _NEEDS, None),
            bound=table or (message if route.body_field is not None else None),
            form=form,
            table=table,
            threaded=not iscoroutinefunction(route.endpoint),
            guessed=getattr(route.endpoint, _GUESSES, None),
        )


class Gate(APIRoute):
    def get_route_handler(self) -> Handler:
        door, handler = Door.of(self), super().get_route_handler()

        async def through(request: Request) -> Response:
            check_address(request)
            if door.known and not credentials(request)[0]:
                raise NotSignedIn(headers={"WWW-Authenticate": "Bearer"})
            if request.method not in SAFE_METHODS and bodies.is_coming(request):
                request = await _held(request, door)
            name = _tried_name(request, door)
            if name is None:
                return await answered(request)
            with patience.waiting.turn(await _standing(request, door, name)) as seconds:
                await asyncio.sleep(seconds)
                return await answered(request)

        async def answered(request: Request) -> Response:
            if door.known or not door.threaded:
                return await handler(request)
            async with _strangers_turn():
                return await handler(request)

        return through


async def _standing(request: Request, door: Door, name: str) -> Standing:
    """Of whose password is tried. The connection that tells it is given back before anybody waits."""

    def look() -> Standing:
        with session_for(request) as session:
            actor = identify(request, session) if door.known else None
            tried = Attempt.of(
                session,
                actor.username if actor else name,
                client_address(request),
                request.cookies.get(known_browsers.COOKIE, ""),
            )
            return Standing.of(session, tried)

    if door.known:
        return await anyio.to_thread.run_sync(look, limiter=_looks())
    async with _strangers_turn():
        return await anyio.to_thread.run_sync(look)


def _tried_name(request: Request, door: Door) -> str | None:
    """None where no password is looked at, also because the endpoint will refuse what was sent. "" of who is asking."""
    if not door.guessed:
        return door.guessed
    form = request.form_fields if isinstance(request, Held) else None
    if door.form:
        return dict(form or ()).get(door.guessed, "")
    try:
        body = json.loads(request.held) if isinstance(request, Held) else None
    except (ValueError, RecursionError):
        return None
    said = body.get(door.guessed) if isinstance(body, dict) else None
    return said if isinstance(said, str) else None


async def _held(request: Request, door: Door) -> Request:
    is_form = bodies.media_type(request) == bodies.URLENCODED
    carries_token = is_form and credentials(request)[1] and CSRF_HEADER not in request.headers
    bound = bodies.FORM if is_form else door.bound
    if bound is None or (door.bound is None and not carries_token):
        return request  # what nobody wants is not awaited
    if not door.known:
        body = await bodies.read(request, _smallest(bound, bodies.FORM))
    else:
        actor = await anyio.to_thread.run_sync(_settled, request, door, carries_token, limiter=_looks())
        if is_form and door.table and not door.table.forms:
            raise WrongContentType(wanted="JSON, CSV, XLSX")
        with _awaiting(actor, min(bodies.said_length(request), bound.most_bytes) or bound.most_bytes):
            body = await bodies.read(request, bound)
    if door.form and not is_form:
        raise WrongContentType(wanted=bodies.URLENCODED)
    if not is_form:
        return Held(request, body)
    form = await anyio.to_thread.run_sync(bodies.fields, body)
    request.state.form_csrf = dict(form).get("csrf_token", "")
    return Held(request, body, form)


def _smallest(*bounds: Bound) -> Bound:
    return min(bounds, key=lambda one: one.most_bytes)


def _settled(request: Request, door: Door, carries_token: bool) -> Actor:
    """Raises unless the actor may send what it is sending. In a transaction of its own, over before a byte is awaited."""
    with session_for(request) as session:
        actor = identify(request, session)
    if actor is None:
        raise NotSignedIn(headers={"WWW-Authenticate": "Bearer"})
    if door.no_dock and actor.is_dock:
        raise NotAllowed
    if not carries_token:
        check_csrf(request, actor)
    if door.check is not None:
        door.check(actor)
    return actor


@cache
def _looks() -> CapacityLimiter:
    """Made on first use, because it belongs to the event loop."""
    return CapacityLimiter(LOOKS_AT_ONCE)


_awaited: Counter[UUID] = Counter()  # of each account, requests
_awaited_bytes: Counter[UUID] = Counter()


@contextmanager
def _awaiting(actor: Actor, size: int) -> Iterator[None]:
    """One account's bodies take neither the places nor the memory of all others."""
    account, settings = actor.account_id, get_settings()
    if (
        _awaited[account] >= settings.bodies_per_account
        or _awaited_bytes[account] + size > settings.body_bytes_per_account
    ):
        raise TooManyAtOnce(headers={"Retry-After": "5"})
    _awaited[account] += 1
    _awaited_bytes[account] += size
    try:
        yield
    finally:
        _awaited[account] -= 1
        _awaited_bytes[account] -= size
        if not _awaited[account]:
            del _awaited[account], _awaited_bytes[account]


@cache
def _strangers() -> asyncio.Semaphore:
    return asyncio.Semaphore(get_settings().strangers_at_once)


_waiting = 0


@asynccontextmanager
async def _strangers_turn() -> AsyncIterator[None]:
    """Whoever has not signed in takes a few threads at most: the others are for those who have."""
    global _waiting
    if _waiting >= MOST_WAIT:
        raise Crowded(headers={"Retry-After": "10"})
    turn = _strangers()
    _waiting += 1
    try:
        async with asyncio.timeout(TURN_WITHIN_S):
            await turn.acquire()
    except TimeoutError:
        raise Crowded(headers={"Retry-After": "10"}) from None
    finally:
        _waiting -= 1
    try:
        yield
    finally:
        turn.release()
