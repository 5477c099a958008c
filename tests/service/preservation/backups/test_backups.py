"""A backup is whole or is not there; what it holds comes back as it was, or nothing changes."""

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, select, text
from sqlmodel import Session

import service.reactions  # noqa: F401  what follows from each change
from deploy.backup import _schema
from deploy.embedded.postgres import Postgres
from schemas.accounts import Account, Role, SignIn
from schemas.backups import Backup, BackupObjects, BackupState
from schemas.base import new_id
from schemas.events import EventCreate, EventKind
from schemas.jobs import JobKind
from schemas.originals import Original, Rendition, RenditionKind
from schemas.policy import PolicyValue
from schemas.recordings import Receipt
from schemas.uploads import Upload, UploadState
from service.footage.uploads.joining import begin_joining
from service.footage.uploads.protocol import Concat
from service.footage.uploads.reaper import clear_ended, retire_pieces
from service.footage.uploads.rules import Said
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.database import get_engine, transaction
from service.kernel.i18n import speaking
from service.kernel.settings import Settings, get_settings
from service.kernel.storage import Store, get_store, open_store
from service.preservation.backups import dump, queries
from service.preservation.backups.errors import (
    AnotherBackupRuns,
    BackupError,
    Damaged,
    DatabaseInUse,
    FolderInsideStore,
    FolderOfAnother,
    MadeByNewer,
    NoRoom,
    NotABackupFolder,
    NotAsBackedUp,
    OtherBytesThere,
    StoreLacks,
)
from service.preservation.backups.folder import BackupFolder, Published, chosen
from service.preservation.backups.making import Made, Told, make_backup, without_secrets
from service.preservation.backups.manifest import (
    DATABASE,
    MANIFEST,
    OBJECTS,
    Named,
    read_manifest,
    read_objects,
    write_manifest,
)
from service.preservation.backups.restoring import Restored, check, restore, try_restore
from service.registry.events.actions import create_event
from service.supervision.coverage.queries import board
from service.supervision.coverage.selection import Filters
from tests.fixtures.ceph import CephNode
from tests.fixtures.jobs import Bureau, environment, run_all_jobs, settled_in
from workers.lease import take
from workers.stages.duplicates import release

# Tables in which a restore says what is no longer true; all others come back row for row.
SETTLED = {"backups", "heartbeats", "job_attempts", "jobs", "sign_ins", "uploads"}


SUPERVISOR = Actor(new_id(), "supervisor", Role.supervisor, None)


@pytest.fixture(params=["directory", "s3"])
def any_bureau(
    request: pytest.FixtureRequest, clean_database: str, redis_url: str, run_folder: Path
) -> Iterator[Bureau]:
    folder = run_folder / f"backed-up-{new_id()}"
    folder.mkdir(mode=0o755)
    env = environment(clean_database, redis_url, folder)
    if request.param == "s3":
        ceph: CephNode = request.getfixturevalue("ceph")
        env |= {
            "ZHENGLU_OBJECT_STORE": request.getfixturevalue("s3_url"),
            "ZHENGLU_S3_ACCESS_KEY": ceph.access_key,
            "ZHENGLU_S3_SECRET_KEY": ceph.secret_key,
        }
    with settled_in(env):
        yield Bureau(folder, env)
    shutil.rmtree(folder, ignore_errors=True)


def back_up(target: Path, mode: BackupObjects = BackupObjects.copy) -> Made:
    return make_backup(get_settings(), target, mode=mode, by="tests")


@contextmanager
def empty_database(postgres: Postgres) -> Iterator[str]:
    name = f"restored_{new_id().hex}"
    yield postgres.url(name)
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        for (found,) in admin.execute("SELECT datname FROM pg_database").fetchall():
            if found.startswith(name[:40]):
                dump.drop(admin, found)


@contextmanager
def at(url: str) -> Iterator[str]:
    yield url


def bring_back(path: Path, url: str, store: Store, **how: Any) -> Restored:
    folder, one = chosen(path)
    return restore(folder, one, lambda: at(url), lambda: store, _schema(), **how)


