"""First anonymous, then a dock's token, then the wrong role, then another squad, then the right one."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from schemas.accounts import Role
from service.app import create_app
from service.web.frame.rendering import DIST
from tests.service.access.bureau import Bureau, words_in
from tests.service.access.pages import PAGES
from tests.service.access.table import ACCESS, PROTOCOLS, Rule

EVERY = ACCESS | PAGES
ROWS = [pytest.param(method, path, rule, id=f"{method} {path}") for (method, path), rule in EVERY.items()]
# Known to the whole bureau: they betray nothing.
COMMON = {"campaign_id", "model_id", "path", "queue", "duty"}
FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics")
BROWSER = {"Accept": "text/html"}


def every_route() -> Iterator[tuple[str, str]]:
    """Of the application, whatever serves it."""

    def walk(routes: Any) -> Iterator[BaseRoute]:
        for route in routes:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes)
            else:
                yield route

    for route in walk(create_app().routes):
        if isinstance(route, Mount):
            yield from ((method, f"{route.path}/{{path}}") for method in ("GET", "HEAD"))
            continue
        assert isinstance(route, Route | APIRoute), f"{route} is of a kind that this table does not know"
        path = re.sub(r":\w+}", "}", route.path)
        for method in route.methods or ():
            if path not in PROTOCOLS or (method, path) in EVERY:
                yield method, path


def test_every_route_stands_in_the_access_table() -> None:
    known, listed = set(every_route()), set(EVERY)
    new = known - listed
    assert new == set(), "new routes: enter them in tests/service/access/table.py, or in pages.py beside it"
    assert listed - known == set(), "routes that are gone"


def body_of(rule: Rule) -> Any:
    return rule.body() if callable(rule.body) else rule.body


def asked(
    bureau: Bureau, secret: str | None, method: str, path: str, rule: Rule, **headers: str
) -> httpx.Response:
    return bureau.ask(
        secret,
        method,
        path,
        body_of(rule),
        form=rule.form,
        headers={**rule.headers, **headers},
        said=rule.said,
    )


@pytest.fixture(scope="module")
def house(shared: Bureau) -> Bureau:
    shared.ids |= {
        "number": "1", "version": "0", "attempt": "1", "kind": "officers", "name": "missing", "serial": "R-07",
        "double_id": str(uuid4()), "month": "2024-06", "wish_id": str(uuid4()), "queue": "explanations",
        "verb": "approve", "decision": "confirm", "choice": "keep", "duty": "complete-uploads",
        "subject_id": str(uuid4()), "path": next(one for one in DIST.iterdir() if one.is_file()).name,
    }  # fmt: skip
    return shared


@pytest.mark.parametrize(("method", "path", "rule"), ROWS)
def test_who_may(house: Bureau, method: str, path: str, rule: Rule) -> None:
    def ask(secret: str | None) -> httpx.Response:
        return asked(house, secret, method, path, rule)

    if rule.may is None:
        assert ask(None).status_code in rule.good
        return
    assert ask(None).status_code == 401
    assert ask("no-such-secret").status_code == 401
    dock = ask(house.secret(Role.member, "one", dock=True))
    if not rule.dock:
        assert dock.status_code == 403
    for role in Role:
        squad = None if rule.whole_bureau and role != Role.member else "one"
        answer = ask(house.secret(role, squad))
        if role in rule.roles and (squad is None or not rule.whole_bureau):
            assert answer.status_code in rule.good, (role, answer.status_code, answer.text[:300])
        elif role not in rule.roles:
            refused = {403, 404} if rule.other == 404 else {403}
            assert answer.status_code in refused, (role, answer.status_code)
        if rule.whole_bureau and role in rule.roles:
            assert ask(house.secret(role, "one")).status_code == 403, f"{role} of one squad"
    if not rule.whole_bureau:
        answer = ask(house.secret(min(rule.roles), "two"))
        assert answer.status_code in ({rule.other} if rule.other != 200 else rule.good), answer.text[:300]
        assert traces(house, path, rule, answer) == []


def traces(bureau: Bureau, path: str, rule: Rule, answer: httpx.Response) -> list[str]:
    """Ids of the first squad's rows that the answer tells and the asker did not."""
    private = {value for name, value in bureau.ids.items() if name not in COMMON and len(value) > 10}
    address = path.format(**{**bureau.ids, **rule.said})
    said = words_in(answer)
    return [value for value in private if value not in address and value in said]


@pytest.mark.parametrize(
    ("method", "path", "rule", "kind"),
    [(method, path, rule, kind) for (method, path), rule in EVERY.items() for kind in rule.files],
)
def test_a_file_is_for_whom_its_page_is(house: Bureau, method: str, path: str, rule: Rule, kind: str) -> None:
    address = f"{path}?format={kind}"
    assert asked(house, None, method, address, rule).status_code == 401
    for role in Role:
        answer = asked(house, house.secret(role, "one"), method, address, rule)
        assert answer.status_code in (rule.good if role in rule.roles else {403}), (role, answer.status_code)
    theirs = asked(house, house.secret(min(rule.roles), "two"), method, address, rule)
    assert theirs.status_code in ({rule.other} if rule.other != 200 else rule.good)
    assert traces(house, address, rule, theirs) == []


OF_PEOPLE = [
    pytest.param(method, path, rule, id=f"{method} {path}")
    for (method, path), rule in PAGES.items()
    if rule.may is not None and not path.startswith(FOR_PROGRAMS)
]


@pytest.mark.parametrize(("method", "path", "rule"), OF_PEOPLE)
def test_a_browser_without_a_session_is_sent_to_sign_in_and_no_dock_is_shown_a_page(
    house: Bureau, method: str, path: str, rule: Rule
) -> None:
    answer = asked(house, None, method, path, rule, **BROWSER)
    assert (answer.status_code, answer.headers["location"][:9]) == (303, "/sign-in?")
    dock = house.secret(Role.member, "one", dock=True)
    assert asked(house, dock, method, path, rule, **BROWSER).status_code == 403


@pytest.mark.parametrize(
    ("path", "rule"),
    [(path, rule) for (method, path), rule in PAGES.items() if method == "GET" and rule.may is not None],
)
def test_a_part_of_a_page_is_for_whom_the_page_is(house: Bureau, path: str, rule: Rule) -> None:
    """Fragments: what htmx fetches of a page that stands open already."""
    for role in Role:
        squad = None if rule.whole_bureau and role != Role.member else "one"
        whole, part = (
            asked(house, house.secret(role, squad), "GET", path, rule, **more)
            for more in (BROWSER, {"HX-Request": "true"})
        )
        assert part.status_code == whole.status_code, role
    if not rule.whole_bureau:
        theirs = asked(
            house, house.secret(min(rule.roles), "two"), "GET", path, rule, **{"HX-Request": "true"}
        )
        assert traces(house, path, rule, theirs) == []


def test_the_address_of_uploads_knows_no_other_method(house: Bureau) -> None:
    secret = house.secret(Role.member, "one")
    for path in PROTOCOLS:
        for method in ("GET", "PUT"):
            answer = house.ask(secret, method, path, headers={"Tus-Resumable": "1.0.0"})
            assert answer.status_code in (404, 405), (method, path)
