"""What stands in a frozen month, in words: the values of its rules, and dates as a notice writes them."""

from datetime import date

from babel.dates import format_date

from service.kernel.i18n import current
from service.kernel.i18n import lazy as _

POLICIES = {
    "small_denominator": _("Fewer rows than this are marked as few"),
    "unlinked_grace_hours": _("A recording counts as not linked after so many hours"),
    "officers_per_recorder": _("Officers for whom one recorder is enough"),
    "dock_after_days": _("A recorder is to be seen by a dock within so many days"),
    "clock_out_of_step_s": _("A clock is out of step from so many seconds on"),
    "clock_drift_s_per_day": _("A clock may drift by so many seconds a day"),
}
DIFFERENCES = POLICIES | {
    "rule_version": _("The counting rule changed"),
    "matters": _("The matters list changed"),
}


def month_name(month: date) -> str:
    return format_date(month, "y年M月" if current() == "zh_CN" else "MMMM y", locale=current())


def day_name(day: date) -> str:
    return format_date(day, "y年M月d日" if current() == "zh_CN" else "d MMMM y", locale=current())
