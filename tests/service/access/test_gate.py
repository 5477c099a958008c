"""Who asks, and whether its role may, is settled before a byte of the body is awaited; no connection of the database is
held meanwhile; and a body comes within its bounds or not at all."""

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute

from schemas.accounts import Role
from service.access.gate import Door, Gate
from service.app import create_app
from service.kernel import bodies, database
from service.kernel.settings import get_settings
from tests.service.access.asked import FORM, JSON, Answered, ask, asked
from tests.service.access.bureau import Bureau

OPEN = {"/sign-in", "/language", "/api/v1/session"}
"""Whose bodies strangers may send."""
BY_ROW = {"/{queue}/{wish_id}/{verb}", "/api/v1/events/{event_id}/disputes", "/events/{event_id}/dispute"}
"""Whoever may depends on the row, which is read with the body."""
NO_GATE = {"/api/v1/uploads", "/api/v1/uploads/", "/api/v1/uploads/{upload_id}", "/api/v1/recordings", "/api/v1/sidecars"}  # fmt: skip
"""Their bodies go to the store as they come; service.footage.uploads asks first, too."""


def routes() -> Iterator[APIRoute]:
    def walk(found: Any) -> Iterator[APIRoute]:
        for route in found:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes)
            elif isinstance(route, APIRoute):
                yield route

    yield from walk(create_app().routes)


def taking() -> list[tuple[str, str, Door]]:
    return [
        (method, re.sub(r":\w+}", "}", route.path), Door.of(route))
        for route in routes()
        if isinstance(route, Gate) and Door.of(route).bound is not None
        for method in sorted(route.methods - {"GET", "HEAD"})
    ]


TAKING = taking()


def filled(bureau: Bureau, path: str) -> str:
    made = {name: str(uuid4()) for name in re.findall(r"{(\w+)}", path)}
    known = {
        "serial": "R-07",
        "kind": "officers",
        "month": "2020-01",
        "queue": "explanations",
        "name": "missing",
    }
    known |= {"decision": "confirm", "verb": "approve"}
    return path.format(**{**made, **bureau.ids, **known})


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_every_route_has_the_gate_but_those_of_uploads() -> None:
    assert {route.path for route in routes() if not isinstance(route, Gate)} == NO_GATE


@pytest.mark.parametrize(("method", "path", "door"), [one for one in TAKING if one[1] not in OPEN])
def test_nothing_of_a_stranger_or_of_a_role_that_may_not_is_read(
    shared: Bureau, method: str, path: str, door: Door
) -> None:
    app, address = shared.client.app, filled(shared, path)
    kind, body = (FORM, b"a=b") if door.form else (JSON, b"{}")
    if door.table and path.startswith("/import"):
        kind, body = "multipart/form-data; boundary=b", b"--b--\r\n"
    for headers in ({}, bearer("nobodys"), {"Cookie": "zhenglu_session=nobodys"}):
        said = asked(app, method, address, kind=kind, length=1000, headers=headers)
        assert (said.status, said.pieces) == (401, 0), headers

    def connections() -> int:
        return database.get_engine().pool.checkedout()  # type: ignore[attr-defined]  # of the pool that counts

    read = 0
    for role, squad, dock in (
        (Role.member, "one", True), (Role.member, "one", False), (Role.auditor, None, False),
        (Role.legal, None, False), (Role.admin, None, False),
    ):  # fmt: skip
        secret = shared.secret(role, squad, dock=dock)
        said = asked(app, method, address, [body], kind=kind, headers=bearer(secret), look=connections)
        assert said.status < 500, said.body
        assert said.seen == [0] * said.pieces, "a connection is held while the body is awaited"
        refused = said.status == 403 and path not in BY_ROW
        assert not (refused and said.pieces), (role, dock)
        read += bool(said.pieces)
    assert read, "nobody may"


@pytest.mark.parametrize("path", ["/api/v1/events/import", "/api/v1/matters/import", "/api/v1/clocks/import"])
def test_a_form_is_no_table(shared: Bureau, path: str) -> None:
    app, admin = shared.client.app, bearer(shared.secret(Role.admin, None))
    said = asked(app, "POST", path, [b"&" * 1000], kind=FORM, headers=admin)
    assert (said.status, said.pieces) == (415, 0)
    assert asked(app, "POST", path, [b"&" * 1000], kind=FORM).status == 401


def test_a_form_in_place_of_a_file_is_told_so_within_the_bounds_of_forms(shared: Bureau) -> None:
    app, admin = shared.client.app, bearer(shared.secret(Role.admin, None))
    for pieces, status in (([b"do=check"], 400), ([b"&" * 1000], 413), ([b"a" * 2**10] * 65, 413)):
        assert asked(app, "POST", "/import/officers", pieces, kind=FORM, headers=admin).status == status


