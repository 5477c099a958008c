from service.kernel.errors import Conflict, NotAllowed
from service.kernel.i18n import noop as _n


class SecondPerson(NotAllowed):
    type = "second-person"
    sentence = _n("Whoever asked, or is concerned by it, does not decide: another person must.")


class DecidedAlready(Conflict):
    type = "decided-already"
    sentence = _n("This was decided or withdrawn in the meantime: reload and look again.")
