"""What stands in a frozen month, in words: the values of its rules, and dates as a notice writes them."""

from datetime import date
from typing import Any

from babel.dates import format_date

from service.kernel.i18n import current
from service.kernel.i18n import lazy as _
from service.kernel.policy import Rule
from service.registry.clocks.policy import DRIFT_PER_DAY, OUT_OF_STEP
from service.registry.recorders.policy import DOCK_AFTER, OFFICERS_PER_RECORDER
from service.supervision.coverage.policy import SMALL_DENOMINATOR, UNLINKED_GRACE

# What the figures depend on besides the rows and the matters list.
DEPENDED_ON: tuple[Rule[Any], ...] = (
    SMALL_DENOMINATOR,
    UNLINKED_GRACE,
    OFFICERS_PER_RECORDER,
    DOCK_AFTER,
    OUT_OF_STEP,
    DRIFT_PER_DAY,
)
POLICIES = {rule.name: rule.words for rule in DEPENDED_ON}
DIFFERENCES = POLICIES | {
    "rule_version": _("The counting rule changed"),
    "matters": _("The matters list changed"),
}


def month_name(month: date) -> str:
    return format_date(month, "y年M月" if current() == "zh_CN" else "MMMM y", locale=current())


def day_name(day: date) -> str:
    return format_date(day, "y年M月d日" if current() == "zh_CN" else "d MMMM y", locale=current())
