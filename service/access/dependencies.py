"""What a route asks for: the actor, signed in, with CSRF checked for cookies."""

import hmac
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlmodel import Session

from schemas.accounts import TokenScope
from service.access.actions import actor_of_secret
from service.access.errors import CsrfMissing
from service.kernel.actor import Actor
from service.kernel.contract import raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotAllowed, NotSignedIn
from service.kernel.settings import get_settings, proxies

COOKIE = "zhenglu_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def client_address(request: Request) -> str:
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "")
    if forwarded and _is_proxy(peer):
        return forwarded.split(",")[-1].strip()[:64]
    return peer[:64]


def _is_proxy(peer: str) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in proxies(get_settings().trusted_proxies))


def find_actor(request: Request, session: Session) -> Actor | None:
    """By bearer token, else by cookie. A cookie alone may only read: changes need its CSRF token too."""
    address = client_address(request)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        request.state.actor = actor_of_secret(session, secret.strip(), address)
        return request.state.actor
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        return None
    actor = actor_of_secret(session, secret, address)
    request.state.actor = actor  # who is refused stands in custody: see service.kernel.errors
    if actor is not None and request.method not in SAFE_METHODS:
        _check_csrf(request, actor)
    return actor


def _check_csrf(request: Request, actor: Actor) -> None:
    given = request.headers.get("x-csrf-token", "") or getattr(request.state, "form_csrf", "")
    # as bytes: compare_digest takes no other text than ASCII
    if not given or not hmac.compare_digest(given.encode(errors="replace"), actor.csrf_token.encode()):
        raise CsrfMissing


@raises(CsrfMissing)
def from_here(request: Request) -> None:
    """For what has no session yet whose token it could carry: another site must not sign people in, as whom it
    likes. Browsers say where a form comes from; what is no browser says nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        allowed = site in ("same-origin", "none")
    elif origin := request.headers.get("origin"):
        allowed = _host(origin) in {request.url.hostname, _host(get_settings().public_url)} - {None}
    else:
        allowed = True
    if not allowed:
        raise CsrfMissing


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


async def _read_form_csrf(request: Request) -> None:
    """Plain HTML forms carry the token as a field; reading it must not consume an upload's body."""
    kind = request.headers.get("content-type", "")
    if (
        request.method == "POST"
        and kind.startswith("application/x-www-form-urlencoded")
        and "x-csrf-token" not in request.headers
    ):
        form = await request.form()
        request.state.form_csrf = str(form.get("csrf_token", ""))


FormCsrf = Depends(_read_form_csrf)


@raises(CsrfMissing, changing=True)
def optional_actor(request: Request, session: DatabaseSession, _: Annotated[None, FormCsrf]) -> Actor | None:
    return find_actor(request, session)


@raises(NotSignedIn)
def signed_in(actor: Annotated[Actor | None, Depends(optional_actor)]) -> Actor:
    if actor is None:
        raise NotSignedIn(headers={"WWW-Authenticate": "Bearer"})
    return actor


@raises(NotAllowed)
def no_dock(actor: Annotated[Actor, Depends(signed_in)]) -> Actor:
    if actor.scope == TokenScope.dock:
        raise NotAllowed
    return actor


FromHere = Depends(from_here)
MaybeActor = Annotated[Actor | None, Depends(optional_actor)]
AnyActor = Annotated[Actor, Depends(signed_in)]
CurrentActor = Annotated[Actor, Depends(no_dock)]
