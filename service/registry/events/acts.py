"""What is done to events and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

CREATE_EVENT = act("create_event", _("entered the event"), "event")
IMPORT_EVENT = act(
    "import_event", _("changed the event by an import"), "event", in_event=_("changed it by an import")
)
EDIT = act("edit", _("changed its details"), "event", in_event=_("changed it"))
CANCEL = act("cancel", _("cancelled it"), "event")
RESTORE = act("restore", _("restored it"), "event")
MERGE = act("merge", _("merged it into another event"), "event")
ABSORB = act("absorb", _("merged another event into it"), "event")
UNMERGE = act("unmerge", _("took the merge back"), "event")
RELEASE = act("release", _("took the merge of another event back"), "event")
CARRY = act(
    "carry",
    _("carried a decision on a link over to the event that its event was merged into"),
    "recording",
    in_event=_("a decision on a link was carried over from the merged event"),
)
CARRY_BACK = act(
    "carry_back",
    _("took a decision on a link back to the event that had been merged"),
    "recording",
    in_event=_("a decision on a link went back to the merged event"),
)
