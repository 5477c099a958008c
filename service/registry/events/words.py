"""What an event is, and what became of it, in words."""

from datetime import datetime

from service.kernel.clock import now
from service.kernel.i18n import gettext
from service.kernel.i18n import lazy as _
from service.kernel.words import Word
from service.registry.events.rules import days_ahead

EVENTS = {
    "cancelled": Word(
        _("Cancelled"), icon="ban", tone="warn", meaning=_("It counts in no figure; its history stays.")
    ),
    "merged": Word(
        _("Merged"), icon="merge", tone="warn", meaning=_("Another event stands for the same act.")
    ),
}


def far_ahead(arrived: datetime) -> str | None:
    """A note on a time that is hardly meant."""
    days = days_ahead(arrived, now())
    if days is None:
        return None
    return gettext("this lies {days} days ahead: is the year right?").format(days=days)
