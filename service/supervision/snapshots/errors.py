from service.kernel.errors import NotFound, ServiceError
from service.kernel.i18n import noop as _n


class MonthNotOver(ServiceError):
    status, type = 409, "month-not-over"
    sentence = _n("{month} is not over yet: a month is frozen once it has ended.")


class FrozenAlready(ServiceError):
    status, type = 409, "frozen-already"
    sentence = _n("{month} is frozen already; a month is frozen once.")


class NothingToFreeze(ServiceError):
    status, type = 409, "nothing-to-freeze"
    sentence = _n("There are no events in {month}.")


class RecountUnderWay(ServiceError):
    status, type = 409, "recount-under-way"
    sentence = _n(
        "The coverage is being counted again after a change of rules: freeze the month when that is done."
    )


class StillOpen(ServiceError):
    status, type = 409, "still-open"
    sentence = _n(
        "Not settled yet in {month}: {not_due} events before their deadline, {disputes} open disputes, "
        "{explanations} explanations to be decided. Confirm to freeze it all the same."
    )


class NotFrozen(NotFound):
    type = "not-frozen"
    sentence = _n("{month} is not frozen.")


class NotReproducible(ServiceError):
    status, type = 500, "not-reproducible"
    sentence = _n(
        "The rows of {month} do not add up to its figures: nothing was frozen. Count the coverage again."
    )
