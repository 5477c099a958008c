"""`zhenglu backup` and `zhenglu restore`: exit codes, sentences, whose files they are, and what a kill leaves."""

import os
import pwd
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from deploy.process import Child, wait_until
from schemas.backups import Backup, BackupState
from schemas.jobs import JobKind
from service.preservation.backups.folder import BackupFolder, chosen
from tests.fixtures.backups import resealed
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.processes import Processes
from workers import schedule


def command(processes: Processes, *words: str | Path, **environment: str) -> Child:
    return processes.python(
        *("-m", "deploy.cli", *map(str, words)), env={"ZHENGLU_LANG": "en", **environment}, name=str(words[0])
    )


def run(processes: Processes, *words: str | Path, **environment: str) -> tuple[int, str]:
    child = command(processes, *words, **environment)
    assert wait_until(lambda: not child.running, 120.0)
    return child.kill(), child.output()


NOWHERE = {"ZHENGLU_DATABASE_URL": "", "ZHENGLU_OBJECT_STORE": ""}


@pytest.mark.timeout(600)
def test_an_empty_machine_gets_everything_by_one_command(
    bureau: Bureau, processes: Processes, tmp_path: Path
) -> None:
    bureau.receive(b"one recording")
    run_all_jobs((JobKind.intake,))
    code, told = run(processes, "backup", tmp_path / "b", **bureau.env)
    assert code == 0 and "ZHENGLU_SECRET_KEY" in told
    new = bureau.folder / "new"
    code, told = run(processes, "restore", tmp_path / "b", "--data", new, **NOWHERE)
    assert code == 0 and "1 objects" in told, told
    [stored] = (new / "objects/objects").glob("*/*")
    assert stored.read_bytes() == b"one recording"
    if os.geteuid() == 0:
        owner = pwd.getpwnam("zhenglu").pw_uid
        assert {one.stat().st_uid for one in (new, *new.rglob("*"))} == {owner}

    # what is there now is at work; a second restore keeps it
    code, told = run(processes, "restore", tmp_path / "b", "--data", new, **NOWHERE)
    assert code == 3 and "stays as it is" in told
    # it can be backed up where no `up` runs, into a folder that belongs to whom the data belongs
    code, told = run(processes, "backup", bureau.folder / "b2", "--data", new, **NOWHERE)
    assert code == 0, told
    assert {one.stat().st_uid for one in (bureau.folder / "b2").rglob("*")} == {new.stat().st_uid}
    # a failed one leaves no folder where none was
    resealed(chosen(tmp_path / "b")[1].path, database_bytes=10**18)
    code, told = run(processes, "restore", tmp_path / "b", "--data", bureau.folder / "absent", **NOWHERE)
    assert code == 1 and "no room" in told
    assert not (bureau.folder / "absent").exists()


def test_sentences_are_chinese_unless_english_is_asked_for(processes: Processes, tmp_path: Path) -> None:
    code, told = run(processes, "restore", tmp_path, ZHENGLU_LANG="zh_CN", **NOWHERE)
    assert code == 1 and "备份" in told


def test_the_schedule_makes_what_is_due_once_and_tries_a_restore_of_it(
    bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.kernel.settings import get_settings

    bureau.receive(b"one")
    schedule.back_up()
    assert schedule._backing_up is None, "no folder is named"
    monkeypatch.setenv("ZHENGLU_BACKUP_DIR", str(tmp_path / "b"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    get_settings.cache_clear()
    schedule.back_up()
    begun = schedule._backing_up
    assert begun is not None
    schedule.back_up()
    assert schedule._backing_up is begun, "one at a time"
    assert begun.wait(120) == 0
    with bureau.session() as session:
        row = session.scalars(select(Backup)).one()
    assert row.state == BackupState.verified and row.by == "schedule"
    assert row.restore_tried_at is not None and row.restore_tried_at >= row.verified_at
    schedule.back_up()
    assert schedule._backing_up is begun, "the newest is young enough"
    assert len(BackupFolder(tmp_path / "b").names()) == 1
    assert sys.executable in begun.args
