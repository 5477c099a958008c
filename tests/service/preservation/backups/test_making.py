"""A backup is whole or is not there."""

import hashlib
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

import service.reactions  # noqa: F401  what follows from each change
from deploy.backup import _schema
from deploy.embedded.postgres import Postgres
from schemas.backups import Backup, BackupObjects, BackupState
from schemas.jobs import JobKind
from schemas.originals import Original
from schemas.policy import PolicyValue
from schemas.recordings import Receipt
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.i18n import speaking
from service.kernel.settings import Settings, get_settings
from service.kernel.storage import get_store
from service.preservation.backups import queries
from service.preservation.backups.errors import (
    AnotherBackupRuns,
    Damaged,
    FolderInsideStore,
    FolderOfAnother,
    NotABackupFolder,
)
from service.preservation.backups.folder import BackupFolder, Published, chosen
from service.preservation.backups.making import make_backup, without_secrets
from service.preservation.backups.manifest import (
    MANIFEST,
    OBJECTS,
    Named,
    read_manifest,
    read_objects,
    write_manifest,
)
from service.preservation.backups.restoring import check
from tests.fixtures.backups import (
    back_up,
    bring_back,
    directory,
    empty_database,
    killed,
    rendition,
    resealed,
    rows,
)
from tests.fixtures.jobs import Bureau, run_all_jobs
from workers.stages.duplicates import release


def test_only_what_is_new_is_copied_and_what_rotted_is_copied_again(bureau: Bureau, tmp_path: Path) -> None:
    for data in (b"one", b"two"):
        bureau.receive(data)
    run_all_jobs((JobKind.intake,))
    with bureau.session() as session:
        one = session.scalars(select(Original).where(Original.size == 3)).first()
    rendition(one.id, "poster.jpg", b"poster")
    target = tmp_path / "backups"
    first = back_up(target)
    assert first.copied == len(b"onetwoposter")
    folder = BackupFolder(target)
    kept = {path: path.stat().st_ino for path in (target / "objects").glob("*/*")}
    bureau.receive(b"three")
    second = back_up(target)
    assert second.copied == len(b"three")
    assert {path: path.stat().st_ino for path in kept} == kept
    rotten = folder.path(one.sha256)
    rotten.chmod(0o640)
    rotten.write_bytes(b"xxx")  # the same name and size: only its hash tells
    assert back_up(target).copied == 3
    assert folder.true(one.sha256)
    # the store's own loss does not spread: the fingerprint finds the bytes of before
    get_store().objects.delete(one.store_key)
    assert back_up(target).lacking == []


def test_what_the_store_lost_or_changed_is_said_and_the_rest_is_backed_up(
    bureau: Bureau, tmp_path: Path, postgres: Postgres
) -> None:
    for data in (b"lost", b"changed", b"sound"):
        bureau.receive(data)
    run_all_jobs((JobKind.intake,))
    with bureau.session() as session:
        by_size = {one.size: one for one in session.scalars(select(Original))}
    objects = get_store().objects
    objects.delete(by_size[4].store_key)
    path = objects.local_path(by_size[7].store_key)
    path.chmod(0o640)
    path.write_bytes(b"CHANGED")
    made = back_up(tmp_path / "backups")
    assert sorted(made.lacking) == sorted([by_size[4].store_key, by_size[7].store_key])
    assert made.manifest["objects"] == 1
    with empty_database(postgres) as url:
        result = bring_back(tmp_path / "backups", url, directory(tmp_path / "empty"))
        assert sorted(result.lacking) == sorted(made.lacking) and not result.as_expected
        assert rows(url, "SELECT count(*) FROM originals") == [(3,)]


def test_a_second_copy_that_is_removed_while_the_backup_is_made_is_found_where_it_is_now(
    bureau: Bureau, tmp_path: Path
) -> None:
    """Two arrivals of the same bytes, both unread at the snapshot; one copy is gone when its turn comes."""
    bureau.receive(b"the same")
    bureau.receive(b"the same", squad="2")
    with bureau.session() as session:
        receipts = session.scalars(select(Receipt).order_by(Receipt.received_at)).all()

    def meanwhile(step: str, done: int, total: int) -> None:
        if step == "copy" and done:
            run_all_jobs((JobKind.intake,))
            for receipt in receipts:
                release(receipt.id)

    made = make_backup(get_settings(), tmp_path / "backups", by="tests", told=meanwhile)
    named = list(read_objects(made.path / OBJECTS))
    assert {one.key for one in named} == {one.store_key for one in receipts}
    assert {one.sha256 for one in named} == {hashlib.sha256(b"the same").hexdigest()} and not made.lacking


