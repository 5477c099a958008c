from service.errors import Conflict, ServiceError
from service.i18n import noop as _n


class ExternalIdTaken(Conflict):
    type = "external-id-taken"
    sentence = _n("There is already an event with the external id {external_id}.")


class DepartureBeforeArrival(ServiceError):
    status, type = 400, "departure-before-arrival"
    sentence = _n("The departure must not lie before the arrival.")


class PlaceUnreadable(ServiceError):
    status, type = 400, "place-unreadable"
    sentence = _n("Latitude goes from -90 to 90 and longitude from -180 to 180, and one needs the other.")
