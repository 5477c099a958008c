"""What is done to rows that stand twice and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

MERGE_DOUBLE = act(
    "merge_double",
    _("merged into it what had been entered again under the same number"),
    "squad",
    "officer",
    "recorder_model",
    "recorder",
    "case",
    "campaign",
    "roster",
    "assignment",
    "clock",
)
