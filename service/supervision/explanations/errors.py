from service.kernel.errors import Conflict, Invalid
from service.kernel.i18n import noop as _n


class NothingToExplain(Conflict):
    type = "nothing-to-explain"
    sentence = _n("This event is not counted, so there is nothing to explain.")


class NoGapThere(Invalid):
    type = "no-gap-there"
    sentence = _n("No gap lies in that stretch of time: choose one of the gaps shown.")
