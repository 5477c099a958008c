from service.errors import ServiceError
from service.i18n import noop as _n


class NumberTaken(ServiceError):
    status, type = 409, "number-taken"
    sentence = _n("{number} exists already.")
