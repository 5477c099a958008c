from service.kernel.errors import Conflict, NotFound, ServiceError
from service.kernel.i18n import noop as _n


class NotThereYet(NotFound):
    type = "not-there-yet"
    sentence = _n("This part of the recording has not been made, or cannot be made of it.")


class NotReceived(NotFound):
    type = "not-received"
    sentence = _n("A station announced this recording; its bytes have not been received.")


class NothingToRemove(Conflict):
    type = "nothing-to-remove"
    sentence = _n("Its bytes have not been received: a supervisor can withdraw the announcement instead.")


class Quarantined(ServiceError):
    status, type = 403, "quarantined"
    sentence = _n("These bytes are kept in quarantine and are not given out: they are not a recording.")


class RangeNotSatisfiable(ServiceError):
    status, type = 416, "range-not-satisfiable"
    sentence = _n("The range asked for lies outside of these {size} bytes.")
