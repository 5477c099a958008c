from service.kernel.errors import Conflict
from service.kernel.i18n import noop as _n


class NoDouble(Conflict):
    type = "no-double"
    sentence = _n("These two are not one number written twice, or they have been merged already.")
