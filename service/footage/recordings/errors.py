from service.kernel.errors import Conflict, NotAllowed, NotFound, ServiceError
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


class NotInQuarantine(Conflict):
    type = "not-in-quarantine"
    sentence = _n("This recording is not in quarantine: there is nothing to decide.")


class RangeNotSatisfiable(ServiceError):
    status, type = 416, "range-not-satisfiable"
    sentence = _n("The range asked for lies outside of these {size} bytes.")


class OwnTime(NotAllowed):
    type = "own-time"
    sentence = _n("Who filmed a recording, or uploaded it, does not correct its time: another person must.")


class TimeUnbelievable(ServiceError):
    status, type = 400, "time-unbelievable"
    sentence = _n("A recording cannot have begun then: {problem}")


class NotCorrected(Conflict):
    type = "not-corrected"
    sentence = _n("Nobody corrected its time.")
