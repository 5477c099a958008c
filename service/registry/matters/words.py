"""What the matters list asks for, in words."""

from service.kernel.i18n import lazy as _
from service.kernel.words import Word

DUTIES = {
    "must": Word(_("Must be recorded"), icon="video", tone="info"),
    "text_suffices": Word(
        _("A written record is enough"), icon="file-check", meaning=_("It counts in no coverage figure.")
    ),
}

MOMENTS = {
    "arrival": Word(_("Arrival"), icon="map-pin"),
    "departure": Word(_("Departure"), icon="log-out"),
}

# What the law asks to be seen, in the order in which it usually happens.
STEPS = {
    "show_identification": Word(_("Show identification"), icon="id-card"),
    "state_purpose": Word(_("State the reason"), icon="megaphone"),
    "state_rights": Word(_("State the rights"), icon="scale"),
    "scene": Word(_("State of the scene"), icon="eye"),
    "questioning": Word(_("Questioning"), icon="message-circle"),
    "statement_and_defence": Word(_("Statement and defence"), icon="speech"),
    "sampling": Word(_("Sampling"), icon="flask-conical"),
    "listing": Word(_("Listing of the items"), icon="list-checks"),
    "measure": Word(_("Carrying out the measure"), icon="hammer"),
    "signature": Word(_("Signature"), icon="pen-line"),
    "witness": Word(_("Witness"), icon="users"),
    "service": Word(_("Service of the document"), icon="mail-check"),
}
