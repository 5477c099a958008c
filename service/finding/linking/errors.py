from service.kernel.errors import Conflict, ServiceError
from service.kernel.i18n import noop as _n


class NothingToUndo(Conflict):
    type = "nothing-to-undo"
    sentence = _n("No person has decided about this link, so there is nothing to undo.")


class NoTime(ServiceError):
    status, type = 409, "no-time"
    sentence = _n("The time of this recording is not known: give the event's arrival.")


class EventCancelled(ServiceError):
    status, type = 409, "event-cancelled"
    sentence = _n("This event was cancelled.")


class PartUnclear(ServiceError):
    status, type = 400, "part-unclear"
    sentence = _n("A part has a beginning and a later end, both within the recording.")
