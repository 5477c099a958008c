"""The OpenAPI document: what FastAPI knows of the routes, and which errors each of them answers."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from service.kernel import asked
from service.kernel.contract import RAISES, RAISES_CHANGING, TAKES
from service.kernel.database import get_session
from service.kernel.errors import (
    TYPE_BASE,
    BadRequest,
    BodyTooLarge,
    BodyTooSlow,
    Conflict,
    Invalid,
    NotSignedIn,
    ServiceError,
    TooManyAtOnce,
    Unavailable,
)

READING = frozenset({"GET", "HEAD", "OPTIONS"})
PROBLEM = "application/problem+json"
DESCRIPTION = """\
The index of a city-management bureau's enforcement recordings.

**Signing in**: `POST /api/v1/session`, or a token made under `/api/v1/tokens`; then `Authorization: Bearer …` with \
every request. A browser's cookie may only read, unless `X-CSRF-Token` carries the session's token, too.

**Lists** answer `{items, next}`: `next` is given back as `cursor` until it is null.

**Errors** are problem details (RFC 9457). `type` is stable; `detail` is a sentence in the language of \
`Accept-Language` (zh-CN or en); what the sentence speaks of stands beside it as further members.

**Times** are answered in UTC; a time without a zone is one of the bureau's. Out of scope is 404.
"""


def document(app: FastAPI, cookie: str) -> dict[str, Any]:
    """`cookie`: the name under which a browser keeps its session."""
    made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
    known: dict[str, type[ServiceError]] = {}
    answers: dict[str, Any] = {}
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute) or not route.include_in_schema:
            continue
        for method in route.methods or ():
            operation = made["paths"][route.path_format][method.lower()]
            found = list(_errors(route.dependant, method, operation))
            known |= {error.type: error for error in found}
            answers |= _complete(operation, found)
            for parameter in operation.get("parameters", ()):
                _bound(parameter["schema"], parameter["name"])
    made = _named(made)
    components = made["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    components["schemas"]["Problem"] = _problem()
    components["schemas"] = dict(sorted(components["schemas"].items()))
    components["responses"] = dict(sorted(answers.items()))
    components["examples"] = {name: _example(known[name]) for name in sorted(known)}
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "browser": {"type": "apiKey", "in": "cookie", "name": cookie},
    }
    made["paths"] = {path: made["paths"][path] for path in sorted(made["paths"])}
    return made


def _named(made: dict[str, Any]) -> dict[str, Any]:
    """FastAPI writes `Page_EventRead_`, whatever a generic model calls itself."""
    written = json.dumps(made)
    for name, schema in made["components"]["schemas"].items():
        if name.endswith("_"):
            written = written.replace(f'schemas/{name}"', f'schemas/{schema["title"]}"')
            written = written.replace(f'"{name}": {{', f'"{schema["title"]}": {{')
    return json.loads(written)


def _bound(schema: dict[str, Any], name: str) -> None:
    """What `check_address` says of all that stands in an address."""
    for one in (schema, *schema.get("anyOf", ())):
        if one.get("type") == "array":
            one.setdefault("maxItems", asked.MOST_OF_ONE)
            _bound(one["items"], name)
        elif one.get("type") == "string" and "format" not in one and "enum" not in one:
            one.setdefault("maxLength", asked.longest(name))


def _errors(dependant: Dependant, method: str, operation: dict[str, Any]) -> Iterator[type[ServiceError]]:
    """What it says itself, what its dependencies say, and what follows for every route from how requests are read
    and rows are written (the handlers beside the error classes)."""
    said: list[type[ServiceError]] = []
    taken: dict[str, Any] | None = None
    for call in calls(dependant):
        if call is get_session:
            said.append(Unavailable)
        said += getattr(call, RAISES, ())
        if method not in READING:
            said += getattr(call, RAISES_CHANGING, ())
        taken = taken or getattr(call, TAKES, None)
    if taken is not None:
        operation["requestBody"] = taken
    asks = bool(operation.get("parameters") or operation.get("requestBody"))
    if asks and "422" in operation["responses"]:
        said.append(BadRequest)
    if "requestBody" in operation and taken is None:
        said += [BodyTooLarge, BodyTooSlow, TooManyAtOnce, Invalid]
    if Unavailable in said:
        if asks:
            said.append(Invalid)
        if method not in READING:
            said.append(Conflict)
    yield from dict.fromkeys(said)


def calls(dependant: Dependant) -> Iterator[Any]:
    """The endpoint, and whatever it depends on."""
    yield dependant.call
    for inner in dependant.dependencies:
        yield from calls(inner)


def _complete(operation: dict[str, Any], errors: list[type[ServiceError]]) -> dict[str, Any]:
    """Names the errors in the operation; the answers themselves, which many share, are given back by name."""
    made: dict[str, Any] = {}
    answers = operation["responses"]
    answers.pop("422", None)
    for status in sorted({error.status for error in errors}):
        several = [error for error in errors if error.status == status]
        name = ".".join(sorted({error.type for error in several}))
        made[name] = _answer(several)
        answers[str(status)] = {"$ref": f"#/components/responses/{name}"}
    if NotSignedIn in errors:
        operation["security"] = [{"token": []}, {"browser": []}]
    return made


def _answer(errors: Iterable[type[ServiceError]]) -> dict[str, Any]:
    by_type = {error.type: error for error in sorted(errors, key=lambda error: error.type)}
    types = [TYPE_BASE + name for name in by_type]
    return {
        "description": " · ".join(dict.fromkeys(error.sentence for error in by_type.values())),
        "content": {
            PROBLEM: {
                "schema": {
                    "allOf": [
                        {"$ref": "#/components/schemas/Problem"},
                        {"type": "object", "properties": {"type": {"enum": types}}},
                    ]
                },
                "examples": {name: {"$ref": f"#/components/examples/{name}"} for name in by_type},
            }
        },
    }


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "title": "Problem",
        "description": "RFC 9457 problem details. Further members hold what the sentence speaks of.",
        "properties": {
            "type": {"type": "string", "description": "Stable: programs decide by it"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "A sentence for a person, in the caller's language"},
        },
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": True,
    }


def _example(error: type[ServiceError]) -> dict[str, Any]:
    return {
        "summary": error.sentence,
        "value": {
            "type": TYPE_BASE + error.type,
            "title": error.type.replace("-", " "),
            "status": error.status,
            "detail": error.sentence,
        },
    }
