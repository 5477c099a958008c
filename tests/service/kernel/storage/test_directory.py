"""What only the directory store has to get right."""

import errno
import fcntl
import io
import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.kernel.storage import Store, directory, directory_multipart, open_store
from service.kernel.storage.directory import DirectoryObjects
from service.kernel.storage.errors import ObjectMissing, StorageFull, StorageUnavailable, WriterFenced
from service.kernel.storage.room import Room
from tests.service.kernel.storage.row import Row, content
from tests.service.kernel.storage.test_contract import noise

UNPRIVILEGED = 65534


def test_an_original_is_a_read_only_file(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    row = Row.create(store, "originals/a", None)
    hand = row.take_over(store)
    hand.write(b"abc")
    hand.close()
    row.complete(store)
    store.objects.put_file("renditions/b", io.BytesIO(b"abc"))
    for key in ("originals/a", "renditions/b"):
        path = store.objects.local_path(key)
        assert path and path.read_bytes() == b"abc"
        assert path.stat().st_mode & 0o777 == 0o440
        assert path.stat().st_nlink == 1
    assert store.objects.local_path("originals/none") is None
    assert list((tmp_path / "tmp").iterdir()) == []


def test_one_writer_after_another_completes_without_a_copy(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    row = Row.create(store, "originals/a", None)
    for _ in range(3):
        hand = row.take_over(store)
        hand.write(noise(1_000_000))
        hand.close()
    segments = [path for path in (tmp_path / "uploads").rglob("*") if path.is_file() and path.name != "fence"]
    assert len(segments) == 1
    inode = segments[0].stat().st_ino
    row.complete(store)
    path = store.objects.local_path("originals/a")
    assert path and path.stat().st_ino == inode


def test_killed_just_before_the_final_name_the_service_user_completes_it_all_the_same(
    run_folder: Path,
) -> None:
    """The file is read-only by then, and its owner is not root."""
    folder = run_folder / f"published-{uuid.uuid4().hex}"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, UNPRIVILEGED, UNPRIVILEGED)

    def killed_and_completed() -> None:
        store = open_store(f"file://{folder}?reserve=0")
        row = Row.create(store, "originals/a", 3)
        hand = row.take_over(store)
        hand.write(b"abc")
        hand.close()
        [segment] = (folder / "uploads").glob("*/*/[0-9]*")
        segment.chmod(0o440)
        assert content(store, row.complete(store)) == b"abc"
        assert not list((folder / "uploads").glob("*/*"))
        assert not os.access(folder / "objects" / segment.parent.parent.name / segment.parent.name, os.W_OK)

    assert as_nobody(killed_and_completed) == 0


def as_nobody(act: Callable[[], None]) -> int:
    """In a child that has no rights beyond those of its files; its exit code."""
    child = os.fork()
    if not child:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(UNPRIVILEGED)
                os.setuid(UNPRIVILEGED)
            act()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_ends_of_one_upload_that_meet_never_say_that_the_store_fails(tmp_path: Path) -> None:
    stores = [open_store(f"file://{tmp_path}") for _ in range(4)]
    for number in range(100):
        row = Row.create(stores[0], f"originals/met-{number}", None)
        hand = row.take_over(stores[0])
        hand.write(b"abc")
        hand.close()
        together = threading.Barrier(4)
        aborts = number % 2

        def end(
            store: Store, row: Row = row, together: threading.Barrier = together, aborts: int = aborts
        ) -> None:
            together.wait()
            if aborts:
                store.uploads.abort(row.key)
            else:
                row.complete(store)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(end, stores))
        assert (stores[0].objects.local_path(row.key) is None) == bool(aborts)
    assert not [path for path in (tmp_path / "uploads").rglob("*") if path.name.startswith("originals")]


def test_who_waited_for_an_upload_that_was_aborted_meanwhile_hears_that_it_is_gone(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    row = Row.create(store, "originals/a", None)
    (fence,) = (tmp_path / "uploads").rglob("fence")
    with fence.open() as held, ThreadPoolExecutor(1) as pool:
        fcntl.flock(held, fcntl.LOCK_EX)
        late = pool.submit(row.take_over, store)
        await_waiting_locks(fence.stat().st_ino)
        shutil.rmtree(fence.parent)
        fcntl.flock(held, fcntl.LOCK_UN)
        with pytest.raises(ObjectMissing):
            late.result(timeout=30)
    store.uploads.abort(row.key)


def await_waiting_locks(inode: int) -> None:
    for _ in range(3000):
        lines = Path("/proc/locks").read_text().splitlines()
        if any("->" in line and f":{inode} " in line for line in lines):
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for the lock")


def test_a_full_quota_keeps_what_came_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}?quota=10000000")
    other = store.objects.put_file("originals/other", io.BytesIO(noise(5_000_000)))
    data = noise(8_000_000)
    row = Row.create(store, "originals/a", len(data))
    hand = row.take_over(store)
    with pytest.raises(StorageFull):
        hand.write(data)
    assert hand.abandon()
    assert row.offset == 5_000_000
    with pytest.raises(StorageFull):
        store.objects.put_file("originals/more", io.BytesIO(b"x"))
    store.objects.delete(other.key)
    hand = row.take_over(open_store(f"file://{tmp_path}?quota=10000000"))
    hand.write(data[row.offset :])
    hand.close()
    assert content(store, row.complete(store)) == data
    assert isinstance(store.objects, DirectoryObjects)
    room = store.objects.room
    assert room.used() == len(data) == room.recount()
    store.objects.delete("originals/a")
    gone = Row.create(store, "originals/gone", None)
    hand = gone.take_over(store)
    hand.write(data)
    hand.close()
    store.uploads.abort("originals/gone")
    assert room.used() == 0


