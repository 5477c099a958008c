from service.kernel.errors import ServiceError
from service.kernel.i18n import noop as _n


class SpanReversed(ServiceError):
    status, type = 400, "span-reversed"
    sentence = _n("The end must lie after the start.")
