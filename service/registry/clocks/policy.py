"""Rules of the bureau: recorders' clocks."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import SECONDS, Rule, number

OUT_OF_STEP = Rule[float](
    "clock_out_of_step_s", 30, _("A clock is out of step from so many seconds on"), number(), SECONDS
)
DRIFT_PER_DAY = Rule[float](
    "clock_drift_s_per_day", 3, _("A clock may drift by so many seconds a day"), number(), SECONDS
)
DOCK_DOUBT = Rule[float](
    "clock_dock_doubt_s",
    2,
    _("How far from true time a clock may have been read at the dock"),
    number(),
    SECONDS,
)
SIDECAR_DOUBT = Rule[float](
    "clock_sidecar_doubt_s",
    5,
    _("How far from true time a clock may have been that a station's record names"),
    number(),
    SECONDS,
)
RULES = (OUT_OF_STEP, DRIFT_PER_DAY, DOCK_DOUBT, SIDECAR_DOUBT)
