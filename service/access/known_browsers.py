"""Browsers on which an account has signed in before. A cookie says so: a name of the browser's own, and for each account a
mark that nobody else can make. It is no session and opens nothing; whoever shows it waits for no stranger's failures.

A mark ends with the password that it was made under, and when the account is closed or its officer has left.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode

from fastapi import Request, Response

from schemas.accounts import Account
from service.kernel.settings import get_settings

COOKIE = "zhenglu_browser"
LASTS_S = 180 * 86400
MOST_ACCOUNTS = 20  # on a computer that several share; the one longest away makes room
_SHAPE = re.compile(rf"[\w-]{{16}}(\.[\w-]{{22}}){{0,{MOST_ACCOUNTS}}}", re.ASCII)


def _parts(cookie: str) -> tuple[str, list[str]]:
    if not _SHAPE.fullmatch(cookie):
        return "", []
    name, *marks = cookie.split(".")
    return name, marks


def _mark(account: Account, browser: str) -> str:
    key = f"{get_settings().secret_key}:{account.password_hash}"
    whole = hmac.digest(key.encode(), f"known browser:{account.id}:{browser}".encode(), "sha256")
    return urlsafe_b64encode(whole[:16]).decode().rstrip("=")


def known_as(cookie: str, account: Account | None) -> str | None:
    """The browser's name, where this account has signed in on it."""
    browser, marks = _parts(cookie)
    if account is None or account.disabled_at is not None or not marks:
        return None
    wanted = _mark(account, browser)
    return browser if any([hmac.compare_digest(wanted, mark) for mark in marks]) else None


def with_mark(cookie: str, account: Account) -> str:
    browser, marks = _parts(cookie)
    browser = browser or secrets.token_urlsafe(12)
    mark = _mark(account, browser)
    return ".".join([browser, mark, *[one for one in marks if one != mark][: MOST_ACCOUNTS - 1]])


def remember(request: Request, response: Response, account: Account, *, secure: bool) -> None:
    response.set_cookie(
        COOKIE,
        with_mark(request.cookies.get(COOKIE, ""), account),
        max_age=LASTS_S,
        httponly=True,
        samesite="lax",
        secure=secure,
        path="/",
    )
