"""What is done by those who run the service and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

SET_POLICY = act("set_policy", _("changed a rule of the bureau"), "policy")
RETRY_JOB = act("retry_job", _("asked to try again"), "job", "set_aside")
