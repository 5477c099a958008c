"""What is done to recorders and to who holds them and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

CREATE_RECORDER = act("create_recorder", _("entered the recorder"), "recorder")
CREATE_RECORDER_MODEL = act("create_recorder_model", _("entered the model of recorder"), "recorder_model")
CREATE_ASSIGNMENT = act("create_assignment", _("entered who held a recorder"), "assignment")
REMOVE_ASSIGNMENT = act("remove_assignment", _("removed an entry of who held a recorder"), "assignment")
EDIT = act("edit", _("changed its details"), "recorder", "recorder_model", "assignment")
