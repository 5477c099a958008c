"""Errors said once: an HTTP status, a stable type and a sentence. Handler, OpenAPI and pages read them here."""

import logging
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException as StarletteHTTPException

from service.kernel.custody import record
from service.kernel.database import transaction
from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n
from service.web.frame import rendering

log = logging.getLogger(__name__)

TYPE_BASE = "urn:zhenglu:error:"


class ServiceError(Exception):
    """`sentence` is a msgid; `params` fill its {placeholders} and stand in the problem details too."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"
    sentence: ClassVar[str] = _n("Something went wrong on our side; nothing that was received is lost.")
    denial: ClassVar[bool] = False  # custody keeps who was refused what

    def __init__(self, headers: dict[str, str] | None = None, **params: Any) -> None:
        super().__init__(self.type)
        self.params = params
        self.headers = headers or {}

    def say(self) -> str:
        return _(self.sentence).format(**self.params)

    def problem(self) -> dict[str, Any]:
        """RFC 9457 problem details."""
        return {
            **{k: v if isinstance(v, (int, float, bool, list)) else str(v) for k, v in self.params.items()},
            "type": TYPE_BASE + self.type,
            "title": self.type.replace("-", " "),
            "status": self.status,
            "detail": self.say(),
        }

    def __str__(self) -> str:
        return self.sentence.format(**self.params)


class NotFound(ServiceError):
    status, type = 404, "not-found"
    sentence = _n("There is nothing here, or it is not yours to see.")


class OutOfScope(NotFound):
    """It exists, but not for this caller, who is told no more than that nothing is there."""

    denial = True

    def __init__(self, subject_kind: str, subject_id: UUID, squad_id: UUID | None) -> None:
        super().__init__()
        self.subject_kind, self.subject_id, self.squad_id = subject_kind, subject_id, squad_id


class NotAllowed(ServiceError):
    status, type = 403, "not-allowed"
    denial = True
    sentence = _n("Your role may not do this.")


class NotSignedIn(ServiceError):
    status, type = 401, "not-signed-in"
    sentence = _n("Sign in first, or send a valid token.")


class Invalid(ServiceError):
    status, type = 400, "invalid"
    sentence = _n("The field “{field}” cannot be read: {problem}")


class Conflict(ServiceError):
    status, type = 409, "conflict"
    sentence = _n("This changed in the meantime: reload and look again.")


class Unavailable(ServiceError):
    status, type = 503, "unavailable"
    sentence = _n("A part of the service does not answer just now; try again in a minute. Nothing is lost.")


def wants_page(request: Request) -> bool:
    path = request.url.path
    if path.startswith(("/api/", "/healthz", "/readyz", "/metrics")):
        return False
    return "text/html" in request.headers.get("accept", "") or "HX-Request" in request.headers


def respond(request: Request, error: ServiceError) -> Response:
    if wants_page(request):
        if isinstance(error, NotSignedIn):
            return rendering.redirect(
                request, "/sign-in?" + urlencode({"next": _way_back(request), "expired": 1})
            )
        response = rendering.render_error(request, error.status, error.say())
        response.headers.update(error.headers)
        return response
    return JSONResponse(
        error.problem(),
        status_code=error.status,
        headers=error.headers,
        media_type="application/problem+json",
    )


def _way_back(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}".rstrip("?") if request.method == "GET" else "/"


class BadRequest(ServiceError):
    status, type = 422, "bad-request"
    sentence = _n("The field “{field}” is missing or wrong: {problem}")


class BodyTooLarge(ServiceError):
    status, type = 413, "body-too-large"
    sentence = _n("This is more than a form or a message may hold.")


class MethodNotAllowed(ServiceError):
    status, type = 405, "method-not-allowed"
    sentence = _n("This address does not know that method.")


def _note_denial(request: Request, error: ServiceError) -> None:
    """In a transaction of its own, for that of the request was rolled back."""
    actor = getattr(request.state, "actor", None)
    if actor is None:
        return
    subject_kind, subject_id, squad_id = "request", None, actor.squad_id
    if isinstance(error, OutOfScope):
        subject_kind, subject_id, squad_id = error.subject_kind, error.subject_id, error.squad_id
    asked = f"{request.method} {request.url.path}"[:200]
    try:
        with transaction() as session:
            record(
                session, actor, "deny", subject_kind, subject_id,
                squad_id=squad_id, asked=asked, because=error.type,
            )  # fmt: skip
    except DBAPIError as failed:  # the answer stays a refusal
        log.warning("a denial could not be recorded: %s", failed)


def install(app: FastAPI) -> None:
    @app.exception_handler(ServiceError)
    def _service_error(request: Request, error: ServiceError) -> Response:
        if error.denial:
            _note_denial(request, error)
        return respond(request, error)

    @app.exception_handler(RequestValidationError)
    def _validation(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return respond(request, BadRequest(field=field, problem=first["msg"]))

    @app.exception_handler(StarletteHTTPException)
    def _http(request: Request, error: StarletteHTTPException) -> Response:
        known: dict[int, type[ServiceError]] = {
            403: NotAllowed,
            404: NotFound,
            405: MethodNotAllowed,
            413: BodyTooLarge,
        }
        headers = dict(error.headers or {})
        if error.status_code in known:
            said = known[error.status_code](headers=headers)
        elif error.status_code < 500:
            said = BadRequest(headers=headers, field="body", problem=str(error.detail))
        else:
            said = ServiceError(headers=headers)
        said.status = error.status_code  # type: ignore[misc]
        return respond(request, said)

    @app.exception_handler(OperationalError)
    def _database_away(request: Request, error: OperationalError) -> Response:
        return respond(request, Unavailable(headers={"Retry-After": "5"}))

    @app.exception_handler(PoolTimeout)
    def _database_busy(request: Request, error: PoolTimeout) -> Response:
        return respond(request, Unavailable(headers={"Retry-After": "5"}))

    @app.exception_handler(IntegrityError)
    def _contradiction(request: Request, error: IntegrityError) -> Response:
        """Two did the same at one moment, or a value was emptied that must not be: the looks before missed it."""
        log.warning("refused by the database: %s", str(error.orig).splitlines()[0])
        return respond(request, Conflict())

    @app.exception_handler(UnicodeEncodeError)
    @app.exception_handler(OverflowError)
    def _not_expressible(request: Request, error: ValueError | OverflowError) -> Response:
        """Half a character, or a time at the edge of the calendar, that came in as valid JSON."""
        return respond(request, Invalid(field="request", problem=_("a value that cannot be kept")))

    @app.exception_handler(DataError)
    def _not_storable(request: Request, error: DataError) -> Response:
        return respond(request, Invalid(field="request", problem=str(error.orig).splitlines()[0]))
