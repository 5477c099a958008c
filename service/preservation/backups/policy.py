"""Rules of the bureau: backups."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import DAYS, HOURS, Rule, whole

BACKUP_EVERY = Rule[int](
    "backup_every_hours",
    24,
    _("A backup is made so often into ZHENGLU_BACKUP_DIR; the newest one is called old at twice that age"),
    whole(1, 24 * 366),
    HOURS,
)
BACKUP_KEEP = Rule[int](
    "backup_keep", 14, _("So many backups are kept in a folder; the newest whole one always"), whole(1, 1000)
)
RESTORE_TRY_EVERY = Rule[int](
    "restore_try_every_days",
    30,
    _("So often a scheduled backup is restored beside, for a trial (0: only by hand)"),
    whole(0, 3660),
    DAYS,
)
RULES = (BACKUP_EVERY, BACKUP_KEEP, RESTORE_TRY_EVERY)
