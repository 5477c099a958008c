"""Rules of the bureau: what of a file counts as recorded."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import SECONDS, Rule, number

HOLE = Rule[float](
    "hole_s",
    2.0,
    _("A recording has a hole where it has no picture (or, without pictures, no sound) for longer than this"),
    number(least=0.1, most=60),
    SECONDS,
)
RULES = (HOLE,)
