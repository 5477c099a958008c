"""Rules of the bureau: bytes that a station announced."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import HOURS, Rule, number

DUE_AFTER = Rule[float](
    "announced_due_hours",
    24,
    _("Announced bytes turn late so long after their list, where no event says when they are due"),
    number(),
    HOURS,
)
RULES = (DUE_AFTER,)
