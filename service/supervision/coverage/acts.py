"""What is done with the figures and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

EXPORT = act("export", _("exported figures and rows"), "coverage", "snapshot")
ASK_RECOUNT = act("ask_recount", _("asked to count the coverage of all events again"), "job")
