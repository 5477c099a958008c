"""Rules of the bureau: which tables are answered at once, and how long the reports of the others are kept."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import DAYS, Rule, whole

AT_ONCE = Rule[int](
    "import_at_once",
    2000,
    _("A table of at most so many rows is imported while its sender waits; a larger one in the background"),
    whole(),
)
REPORTS_KEPT = Rule[int](
    "import_reports_kept_days",
    90,
    _("The report of an import in the background can be read for so long; custody keeps what it counted"),
    whole(1),
    DAYS,
)
RULES = (AT_ONCE, REPORTS_KEPT)
