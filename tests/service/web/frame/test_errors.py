"""What is asked for in vain is answered in the frame of whoever asks; and what every answer's head says."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update
from starlette.requests import Request

from schemas.accounts import Account, Role
from service.access.dependencies import COOKIE, over_tls
from service.kernel import database
from service.kernel.settings import get_settings
from tests.service.access.bureau import Bureau
from tests.service.access.conftest import bureau, shared  # noqa: F401

HTML = {"Accept": "text/html"}
NOWHERE = ["/nowhere", "/recordings/nowhere", "/static/nowhere.js", "/import/nothing", "/sign-in/x"]


@pytest.fixture
def signed_in(shared: Bureau) -> Iterator[Bureau]:  # noqa: F811
    shared.client.cookies.set(COOKIE, shared.secret(Role.supervisor, "one"))
    yield shared
    shared.client.cookies.clear()


def framed(page: str) -> bool:
    return 'action="/sign-out"' in page and 'href="/account"' in page and "<nav" in page


@pytest.mark.parametrize("path", NOWHERE)
def test_an_unknown_address_keeps_the_frame_of_whoever_is_signed_in(signed_in: Bureau, path: str) -> None:
    for language, sentence in (("en", "There is nothing here"), ("zh-CN", "这里")):
        answer = signed_in.client.get(path, headers=HTML | {"Accept-Language": language})
        assert answer.status_code in (404, 422) and framed(answer.text)
        assert f'<html lang="{language}' in answer.text
        if answer.status_code == 404:
            assert sentence in answer.text
    assert (
        signed_in.client.get(path, headers={"Accept": "*/*"})
        .headers["content-type"]
        .startswith("application/problem+json")
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/nowhere", 404),
        ("DELETE", "/account", 405),
        ("POST", "/account/tokens", 403),  # without its token
        ("POST", "/account/language", 413),
        ("GET", "/attention?what=x", 400),
        ("GET", "/recordings?q=" + "a" * 300, 400),
    ],
)
def test_every_other_refusal_keeps_it_too(signed_in: Bureau, method: str, path: str, status: int) -> None:
    body = {"content": b"a" * 70_000} if status == 413 else {}
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if status in (403, 413) else {}
    answer = signed_in.client.request(method, path, headers=HTML | kind, **body)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text[:300]
    assert framed(answer.text)


def test_a_stranger_and_a_session_that_has_ended_get_no_frame(shared: Bureau) -> None:  # noqa: F811
    for cookie in ("", "x", "x" * 5000):
        answer = shared.client.get("/nowhere", headers=HTML | {"Cookie": f"{COOKIE}={cookie}"})
        assert answer.status_code == 404 and not framed(answer.text)
    dock = shared.secret(Role.member, "one", dock=True)
    answer = shared.client.get("/nowhere", headers=HTML | {"Cookie": f"{COOKIE}={dock}"})
    assert answer.status_code == 404 and not framed(answer.text)


def test_the_frame_speaks_the_accounts_language_where_the_browser_has_chosen_none(
    bureau: Bureau,  # noqa: F811
) -> None:
    headers = HTML | {"Accept-Language": "zh-CN", "Cookie": f"{COOKIE}={bureau.secret(Role.admin, None)}"}
    with database.transaction(bureau.engine) as session:
        session.execute(update(Account).values(locale="en"))
    answer = bureau.client.get("/nowhere", headers=headers)
    assert '<html lang="en"' in answer.text and "There is nothing here" in answer.text


def test_what_breaks_keeps_it_too(signed_in: Bureau) -> None:
    @signed_in.client.app.get("/breaks")  # type: ignore[attr-defined]  # it is ours
    def breaks() -> None:
        raise ZeroDivisionError

    answer = signed_in.client.get("/breaks", headers=HTML)
    assert answer.status_code == 500 and framed(answer.text)


@pytest.mark.parametrize(
    ("trusted", "scheme", "proto", "tls"),
    [
        ("", "http", "", False),
        ("", "http", "https", False),  # a stranger's word
        ("", "https", "", True),
        ("", "https", "http", True),
        ("192.0.2.0/24", "http", "https", True),
        ("192.0.2.0/24", "http", "http, HTTPS", True),
        ("192.0.2.0/24", "http", "https, http", False),
        ("192.0.2.0/24", "http", "", False),
        ("192.0.2.0/24", "https", "http", False),
        ("10.0.0.0/8", "http", "https", False),
    ],
)
def test_only_a_trusted_proxy_says_that_the_browser_speaks_tls(
    monkeypatch: pytest.MonkeyPatch, trusted: str, scheme: str, proto: str, tls: bool
) -> None:
    monkeypatch.setattr(get_settings(), "trusted_proxies", trusted)
    headers = [(b"x-forwarded-proto", proto.encode())] if proto else []
    asked = {"type": "http", "client": ("192.0.2.1", 1), "headers": headers, "scheme": scheme, "path": "/"}
    assert over_tls(Request(asked | {"server": ("h", 80), "query_string": b""})) == tls


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/sign-in", "/nowhere", "/api/v1/events", "/openapi.json", "/static/x.js", "/metrics"],
)
def test_every_answer_says_what_a_browser_may_do_with_it(
    shared: Bureau,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    plain = shared.client.get(path).headers
    assert "default-src 'none'" in plain["content-security-policy"]
    assert "frame-ancestors 'none'" in plain["content-security-policy"]
    for name, value in (
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
    ):
        assert plain[name] == value
    assert "camera=()" in plain["permissions-policy"]
    assert "strict-transport-security" not in plain
    monkeypatch.setattr(shared.client, "base_url", "https://localhost")
    assert shared.client.get(path).headers["strict-transport-security"].startswith("max-age=31536000")
