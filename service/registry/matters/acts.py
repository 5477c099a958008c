"""What is done to the recording matters list and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

PUBLISH_MATTERS = act(
    "publish_matters", _("published a version of the recording matters list"), "matter_list"
)
