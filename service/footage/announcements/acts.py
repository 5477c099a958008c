"""What is done to what stations announce and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

ANNOUNCE = act("announce", _("was announced by a station"), "recording")
ANNOUNCE_AGAIN = act("announce_again", _("was listed by a station again, with other facts"), "recording")
GONE_FROM_DEVICE = act("gone_from_device", _("is no longer on the device"), "recording")
WITHDRAW_ANNOUNCEMENT = act("withdraw_announcement", _("withdrew the announcement"), "recording")
RESTORE_ANNOUNCEMENT = act("restore_announcement", _("restored the announcement"), "recording")
MERGE_ANNOUNCEMENT = act("merge_announcement", _("recognised as what a station had announced"), "recording")
