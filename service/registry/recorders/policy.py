"""Rules of the bureau: recorders and their docks."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import DAYS, PERCENT, Rule, number, whole

OFFICERS_PER_RECORDER = Rule[float](
    "officers_per_recorder",
    2,
    _("Officers for whom one recorder is enough"),
    lambda value: number()(value) and value > 0,
)
DOCK_AFTER = Rule[int](
    "dock_after_days",
    3,
    _("A recorder is to be seen by a dock within so many days"),
    whole(),
    DAYS,
)
LOW_BATTERY = Rule[int](
    "low_battery_percent",
    20,
    _("A recorder is listed that had less charge than this when a dock last saw it"),
    whole(most=100),
    PERCENT,
)
RULES = (OFFICERS_PER_RECORDER, DOCK_AFTER, LOW_BATTERY)
