"""The API's own description (OpenAPI), as its page shows it. Pure."""

from typing import Any

from service.web.operations.views import ApiGroup, ApiOperation, ApiParameter

METHODS = ("get", "post", "put", "patch", "delete")


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


def _operation(contract: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> ApiOperation:
    parameters = [
        ApiParameter(
            one["name"], one["in"], _kind(contract, one.get("schema", {})), one.get("required", False)
        )
        for one in operation.get("parameters", ())
    ]
    for content_type, media in operation.get("requestBody", {}).get("content", {}).items():
        schema = _found(contract, media.get("schema", {}))
        required = schema.get("required", ())
        parameters += [
            ApiParameter(name, content_type, _kind(contract, field), name in required)
            for name, field in schema.get("properties", {}).items()
        ]
    return ApiOperation(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        parameters=parameters,
    )


def _found(contract: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return contract["components"]["schemas"][name] if name else schema


def _kind(contract: dict[str, Any], schema: dict[str, Any]) -> str:
    """`string`, `date-time`, `integer | null`, `inspection | coercion`, `string[]`."""
    schema = _found(contract, schema)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " | ".join(_kind(contract, one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return _kind(contract, schema.get("items", {})) + "[]"
    return schema.get("format") or schema.get("type", "")
