"""Signing in, forms from elsewhere, accounts and tokens."""

from typing import Any

import pytest

from schemas.accounts import Account, Role, TokenScope
from service.access import actions
from service.access.errors import LastAdministrator
from service.kernel import database
from service.web.access.pages import local_path
from tests.security.conftest import PASSWORD, House

FORM = {"username": "admin-None", "password": PASSWORD}


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\r\n/evil.example",
        "/\x00",
        "evil",
        "https://e/",
    ],
)
def test_no_way_back_leads_to_another_site(path: str) -> None:
    assert local_path(path) == "/"


def test_the_way_back_may_hold_chinese(house: House) -> None:
    house.secret(Role.admin, None)
    answer = house.client.post(
        "/sign-in", data=FORM | {"next": "/recordings?q=蓉江&a=1"}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/recordings?q=%E8%93%89%E6%B1%9F&a=1"
    assert local_path(answer.headers["location"]) == answer.headers["location"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 303),
        ({"Origin": "http://localhost:8000"}, 303),
        ({}, 303),
    ],
)
def test_another_site_signs_nobody_in(house: House, headers: dict[str, Any], status: int) -> None:
    house.secret(Role.admin, None)
    answer = house.client.post("/sign-in", data=FORM, headers=headers, follow_redirects=False)
    assert answer.status_code == status
    assert ("set-cookie" in answer.headers) == (status == 303)
    json = house.client.post("/api/v1/session", json=FORM, headers=headers)
    assert json.status_code == (403 if status == 403 else 200)


def test_a_csrf_token_of_any_characters_is_only_wrong(house: House) -> None:
    house.secret(Role.admin, None)
    house.client.post("/sign-in", data=FORM)
    in_header = house.client.post("/account/tokens", headers={"X-CSRF-Token": "é".encode("latin-1")})
    in_field = house.client.post("/account/tokens", data={"csrf_token": "证", "name": "d"})
    assert (in_header.status_code, in_field.status_code) == (403, 403)


def test_a_password_typed_as_a_name_is_not_kept_in_custody(house: House) -> None:
    house.client.post("/api/v1/session", json={"username": "my-secret-password", "password": "x"})
    assert [row.actor for row in house.custody("sign_in_failed")] == ["unknown"]


def test_a_new_password_ends_tokens_that_act_as_the_account_and_spares_docks(house: House) -> None:
    tokens = {
        scope: house.ask("POST", "/api/v1/tokens", Role.member, json={"name": "d", "scope": scope}).json()[
            "token"
        ]
        for scope in TokenScope
    }
    with database.transaction() as session:
        account = session.get_one(Account, house.account(Role.member, "1"))
        actions.set_password(session, "cli", account, "another-horse-7")
    known = {
        scope: house.client.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"}).status_code
        for scope, token in tokens.items()
    }
    assert known == {TokenScope.full: 401, TokenScope.dock: 200}


def test_the_last_administrator_stays(house: House) -> None:
    first, second = house.account(Role.admin, None), None
    house.account(Role.admin, "1")  # one of a squad could not make another for the bureau
    path = "/api/v1/accounts/{}/disable"
    assert (
        house.ask("POST", path.format(first), Role.admin, None).json()["type"].endswith("last-administrator")
    )
    with database.transaction() as session, pytest.raises(LastAdministrator):
        actions.disable_account(session, "cli", session.get_one(Account, first))
    made = {"username": "second", "password": PASSWORD, "role": "admin"}
    second = house.ask("POST", "/api/v1/accounts", Role.admin, None, json=made).json()["id"]
    assert house.ask("POST", path.format(second), Role.admin, None).status_code == 204
    assert house.ask("POST", path.format(first), Role.admin, None).status_code == 409


def test_an_administrator_of_a_squad_makes_nobody_for_the_bureau(house: House) -> None:
    made = {"username": "climber", "password": PASSWORD, "role": "admin"}
    assert house.ask("POST", "/api/v1/accounts", Role.admin, "1", json=made).status_code == 403
    assert house.ask("GET", "/api/v1/accounts", Role.admin, "1").status_code == 403


@pytest.mark.parametrize("name", ["intake", "a/dock", " a", "a\nb", "", "Linking"])
def test_no_account_signs_as_a_part_of_the_system(house: House, name: str) -> None:
    made = {"username": name, "password": PASSWORD, "role": "auditor"}
    assert house.ask("POST", "/api/v1/accounts", Role.admin, None, json=made).status_code == 400


def test_a_long_token_name_does_not_keep_its_uploads_from_custody(house: House) -> None:
    token = house.ask("POST", "/api/v1/tokens", Role.member, json={"name": "码" * 100}).json()["token"]
    answer = house.client.post(
        "/api/v1/recordings?filename=a.mp4", content=b"bytes", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 201, answer.text
    assert house.custody("receive")[0].actor.startswith("member-1/码")


def test_a_token_name_can_be_read(house: House) -> None:
    for name in ("", "  ", "\u202e", "a\nb"):
        assert house.ask("POST", "/api/v1/tokens", Role.member, json={"name": name}).status_code == 400
    turned = house.ask("POST", "/api/v1/tokens", Role.member, json={"name": "\u202ekcod"})
    assert (turned.status_code, turned.json()["name"]) == (201, "kcod")
