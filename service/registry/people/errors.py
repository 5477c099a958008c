from service.kernel.errors import ServiceError
from service.kernel.i18n import noop as _n


class AlreadyOnDuty(ServiceError):
    status, type = 409, "already-on-duty"
    sentence = _n(
        "{officer} is on duty then already: {since} – {until}. Change that duty, or leave this one out."
    )


class OnDutyElsewhere(ServiceError):
    """When, is the other squad's to know."""

    status, type = 409, "on-duty-elsewhere"
    sentence = _n("{officer} is on duty for another squad then already.")


class DutyTooLong(ServiceError):
    status, type = 400, "duty-too-long"
    sentence = _n("A duty of more than {hours} hours looks like a slip of the pen.")


class LeftBefore(ServiceError):
    status, type = 400, "left-before"
    sentence = _n("{officer} left on {day}: nothing can begin then or later.")


class NumberTaken(ServiceError):
    """Whose it is, and whether it is written just so, is for those to know who see it."""

    status, type = 409, "number-taken"
    sentence = _n("{number} cannot be used for another one.")


class SpanReversed(ServiceError):
    status, type = 400, "span-reversed"
    sentence = _n("The end must lie after the start.")