@pytest.mark.parametrize("path", ["/sign-in", "/language", "/account/tokens", "/account/language"])
def test_a_form_of_nothing_but_what_parts_fields_is_refused(shared: Bureau, path: str) -> None:
    member = bearer(shared.secret(Role.member, "one"))
    for headers in ({}, member) if path in OPEN else (member,):
        for piece, count in ((b"&" * 60_000, 1), (b"a=1&" * 600, 1), (b"&" * 60_000, 2)):
            said = asked(shared.client.app, "POST", path, [piece] * count, kind=FORM, headers=headers)
            assert said.status == 413, (headers, len(piece), count)
    said = asked(shared.client.app, "POST", path, kind=FORM, headers=member, length=64 * 2**10 + 1)
    assert (said.status, said.pieces) == (413, 0)


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "text/plain"])
def test_a_page_takes_only_the_form_that_it_shows(shared: Bureau, kind: str) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="lang"\r\n\r\nen\r\n--b--\r\n'
    for path, headers in (
        ("/language", {}),
        ("/account/language", bearer(shared.secret(Role.member, "one"))),
    ):
        assert asked(shared.client.app, "POST", path, [part], kind=kind, headers=headers).status == 415


def test_larger_than_a_message_is_refused_whatever_it_says_of_its_length(shared: Bureau) -> None:
    member = bearer(shared.secret(Role.member, "one"))
    most = bodies.MESSAGE.most_bytes
    for path, headers, limit in (
        ("/api/v1/events", member, most),
        ("/api/v1/session", {}, bodies.FORM.most_bytes),
    ):
        said = asked(shared.client.app, "POST", path, headers=headers, length=limit + 1)
        assert (said.status, said.pieces) == (413, 0)
        said = asked(shared.client.app, "POST", path, [b" " * 1024] * (limit // 1024 + 2), headers=headers)
        assert said.status == 413 and said.pieces <= limit // 1024 + 1
    padded = b"{" + b" " * (most - 2) + b"}"
    said = asked(shared.client.app, "POST", "/api/v1/events", [padded], headers=member, length=most)
    assert said.status == 422


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/session", "/api/v1/events", "/api/v1/events/import"])
def test_a_body_that_does_not_come_is_given_up(
    shared: Bureau, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "GRACE_S", 0.05)
    headers = {} if path in OPEN else bearer(shared.secret(Role.admin, None))
    kind = FORM if path == "/sign-in" else JSON
    said = asked(shared.client.app, "POST", path, [b"a"], kind=kind, headers=headers, length=100, ends=False)
    assert said.status == 408 and json.loads(said.body)["type"] == "urn:zhenglu:error:body-too-slow"


def test_a_body_that_comes_slowly_but_steadily_is_waited_for(
    shared: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "GRACE_S", 0.05)
    monkeypatch.setattr(bodies, "LEAST_BYTES_PER_S", 100)

    async def steadily() -> Answered:
        last = asyncio.Event()
        asyncio.get_running_loop().call_later(0.2, last.set)
        member = bearer(shared.secret(Role.member, "one"))
        return await ask(
            shared.client.app, "POST", "/api/v1/events", [b"{}" + b" " * 48], headers=member, until=last
        )

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(steadily())).result(20).status == 422


def test_one_account_does_not_take_the_places_of_all_bodies(
    shared: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, most = shared.client.app, 3
    monkeypatch.setattr(get_settings(), "bodies_per_account", most)
    admin, other = (bearer(shared.secret(role, None)) for role in (Role.admin, Role.supervisor))

    async def crowded() -> tuple[list[Answered], Answered, list[Answered]]:
        last = asyncio.Event()

        async def sent(headers: dict[str, str], path: str = "/api/v1/events/import", **more: Any) -> Answered:
            return await ask(app, "POST", path, [b"[]"], headers=headers, length=2, **more)

        held = [asyncio.create_task(sent(admin, until=last)) for _ in range(most)]
        await asyncio.sleep(0.5)
        more = [await sent(admin), await sent(admin, "/api/v1/events")]
        elsewhere = await sent(other)
        last.set()
        return more, elsewhere, list(await asyncio.gather(*held))

    with ThreadPoolExecutor(1) as pool:
        more, elsewhere, held = pool.submit(lambda: asyncio.run(crowded())).result(30)
    assert [one.status for one in more] == [429, 429]
    assert elsewhere.status == 200
    assert {one.status for one in held} <= {200, 409}, "one table after the other: that is another rule"


def test_csrf_is_asked_before_a_body_that_carries_no_token(shared: Bureau) -> None:
    cookie = {"Cookie": f"zhenglu_session={shared.secret(Role.admin, None)}"}
    said = asked(shared.client.app, "POST", "/api/v1/events/import", [b"[]"], headers=cookie)
    assert (said.status, said.pieces) == (403, 0)
    said = asked(shared.client.app, "POST", "/account/language", [b"lang=en"], kind=FORM, headers=cookie)
    assert said.status == 403 and said.pieces


def test_one_account_does_not_take_all_memory_by_tables_of_unsaid_length(shared: Bureau) -> None:
    app, admin = shared.client.app, bearer(shared.secret(Role.admin, None))

    async def endless() -> list[bool]:
        last = asyncio.Event()
        held = [
            asyncio.create_task(ask(app, "POST", "/api/v1/events/import", [b"[]"], headers=admin, until=last))
            for _ in range(4)
        ]
        asyncio.get_running_loop().call_later(0.5, last.set)
        return sorted(one.status == 429 for one in await asyncio.gather(*held))

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(endless())).result(30) == [False, False, True, True]
