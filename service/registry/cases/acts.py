"""What is done to cases and campaigns and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

CREATE_CASE = act("create_case", _("entered the case"), "case")
CREATE_CAMPAIGN = act("create_campaign", _("entered the campaign"), "campaign")
EDIT = act("edit", _("changed its details"), "case", "campaign")
