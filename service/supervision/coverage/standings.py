"""What the events of a group stand at: complete, partly, missing, exempt, not due, not counted."""

from service.kernel.i18n import gettext as _
from service.supervision.coverage.asking import Shown
from service.supervision.coverage.figures import Dimension
from service.supervision.coverage.rows import Part
from service.supervision.coverage.status import NOT_DUE, Status
from service.supervision.coverage.words import STATUSES
from service.web.coverage.tiles import rows_link

STANDINGS = (Status.complete, Status.partly, Status.missing, Status.exempt, NOT_DUE, Status.not_counted)


def standing_label(name: str) -> str:
    if name == NOT_DUE:
        return _("Not due yet")
    return str(STATUSES[name].label)


def standing_link(asked: Shown, name: str, group: dict[Dimension, str] | None = None) -> str:
    match name:
        case Status.complete | Status.partly:
            return rows_link(asked, "recorded", Part.numerator, group, name)
        case Status.missing:
            return rows_link(asked, "recorded", Part.rest, group)
        case Status.exempt:
            return rows_link(asked, "exempt", Part.numerator, group)
        case _:
            return rows_link(asked, "recorded", Part.excluded, group, name)
