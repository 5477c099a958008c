"""Sign-in, accounts, tokens."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlmodel import SQLModel

from schemas.accounts import Account, AccountCreate, AccountRead, ApiToken, ApiTokenRead, TokenScope
from schemas.base import KeySaid, Prose, examples
from service.access import actions, known_browsers
from service.access.dependencies import COOKIE, AnyActor, CurrentActor, FromHere, client_address
from service.access.errors import (
    LastAdministrator,
    TooManyAttempts,
    UsernameTaken,
    WeakPassword,
    WrongPassword,
)
from service.access.gate import Gate, guesses, needs
from service.access.policy import SIGN_IN_LASTS
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.policy import policy
from service.kernel.settings import get_settings

router = APIRouter(prefix="/api/v1", tags=["access"], route_class=Gate)


class Credentials(SQLModel):
    model_config = {"json_schema_extra": examples({"username": "admin", "password": "a-long-enough-word"})}

    username: KeySaid
    password: Prose


class SessionOpened(SQLModel):
    """`token` goes into `Authorization: Bearer …`; `csrf_token` is for who keeps the cookie instead."""

    token: str
    csrf_token: str
    account: AccountRead


class SessionRead(SQLModel):
    """`token` and `scope`: the name and the reach of the API token in use, null for a session."""

    account: AccountRead
    token: str | None
    scope: TokenScope | None


class PasswordChange(SQLModel):
    model_config = {
        "json_schema_extra": examples({"current": "a-long-enough-word", "wanted": "correct-horse-1"})
    }

    current: Prose
    wanted: Prose


class TokenWanted(SQLModel):
    model_config = {"json_schema_extra": examples({"name": "dock 1", "scope": "dock"})}

    name: Prose
    scope: TokenScope = TokenScope.dock


class TokenMade(ApiTokenRead):
    """`token`: the secret, told this once."""

    token: str


def account_read(account: Account) -> AccountRead:
    return AccountRead.model_validate(account, from_attributes=True)


def set_cookies(request: Request, response: Response, secret: str, hours: float, account: Account) -> None:
    """Of the session, and of the browser that the account is known on from now on."""
    settings = get_settings()
    loopback = (request.url.hostname or "") in {"127.0.0.1", "localhost", "::1"}
    secure = not (settings.insecure_cookie or settings.demo or loopback)
    response.set_cookie(
        COOKIE, secret, max_age=int(hours * 3600), httponly=True, samesite="lax", secure=secure, path="/"
    )
    known_browsers.remember(request, response, account, secure=secure)


def browser(request: Request) -> str:
    return request.cookies.get(known_browsers.COOKIE, "")


@router.post("/session", dependencies=[FromHere])
@raises(WrongPassword, TooManyAttempts)
@guesses("username")
def sign_in(
    wanted: Credentials, request: Request, response: Response, session: DatabaseSession
) -> SessionOpened:
    """Opens a session. Its secret is answered, and kept by a browser as a cookie.

    After failures under one name from one address the answer is a few seconds in coming; 429 only for more tries at
    once than anybody makes by hand. A browser that keeps its cookies waits for its own failures only.
    """
    secret, held, account = actions.sign_in(
        session, wanted.username, wanted.password, client_address(request), browser(request)
    )
    set_cookies(request, response, secret, policy(session, SIGN_IN_LASTS), account)
    return SessionOpened(token=secret, csrf_token=held.csrf_token, account=account_read(account))


@router.get("/session")
def get_session(actor: AnyActor, session: DatabaseSession) -> SessionRead:
    """Who is asking."""
    account = session.get_one(Account, actor.account_id)
    return SessionRead(account=account_read(account), token=actor.token_name or None, scope=actor.scope)


@router.delete("/session", status_code=204)
def sign_out(actor: CurrentActor, session: DatabaseSession, response: Response) -> None:
    """Ends the session that asks."""
    actions.sign_out(session, actor)
    response.delete_cookie(COOKIE, path="/")


@router.post("/session/password", status_code=204)
@raises(WrongPassword, WeakPassword, TooManyAttempts)
@guesses()
def change_password(
    wanted: PasswordChange, request: Request, actor: CurrentActor, session: DatabaseSession
) -> None:
    """Changes the caller's own password and ends the other sessions of the account. Failures cost time, as those to
    sign in do."""
    actions.change_own_password(session, actor, wanted.current, wanted.wanted, browser(request))


@router.get("/tokens")
def list_tokens(actor: CurrentActor, session: DatabaseSession) -> Page[ApiTokenRead]:
    """The caller's own API tokens, oldest first, revoked ones too."""
    tokens = session.scalars(
        select(ApiToken).where(ApiToken.account_id == actor.account_id).order_by(ApiToken.created_at)
    )
    return Page[ApiTokenRead](
        items=[ApiTokenRead.model_validate(token, from_attributes=True) for token in tokens]
    )


@router.post("/tokens", status_code=201)
def create_token(wanted: TokenWanted, actor: CurrentActor, session: DatabaseSession) -> TokenMade:
    """A token for a program: `dock` may upload and read the fate of its own uploads, if the account may upload; `full` acts
    as the account."""
    secret, token = actions.create_token(session, actor, wanted.name, wanted.scope)
    return TokenMade(token=secret, **token.model_dump(exclude={"secret_sha256"}))


@router.delete("/tokens/{token_id}", status_code=204)
@raises(NotFound)
def revoke_token(token_id: UUID, actor: CurrentActor, session: DatabaseSession) -> None:
    """Ends one of the caller's own tokens."""
    actions.revoke_token(session, actor, token_id)


@router.get("/accounts")
def list_accounts(actor: CurrentActor, session: DatabaseSession) -> Page[AccountRead]:
    """All accounts by user name, disabled ones too."""
    actions.require_accounts(actor)
    accounts = session.scalars(select(Account).order_by(Account.username))
    return Page[AccountRead](items=[account_read(account) for account in accounts])


@router.post("/accounts", status_code=201)
@raises(WeakPassword, UsernameTaken)
@needs(actions.require_accounts)
def create_account(wanted: AccountCreate, actor: CurrentActor, session: DatabaseSession) -> AccountRead:
    """A new account. `squad` and `officer` by code and certificate number; a member must have a squad."""
    return account_read(actions.create_account(session, actor, wanted))


@router.post("/accounts/{account_id}/disable", status_code=204)
@raises(NotFound, LastAdministrator)
def disable_account(account_id: UUID, actor: CurrentActor, session: DatabaseSession) -> None:
    """Ends its sessions and tokens; what it did stays on record."""
    actions.require_accounts(actor)
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound
    actions.disable_account(session, actor, account)