def test_the_disk_keeps_a_reserve(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}?reserve={2**60}")
    with pytest.raises(StorageFull):
        store.uploads.create("originals/a")
    with pytest.raises(StorageFull):
        store.objects.put_file("originals/b", io.BytesIO(b"x"))
    assert list(store.objects.list()) == []


FULL = """
import resource, sys
from service.kernel.storage import open_store
from service.kernel.storage.errors import StorageFull
store = open_store(sys.argv[1])
checkpoint = store.uploads.create("originals/a")
writer = store.uploads.open("originals/a", store.uploads.begin(checkpoint.state, 1), 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_500_000, 2_500_000))
try:
    for _ in range(4):
        writer.write(bytes(1_000_000))
except StorageFull:
    print("full", writer.abandon().offset)
"""


def test_an_error_of_the_kernel_in_the_middle_of_a_write_keeps_what_fitted(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, f"file://{tmp_path}"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    assert done.stdout.split() == ["full", "2500000"], done.stderr


def test_bytes_behind_a_failed_sync_never_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel tells of a failed write once; the next fdatasync of the same pages answers that all is well."""
    fails = [True]

    def fdatasync(handle: int) -> None:
        if fails and fails.pop():
            raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(directory_multipart, "SYNC_EVERY", 1)
    monkeypatch.setattr(directory_multipart.os, "fdatasync", fdatasync)
    store = open_store(f"file://{tmp_path}")
    data = noise(3_000_000)
    row = Row.create(store, "originals/a", len(data))
    hand = row.take_over(store)
    with pytest.raises(StorageUnavailable):
        while True:
            hand.write(data[:1000])
    assert not fails and hand.abandon() and row.offset == 0
    hand = row.take_over(store)
    hand.write(data)
    hand.close()
    assert content(store, row.complete(store)) == data


@pytest.mark.parametrize("left", [b"", bytes(20), b"0000"])
def test_a_fence_that_a_power_cut_has_emptied_stops_no_upload(tmp_path: Path, left: bytes) -> None:
    store = open_store(f"file://{tmp_path}")
    row = Row.create(store, "originals/a", 6)
    hand = row.take_over(store)
    hand.write(b"abc")
    hand.close()
    (fence,) = (tmp_path / "uploads").rglob("fence")
    fence.write_bytes(left)
    hand = row.take_over(store)
    with pytest.raises(WriterFenced):
        store.uploads.open(row.key, row.state, row.epoch)
    hand.write(b"def")
    hand.close()
    assert content(store, row.complete(store)) == b"abcdef"


@pytest.mark.parametrize("left", [b"", bytes(57), b"%020d" % 5, b"00000000000000000005 an-earlier-start"])
def test_a_count_of_before_the_power_cut_is_not_believed(tmp_path: Path, left: bytes) -> None:
    url = f"file://{tmp_path}?quota=1000"
    open_store(url).objects.put_file("originals/a", io.BytesIO(b"x" * 700))
    (tmp_path / "usage").write_bytes(left)
    store = open_store(url)
    assert isinstance(store.objects, DirectoryObjects) and store.objects.room.used() == 700
    with pytest.raises(StorageFull):
        store.objects.put_file("originals/b", io.BytesIO(b"x" * 301))
    store.objects.put_file("originals/b", io.BytesIO(b"x" * 300))


def test_an_object_with_a_second_name_left_by_a_power_cut_counts_once(tmp_path: Path) -> None:
    url = f"file://{tmp_path}?quota=1000"
    store = open_store(url)
    store.objects.put_file("originals/a", io.BytesIO(b"x" * 300))
    left = tmp_path / "tmp/left"
    left.hardlink_to(store.objects.local_path("originals/a"))
    os.utime(left, (0, 0))
    assert Room(tmp_path, 1000, 0).recount() == 300
    assert Room(tmp_path, 1000, 0).used() == 300
    open_store(url)
    assert not left.exists() and Room(tmp_path, 1000, 0).used() == 300


def test_a_folder_that_another_process_has_just_made_is_synced_before_it_is_relied_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one may not have come to its own sync when the power goes."""
    synced: list[Path] = []
    monkeypatch.setattr(directory, "sync_folder", synced.append)
    shard = tmp_path / "ab"
    shard.mkdir()
    directory.durable_folder(shard)
    assert synced == [tmp_path]
    directory.durable_folder(shard)
    assert synced == [tmp_path], "once is enough"
    directory.durable_root(tmp_path / "x/y")
    assert {tmp_path, tmp_path / "x"} <= set(synced)


@pytest.mark.parametrize(
    "url",
    [
        "file://relative/dir",
        "ftp://x/y",
        "/plain",
        "s3://?endpoint=http://h",
        "s3://b?endpoint=h",
        "s3://b?region=x",
        "file:///d?qouta=1",
    ],
)
def test_a_wrong_address_is_said_at_start(url: str) -> None:
    with pytest.raises(ValueError):
        open_store(url)


def test_a_count_nobody_kept_is_made_anew(tmp_path: Path) -> None:
    with_quota, without = f"file://{tmp_path}?quota=1000", f"file://{tmp_path}"
    open_store(with_quota).objects.put_file("originals/a", io.BytesIO(b"x" * 10))
    open_store(without).objects.put_file("originals/b", io.BytesIO(b"x" * 20))
    open_store(with_quota)
    assert Room(tmp_path, 1000, 0).used() == 30
