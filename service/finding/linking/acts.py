"""What is done to links and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

LINK = act("link", _("linked"), "recording", in_event=_("linked a recording"))
UNLINK = act("unlink", _("withdrew a link"), "recording")
CONFIRM = act("confirm", _("confirmed a link"), "recording")
REJECT = act("reject", _("rejected a link"), "recording")
UNDO = act("undo", _("took back a decision on a link"), "recording")
DECLARE_EVENT = act(
    "declare_event", _("said which event it shows"), "recording", in_event=_("said that a recording shows it")
)
SET_PART = act(
    "set_part",
    _("chose which part belongs"),
    "recording",
    in_event=_("chose which part of a recording belongs"),
)
