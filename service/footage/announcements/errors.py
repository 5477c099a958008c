from service.kernel.errors import Conflict
from service.kernel.i18n import noop as _n


class NotAnnounced(Conflict):
    type = "not-announced"
    sentence = _n("Only a recording that is announced and not yet received can be withdrawn.")


class NotWithdrawn(Conflict):
    type = "not-withdrawn"
    sentence = _n("The announcement of this recording was not withdrawn.")
