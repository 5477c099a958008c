"""Asks operations of the contract what it allows and what it does not, and holds the answers against it."""

from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, serializer
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schemas.accounts import Role
from service.app import create_app
from service.footage.uploads.protocol import BODY_TYPE
from tests.contract.bureau import House


@serializer(BODY_TYPE)
def _bytes(_context: Any, value: Any) -> Any:
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# What it takes from the asker, it must not take from those who ask after it.
ENDS_THE_ASKER = {"sign_out", "change_password", "disable_account"}
READING_FIRST = ("get", "head", "options", "post", "patch", "delete")
FULL = 507  # no room, or no quota: an answer of uploads, not a failure


def operations() -> list[APIOperation]:
    """Those that read first, those that remove last."""
    schema = from_dict(create_app().openapi())
    every: Iterator[Any] = schema.get_all_operations()
    found = [one.ok() for one in every]
    return sorted(found, key=lambda one: (READING_FIRST.index(one.method.lower()), one.label))


def name_of(operation: APIOperation) -> str:
    return operation.definition.raw["operationId"]


def ask(house: House, role: Role, operation: APIOperation, examples: int) -> None:
    """`examples` of each kind: requests as the contract allows them, and requests that break it somewhere."""
    ends = name_of(operation) in ENDS_THE_ASKER
    token = house.token(role)

    def answers(case: Case, data: st.DataObject) -> None:
        _say_what_is_known(case, house.known, data)
        secret = house.token(role) if ends else token
        response = case.call(
            base_url=house.stack.address,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=60,
            allow_redirects=False,
        )
        full = [not_a_server_error] if response.status_code == FULL else []
        case.validate_response(response, checks=[one for one in CHECKS if one not in full])

    for strategy in _strategies(operation):
        steadily = settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        try:
            steadily(given(case=strategy, data=st.data())(answers))()
        except Unsatisfiable:  # there is nothing that it could break
            continue


def _strategies(operation: APIOperation) -> Iterator[st.SearchStrategy[Case]]:
    yield operation.as_strategy()
    asks = any(operation.iter_parameters()) or operation.body
    if asks:
        yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def _say_what_is_known(case: Case, known: dict[str, list[Any]], data: st.DataObject) -> None:
    """Chance alone never hits an id or a code: in two of three requests those that mean something are said."""
    if not data.draw(st.integers(0, 2)):
        return
    places: tuple[Any, ...] = (case.path_parameters, case.query, case.headers, case.body)
    for place in places:
        if isinstance(place, dict) or hasattr(place, "items"):
            for name in list(place):
                if name in known:
                    value = data.draw(st.sampled_from(known[name]))
                    if value is not None:
                        place[name] = value
