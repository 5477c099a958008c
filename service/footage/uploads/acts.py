"""What is done to uploads and stands in custody."""

from service.kernel.custody import act
from service.kernel.i18n import lazy as _

TERMINATE_UPLOAD = act("terminate_upload", _("gave up the upload"), "upload")
FORGET_UPLOAD = act("forget_upload", _("forgot the upload"), "upload")
RECEIVE_SIDECAR = act("receive_sidecar", _("received its sidecar"), "upload", "sidecar")
