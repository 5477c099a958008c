"""What an event is, and what became of it, in words."""

from service.kernel.i18n import lazy as _
from service.kernel.words import Word

EVENTS = {
    "cancelled": Word(
        _("Cancelled"), icon="ban", tone="warn", meaning=_("It counts in no figure; its history stays.")
    ),
    "merged": Word(
        _("Merged"), icon="merge", tone="warn", meaning=_("Another event stands for the same act.")
    ),
}
