"""Rules of the bureau: room in the store."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import BYTES, Rule, whole

SQUAD_QUOTA = Rule[int](
    "squad_quota_bytes",
    0,
    _("What one squad may have in the store, uploads in progress included; 0: as much as there is room for"),
    whole(),
    BYTES,
)
RULES = (SQUAD_QUOTA,)
