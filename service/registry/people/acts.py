"""What is done to squads, officers and rosters and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

CREATE_SQUAD = act("create_squad", _("entered the squad"), "squad")
CREATE_OFFICER = act("create_officer", _("entered the officer"), "officer")
CREATE_ROSTER = act("create_roster", _("entered a duty in the roster"), "roster")
REMOVE_ROSTER = act("remove_roster", _("removed a duty from the roster"), "roster")
EDIT = act("edit", _("changed its details"), "officer", "roster")
