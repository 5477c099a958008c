from service.kernel.errors import Conflict, NotAllowed
from service.kernel.i18n import noop as _n


class NotConcerned(NotAllowed):
    type = "not-concerned"
    sentence = _n("Only an officer whom this row concerns may dispute it.")


class AnsweredAlready(Conflict):
    type = "answered-already"
    sentence = _n("This dispute was answered or withdrawn in the meantime: reload and look again.")
