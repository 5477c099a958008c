"""What a backup holds comes back as it was, or nothing changes."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, select, text
from sqlmodel import Session

import service.reactions  # noqa: F401  what follows from each change
from deploy.backup import _schema
from deploy.embedded.postgres import Postgres
from schemas.backups import BackupObjects
from schemas.base import new_id
from schemas.jobs import JobKind
from schemas.originals import Original
from schemas.uploads import Upload, UploadState
from service.footage.uploads.joining import begin_joining
from service.footage.uploads.protocol import Concat
from service.footage.uploads.reaper import clear_ended, retire_pieces
from service.footage.uploads.rules import Said
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.settings import get_settings
from service.kernel.storage import Store, get_store, open_store
from service.preservation.backups import dump
from service.preservation.backups.errors import (
    BackupError,
    Damaged,
    DatabaseInUse,
    MadeByNewer,
    NoRoom,
    NotAsBackedUp,
    OtherBytesThere,
    StoreLacks,
)
from service.preservation.backups.folder import BackupFolder, chosen
from service.preservation.backups.making import make_backup
from service.preservation.backups.manifest import (
    DATABASE,
    MANIFEST,
    OBJECTS,
    read_manifest,
    read_objects,
)
from service.preservation.backups.restoring import try_restore
from service.supervision.coverage.queries import board
from service.supervision.coverage.selection import Filters
from tests.fixtures.backups import (
    SUPERVISOR,
    back_up,
    bring_back,
    directory,
    empty_database,
    full,
    killed,
    rendition,
    resealed,
    rows,
)
from tests.fixtures.ceph import CephNode
from tests.fixtures.jobs import Bureau, environment, run_all_jobs, settled_in

# Tables in which a restore says what is no longer true; all others come back row for row.
SETTLED = {"backups", "heartbeats", "job_attempts", "jobs", "sign_ins", "uploads"}


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


def tables(url: str) -> dict[str, Any]:
    with closing(dump.connect(url)) as connection:
        return dump.digests(connection)


def figures(url: str) -> dict[str, Any]:
    engine = create_engine(url, poolclass=NullPool)
    with Session(engine) as session:
        asked = Filters(since=date(2026, 3, 1), until=date(2026, 4, 1))
        found = board(session, SUPERVISOR, asked, ("squad",), datetime(2026, 5, 1, tzinfo=UTC))
    return {name: value for name, value in asdict(found).items() if name != "counted_at"}


def databases(postgres: Postgres, url: str) -> set[str]:
    """That database and those made or set aside beside it; other tests make theirs in the same cluster meanwhile."""
    name = dump.database_of(url)
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        every = {row[0] for row in admin.execute("SELECT datname FROM pg_database").fetchall()}
    return {one for one in every if one == name or one.startswith(f"{name[:40]}_")}


def bytes_of(store: Store, key: str, version: str) -> bytes:
    with store.objects.read(key, version) as chunks:
        return b"".join(chunks)


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


@pytest.mark.parametrize("maker", ["playable", "looks"])
def test_renditions_that_were_replaced_meanwhile_are_made_again_after_a_restore(
    bureau: Bureau, tmp_path: Path, postgres: Postgres, maker: str
) -> None:
    bureau.receive(b"bytes")
    run_all_jobs((JobKind.intake,))
    with transaction() as session:
        original = session.scalars(select(Original)).one()
        session.execute(
            text(
                "INSERT INTO jobs (id, kind, subject_id, queue, priority, state, requested, satisfied, attempt, tries,"
                " max_tries, seen_request, not_before, progress_note, reason_params, created_at, requested_at)"
                " VALUES (gen_random_uuid(), :kind, :id, 'light', 5, 'done', 1, 1, 1, 0, 5, 1, now(), '', '{}',"
                " now(), now())"
            ),
            {"id": original.id, "kind": maker},
        )
    rendition(original.id, "poster.jpg", b"poster", maker)
    get_store().objects.delete(f"renditions/{original.id}/{maker}-1/poster.jpg")
    made = back_up(tmp_path / "backups")
    assert made.lacking == []
    # the store outlived the database: a later attempt has left its key there
    path = tmp_path / "late"
    path.write_bytes(b"late")
    store = directory(tmp_path / "outlived")
    store.objects.put_file(f"renditions/{original.id}/{maker}-7/poster.jpg", path)
    with empty_database(postgres) as url:
        result = bring_back(tmp_path / "backups", url, store)
        assert result.unknown_count == 1
        assert rows(url, "SELECT count(*) FROM renditions") == [(0,)]
        ask = f"SELECT state, requested > satisfied, attempt FROM jobs WHERE kind = '{maker}'"
        assert rows(url, ask) == [("queued", True, 7)]


def spoil_manifest(path: Path) -> None:
    told = json.loads((path / MANIFEST).read_text())
    told["manifest"]["objects"] += 1
    (path / MANIFEST).chmod(0o640)
    (path / MANIFEST).write_text(json.dumps(told))


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
