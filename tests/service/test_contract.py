"""What the OpenAPI document promises to programs that are made from it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from deploy import openapi
from service.app import create_app
from service.kernel.errors import TYPE_BASE, Invalid
from service.kernel.openapi import PROBLEM

VERBS = {
    "add", "approve", "cancel", "change", "check", "confirm", "continue", "count", "create", "decide", "declare", "decline",
    "disable", "dismiss", "dispute", "end", "export", "freeze", "get", "import", "list", "merge", "preview", "raise",
    "reject", "remove", "reopen", "restore", "retry", "revoke", "send", "set", "sign", "undo", "unmake", "unmerge",
    "update", "uphold", "withdraw",
}  # fmt: skip
DOCUMENT = create_app().openapi()


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def found(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        _hash, *names = part["$ref"].split("/")
        part = DOCUMENT
        for name in names:
            part = part[name]
    return part


def test_the_written_contract_is_that_of_the_program() -> None:
    told = f"{openapi.FILE.name} is stale: python -m deploy.openapi"
    assert openapi.FILE.read_text(encoding="utf-8") == openapi.written(), told


def test_the_contract_is_the_same_whenever_it_is_made() -> None:
    assert create_app().openapi() == DOCUMENT


def test_every_operation_has_a_name_for_a_client_and_says_what_it_does() -> None:
    names = [operation["operationId"] for _where, operation in operations()]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []
    assert {name.split("_")[0] for name in names} <= VERBS
    assert [where for where, operation in operations() if not operation.get("description")] == []


def test_every_answer_that_is_no_error_has_a_shape_and_lists_are_pages() -> None:
    for where, operation in operations():
        for status, answer in operation["responses"].items():
            for media in found(answer).get("content", {}).values() if status < "300" else ():
                schema = found(media["schema"])
                assert schema, where
                assert schema.get("type") != "array", where
                if operation["operationId"].startswith("list_"):
                    assert {"items", "next"} <= set(schema["properties"]), where
                shapeless = schema.get("type") == "object" and not schema.get("properties")
                assert not shapeless or schema.get("additionalProperties") not in (None, True), where


def test_every_error_is_problem_details_of_a_type_that_is_named() -> None:
    for where, operation in operations():
        for status, answer in operation["responses"].items():
            answer = found(answer)
            if status < "400" or where == "GET /readyz":
                continue
            assert set(answer["content"]) == {PROBLEM}, where
            media = answer["content"][PROBLEM]
            assert media["examples"], where
            for example in media["examples"].values():
                value = found(example)["value"]
                assert str(value["status"]) == status, where
                assert value["type"].startswith(TYPE_BASE), where


def test_every_body_of_words_shows_an_example() -> None:
    for where, operation in operations():
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        schema = found(media["schema"]) if media else {}
        shapes = [found(one) for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
        told = schema == {} or schema.get("type") == "array" or all(one.get("examples") for one in shapes)
        assert told, where


def test_an_error_type_has_one_status() -> None:
    examples = DOCUMENT["components"]["examples"]
    assert len({one["value"]["type"] for one in examples.values()}) == len(examples)


def test_a_body_that_is_no_text_is_an_error_of_the_status_that_its_type_has() -> None:
    client = TestClient(create_app(), base_url="http://localhost")
    answer = client.post("/api/v1/session", content=b'"\x81"', headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["type"] == TYPE_BASE + Invalid.type


@pytest.mark.parametrize("name", ["HTTPValidationError", "ValidationError"])
def test_no_error_of_the_framework_is_promised(name: str) -> None:
    assert name not in DOCUMENT["components"]["schemas"]


def test_whoever_must_sign_in_is_told_how() -> None:
    known = set(DOCUMENT["components"]["securitySchemes"])
    for where, operation in operations():
        if where != "POST /api/v1/session":  # whose 401 is a wrong password
            assert ("401" in operation["responses"]) == ("security" in operation), where
        assert {name for one in operation.get("security", ()) for name in one} <= known, where


def unbounded(schema: dict[str, Any], where: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Strings and arrays in what a request carries that may be as long as they like."""
    if "$ref" in schema:
        if schema["$ref"] not in seen:
            yield from unbounded(found(schema), where, seen | {schema["$ref"]})
        return
    for part in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from unbounded(part, where, seen)
    kind = schema.get("type")
    named = {"enum", "const", "pattern"} & set(schema) or schema.get("format") in FORMATS
    if kind == "string" and "maxLength" not in schema and not named:
        yield f"{where}: string"
    if kind == "array":
        if "maxItems" not in schema:
            yield f"{where}: array"
        yield from unbounded(schema.get("items", {}), f"{where}[]", seen)
    if kind == "object":
        if "properties" not in schema and "maxProperties" not in schema and where not in ROWS:
            yield f"{where}: object"
        for name, part in schema.get("properties", {}).items():
            yield from unbounded(part, f"{where}.{name}", seen)
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            yield from unbounded(more, f"{where}.*", seen)


# Of a length of their own; bytes are bounded by the largest upload, a table's row by the table.
FORMATS = {"uuid", "date", "date-time", "binary"}
ROWS = {f"{where} application/json[]" for where, _operation in operations() if where.endswith("/import")}


def test_nothing_that_a_request_says_is_without_a_bound() -> None:
    endless = list[str]()
    for where, operation in operations():
        for parameter in operation.get("parameters", ()):
            endless += unbounded(parameter["schema"], f"{where} {parameter['in']} {parameter['name']}")
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            endless += unbounded(content["schema"], f"{where} {media}")
    assert endless == []
