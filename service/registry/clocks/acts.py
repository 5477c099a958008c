"""What is done to the measurements of a recorder's clock, and what follows and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

MEASURE_CLOCK = act("measure_clock", _("entered a measurement of the clock"), "recorder")
CHANGE_CLOCK = act("change_clock", _("changed a measurement of the clock"), "recorder")
WITHDRAW_CLOCK = act("withdraw_clock", _("withdrew a measurement of the clock"), "recorder")
CORRECT_CLOCK = act("correct_clock", _("moved to its true time"), "recording")