def directory(path: Path) -> Store:
    return open_store(f"file://{path}?reserve=0")


def tables(url: str) -> dict[str, Any]:
    with closing(dump.connect(url)) as connection:
        return dump.digests(connection)


def figures(url: str) -> dict[str, Any]:
    engine = create_engine(url, poolclass=NullPool)
    with Session(engine) as session:
        asked = Filters(since=date(2026, 3, 1), until=date(2026, 4, 1))
        found = board(session, SUPERVISOR, asked, ("squad",), datetime(2026, 5, 1, tzinfo=UTC))
    return {name: value for name, value in asdict(found).items() if name != "counted_at"}


def rows(url: str, statement: str) -> list[tuple]:
    with psycopg.connect(**dump.parameters(url)) as connection:
        return connection.execute(statement).fetchall()


def databases(postgres: Postgres, url: str) -> set[str]:
    """That database and those made or set aside beside it; other tests make theirs in the same cluster meanwhile."""
    name = dump.database_of(url)
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        every = {row[0] for row in admin.execute("SELECT datname FROM pg_database").fetchall()}
    return {one for one in every if one == name or one.startswith(f"{name[:40]}_")}


def bytes_of(store: Store, key: str, version: str) -> bytes:
    with store.objects.read(key, version) as chunks:
        return b"".join(chunks)


def rendition(original_id: UUID, name: str, data: bytes) -> None:
    """As a stage publishes one."""
    path = get_settings().data_dir / f"made-{new_id()}"
    path.write_bytes(data)
    stored = get_store().objects.put_file(f"renditions/{original_id}/playable-1/{name}", path)
    with transaction() as session:
        session.add(
            Rendition(
                original_id=original_id,
                kind=RenditionKind.poster,
                store_key=stored.key,
                store_version=stored.version,
                content_type="image/jpeg",
                size=stored.size,
                attempt=1,
            )
        )


def full(bureau: Bureau) -> list[bytes]:
    """Bytes taken in, bytes that nobody has read yet, a held job, an upload in progress, a signed-in browser."""
    bureau.squad()
    with transaction() as session:
        session.add(
            Account(id=SUPERVISOR.account_id, username="supervisor", password_hash="-", role=Role.supervisor)
        )
        session.flush()
        for day in (3, 4, 9):
            start = datetime(2026, 3, day, 2, tzinfo=UTC)
            wanted = EventCreate(
                external_id=f"E-{day}",
                title="检查",
                kind=EventKind.inspection,
                arrived_at=start,
                departed_at=start + timedelta(minutes=20),
                squad="1",
            )
            create_event(session, SUPERVISOR, wanted)
    sent = [b"first " * 50_000, b"second" * 70_000, b"third " * 10]
    for data in sent:
        bureau.receive(data)
    bureau.receive(sent[0], squad="2")  # the same again: an original of two squads
    run_all_jobs((JobKind.intake,))
    with bureau.session() as session:
        original = session.scalars(select(Original.id)).first()
    assert original is not None
    rendition(original, "poster.jpg", b"a poster")
    sent.append(b"not read yet")
    bureau.receive(sent[-1])
    bureau.receive(b"held by a worker")
    sent.append(b"held by a worker")
    with transaction() as session:
        job = session.execute(
            text("SELECT id FROM jobs WHERE state = 'queued' ORDER BY created_at DESC")
        ).first()
        actor = bureau.actor()
        session.add(
            Upload(
                account_id=actor.account_id,
                squad_id=bureau.squad(),
                length=100,
                upload_offset=7,
                store_key=f"originals/{new_id()}",
                expires_at=now() + timedelta(days=1),
            )
        )
        session.add(
            SignIn(
                account_id=actor.account_id,
                secret_sha256="0" * 64,
                csrf_token="x",
                expires_at=now() + timedelta(days=1),
            )
        )
    assert job is not None and take(job[0], "a worker of the old machine") is not None
    return sent


