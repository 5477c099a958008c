"""Rules of the bureau: rosters."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import HOURS, Rule, number

LONGEST_DUTY = Rule[float](
    "longest_duty_hours", 48, _("A longer duty is taken for a slip of the pen"), number(), HOURS
)
RULES = (LONGEST_DUTY,)
