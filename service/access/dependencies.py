"""What a route asks for: the actor, signed in, with CSRF checked for cookies."""

import hmac
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
from service.kernel.forwarded import not_heard
from service.kernel.settings import get_settings, is_proxy
from service.kernel.wire import recognised

COOKIE = "zhenglu_session"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def client_address(request: Request) -> str:
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "")
    if forwarded and is_proxy(peer):
        return forwarded.split(",")[-1].strip()[:64]
    if forwarded:
        not_heard(peer)
    return peer[:64]


def credentials(request: Request) -> tuple[str, bool]:
    """What is shown to say who asks, "" for nothing; and whether a browser shows it by itself."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return secret.strip(), False
    return request.cookies.get(COOKIE, ""), True


def over_tls(request: Request) -> bool:
    """Of what the person's browser speaks, where it is known: behind a proxy, the proxy says so."""
    said = request.headers.get("x-forwarded-proto", "")
    if said and is_proxy(request.client.host if request.client else ""):
        return said.split(",")[-1].strip().lower() == "https"
    return request.url.scheme == "https"


def find_actor(request: Request, session: Session) -> Actor | None:
    """By bearer token, else by cookie. A cookie alone may only read: changes need its CSRF token too."""
    actor = identify(request, session)
    if actor is not None:
        check_csrf(request, actor)
    return actor


def identify(request: Request, session: Session) -> Actor | None:
    """Who asks, before anything is known of what a form says beside the cookie."""
    secret, _cookie = credentials(request)
    if not secret:
        return None
    actor = actor_of_secret(session, secret, client_address(request))
    request.state.actor = actor  # who is refused stands in custody: see service.kernel.errors
    if actor is not None:
        recognised(request.scope)
    return actor


def check_csrf(request: Request, actor: Actor) -> None:
    """A form carries the token as a field, which the gate has read."""
    _secret, by_cookie = credentials(request)
    if not by_cookie or request.method in SAFE_METHODS:
        return
    given = request.headers.get(CSRF_HEADER, "") or getattr(request.state, "form_csrf", "")
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


@raises(CsrfMissing, changing=True)
def optional_actor(request: Request, session: DatabaseSession) -> Actor | None:
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
