from service.kernel.errors import NotAllowed
from service.kernel.i18n import noop as _n
from service.kernel.two_persons.errors import DecidedAlready


class NotConcerned(NotAllowed):
    type = "not-concerned"
    sentence = _n("Only an officer whom this row concerns may dispute it.")


class AnsweredAlready(DecidedAlready):
    type = "answered-already"
