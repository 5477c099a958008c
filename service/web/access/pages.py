"""Sign-in, sign-out, language, one's own account."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import select
from sqlmodel import Session

from schemas.accounts import Account, ApiToken, TokenScope
from service.access import actions
from service.access.dependencies import COOKIE, FromHere, MaybeActor, client_address
from service.access.errors import WeakPassword, WrongPassword
from service.access.gate import Gate, guesses, needs
from service.access.policy import SIGN_IN_LASTS
from service.access.routes import browser, set_cookies
from service.access.rules import counted_name, may
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.i18n import gettext as _
from service.kernel.policy import policy
from service.web.access import views
from service.web.frame.rendering import redirect, render
from service.web.frame.shell import PageActor
from service.web.frame.views import Option

router = APIRouter(route_class=Gate)
Field = Annotated[str, Form()]


def local_path(path: str) -> str:
    """Only a path of this site, fit for a header: `//host` and `/\\host` lead elsewhere, also with a tab or line
    end between, which browsers leave out."""
    if (
        not path.startswith("/")
        or path[1:2] in ("/", "\\")
        or any(ord(c) < 32 or ord(c) == 127 for c in path)
    ):
        return "/"
    return quote(path, safe="/?#%:@!$&'()*+,;=[]~", errors="replace")


@router.get("/sign-in")
def sign_in_page(request: Request, actor: MaybeActor, next: str = "/", expired: bool = False) -> Response:
    if actor is not None:
        return redirect(request, local_path(next))
    return render(
        request,
        "access/sign_in.html",
        next=local_path(next),
        error=None,
        expired=expired and next != "/",
        username="",
    )


@router.post("/sign-in", dependencies=[FromHere])
@guesses("username")
def sign_in(
    request: Request, session: DatabaseSession, username: Field = "", password: Field = "", next: Field = "/"
) -> Response:
    try:
        secret, _held, account = actions.sign_in(
            session, counted_name(username), password, client_address(request), browser(request)
        )
    except WrongPassword as error:
        return render(
            request,
            "access/sign_in.html",
            status_code=error.status,
            next=local_path(next),
            error=error.say(),
            expired=False,
            username=username,
        )
    response = redirect(request, local_path(next))
    set_cookies(request, response, secret, policy(session, SIGN_IN_LASTS), account)
    if account.locale:
        _remember_language(response, account.locale)
    return response


@router.post("/sign-out")
def sign_out(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    actions.sign_out(session, actor)
    response = redirect(request, "/sign-in")
    response.delete_cookie(COOKIE, path="/")
    return response


def _remember_language(response: Response, lang: str) -> None:
    response.set_cookie(i18n.COOKIE, lang, max_age=365 * 86400, samesite="lax", path="/")


@router.post("/language", dependencies=[FromHere])
def language(
    request: Request, session: DatabaseSession, lang: Field = "zh_CN", next: Field = "/"
) -> Response:
    """Needs no session and changes nothing but the language, so it carries no token."""
    chosen = lang if lang in i18n.LOCALES else i18n.DEFAULT
    secret = request.cookies.get(COOKIE, "")
    actor = actions.actor_of_secret(session, secret, client_address(request)) if secret else None
    if actor is not None:
        session.get_one(Account, actor.account_id).locale = chosen
    response = redirect(request, local_path(next))
    _remember_language(response, chosen)
    return response


def _account_page(
    request: Request, session: Session, actor: Actor, *, status_code: int = 200, **extra: object
) -> Response:
    tokens = session.scalars(
        select(ApiToken)
        .where(ApiToken.account_id == actor.account_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at)
    )
    account = views.Account(
        languages=[
            Option(code, label, selected=code == i18n.current()) for code, label in i18n.LOCALES.items()
        ],
        tokens=[
            views.Token(
                id=str(token.id), name=token.name, created=token.created_at, last_used=token.last_used_at
            )
            for token in tokens
        ],
        may_make_tokens=may(actor.role, "upload"),
        **extra,  # type: ignore[arg-type]  # names of its fields, as the callers write them
    )
    return render(request, "access/account.html", status_code=status_code, account=account)


@router.get("/account")
def account_page(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    return _account_page(request, session, actor)


@router.post("/account/password")
@guesses()
def change_password(
    request: Request,
    actor: PageActor,
    session: DatabaseSession,
    old: Field = "",
    new: Field = "",
    again: Field = "",
) -> Response:
    errors: dict[str, str] = {}
    if new != again:
        errors["again"] = _("The two new passwords differ.")
    else:
        try:
            actions.change_own_password(session, actor, old, new, browser(request))
        except WrongPassword:
            errors["old"] = _("This is not your present password.")
        except WeakPassword as error:
            errors["new"] = error.say()
    if errors:
        return _account_page(request, session, actor, status_code=400, errors=errors)
    return redirect(request, "/sign-in")


@router.post("/account/language")
def change_language(
    request: Request, actor: PageActor, session: DatabaseSession, lang: Field = "zh_CN"
) -> Response:
    return language(request, session, lang, "/account")


@router.post("/account/tokens")
@needs("upload")
def make_token(request: Request, actor: PageActor, session: DatabaseSession, name: Field = "") -> Response:
    if not name.strip():
        return _account_page(
            request,
            session,
            actor,
            status_code=400,
            errors={"name": _("Give the token a name, such as the dock's.")},
        )
    actions.require(actor, "upload")
    secret, _token = actions.create_token(session, actor, name.strip(), TokenScope.dock)
    return _account_page(request, session, actor, fresh_token=secret)


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(request: Request, token_id: UUID, actor: PageActor, session: DatabaseSession) -> Response:
    actions.revoke_token(session, actor, token_id)
    return redirect(request, "/account")
