"""Rules of the bureau: figures of coverage."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import HOURS, Rule, number, whole

SMALL_DENOMINATOR = Rule[int]("small_denominator", 10, _("Fewer rows than this are marked as few"), whole())
UNLINKED_GRACE = Rule[float](
    "unlinked_grace_hours",
    24,
    _("A recording counts as not linked after so many hours"),
    number(),
    HOURS,
)
RULES = (SMALL_DENOMINATOR, UNLINKED_GRACE)
