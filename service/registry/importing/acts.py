"""What is done by imports and stands in custody."""

from service.kernel.custody import ANYTHING, act
from service.kernel.i18n import lazy as _

IMPORT = act("import", _("imported a table"), ANYTHING)
