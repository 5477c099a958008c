"""What can be imported and what becomes of a row, in words."""

from service.kernel.i18n import lazy as _
from service.kernel.words import Word

# Tables that can be imported, in the order in which a new installation needs them.
IMPORT_KINDS = {
    "squads": Word(
        _("Squads"), icon="users", meaning=_("Code and name; the other tables name squads by either.")
    ),
    "officers": Word(
        _("Officers"),
        icon="user",
        meaning=_("Known by the certificate number. After the leaving date no new duty can begin."),
    ),
    "recorders": Word(
        _("Recorders"), icon="camera", meaning=_("Known by the serial number: state, last dock, charge.")
    ),
    "assignments": Word(
        _("Assignments"),
        icon="user-check",
        meaning=_(
            "Who held which recorder from when to when. Several may hold one at a time; a row that says"
            " “hand-over” ends what the others hold."
        ),
    ),
    "clocks": Word(
        _("Clock measurements"), icon="clock", meaning=_("How far a recorder's clock was off, and when.")
    ),
    "rosters": Word(
        _("Duty rosters"),
        icon="calendar-clock",
        meaning=_("A day with clock times, or two whole times; 20:00–08:00 ends on the next day."),
    ),
    "cases": Word(_("Cases"), icon="folder", meaning=_("Known by the case number, however it is written.")),
    "campaigns": Word(_("Campaigns"), icon="flag", meaning=_("Known by the external id.")),
    "events": Word(
        _("Events"),
        icon="calendar-days",
        meaning=_("Known by the external id: kind, arrival, departure, place, who took part."),
    ),
    "matters": Word(
        _("Recording matters"),
        icon="scroll-text",
        meaning=_("A whole list: it is published as a new version, and only if every row is right."),
    ),
}

OUTCOMES = {
    "created": Word(_("New"), icon="circle-plus", tone="good"),
    "changed": Word(_("Changed"), icon="pen-line", tone="info"),
    "unchanged": Word(_("Unchanged"), icon="equal", tone="plain"),
    "refused": Word(_("Not taken"), icon="circle-x", tone="bad"),
}
