from service.kernel.errors import ServiceError
from service.kernel.i18n import noop as _n


class OffsetUnsaid(ServiceError):
    status, type = 400, "offset-unsaid"
    sentence = _n("Say either how far the clock is off, or what it showed at that moment.")


class OffsetUnbelievable(ServiceError):
    status, type = 400, "offset-unbelievable"
    sentence = _n("No clock is off by that much: {problem}")


class MeasuredInFuture(ServiceError):
    status, type = 400, "measured-in-future"
    sentence = _n("A clock cannot have been measured in the future.")
