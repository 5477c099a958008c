"""Why a backup or a restore ends. Nothing that was there before is changed by any of these."""

from service.kernel.errors import ServiceError
from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n


class BackupError(ServiceError):
    """What stands in a row's `reason` is the type of one of these."""


class Interrupted(BackupError):
    type = "backup-interrupted"
    sentence = _n("It was interrupted: whoever made it ended before it was whole.")


class BackupBroke(BackupError):
    type = "backup-broke"
    sentence = _n("It broke: {detail}")


class AnotherBackupRuns(BackupError):
    type = "backup-another-runs"
    sentence = _n("Another backup or restore is at work on {what}: wait until it ends.")


class NotABackupFolder(BackupError):
    type = "backup-not-a-folder"
    sentence = _n("{folder} is no folder of backups, and it is not empty: choose another.")


class FolderOfAnother(BackupError):
    type = "backup-folder-of-another"
    sentence = _n("{folder} holds the backups of another installation: choose another folder.")


class FolderUnfit(BackupError):
    type = "backup-folder-unfit"
    sentence = _n("{folder} cannot hold backups: {detail}")


class FolderInsideStore(BackupError):
    type = "backup-folder-inside-store"
    sentence = _n("{folder} lies inside the object store: choose a folder outside, best on another disk.")


class NoBackup(BackupError):
    type = "backup-none"
    sentence = _n("There is no whole backup in {folder}.")


class NoRoom(BackupError):
    type = "backup-no-room"
    sentence = _n("{folder} has no room: {wanted} are wanted, {free} are free.")


class NeverReadBack(BackupError):
    type = "backup-never-read-back"
    sentence = _n("What was written to {file} comes back as other bytes, twice: its disk cannot be trusted.")


MISSING = _n("is missing")
UNREADABLE = _n("cannot be read")
OTHER_BYTES = _n("has other bytes than were written")
OTHER_LINES = _n("does not list what was written")
CAME_BACK_OTHERWISE = _n("came back from the object store as other bytes")


class Damaged(BackupError):
    """`detail`: one of the words above."""

    type = "backup-damaged"
    sentence = _n("The backup is damaged: {file} {detail}.")

    def say(self) -> str:
        word: str = self.params["detail"]
        return _(self.sentence).format(file=self.params["file"], detail=_(word))


class MadeByNewer(BackupError):
    type = "backup-made-by-newer"
    sentence = _n(
        "The backup was made by a newer version ({version}) of the program: install that one first."
    )


class NotAsBackedUp(BackupError):
    type = "backup-not-as-backed-up"
    sentence = _n(
        "The restored table {table} is not as it was: {found} rows for {wanted}, or other contents."
    )


class DatabaseInUse(BackupError):
    type = "restore-database-in-use"
    sentence = _n("The database {name} is in use by {count} connections: stop the service first.")


class MayNotMakeDatabases(BackupError):
    type = "restore-may-not-make-databases"
    sentence = _n("The database user may not make databases: grant it CREATEDB for the restore.")


class OtherBytesThere(BackupError):
    type = "restore-other-bytes-there"
    sentence = _n(
        "The object store has other bytes under names of the backup: {keys}. Nothing there is overwritten: "
        "look at them and move them away, or restore into an empty store."
    )


class StoreLacks(BackupError):
    type = "restore-store-lacks"
    sentence = _n(
        "The backup holds no bytes, only names, and the object store lacks or has other bytes of: {keys}."
    )


class NoTools(BackupError):
    type = "backup-no-tools"
    sentence = _n("PostgreSQL's {tool} of version {version} or newer is not installed here.")


class ToolFailed(BackupError):
    type = "backup-tool-failed"
    sentence = _n("{tool} failed: {detail}")


def _all(kind: type[BackupError]) -> list[type[BackupError]]:
    return [one for below in kind.__subclasses__() for one in (below, *_all(below))]


KNOWN = {kind.type: kind for kind in _all(BackupError)}
