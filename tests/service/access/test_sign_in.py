"""Sessions, throttling, CSRF and tokens, over HTTP."""

from datetime import timedelta

import pytest
from httpx import Response
from sqlalchemy import delete, update
from sqlmodel import select
from starlette.requests import Request

from schemas.accounts import Account, AccountCreate, LoginFailure, Role, SignIn
from schemas.custody import CustodyEntry
from schemas.policy import PolicyValue
from service.access.actions import create_account, ensure_first_admin, forget_sign_ins, open_session
from service.access.dependencies import client_address
from service.access.errors import WeakPassword
from service.access.patience import Attempt, Standing
from service.access.policy import LONGEST_WAIT
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.settings import Settings, get_settings
from tests.service.access.bureau import Bureau

PASSWORD = "correct-horse-9"
pytestmark = pytest.mark.usefixtures("real_passwords")


@pytest.fixture
def admin(bureau: Bureau) -> Bureau:
    with transaction(bureau.engine) as session:
        create_account(session, "cli", AccountCreate(username="chief", password=PASSWORD, role=Role.admin))
    return bureau


def sign_in(bureau: Bureau, username: str = "chief", password: str = PASSWORD) -> Response:
    return bureau.client.post("/api/v1/session", json={"username": username, "password": password})


def test_a_session_opens_lasts_and_ends(admin: Bureau) -> None:
    answer = sign_in(admin)
    assert answer.status_code == 200
    secret = answer.json()["token"]
    assert "HttpOnly" in answer.headers["set-cookie"] and "SameSite=lax" in answer.headers["set-cookie"]
    admin.client.cookies.clear()
    assert admin.ask(secret, "GET", "/api/v1/session").json()["account"]["username"] == "chief"
    assert admin.ask(secret, "DELETE", "/api/v1/session").status_code == 204
    assert admin.ask(secret, "GET", "/api/v1/session").status_code == 401


def test_the_secret_is_stored_nowhere_and_an_expired_session_is_none(admin: Bureau) -> None:
    secret = sign_in(admin).json()["token"]
    admin.client.cookies.clear()
    with transaction(admin.engine) as session:
        assert secret not in str([row.model_dump() for row in session.exec(select(SignIn))])
        session.execute(update(SignIn).values(expires_at=now() - timedelta(seconds=1)))
    assert admin.ask(secret, "GET", "/api/v1/session").status_code == 401


def test_a_wrong_password_and_an_unknown_name_answer_alike(admin: Bureau) -> None:
    wrong, unknown = sign_in(admin, password="x"), sign_in(admin, username="nobody")
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert wrong.status_code == 401


def test_the_door_slows_down_for_a_name_and_not_after_the_window(admin: Bureau) -> None:
    with transaction(admin.engine) as session:
        session.add(PolicyValue(name=LONGEST_WAIT.name, value=0.1))

    def waits() -> float:
        with transaction(admin.engine) as session:
            return Standing.of(session, Attempt.of(session, "chief", "testclient", "")).wait_s(0)

    for _ in range(8):
        assert sign_in(admin, password="x").status_code == 401
    assert waits() == 0.1
    with transaction(admin.engine) as session:
        session.execute(update(LoginFailure).values(at=now() - timedelta(minutes=11)))
    assert waits() == 0
    assert sign_in(admin).status_code == 200
    with transaction(admin.engine) as session:
        failed = session.exec(select(CustodyEntry).where(CustodyEntry.action == "sign_in_failed")).all()
        assert len(failed) == 8


def test_a_cookie_may_read_but_changes_need_its_csrf_token(admin: Bureau) -> None:
    csrf = sign_in(admin).json()["csrf_token"]
    client = admin.client
    assert client.get("/api/v1/tokens").status_code == 200
    assert client.post("/api/v1/tokens", json={"name": "d"}).status_code == 403
    assert (
        client.post("/api/v1/tokens", json={"name": "d"}, headers={"X-CSRF-Token": "no"}).status_code == 403
    )
    good = client.post("/api/v1/tokens", json={"name": "d"}, headers={"X-CSRF-Token": csrf})
    assert good.status_code == 201


def test_a_docks_token_reaches_little_and_nothing_once_revoked(admin: Bureau) -> None:
    secret = sign_in(admin).json()["token"]
    admin.client.cookies.clear()
    made = admin.ask(secret, "POST", "/api/v1/tokens", {"name": "dock 1"}).json()
    assert made["scope"] == "dock"
    assert admin.ask(made["token"], "GET", "/api/v1/session").json()["scope"] == "dock"
    for path in ("/api/v1/events", "/api/v1/cases", "/api/v1/recordings", "/api/v1/tokens"):
        assert admin.ask(made["token"], "GET", path).status_code == 403
    listed = admin.ask(secret, "GET", "/api/v1/tokens")
    assert made["token"] not in listed.text and "secret" not in listed.text
    assert admin.ask(secret, "DELETE", f"/api/v1/tokens/{made['id']}").status_code == 204
    assert admin.ask(made["token"], "GET", "/api/v1/session").status_code == 401


