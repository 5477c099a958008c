from service.kernel.errors import Conflict, Invalid, NotAllowed
from service.kernel.i18n import noop as _n


class SecondPerson(NotAllowed):
    type = "second-person"
    sentence = _n("Whoever asks does not decide: another person must.")


class DecidedAlready(Conflict):
    type = "decided-already"
    sentence = _n("This was decided or withdrawn in the meantime: reload and look again.")


class NothingToExplain(Conflict):
    type = "nothing-to-explain"
    sentence = _n("This event is not counted, so there is nothing to explain.")


class NoGapThere(Invalid):
    type = "no-gap-there"
    sentence = _n("No gap lies in that stretch of time: choose one of the gaps shown.")
