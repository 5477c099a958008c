"""Disputes in words."""

from schemas.coverage import DisputeAbout
from service.kernel.i18n import lazy as _
from service.kernel.two_persons.approval import WORDS
from service.kernel.words import Word

DISPUTE_STATES = {
    "open": Word(_("Waiting"), icon="hourglass", tone="info", meaning=_("A supervisor answers, with a sentence.")),
    "upheld": Word(_("Upheld"), icon="circle-check", tone="good", meaning=_("The officer is right. The figure follows when the facts are put right; a frozen month stays.")),
    "dismissed": Word(_("Dismissed"), icon="circle-x", tone="bad"),
    "withdrawn": WORDS["withdrawn"],
}  # fmt: skip
# What kind of row is disputed.
DISPUTED = {
    DisputeAbout.event: _("Event"),
    DisputeAbout.recording: _("Recording"),
    DisputeAbout.recorder: _("Recorder"),
    DisputeAbout.duty_day: _("Day on duty"),
}
