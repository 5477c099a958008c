"""The states of jobs and what waits for attention, in words."""

from service.kernel.i18n import lazy as _
from service.kernel.words import Word

JOB_STATES = {
    "waiting": Word(_("Waiting"), icon="clock", tone="plain"),
    "running": Word(_("Running"), icon="loader", tone="info"),
    "done": Word(_("Done"), icon="circle-check", tone="good"),
    "failed": Word(_("Failed"), icon="circle-x", tone="bad"),
}

ATTENTION = {
    "failed": Word(_("Failed"), icon="circle-x", tone="bad", meaning=_("Attempts are spent; each says why.")),
    "waiting": Word(
        _("Waiting"), icon="clock", tone="info", meaning=_("Work that has not begun or not ended.")
    ),
    "unlinked": Word(
        _("Unlinked"), icon="unlink", tone="warn", meaning=_("Recordings that show no known event.")
    ),
    "refused": Word(
        _("Refused"), icon="ban", tone="bad", meaning=_("In quarantine; the device must keep its copy.")
    ),
    "removal": Word(
        _("Removal asked"), icon="trash-2", tone="warn", meaning=_("A member asked for a removal.")
    ),
}
