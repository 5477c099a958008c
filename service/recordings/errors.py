from service.errors import NotFound, ServiceError
from service.i18n import noop as _n


class NotThereYet(NotFound):
    type = "not-there-yet"
    sentence = _n("This part of the recording has not been made, or cannot be made of it.")


class Quarantined(ServiceError):
    status, type = 403, "quarantined"
    sentence = _n("These bytes are kept in quarantine and are not given out: they are not a recording.")


class RangeNotSatisfiable(ServiceError):
    status, type = 416, "range-not-satisfiable"
    sentence = _n("The range asked for lies outside of these {size} bytes.")