def test_a_disabled_account_is_out_at_once(admin: Bureau) -> None:
    secret = sign_in(admin).json()["token"]
    admin.client.cookies.clear()
    token = admin.ask(secret, "POST", "/api/v1/tokens", {"name": "d", "scope": "full"}).json()["token"]
    with transaction(admin.engine) as session:
        chief = session.exec(select(Account).where(Account.username == "chief")).one()
    other = admin.secret(Role.admin, None)
    assert admin.ask(other, "POST", f"/api/v1/accounts/{chief.id}/disable").status_code == 204
    assert admin.ask(secret, "GET", "/api/v1/session").status_code == 401
    assert admin.ask(token, "GET", "/api/v1/session").status_code == 401
    assert sign_in(admin).status_code == 401


def test_a_changed_password_ends_every_session(admin: Bureau) -> None:
    first, second = sign_in(admin).json()["token"], sign_in(admin).json()["token"]
    admin.client.cookies.clear()
    wanted = {"current": PASSWORD, "wanted": "another-horse-7"}
    assert admin.ask(first, "POST", "/api/v1/session/password", wanted).status_code == 204
    assert {admin.ask(one, "GET", "/api/v1/session").status_code for one in (first, second)} == {401}
    assert sign_in(admin, password="another-horse-7").status_code == 200


def test_a_member_needs_a_squad_and_a_password_some_length(admin: Bureau) -> None:
    secret = sign_in(admin).json()["token"]
    admin.client.cookies.clear()
    member = {"username": "m", "password": PASSWORD, "role": "member"}
    assert admin.ask(secret, "POST", "/api/v1/accounts", member).status_code == 400
    assert admin.ask(secret, "POST", "/api/v1/accounts", member | {"squad": "one"}).status_code == 201
    assert admin.ask(secret, "POST", "/api/v1/accounts", member | {"squad": "one"}).status_code == 409
    weak = {"username": "weakling", "password": "weakling-9999", "role": "auditor"}
    assert admin.ask(secret, "POST", "/api/v1/accounts", weak).status_code == 400


def test_a_weak_password_of_the_first_administrator_is_refused_and_not_repeated(bureau: Bureau) -> None:
    with transaction(bureau.engine) as session, pytest.raises(WeakPassword) as refused:
        ensure_first_admin(session, "s3cret")
    assert "s3cret" not in str(refused.value)
    assert sign_in(bureau, "admin").status_code == 401


def test_the_first_administrator_is_made_once(bureau: Bureau) -> None:
    with transaction(bureau.engine) as session:
        assert ensure_first_admin(session, PASSWORD)
        assert not ensure_first_admin(session, "other-password-1")
    assert sign_in(bureau, "admin").status_code == 200


def test_old_failures_and_ended_sessions_are_forgotten_but_not_when_someone_was_last_seen(
    admin: Bureau,
) -> None:
    with transaction() as session:
        account = session.scalars(select(Account)).first()
        session.execute(delete(SignIn))
        for name, age in (("old", timedelta(hours=25)), ("new", timedelta(hours=1))):
            session.add(LoginFailure(username=name, address="192.0.2.1", at=now() - age))
        ended = [open_session(session, account)[1] for _ in range(3)]
        for days, held in enumerate(ended, 1):
            held.seen_at = held.expires_at = now() - timedelta(days=days)
    forget_sign_ins()
    with transaction() as session:
        assert session.scalars(select(LoginFailure.username)).all() == ["new"]
        assert session.scalars(select(SignIn.id)).all() == [ended[0].id]
        open_session(session, session.scalars(select(Account)).first())
    forget_sign_ins()
    with transaction() as session:
        assert ended[0].id not in session.scalars(select(SignIn.id)).all()


@pytest.mark.parametrize(
    ("trusted", "peer", "seen"),
    [
        ("", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", "192.0.2.7"),
        ("10.0.0.0/8, ::1", "10.2.3.4", "192.0.2.7"),
        ("10.0.0.0/8", "::ffff:10.2.3.4", "192.0.2.7"),
        ("10.0.0.0/8", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "somebody", "somebody"),
    ],
)
def test_only_a_trusted_proxy_says_who_calls(
    monkeypatch: pytest.MonkeyPatch, trusted: str, peer: str, seen: str
) -> None:
    monkeypatch.setattr(get_settings(), "trusted_proxies", trusted)
    scope = {
        "type": "http",
        "client": (peer, 1),
        "headers": [(b"x-forwarded-for", b"198.51.100.1, 192.0.2.7")],
    }
    assert client_address(Request(scope)) == seen


def test_a_proxy_that_is_no_address_is_said_at_start() -> None:
    with pytest.raises(ValueError, match="nginx"):
        Settings(trusted_proxies="nginx")
