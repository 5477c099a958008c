"""What the events of a group stand at: complete, partly, missing, exempt, not due, not counted."""

from service.kernel.i18n import gettext as _
from service.supervision.coverage.status import NOT_DUE, Status
from service.supervision.coverage.words import STATUSES

STANDINGS = (Status.complete, Status.partly, Status.missing, Status.exempt, NOT_DUE, Status.not_counted)


def standing_label(name: str) -> str:
    if name == NOT_DUE:
        return _("Not due yet")
    return str(STATUSES[name].label)