def test_everything_comes_back_and_what_is_no_longer_true_is_settled(
    any_bureau: Bureau, tmp_path: Path, postgres: Postgres, request: pytest.FixtureRequest
) -> None:
    sent = full(any_bureau)
    source = any_bureau.env["ZHENGLU_DATABASE_URL"]
    made = back_up(tmp_path / "backups")
    before = tables(source)
    assert made.manifest["open_uploads"] == 1 and made.manifest["running_jobs"] == 1 and not made.lacking
    if get_store().kind == "s3":
        ceph = request.getfixturevalue("ceph")
        store = open_store(ceph.url(f"t-{new_id().hex[:16]}"), ceph.access_key, ceph.secret_key)
    else:
        store = directory(tmp_path / "empty")
    with empty_database(postgres) as url:
        result = bring_back(tmp_path / "backups", url, store)
        assert result.as_expected
        after = tables(url)
        same = set(before) - SETTLED
        if store.kind == "s3":  # another bucket names its versions itself
            same -= {"originals", "receipts", "renditions"}
            for table in ("originals", "receipts", "renditions"):
                ask = f"SELECT to_jsonb(t) - 'store_version' - 'locked_until' FROM {table} t ORDER BY id"
                assert rows(url, ask) == rows(source, ask)
        assert {name: after[name] for name in same} == {name: before[name] for name in same}
        assert {"custody", "event_coverage", "originals", "recordings"} <= same | {"originals"}
        assert figures(url) == figures(source) and len(figures(url)["rows"]) == 1

        found = rows(url, "SELECT store_key, store_version, sha256, size FROM originals")
        for key, version, sha256, size in found:
            data = bytes_of(store, key, version)
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size)
        found = rows(url, "SELECT DISTINCT store_key, store_version FROM receipts")
        assert sorted({bytes_of(store, key, version) for key, version in found}) == sorted(set(sent))
        [(key, version)] = rows(url, "SELECT store_key, store_version FROM renditions")
        assert bytes_of(store, key, version) == b"a poster"
        if store.kind == "s3":
            for key, version in rows(
                url, "SELECT store_key, store_version FROM originals WHERE lock_mode <> 'NONE'"
            ):
                assert store.objects.lock_state(key, version).locked
            ask = "SELECT count(*) FROM originals WHERE locked_until IS NOT NULL"
            assert rows(url, ask) == rows(source, ask)

        assert rows(url, "SELECT state, lease_until, worker FROM jobs WHERE subject_id IN"
                    " (SELECT recording_id FROM receipts WHERE stored_sha256 IS NULL)") == [("queued", None, None)] * 2  # fmt: skip
        assert rows(url, "SELECT outcome FROM job_attempts WHERE worker LIKE 'a worker%'") == [("lost",)]
        assert rows(url, "SELECT state FROM uploads") == [("expired",)]
        assert rows(url, "SELECT count(*) FROM sign_ins") == [(0,)]
        assert rows(url, "SELECT state, restored_at IS NOT NULL, size > 0 FROM backups") == [
            ("verified", True, True)
        ]
        with settled_in(
            {**any_bureau.env, "ZHENGLU_DATABASE_URL": url, **store_of(store, tmp_path, request)}
        ):
            run_all_jobs((JobKind.intake,))
            assert rows(url, "SELECT count(*) FROM originals") == [(5,)], "work goes on"
            again = back_up(tmp_path / "backups")  # and so do its backups, into the same folder
            assert again.copied == 0


