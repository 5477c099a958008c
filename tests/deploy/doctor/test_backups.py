"""What the doctor says of backups."""

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlmodel import Session

from deploy.doctor.backups import backups
from deploy.doctor.findings import Verdict
from schemas.backups import Backup, BackupObjects, BackupState
from service.kernel.clock import now
from tests.deploy.doctor.asked import told


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder on another disk than the data."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def whole(folder: Path) -> Backup:
    """A backup that was verified, and whose restore was tried."""
    return Backup(
        by="tests",
        folder=str(folder),
        objects_by=BackupObjects.copy,
        state=BackupState.verified,
        restore_tried_at=now(),
    )


@pytest.fixture
def made(clean_database: str, elsewhere: Path) -> Iterator[tuple[Session, Backup]]:
    """The newest backup; what is changed of it is committed by the test."""
    engine = sqlalchemy.create_engine(clean_database)
    with Session(engine) as session:
        row = whole(elsewhere)
        session.add(row)
        session.commit()
        yield session, row
    engine.dispose()


def test_no_backup_an_old_one_and_one_on_the_disk_of_the_data_are_told(
    working: dict[str, Any], clean_database: str, tmp_path: Path, elsewhere: Path
) -> None:
    settings = {**working, "database_url": clean_database}
    assert told(backups, **settings).found == "none has been made"
    engine = sqlalchemy.create_engine(clean_database)
    with Session(engine) as session:
        row = whole(tmp_path)
        session.add(row)
        session.commit()
        found = told(backups, **settings)
        assert found.verdict is Verdict.warning and "another disk" in found.mend
        row.folder = str(elsewhere)  # another file system
        session.commit()
        assert told(backups, **settings).verdict is Verdict.ok
        row.restore_tried_at = None
        session.commit()
        assert "--try" in told(backups, **settings).mend
        row.at = now() - timedelta(hours=49)
        session.commit()
        assert "2.0 days old" in told(backups, **settings).mend
    engine.dispose()


def test_a_backup_that_failed_since_and_a_trial_of_long_ago_are_told(
    made: tuple[Session, Backup], clean_database: str
) -> None:
    session, row = made
    found = told(backups, database_url=clean_database)
    assert found.verdict is Verdict.ok and "none is made by itself" in found.found
    row.restore_tried_at = now() - timedelta(days=61)
    session.commit()
    assert "--try" in told(backups, database_url=clean_database).mend
    row.restore_tried_at = now()
    failed = Backup(
        by="tests", folder="/proc", objects_by=BackupObjects.copy, state=BackupState.failed, reason="gone"
    )
    session.add(failed)
    session.commit()
    found = told(backups, database_url=clean_database)
    assert found.verdict is Verdict.warning and "the last one failed" in found.found


def test_a_backup_that_others_of_the_machine_may_read_is_told(
    made: tuple[Session, Backup], clean_database: str, run_folder: Path, tmp_path: Path
) -> None:
    session, row = made
    open_to_all = run_folder / "backups-of-all"
    open_to_all.mkdir(mode=0o755)
    row.folder = str(open_to_all)
    session.commit()
    found = told(backups, database_url=clean_database, data_dir=Path("/proc"), object_store="s3://elsewhere")
    assert "chmod" in found.mend
    open_to_all.chmod(0o750)
    found = told(backups, database_url=clean_database, data_dir=Path("/proc"), object_store="s3://elsewhere")
    assert found.verdict is Verdict.ok
