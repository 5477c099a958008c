"""First anonymous, then a dock's token, then the wrong role, then another squad, then the right one."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute

from schemas.accounts import Role
from service.app import create_app
from tests.service.access.bureau import Bureau
from tests.service.access.table import ACCESS, PROTOCOLS, Rule

ROWS = [pytest.param(method, path, rule, id=f"{method} {path}") for (method, path), rule in ACCESS.items()]
# Known to the whole bureau: they betray nothing.
COMMON = {"campaign_id", "model_id"}


def api_routes() -> Iterator[tuple[str, str]]:
    def walk(routes: Any) -> Iterator[APIRoute]:
        for route in routes:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes)
            elif isinstance(route, APIRoute):
                yield route

    for route in walk(create_app().routes):
        path = re.sub(r":\w+}", "}", route.path)
        if path.startswith("/api/") and path not in PROTOCOLS:
            for method in route.methods:
                yield method, path


def test_every_api_route_stands_in_the_access_table() -> None:
    known, listed = set(api_routes()), set(ACCESS)
    assert known - listed == set(), "new routes: enter them in tests/service/access/table.py"
    assert listed - known == set(), "routes that are gone"


def body_of(rule: Rule) -> Any:
    return rule.body() if callable(rule.body) else rule.body


@pytest.mark.parametrize(("method", "path", "rule"), ROWS)
def test_who_may(shared: Bureau, method: str, path: str, rule: Rule) -> None:
    shared.ids |= {"number": "1", "version": "0", "kind": "officers", "name": "missing", "serial": "R-07"}
    shared.ids["double_id"] = str(uuid4())
    shared.ids["month"] = "2024-06"
    if rule.may is not None:
        assert shared.ask(None, method, path, body_of(rule)).status_code == 401
        assert shared.ask("no-such-secret", method, path, body_of(rule)).status_code == 401
    dock = shared.ask(shared.secret(Role.member, "one", dock=True), method, path, body_of(rule))
    if rule.may is not None and not rule.dock:
        assert dock.status_code == 403
    for role in Role:
        if rule.may is None:
            break
        squad = None if rule.whole_bureau and role != Role.member else "one"
        answer = shared.ask(shared.secret(role, squad), method, path, body_of(rule))
        if role in rule.roles and (squad is None or not rule.whole_bureau):
            assert answer.status_code in rule.good, (role, answer.status_code, answer.text[:300])
        elif role not in rule.roles:
            assert answer.status_code in {403, 404} if rule.other == 404 else answer.status_code == 403, role
    if rule.may is not None and not rule.whole_bureau:
        role = min(rule.roles)
        answer = shared.ask(shared.secret(role, "two"), method, path, body_of(rule))
        assert answer.status_code in ({rule.other} if rule.other != 200 else rule.good), answer.text[:300]
        private = {value for name, value in shared.ids.items() if name not in COMMON and len(value) > 10}
        asked = {value for value in private if f"{value}" in path.format(**shared.ids)}
        assert not [value for value in private - asked if value in answer.text]
