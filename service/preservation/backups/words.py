"""The states of backups, in words."""

from schemas.backups import BackupState
from service.kernel.i18n import lazy as _
from service.kernel.words import Word

STATES = {
    BackupState.running: Word(_("Being made"), icon="loader", tone="info"),
    BackupState.verified: Word(_("Whole, read back"), icon="circle-check", tone="good"),
    BackupState.failed: Word(_("Failed"), icon="circle-x", tone="bad"),
    BackupState.removed: Word(_("Replaced by younger ones"), icon="archive", tone="plain"),
}