def store_of(store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    if store.kind == "directory":
        return {"ZHENGLU_OBJECT_STORE": f"file://{tmp_path / 'empty'}?reserve=0"}
    bucket = store.objects._bucket.name  # type: ignore[attr-defined]  # an S3 store has one
    return {"ZHENGLU_OBJECT_STORE": request.getfixturevalue("ceph").url(bucket)}


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


def test_renditions_that_were_replaced_meanwhile_are_made_again_after_a_restore(
    bureau: Bureau, tmp_path: Path, postgres: Postgres
) -> None:
    bureau.receive(b"bytes")
    run_all_jobs((JobKind.intake,))
    with transaction() as session:
        original = session.scalars(select(Original)).one()
        session.execute(
            text(
                "INSERT INTO jobs (id, kind, subject_id, queue, priority, state, requested, satisfied, attempt, tries,"
                " max_tries, seen_request, not_before, progress_note, reason_params, created_at, requested_at)"
                " VALUES (gen_random_uuid(), 'playable', :id, 'light', 5, 'done', 1, 1, 1, 0, 5, 1, now(), '', '{}',"
                " now(), now())"
            ),
            {"id": original.id},
        )
    rendition(original.id, "poster.jpg", b"poster")
    get_store().objects.delete(f"renditions/{original.id}/playable-1/poster.jpg")
    made = back_up(tmp_path / "backups")
    assert made.lacking == []
    # the store outlived the database: a later attempt has left its key there
    path = tmp_path / "late"
    path.write_bytes(b"late")
    store = directory(tmp_path / "outlived")
    store.objects.put_file(f"renditions/{original.id}/playable-7/poster.jpg", path)
    with empty_database(postgres) as url:
        result = bring_back(tmp_path / "backups", url, store)
        assert result.unknown_count == 1
        assert rows(url, "SELECT count(*) FROM renditions") == [(0,)]
        ask = "SELECT state, requested > satisfied, attempt FROM jobs WHERE kind = 'playable'"
        assert rows(url, ask) == [("queued", True, 7)]


def spoil_manifest(path: Path) -> None:
    told = json.loads((path / MANIFEST).read_text())
    told["manifest"]["objects"] += 1
    (path / MANIFEST).chmod(0o640)
    (path / MANIFEST).write_text(json.dumps(told))


def resealed(path: Path, **changed: Any) -> None:
    manifest: Any = {**read_manifest(path), **changed}
    (path / MANIFEST).chmod(0o640)
    write_manifest(path, manifest)


def cut_short(path: Path) -> None:
    path.chmod(0o640)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)


def an_object(path: Path) -> Path:
    return next(iter((path.parent / "objects").glob("*/*")))


def rot(path: Path) -> None:
    path.chmod(0o640)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


FAULTS: dict[str, tuple[Callable[[Path], object], type[BackupError]]] = {
    "the manifest was changed": (spoil_manifest, Damaged),
    "the manifest is cut off": (lambda path: cut_short(path / MANIFEST), Damaged),
    "the dump is cut off": (lambda path: cut_short(path / DATABASE), Damaged),
    "one bit of the dump is another": (lambda path: rot(path / DATABASE), Damaged),
    "the list of objects is missing": (lambda path: (path / OBJECTS).unlink(), Damaged),
    "an object is missing": (lambda path: an_object(path).unlink(), Damaged),
    "one bit of an object is another": (lambda path: rot(an_object(path)), Damaged),
    "a newer program made it": (lambda path: resealed(path, revision="9999"), MadeByNewer),
    "a newer form": (lambda path: resealed(path, form=99), MadeByNewer),
    "there is no room for it": (lambda path: resealed(path, database_bytes=10**18), NoRoom),
    "a table is not as it was": (
        lambda path: resealed(
            path, tables={**read_manifest(path)["tables"], "custody": {"rows": 7, "digest": "1"}}
        ),
        NotAsBackedUp,
    ),
}


@pytest.fixture
def backed_up(bureau: Bureau, tmp_path: Path) -> Path:
    bureau.receive(b"one")
    bureau.receive(b"two more")
    run_all_jobs((JobKind.intake,))
    return back_up(tmp_path / "backups").path


def test_a_restore_that_fails_changes_nothing(backed_up: Path, tmp_path: Path, postgres: Postgres) -> None:
    store = directory(tmp_path / "empty")
    for number, (fault, (spoil, error)) in enumerate(FAULTS.items()):
        copy = tmp_path / f"spoiled-{number}"
        shutil.copytree(backed_up.parent, copy)
        spoil(copy / backed_up.name)
        with empty_database(postgres) as url:
            with pytest.raises(error):
                bring_back(copy / backed_up.name, url, store, store_root=tmp_path)
            assert list(store.objects.list()) == [], fault
            assert databases(postgres, url) == set(), fault


