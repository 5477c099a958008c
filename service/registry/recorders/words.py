"""States of a recorder, and the lists of those that need a look, in words."""

from service.kernel.i18n import lazy as _
from service.kernel.words import Word

RECORDER_STATES = {
    "in_use": Word(_("In use"), icon="circle-check", tone="good"),
    "spare": Word(_("Spare"), icon="package", tone="plain"),
    "repair": Word(_("In repair"), icon="wrench", tone="warn"),
    "retired": Word(_("Out of use"), icon="ban", tone="plain"),
}

RECORDER_LISTS = {
    "not_docked": Word(_("Not docked"), icon="plug", tone="warn"),
    "low_battery": Word(_("Low battery"), icon="battery-low", tone="warn"),
    "unassigned": Word(_("Held by nobody"), icon="user-x", tone="warn"),
    "held_by_leavers": Word(_("Held by someone who left"), icon="log-out", tone="bad"),
}
