"""What is done with frozen months and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

FREEZE_MONTH = act("freeze_month", _("froze the month"), "snapshot")
