"""Jobs, their queues and what waits for attention, in words."""

from service.kernel.i18n import lazy as _
from service.kernel.words import Word

JOBS = {
    "intake": Word(_("Take in: fetch, hash, probe"), icon="fingerprint"),
    "playable": Word(_("Make playable"), icon="play"),
    "tags": Word(_("Read tags from metadata"), icon="tag"),
    "link": Word(_("Link to events"), icon="link"),
    "renditions": Word(_("Make browser video, stills and waveform"), icon="film"),
    "clock": Word(_("Read the time in the picture"), icon="clock"),
    "recount": Word(_("Count the coverage again"), icon="refresh-cw"),
}

JOB_STATES = {
    "waiting": Word(_("Waiting"), icon="clock", tone="plain"),
    "running": Word(_("Running"), icon="loader", tone="info"),
    "done": Word(_("Done"), icon="circle-check", tone="good"),
    "failed": Word(_("Failed"), icon="circle-x", tone="bad"),
}

QUEUES = {
    "light": Word(_("Light work: hash, probe, tags, links"), icon="list-checks"),
    "encode": Word(_("Encoding"), icon="film"),
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
