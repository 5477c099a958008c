"""Explanations in words."""

from service.kernel.i18n import lazy as _
from service.kernel.words import Word

EXPLANATION_KINDS = {
    "exemption": Word(_("Exemption"), icon="shield-check"),
    "gap_reason": Word(_("Reason of a gap"), icon="unplug"),
}
