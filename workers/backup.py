"""The scheduled backup: a process of its own, started by the schedule, so that hours of reading hold nothing up."""

import logging
import os
from uuid import UUID

from schemas.backups import BackupObjects
from service.kernel import logs
from service.kernel.database import transaction
from service.kernel.errors import ServiceError
from service.kernel.settings import get_settings
from service.preservation.backups import actions, queries
from service.preservation.backups.errors import AnotherBackupRuns
from service.preservation.backups.folder import BackupFolder, Published
from service.preservation.backups.making import make_backup
from service.preservation.backups.restoring import Schema, try_restore

log = logging.getLogger(__name__)

# The service's own pages and workers come first.
NICE = 10
AS_IT_IS = Schema(knows=lambda _revision: True, upgrade=lambda _url: None)


def run() -> None:
    settings = get_settings()
    assert settings.backup_dir is not None, "the schedule asks only where there is one"
    made = make_backup(
        settings, settings.backup_dir, mode=BackupObjects(settings.backup_objects), by="schedule"
    )
    log.info("backed up into %s, %d bytes new", made.path, made.copied)
    if made.lacking:
        log.error("the object store lacks %d files, among them %s", len(made.lacking), made.lacking[:5])
    with transaction() as session:
        due = queries.trial_is_due(session)
    if due:
        try_restore(
            BackupFolder(settings.backup_dir),
            Published(made.path, made.manifest),
            settings.database_url,
            AS_IT_IS,
        )
        actions.restore_tried(UUID(made.manifest["id"]))
        log.info("the restore of it was tried")


def main() -> None:
    logs.begin()
    os.nice(NICE)
    try:
        run()
    except AnotherBackupRuns as error:
        log.info("%s", error)
    except ServiceError as error:
        log.error("no backup was made, or its trial failed: %s", error)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