def test_one_at_a_time_and_only_into_a_folder_of_its_own(bureau: Bureau, tmp_path: Path) -> None:
    bureau.receive(b"one")
    target = tmp_path / "backups"
    with pytest.raises(FolderInsideStore):
        back_up(bureau.folder / "objects/backups")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/letter.txt").write_text("mine")
    with pytest.raises(NotABackupFolder):
        back_up(tmp_path / "full")
    assert [one.name for one in (tmp_path / "full").iterdir()] == ["letter.txt"]

    def meanwhile(step: str, done: int, total: int) -> None:
        with pytest.raises(AnotherBackupRuns):
            back_up(target)
        with pytest.raises(AnotherBackupRuns):
            back_up(tmp_path / "another")

    made = make_backup(get_settings(), target, by="tests", told=meanwhile)
    with transaction() as session:
        session.execute(text("DELETE FROM backups"))
    with pytest.raises(FolderOfAnother):
        back_up(target)
    assert made.path.exists()


def test_old_backups_go_the_newest_whole_one_and_shared_bytes_never(bureau: Bureau, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    with transaction() as session:
        session.add(PolicyValue(name="backup_keep", value=2))
    bureau.receive(b"stays")
    run_all_jobs((JobKind.intake,))
    with bureau.session() as session:
        original = session.scalars(select(Original.id)).one()
    rendition(original, "poster.jpg", b"goes later")
    made = [back_up(target).path.name]
    with transaction() as session:  # another one takes its place
        session.execute(text("DELETE FROM renditions"))
    made += [back_up(target).path.name for _ in range(2)]
    assert BackupFolder(target).names() == made[1:]
    assert [path.read_bytes() for path in (target / "objects").glob("*/*")] == [b"stays"]
    with bureau.session() as session:
        states = session.scalars(select(Backup.state).order_by(Backup.at)).all()
    assert states == [BackupState.removed, BackupState.verified, BackupState.verified]
    # one whose list cannot be read may name any of them
    (target / made[1] / OBJECTS).chmod(0o640)
    (target / made[1] / OBJECTS).write_text("{")
    (target / "objects/ff").mkdir(exist_ok=True)
    stray = target / "objects/ff" / ("f" * 64)
    stray.write_bytes(b"stray")
    assert BackupFolder(target).keep_newest(2) == [] and stray.exists()
    assert BackupFolder(target).keep_newest(0) and BackupFolder(target).names() == made[2:]
    assert not stray.exists()


def test_settings_go_along_without_their_secrets(backed_up: Path) -> None:
    shown = without_secrets(
        Settings(
            database_url="postgresql+psycopg://zhenglu:opensesame@db:5432/zhenglu?sslmode=require&sslpassword=opensesame",
            redis_url="redis://:opensesame@broker:6379/0",
            object_store="s3://b?endpoint=http://who:opensesame@host:1",
            s3_access_key="opensesame",
            s3_secret_key="opensesame",
            secret_key="opensesame",
            admin_password="opensesame",
        )
    )
    assert "opensesame" not in json.dumps(shown)
    assert shown["ZHENGLU_DATABASE_URL"].startswith("postgresql+psycopg://zhenglu@db:5432/zhenglu")
    kept = (backed_up / "settings.json").read_text()
    assert get_settings().secret_key not in kept and get_settings().timezone in kept


def test_when_a_backup_is_due_when_it_is_old_and_when_its_lack_is_told(bureau: Bureau) -> None:
    def told(**of: Any) -> tuple[bool, str | None]:
        with transaction() as session:
            session.execute(text("DELETE FROM backups"))
            if of:
                session.add(Backup(by="t", folder="/f", objects_by=BackupObjects.copy, **of))
                session.flush()
            return queries.is_due(session), queries.alarm(queries.standing(session))

    def hours(ago: float) -> datetime:
        return now() - timedelta(hours=ago)

    assert told() == (True, None), "nothing was received yet"
    bureau.receive(b"one")
    with transaction() as session:
        session.execute(text("UPDATE receipts SET received_at = now() - interval '49 hours'"))
    due, alarm = told()
    assert due and alarm
    whole = {"state": BackupState.verified}
    assert told(**whole, at=hours(23)) == (False, None)
    assert told(**whole, at=hours(25)) == (True, None)
    due, alarm = told(**whole, at=hours(49))
    assert due and "2.0" in alarm
    assert told(state=BackupState.running, at=hours(1), seen_at=hours(0.01))[0] is False
    assert told(state=BackupState.running, at=hours(1), seen_at=hours(1))[0] is True, (
        "whoever made it was killed"
    )
    assert told(state=BackupState.failed, at=hours(1), ended_at=hours(0.1))[0] is False, "not at once again"
    assert told(state=BackupState.failed, at=hours(1), ended_at=hours(0.6))[0] is True
    with transaction() as session:
        session.add(PolicyValue(name="backup_every_hours", value=100))
    assert told(**whole, at=hours(99)) == (False, None)


def test_named_lines_come_back_as_they_were(tmp_path: Path) -> None:
    odd = [
        Named("k/1", None, 1, None, "receipt", "r"),
        Named("钥匙", "v\n", 2**40, "f" * 64, "original", "o", "missing"),
    ]
    (tmp_path / "l").write_text("".join(one.line() for one in odd), encoding="utf-8")
    assert list(read_objects(tmp_path / "l")) == odd


def test_the_newest_is_chosen_or_the_one_that_is_named(bureau: Bureau, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    older, newer = back_up(target).path, back_up(target).path
    assert chosen(target)[1].path == newer
    assert chosen(older)[1].path == older
    assert isinstance(chosen(older)[1], Published)


def test_the_newest_is_the_one_that_says_so_whatever_its_folder_is_called(
    bureau: Bureau, tmp_path: Path
) -> None:
    target = tmp_path / "backups"
    older, newer = back_up(target).path, back_up(target).path
    newest = newer.rename(target / "1999 before the move")
    older = older.rename(target / "the one of March")
    assert chosen(target)[1].path == newest
    # made while the clock stood a year ahead
    resealed(older, at="2031-01-01T00:00:00+00:00")
    assert chosen(target)[1].path == newest
    assert [one.path for one in BackupFolder(target).published()] == [older, newest]
    with transaction() as session:
        session.add(PolicyValue(name="backup_keep", value=2))
    made = back_up(target)
    assert made.removed == 1 and not older.exists() and chosen(target)[1].path == made.path


def test_of_those_without_a_number_the_later_moment_is_newer(bureau: Bureau, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    first, second = back_up(target).path, back_up(target).path
    for path, at in ((first, "2026-03-02T10:00:00+08:00"), (second, "2026-03-02T01:00:00+00:00")):
        (path / MANIFEST).chmod(0o640)
        manifest = read_manifest(path)
        del manifest["number"]
        write_manifest(path, {**manifest, "at": at})
    assert chosen(target)[1].path == first
    assert chosen(second)[1].path == second
    assert make_backup(get_settings(), target, by="tests").manifest["number"] == 1
    # one that cannot be read may be the newest: none is taken for it silently
    damaged = first.rename(target / "9999")
    (damaged / MANIFEST).write_text("{")
    with pytest.raises(Damaged):
        chosen(target)


def test_whoever_is_killed_leaves_the_backup_of_before_whole(bureau: Bureau, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    bureau.receive(b"first")
    first = back_up(target)
    for _n in range(6):
        bureau.receive(os.urandom(100_000))
    moments = [
        ("dump", 0),
        ("dump", 1),
        ("copy", 1),
        ("copy", 4),
        ("verify", 0),
        ("verify", 6),
        ("verify", 7),
    ]
    for step, times in moments:
        killed(lambda told: make_backup(get_settings(), target, by="tests", told=told), step, times)
        folder, newest = chosen(target)
        assert newest.path == first.path, (step, times)
        assert check(folder, newest, _schema(), lambda *_: None) == []
    whole = back_up(target)
    assert whole.manifest["objects"] == 7 and list((target / "unfinished").iterdir()) == []
    folder, newest = chosen(target)
    assert newest.path == whole.path and check(folder, newest, _schema(), lambda *_: None) == []
    with bureau.session() as session:
        states = session.scalars(select(Backup.state).order_by(Backup.at)).all()
    assert states == [BackupState.verified, *[BackupState.failed] * len(moments), BackupState.verified]


def test_why_none_could_be_made_stands_in_the_list(bureau: Bureau, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/letter.txt").write_text("mine")
    with pytest.raises(NotABackupFolder):
        back_up(tmp_path / "full")
    with bureau.session() as session, speaking("en"):
        [row] = queries.backups(session, None, 10).items
        assert "no folder of backups" in queries.read(row).problem
        assert not queries.is_due(session), "not at once again"
