"""Explanations in words."""

from service.kernel.i18n import lazy as _
from service.kernel.words import Word

EXPLANATION_STATES = {
    "asked": Word(_("Waiting"), icon="hourglass", tone="info", meaning=_("Another person than the one who asked decides.")),
    "approved": Word(_("Approved"), icon="circle-check", tone="good"),
    "declined": Word(_("Declined"), icon="circle-x", tone="bad"),
    "withdrawn": Word(_("Withdrawn"), icon="undo-2", tone="plain"),
}  # fmt: skip

EXPLANATION_KINDS = {
    "exemption": Word(_("Exemption"), icon="shield-check"),
    "gap_reason": Word(_("Reason of a gap"), icon="unplug"),
}
