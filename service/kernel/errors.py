"""Errors said once: an HTTP status, a stable type and a sentence. Handler, OpenAPI and pages read them here."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n

TYPE_BASE = "urn:zhenglu:error:"


def first_fault(faults: Sequence[Any]) -> tuple[tuple[str, ...], str]:
    """Where and what, of what pydantic's errors() found first. A sentence of ours comes with a word of its before it."""
    first: Mapping[str, Any] = faults[0]
    return tuple(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")


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


class DatabaseFull(Unavailable):
    type = "database-full"
    sentence = _n(
        "The database has no room on its disk, so nothing was changed; what was received is kept. "
        "It goes on by itself when there is room."
    )


class BadRequest(ServiceError):
    status, type = 422, "bad-request"
    sentence = _n("The field “{field}” is missing or wrong: {problem}")


class BodyTooLarge(ServiceError):
    status, type = 413, "body-too-large"
    sentence = _n("This is more than a form or a message may hold.")


class BodyTooSlow(ServiceError):
    status, type = 408, "body-too-slow"
    sentence = _n("What was sent took too long to arrive; nothing of it was taken. Try again.")


class WrongContentType(ServiceError):
    status, type = 415, "content-type"
    sentence = _n("The body must be sent as {wanted}.")


class TooManyAtOnce(ServiceError):
    status, type = 429, "too-many-at-once"
    sentence = _n("Too much is being sent at once under this name: wait until some of it has arrived.")


class Crowded(Unavailable):
    type = "crowded"
    sentence = _n("Too many people ask at once: try again in a minute.")


class MethodNotAllowed(ServiceError):
    status, type = 405, "method-not-allowed"
    sentence = _n("This address does not know that method.")
