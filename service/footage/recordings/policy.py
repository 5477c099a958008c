"""Rules of the bureau: what of a file counts as recorded, and how long what is none is kept apart."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import DAYS, SECONDS, Rule, number, whole

HOLE = Rule[float](
    "hole_s",
    2.0,
    _("A recording has a hole where it has no picture (or, without pictures, no sound) for longer than this"),
    number(least=0.1, most=60),
    SECONDS,
)
QUARANTINE = Rule[int](
    "quarantine_days",
    90,
    _("A file in quarantine is kept so long before a person decides whether it is kept on"),
    whole(least=1, most=36500),
    DAYS,
)
RULES = (HOLE, QUARANTINE)
