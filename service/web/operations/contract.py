"""The API's own description (OpenAPI), as its page shows it. Pure."""

import json
from collections.abc import Callable
from typing import Any

from service.web.operations.views import ApiAnswer, ApiError, ApiField, ApiGroup, ApiOperation, ApiShape

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
PROBLEM = "application/problem+json"


def described(contract: dict[str, Any]) -> list[ApiGroup]:
    """Every operation under its first tag, in the order of the contract."""
    groups: dict[str, ApiGroup] = {}
    for path, operations in contract["paths"].items():
        for method in METHODS:
            if operation := operations.get(method):
                tag = next(iter(operation.get("tags", ())), "")
                group = groups.setdefault(tag, ApiGroup(tag))
                group.operations.append(_operation(contract, method, path, operation))
    return sorted(groups.values(), key=lambda group: group.tag)


def shapes(contract: dict[str, Any]) -> list[ApiShape]:
    """What bodies and answers hold, by name."""
    return [
        ApiShape(name, schema.get("description", ""), _fields(contract, schema, ""))
        for name, schema in contract["components"]["schemas"].items()
        if schema.get("properties")
    ]


def errors(contract: dict[str, Any], say: Callable[[str], str]) -> list[ApiError]:
    """`say`: a sentence in the reader's language."""
    found = contract["components"]["examples"]
    return [ApiError(name, one["value"]["status"], say(one["summary"])) for name, one in found.items()]


def _operation(contract: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> ApiOperation:
    fields = [
        ApiField(
            one["name"],
            one["in"],
            _kind(contract, one.get("schema", {})),
            one.get("required", False),
            one.get("description", ""),
        )
        for one in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {})
    example = ""
    for content_type, media in body.get("content", {}).items():
        schema = media.get("schema", {})
        shape = _chosen(contract, schema)
        own = _fields(contract, shape, content_type)
        for value in shape.get("examples", ())[:1]:
            example = json.dumps(value, ensure_ascii=False, indent=2)
        fields += own or [ApiField("", content_type, _kind(contract, schema), body.get("required", False))]
    return ApiOperation(
        method=method.upper(),
        path=path,
        name=operation["operationId"],
        description=operation.get("description", ""),
        fields=fields,
        example=example,
        answers=[
            _answer(contract, status, _found(contract, one)) for status, one in operation["responses"].items()
        ],
    )


def _answer(contract: dict[str, Any], status: str, answer: dict[str, Any]) -> ApiAnswer:
    content = answer.get("content", {})
    if PROBLEM in content:
        return ApiAnswer(status, errors=list(content[PROBLEM].get("examples", ())))
    kinds = {_kind(contract, media.get("schema", {})) or name for name, media in content.items()}
    return ApiAnswer(
        status, " | ".join(sorted(kinds)), answer["description"], list(answer.get("headers", ()))
    )


def _fields(contract: dict[str, Any], schema: dict[str, Any], place: str) -> list[ApiField]:
    required = schema.get("required", ())
    return [
        ApiField(name, place, _kind(contract, one), name in required, one.get("description", ""))
        for name, one in schema.get("properties", {}).items()
    ]


def _found(contract: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for."""
    while "$ref" in part:
        _here, *names = part["$ref"].split("/")
        part = contract
        for name in names:
            part = part[name]
    return part


def _chosen(contract: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Of a body that may be left out, what it is when it is there."""
    schema = _found(contract, schema)
    some = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return _found(contract, some[0]) if len(some) == 1 else schema


def _kind(contract: dict[str, Any], schema: dict[str, Any]) -> str:
    """`string`, `date-time`, `integer | null`, `inspection | coercion`, `string[]`, or the name of a shape."""
    name, schema = schema.get("$ref", "").rpartition("/")[2], _found(contract, schema)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if name and schema.get("properties"):
        return name
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_kind(contract, one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        inner = _kind(contract, schema.get("items", {})) or "any"
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if isinstance(more := schema.get("additionalProperties"), dict):
        return f"{{name: {_kind(contract, more)}}}"
    return schema.get("format") or schema.get("type", "")
