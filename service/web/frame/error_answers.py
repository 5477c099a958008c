"""What a raised error is answered with: problem details, or a page for a person. A denial stands in custody."""

import logging
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from psycopg.errors import DiskFull
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException as StarletteHTTPException

from service.access import acts
from service.kernel.custody import record
from service.kernel.database import transaction
from service.kernel.errors import (
    BadRequest,
    BodyTooLarge,
    Conflict,
    DatabaseFull,
    Invalid,
    MethodNotAllowed,
    NotAllowed,
    NotFound,
    NotSignedIn,
    OutOfScope,
    ServiceError,
    Unavailable,
    first_fault,
)
from service.kernel.i18n import gettext as _
from service.kernel.storage.errors import StorageError
from service.web.frame import rendering
from service.web.frame.shell import frame

log = logging.getLogger(__name__)


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
        if not isinstance(error, Unavailable):  # then nobody would tell whose it is
            frame(request)
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
                session, actor, acts.DENY, subject_kind, subject_id,
                squad_id=squad_id, asked=asked, because=error.type,
            )  # fmt: skip
    except DBAPIError as failed:  # the answer stays a refusal
        log.warning("a denial could not be recorded: %s", failed)


def install(app: FastAPI) -> None:
    @app.exception_handler(ServiceError)
    def _service_error(request: Request, error: ServiceError) -> Response:
        if error.denial:
            _note_denial(request, error)
        if isinstance(error, StorageError) and error.status >= 500:
            log.error("%s %s: %s", request.method, request.url.path, error)
        return respond(request, error)

    @app.exception_handler(RequestValidationError)
    def _validation(request: Request, error: RequestValidationError) -> Response:
        where, problem = first_fault(error.errors())
        field = ".".join(where[1:]) or where[0]
        return respond(request, BadRequest(field=field, problem=problem))

    @app.exception_handler(StarletteHTTPException)
    def _http(request: Request, error: StarletteHTTPException) -> Response:
        known: dict[int, type[ServiceError]] = {
            403: NotAllowed,
            404: NotFound,
            405: MethodNotAllowed,
            413: BodyTooLarge,
        }
        headers = dict(error.headers or {})
        said: ServiceError
        if error.status_code == 400:  # a body that is not even text
            said = Invalid(headers=headers, field="body", problem=str(error.detail))
        elif error.status_code in known:
            said = known[error.status_code](headers=headers)
        elif error.status_code < 500:
            said = BadRequest(headers=headers, field="body", problem=str(error.detail))
        else:
            said = ServiceError(headers=headers)
        said.status = error.status_code  # type: ignore[misc]  # the class's own, but for this answer
        return respond(request, said)

    @app.exception_handler(OperationalError)
    def _database_away(request: Request, error: OperationalError) -> Response:
        if getattr(error.orig, "sqlstate", None) == DiskFull.sqlstate:
            log.error("the database has no room: %s", error.orig)
            return respond(request, DatabaseFull(headers={"Retry-After": "30"}))
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
