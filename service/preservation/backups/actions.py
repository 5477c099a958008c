"""The rows of backups: what was begun, how far it is, how it ended. The folder is the truth about what can be
restored; the rows are what the service says of it."""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from schemas.backups import Backup, BackupObjects, BackupState
from service.kernel.clock import now
from service.kernel.database import get_engine, transaction
from service.kernel.errors import ServiceError
from service.preservation.backups.errors import AnotherBackupRuns, BackupBroke, Interrupted
from service.preservation.backups.manifest import Manifest, size_of

ADVISORY_LOCK = 0x7A686261636B


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Of this installation, wherever it is started. Ends with the connection, however its holder ends."""
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # nothing passes through it for hours, and it must not be ended for that
        connection.execute(text("SET idle_session_timeout = 0"))
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}).scalar():
            raise AnotherBackupRuns(what=connection.engine.url.database)
        try:
            yield
        finally:
            with contextlib.suppress(Exception):  # gone with the database: then the lock is, too
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})


def known(manifests: Iterable[Manifest]) -> bool:
    """Whether this installation made any of them. Those that a killed run had finished are written down as whole."""
    by_id = {UUID(one["id"]): one for one in manifests}
    with transaction() as session:
        rows = session.execute(select(Backup.id, Backup.state).where(Backup.id.in_(by_id))).all()
    for row in rows:
        if row.state in (BackupState.running, BackupState.failed):
            verified(by_id[row.id])
    return bool(rows)


def begin(by: str, folder: str, objects_by: BackupObjects) -> UUID:
    """Only under the lock: whoever is still written down as running was killed."""
    with transaction() as session:
        session.execute(
            update(Backup)
            .where(Backup.state == BackupState.running)
            .values(state=BackupState.failed, reason=Interrupted.type, ended_at=now())
        )
        row = Backup(by=by, folder=folder, objects_by=objects_by)
        session.add(row)
        session.flush()
        return row.id


def seen(backup_id: UUID, progress: float | None) -> None:
    _set(backup_id, progress=progress, seen_at=now())


def verified(manifest: Manifest, copied: int | None = None) -> None:
    moment = datetime.fromisoformat(manifest["verified_at"])
    _set(
        UUID(manifest["id"]),
        state=BackupState.verified,
        at=datetime.fromisoformat(manifest["at"]),
        verified_at=moment,
        ended_at=moment,
        progress=1,
        reason=None,
        size=size_of(manifest),
        objects=manifest["objects"],
        lacking=manifest["lacking"],
        **({} if copied is None else {"copied": copied}),
    )


def failed(backup_id: UUID, error: BaseException) -> None:
    told = (
        error if isinstance(error, ServiceError) else BackupBroke(detail=str(error) or type(error).__name__)
    )
    if isinstance(error, KeyboardInterrupt | SystemExit):
        told = Interrupted()
    params = {name: str(value) for name, value in told.params.items()}
    if not told.type.startswith("backup-"):  # of the store: its sentence is its own
        told, params = BackupBroke(), {"detail": str(error)}
    _set(backup_id, state=BackupState.failed, reason=told.type, reason_params=params, ended_at=now())


def removed(ids: Iterable[str]) -> None:
    gone = [UUID(one) for one in ids]
    with transaction() as session:
        session.execute(update(Backup).where(Backup.id.in_(gone)).values(state=BackupState.removed))


def restore_tried(backup_id: UUID) -> bool:
    """False where this installation knows no such backup."""
    with transaction() as session:
        known = session.scalar(select(Backup.id).where(Backup.id == backup_id))
    if known is not None:
        _set(backup_id, restore_tried_at=now())
    return known is not None


def _set(backup_id: UUID, **values: Any) -> None:
    with transaction() as session:
        session.execute(update(Backup).where(Backup.id == backup_id).values(**values))
