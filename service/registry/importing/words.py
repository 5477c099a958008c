"""What becomes of a row, in words."""

from service.kernel.i18n import lazy as _
from service.kernel.i18n import noop as _n
from service.kernel.words import Word

OUTCOMES = {
    "created": Word(_("New"), icon="circle-plus", tone="good"),
    "changed": Word(_("Changed"), icon="pen-line", tone="info"),
    "unchanged": Word(_("Unchanged"), icon="equal", tone="plain"),
    "refused": Word(_("Not taken"), icon="circle-x", tone="bad"),
}

# What a column holds that names something, whichever table it stands in.
EXTERNAL_ID = _n("its number in the other system, by which the row is known the next time")
SQUAD = _n("code or name of a squad")
OFFICER = _n("certificate number of an officer")
RECORDER = _n("serial number of a recorder")
SUBJECT = _n("what it is about, by code or word; empty: any other subject of that kind")
