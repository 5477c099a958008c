"""What each figure, status and list means, in words: the board, exports and the frozen month all show these."""

from service.kernel.i18n import gettext, number
from service.kernel.i18n import lazy as _
from service.kernel.words import Word
from service.supervision.coverage.figure_types import Dimension

STATUSES = {
    "not_counted": Word(
        _("Not counted"), icon="circle-slash", meaning=_("Cancelled, merged, or a written record is enough.")
    ),
    "exempt": Word(
        _("Exempt"), icon="shield-check", meaning=_("An exemption was approved by another person.")
    ),
    "pending": Word(
        _("Pending"), icon="hourglass", tone="info", meaning=_("Not complete yet, and the upload deadline is not over.")
    ),
    "complete": Word(
        _("Complete"),
        icon="circle-check",
        tone="good",
        meaning=_("Recorded from the required start to the required end; no gap is left unexplained."),
    ),
    "partly": Word(
        _("Partly recorded"),
        icon="circle-alert",
        tone="warn",
        meaning=_("Recorded, but a gap has no approved reason, or the departure is not known; the deadline is over."),
    ),
    "missing": Word(
        _("Missing"), icon="circle-x", tone="bad", meaning=_("The upload deadline is over, and no received recording that can be played shows any of the required time.")
    ),
}  # fmt: skip

EXCLUSIONS = {
    "cancelled": _("the event was cancelled"),
    "merged": _("the event was merged into another"),
    "not_required": _("the matters list does not ask for a recording"),
    "not_due": _("its upload deadline is not over"),
    "exempt": _("an exemption was approved"),
    "departure_unknown": _("its departure is not known"),
    "archive": _("with recordings brought as an old archive"),
    "refused": _("not a recording, in quarantine"),
    "announced": _("announced, bytes not received"),
    "within_grace": _("arrived a short while ago"),
    "unmeasured": _("the clock was never measured"),
    "not_in_use": _("the recorder is not in use"),
}
EXEMPTIONS = {
    "secret_or_privacy": _("secret or privacy"),
    "urgent": _("urgent"),
    "objective_cause": _("objective cause"),
    "device_fault": _("device fault"),
}
PLACES = {
    "late_start": _("started late"),
    "middle": _("interrupted"),
    "early_stop": _("stopped early"),
}
DIMENSIONS = {
    Dimension.squad: _("Squad"),
    Dimension.officer: _("Officer"),
    Dimension.kind: _("Kind"),
    Dimension.subject: _("Subject"),
    Dimension.campaign: _("Campaign"),
    Dimension.day: _("Day"),
    Dimension.month: _("Month"),
    Dimension.year: _("Year"),
}


LISTS = {
    "missing": _("Missing: no recording shows it after the deadline"),
    "partly": _("Partly recorded"),
    "due": _("Upload deadline ahead"),
    "late": _("Late: something was not here by the deadline"),
    "announced": _("Announced, not received"),
    "unlinked": _("Recordings not linked"),
    "ambiguous": _("Several events possible"),
    "gaps": _("Gaps without an approved reason"),
    "changed_late": _("Events changed after their upload deadline"),
    "not_docked": _("Recorders that no dock has seen"),
    "low_battery": _("Recorders with little charge"),
    "unassigned": _("Recorders that nobody holds"),
    "held_by_leavers": _("Recorders still held by officers who left"),
    "ratio": _("Too few recorders for the officers on duty"),
    "clocks": _("Clocks out of step"),
}

# The lists that drive the day, in the order of a morning; those of a group follow each other.
COVERAGE_LISTS = {
    "due": Word(_("Due"), icon="hourglass", meaning=_("Not complete yet; the upload deadline is still ahead, the nearest first.")),
    "missing": Word(_("Missing"), icon="video-off", tone="bad", meaning=_("The upload deadline is over and no recording that can be played shows any of the required time; the oldest first.")),
    "partly": Word(_("Partly"), icon="circle-alert", tone="warn", meaning=_("Recorded, but a gap has no approved reason, or the departure is not known.")),
    "late": Word(_("Late"), icon="timer-off", tone="warn", meaning=_("Something was not here when the upload deadline passed, or came after it.")),
    "gaps": Word(_("Gaps"), icon="unplug", tone="warn", meaning=_("Gaps longer than the matters list forgives, without an approved reason.")),
    "changed_late": Word(_("Changed late"), icon="pen-line", tone="warn", meaning=_("Changes of events after their upload deadline: who, when, and what; the newest first. The deadline is the one that held until then.")),
    "unlinked": Word(_("Unlinked"), icon="unlink", tone="warn", meaning=_("Recordings that show no known event, the longest waiting first.")),
    "ambiguous": Word(_("Ambiguous"), icon="circle-help", tone="warn", meaning=_("Several events are possible and none is clear enough: one key press decides.")),
    "announced": Word(_("Announced"), icon="clock", tone="warn", meaning=_("A station lists it; its bytes have not been received.")),
    "not_docked": Word(_("Not docked"), icon="plug", tone="warn", meaning=_("Recorders in use that no dock has seen for longer than allowed, and whose bytes have not come either.")),
    "low_battery": Word(_("Low battery"), icon="plug", tone="warn", meaning=_("Recorders in use that had too little charge when they last sat in a dock.")),
    "unassigned": Word(_("Unassigned"), icon="users", tone="warn", meaning=_("Recorders in use that nobody holds now.")),
    "held_by_leavers": Word(_("Held by leavers"), icon="users", tone="warn", meaning=_("Recorders that are still held by an officer who has left.")),
    "ratio": Word(_("Too few recorders"), icon="users", tone="warn", meaning=_("Days on which the officers on duty had fewer recorders than the rule asks for; the latest first.")),
    "clocks": Word(_("Clocks"), icon="alarm-clock", tone="warn", meaning=_("Recorders whose clock was last measured further off than allowed, or drifts faster.")),
}  # fmt: skip

# The heading above the first list of a group.
LIST_HEADINGS = {
    "due": _("Events"),
    "unlinked": _("Recordings"),
    "not_docked": _("Recorders"),
}


def amount(value: float, unit: str) -> str:
    if unit == "seconds":
        hours = value / 3600
        return gettext("{n} h").format(n=number(hours, 0 if hours >= 100 else 1))
    return number(value)