def test_what_the_backup_does_not_know_is_kept_and_named(
    backed_up: Path, bureau: Bureau, tmp_path: Path, postgres: Postgres
) -> None:
    strange = tmp_path / "strange"
    strange.write_bytes(b"nobody knows me")
    store = directory(tmp_path / "used")
    store.objects.put_file("originals/strange", strange)
    with empty_database(postgres) as url:
        result = bring_back(backed_up, url, store)
        assert (result.unknown, result.unknown_count) == (["originals/strange"], 1)
        assert bytes_of(store, "originals/strange", None) == b"nobody knows me"
        # and now that database is at work
        with psycopg.connect(**dump.parameters(url)) as connection:
            connection.execute("DELETE FROM renditions")
            connection.execute("UPDATE squads SET name = 'renamed since'")
        result = bring_back(backed_up, url, store)
        assert result.refused and rows(url, "SELECT name FROM squads") == [("renamed since",)]
        result = bring_back(backed_up, url, store, set_aside=True)
        assert result.aside and rows(url, "SELECT name FROM squads") == [("第1中队",)]
        kept = dump.url_of(url, result.aside)
        assert rows(kept, "SELECT name FROM squads") == [("renamed since",)]
        # somebody is at work on it: not even with the option
        with psycopg.connect(**dump.parameters(url)), pytest.raises(DatabaseInUse):
            bring_back(backed_up, url, store, set_aside=True)
        # other bytes under a name of the backup
        path = next(one for one in (tmp_path / "used/objects").glob("*/*") if "strange" not in one.name)
        path.chmod(0o640)
        path.write_bytes(b"x" * path.stat().st_size)
        with pytest.raises(OtherBytesThere):
            bring_back(backed_up, url, store, set_aside=True)


def test_names_without_bytes_come_back_only_beside_the_store_that_has_them(
    bureau: Bureau, tmp_path: Path, postgres: Postgres
) -> None:
    bureau.receive(b"one")
    run_all_jobs((JobKind.intake,))
    made = back_up(tmp_path / "names", BackupObjects.reference)
    assert made.copied == 0 and not list((tmp_path / "names/objects").iterdir())
    with empty_database(postgres) as url:
        with pytest.raises(StoreLacks):
            bring_back(tmp_path / "names", url, directory(tmp_path / "empty"))
        assert bring_back(tmp_path / "names", url, get_store()).as_expected
    get_store().objects.delete(next(get_store().objects.list()).key)
    assert len(back_up(tmp_path / "names", BackupObjects.reference).lacking) == 1


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


def test_a_trial_reads_everything_leaves_no_database_and_is_written_down(
    backed_up: Path, bureau: Bureau, postgres: Postgres
) -> None:
    url = bureau.env["ZHENGLU_DATABASE_URL"]
    there = databases(postgres, url)
    try_restore(*chosen(backed_up), url, _schema())
    rot(an_object(backed_up))
    with pytest.raises(Damaged):
        try_restore(*chosen(backed_up), url, _schema())
    assert databases(postgres, url) == there


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


def killed(act: Callable[[Told], object], step: str, times: int) -> None:
    """`act` in a process of its own, ended by kill -9 when it has said for the n-th time that it is at `step`."""
    child = os.fork()
    if child == 0:
        try:
            get_engine().dispose(close=False)
            get_engine.cache_clear()
            left = [times]

            def told(now: str, done: int, total: int) -> None:
                left[0] -= now == step
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            act(told)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (step, times)


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


def test_a_killed_restore_has_changed_no_database_and_the_next_one_goes_on(
    backed_up: Path, tmp_path: Path, postgres: Postgres
) -> None:
    store = directory(tmp_path / "store")
    with empty_database(postgres) as url:
        for step, times in (("load", 0), ("compare", 0), ("store", 0), ("store", 0)):
            killed(lambda told: bring_back(backed_up, url, store, told=told), step, times)
            assert dump.database_of(url) not in databases(postgres, url)
        assert bring_back(backed_up, url, store).as_expected
        assert databases(postgres, url) == {dump.database_of(url)}


