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
    "term_over": Word(
        _("Term over"), icon="clock", tone="bad", meaning=_("Refused, and to be decided on by now.")
    ),
    "removal": Word(
        _("Removal asked"), icon="trash-2", tone="warn", meaning=_("A member asked for a removal.")
    ),
}

WAITS = {
    "looks": Word(_("Without pictures yet"), icon="image", meaning=_("Came in, and was not looked at yet.")),
    "playable": Word(
        _("Not playable yet"), icon="play", meaning=_("Neither now nor on demand: nobody can watch it.")
    ),
    "link": Word(_("Not linked yet"), icon="link", meaning=_("No rule has looked for its event yet.")),
}
"""What a recording that came in can wait for."""

SWEEPS = {
    "publish-jobs": Word(_("Hand out work that nobody holds"), icon="send"),
    "complete-uploads": Word(_("Finish uploads that a crash left full"), icon="upload"),
    "expire-uploads": Word(_("End uploads whose time is over"), icon="clock"),
    "retire-pieces": Word(_("End pieces that were joined"), icon="clock"),
    "clear-uploads": Word(_("Remove the bytes of ended uploads"), icon="trash-2"),
    "abort-orphans": Word(_("Remove bytes in progress that nobody wants"), icon="trash-2"),
    "release-duplicates": Word(_("Remove second copies"), icon="trash-2"),
    "sweep-renditions": Word(_("Remove what broken-off work left"), icon="trash-2"),
    "sweep-segments": Word(_("Remove what was watched while it was made"), icon="trash-2"),
    "look-at-damage": Word(_("Follow up bytes that the store gave out changed"), icon="shield-alert"),
    "ask-for-sums": Word(_("Prove older recordings block by block"), icon="fingerprint"),
    "ask-for-looks": Word(_("Look through older recordings"), icon="eye"),
    "ask-unmeasured": Word(_("Measure older recordings"), icon="footprints"),
    "recount": Word(_("Count the coverage again"), icon="refresh-cw"),
    "watch-clock": Word(_("See whether the server's clock jumped"), icon="clock"),
    "forget-sign-ins": Word(_("Forget old attempts to sign in"), icon="clock"),
    "forget-imports": Word(_("Forget the reports of old imports"), icon="clock"),
    "back-up": Word(_("Start the backup that is due"), icon="database"),
    "search-partitions": Word(_("Prepare the search of the next month"), icon="search"),
}
"""The duties of the schedule (workers.schedule), by their names."""
