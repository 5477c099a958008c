from service.kernel.errors import Conflict, ServiceError
from service.kernel.i18n import noop as _n


class ExternalIdTaken(Conflict):
    type = "external-id-taken"
    sentence = _n("The external id {external_id} cannot be used for another event.")


class DepartureBeforeArrival(ServiceError):
    status, type = 400, "departure-before-arrival"
    sentence = _n("The departure must not lie before the arrival.")


class EventTooLong(ServiceError):
    status, type = 400, "event-too-long"
    sentence = _n("An event of more than {hours} hours looks like a slip of the pen.")


class PlaceUnreadable(ServiceError):
    status, type = 400, "place-unreadable"
    sentence = _n("Latitude goes from -90 to 90 and longitude from -180 to 180, and one needs the other.")


class EventMerged(Conflict):
    type = "event-merged"
    sentence = _n("This event was merged into another one: change that one, or take the merge back.")


class NotCancelled(Conflict):
    type = "event-not-cancelled"
    sentence = _n("This event is not cancelled.")


# what no event can be
UNBELIEVABLE = (DepartureBeforeArrival, EventTooLong, PlaceUnreadable)
