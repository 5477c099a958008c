"""What is done about why something was not recorded and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

ASK_EXPLANATION = act("ask_explanation", _("asked for an exemption, or explained a gap"), "event")
DECIDE_EXPLANATION = act("decide_explanation", _("decided on an explanation"), "event")
REOPEN_EXPLANATION = act("reopen_explanation", _("took a decision on an explanation back"), "event")
WITHDRAW_EXPLANATION = act("withdraw_explanation", _("withdrew an explanation"), "event")
