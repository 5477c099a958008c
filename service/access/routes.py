"""Sign-in, accounts, tokens."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlmodel import SQLModel

from schemas.accounts import Account, AccountCreate, AccountRead, ApiToken, TokenScope
from service.access import actions
from service.access.dependencies import COOKIE, AnyActor, CurrentActor, FromHere, client_address
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.policy import policy
from service.kernel.settings import get_settings

router = APIRouter(prefix="/api/v1", tags=["access"])


class Credentials(SQLModel):
    username: str
    password: str


class PasswordChange(SQLModel):
    current: str
    wanted: str


class TokenWanted(SQLModel):
    name: str
    scope: TokenScope = TokenScope.dock


def set_cookie(request: Request, response: Response, secret: str, hours: float) -> None:
    settings = get_settings()
    loopback = (request.url.hostname or "") in {"127.0.0.1", "localhost", "::1"}
    secure = not (settings.insecure_cookie or settings.demo or loopback)
    response.set_cookie(
        COOKIE, secret, max_age=int(hours * 3600), httponly=True, samesite="lax", secure=secure, path="/"
    )


@router.post("/session", dependencies=[FromHere])
def sign_in(
    wanted: Credentials, request: Request, response: Response, session: DatabaseSession
) -> dict[str, Any]:
    secret, held, account = actions.sign_in(
        session, wanted.username, wanted.password, client_address(request)
    )
    set_cookie(request, response, secret, policy(session, "sign_in_hours"))
    return {
        "token": secret,
        "csrf_token": held.csrf_token,
        "account": AccountRead.model_validate(account, from_attributes=True),
    }


@router.get("/session")
def who_am_i(actor: AnyActor, session: DatabaseSession) -> dict[str, Any]:
    account = session.get_one(Account, actor.account_id)
    return {
        "account": AccountRead.model_validate(account, from_attributes=True),
        "token": actor.token_name or None,
        "scope": actor.scope,
    }


@router.delete("/session", status_code=204)
def sign_out(actor: CurrentActor, session: DatabaseSession, response: Response) -> None:
    actions.sign_out(session, actor)
    response.delete_cookie(COOKIE, path="/")


@router.post("/session/password", status_code=204)
def change_password(wanted: PasswordChange, actor: CurrentActor, session: DatabaseSession) -> None:
    actions.change_own_password(session, actor, wanted.current, wanted.wanted)


@router.get("/tokens")
def list_tokens(actor: CurrentActor, session: DatabaseSession) -> list[dict[str, Any]]:
    tokens = session.scalars(
        select(ApiToken).where(ApiToken.account_id == actor.account_id).order_by(ApiToken.created_at)
    )
    return [token.model_dump(exclude={"secret_sha256"}) for token in tokens]


@router.post("/tokens", status_code=201)
def create_token(wanted: TokenWanted, actor: CurrentActor, session: DatabaseSession) -> dict[str, Any]:
    secret, token = actions.create_token(session, actor, wanted.name, wanted.scope)
    return {"token": secret, **token.model_dump(exclude={"secret_sha256"})}


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(token_id: UUID, actor: CurrentActor, session: DatabaseSession) -> None:
    actions.revoke_token(session, actor, token_id)


@router.get("/accounts")
def list_accounts(actor: CurrentActor, session: DatabaseSession) -> list[AccountRead]:
    actions.require_accounts(actor)
    return [
        AccountRead.model_validate(account, from_attributes=True)
        for account in session.scalars(select(Account).order_by(Account.username))
    ]


@router.post("/accounts", status_code=201)
def create_account(wanted: AccountCreate, actor: CurrentActor, session: DatabaseSession) -> AccountRead:
    return AccountRead.model_validate(actions.create_account(session, actor, wanted), from_attributes=True)


@router.post("/accounts/{account_id}/disable", status_code=204)
def disable_account(account_id: UUID, actor: CurrentActor, session: DatabaseSession) -> None:
    actions.require_accounts(actor)
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound
    actions.disable_account(session, actor, account)