def test_why_none_could_be_made_stands_in_the_list(bureau: Bureau, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/letter.txt").write_text("mine")
    with pytest.raises(NotABackupFolder):
        back_up(tmp_path / "full")
    with bureau.session() as session, speaking("en"):
        [row] = queries.backups(session, None, 10).items
        assert "no folder of backups" in queries.read(row).problem
        assert not queries.is_due(session), "not at once again"


def in_pieces(bureau: Bureau, *pieces: bytes) -> Upload:
    """A final upload over finished pieces, whose job has not run."""
    ids = []
    with transaction() as session:
        for data in pieces:
            path = bureau.folder / f"piece-{new_id()}"
            path.write_bytes(data)
            one = new_id()
            stored = get_store().objects.put_file(f"pieces/{one}", path)
            session.add(
                Upload(
                    id=one,
                    account_id=bureau.actor().account_id,
                    squad_id=bureau.squad(),
                    state=UploadState.complete,
                    length=stored.size,
                    upload_offset=stored.size,
                    partial=True,
                    store_key=stored.key,
                    store_version=stored.version,
                    expires_at=now() + timedelta(days=1),
                )
            )
            ids.append(one)
        session.flush()
        said = Said(file_name="whole.mp4")
        return begin_joining(session, bureau.actor(), said, Concat("final;", False, tuple(ids)))


@pytest.mark.parametrize("joined_meanwhile", [False, True])
def test_what_was_sent_in_pieces_comes_back_whole_whether_or_not_it_was_put_together_yet(
    bureau: Bureau, tmp_path: Path, postgres: Postgres, joined_meanwhile: bool
) -> None:
    upload = in_pieces(bureau, b"one and ", b"two")

    def meanwhile(step: str, done: int, total: int) -> None:
        if joined_meanwhile and step == "copy":
            run_all_jobs((JobKind.assemble, JobKind.intake))
            retire_pieces()
            clear_ended()

    made = make_backup(get_settings(), tmp_path / "backups", by="tests", told=meanwhile)
    assert made.lacking == [] and made.manifest["open_uploads"] == 0
    store = directory(tmp_path / "empty")
    with empty_database(postgres) as url:
        assert bring_back(tmp_path / "backups", url, store).as_expected
        moved = {
            "ZHENGLU_DATABASE_URL": url,
            "ZHENGLU_OBJECT_STORE": f"file://{tmp_path / 'empty'}?reserve=0",
        }
        with settled_in({**bureau.env, **moved}):
            run_all_jobs((JobKind.assemble, JobKind.intake))
        assert rows(url, "SELECT sha256 FROM originals") == [(hashlib.sha256(b"one and two").hexdigest(),)]
        assert bytes_of(store, upload.store_key, None) == b"one and two"


def test_sidecars_go_along(bureau: Bureau, tmp_path: Path) -> None:
    """They have no receipt: only the upload's row names their bytes."""
    path = tmp_path / "list.json"
    path.write_bytes(b"{}")
    stored = get_store().objects.put_file(f"originals/{new_id()}", path)
    digest = hashlib.sha256(b"{}").hexdigest()
    with transaction() as session:
        session.add(
            Upload(
                account_id=bureau.actor().account_id,
                squad_id=bureau.squad(),
                state=UploadState.complete,
                length=2,
                upload_offset=2,
                store_key=stored.key,
                store_version=stored.version,
                facts={"sidecar": {"files": ["a.mp4"], "sha256": digest}},
                expires_at=now() + timedelta(days=1),
            )
        )
    made = back_up(tmp_path / "backups")
    [named] = read_objects(made.path / OBJECTS)
    assert (named.key, named.sha256) == (stored.key, digest)
    assert BackupFolder(tmp_path / "backups").true(digest)
