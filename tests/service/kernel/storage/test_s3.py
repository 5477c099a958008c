"""What only the S3 store has to get right."""

import contextlib
import hashlib
import io
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from minio import Minio

from deploy.process import free_port
from service.kernel.storage import open_store
from service.kernel.storage.errors import ObjectLocked, StorageError, StorageFull, StorageUnavailable
from service.kernel.storage.protocols import MIB
from service.kernel.storage.s3 import Bucket, FileBody, check_sdk, parse_moment
from tests.fixtures.ceph import CephNode
from tests.service.kernel.storage.row import Row, content
from tests.service.kernel.storage.test_contract import noise


@pytest.fixture
def bucket(ceph: CephNode, s3_url: str) -> Bucket:
    name = s3_url.split("/")[2].split("?")[0]
    return Bucket(name, ceph.endpoint, "us-east-1", ceph.access_key, ceph.secret_key)


class Cable:
    """A connection to the store that can be pulled out."""

    def __init__(self, target: int) -> None:
        self.port, self._target = free_port(), target
        self._open: list[socket.socket] = []
        self._server: socket.socket | None = None
        self.plug()

    def plug(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def pull(self) -> None:
        assert self._server
        for end in [self._server, *self._open]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def cable(ceph: CephNode) -> Iterator[Cable]:
    cable = Cable(ceph.port)
    yield cable
    cable.pull()


def test_an_upload_outlives_a_store_that_goes_away(ceph: CephNode, s3_url: str, cable: Cable) -> None:
    store = open_store(s3_url.replace(str(ceph.port), str(cable.port)), ceph.access_key, ceph.secret_key)
    data = noise(40_000_000)
    row = Row.create(store, "originals/outage", len(data))
    hand = row.take_over(store)
    hand.write(data[:17_000_000])
    cable.pull()
    with pytest.raises(StorageUnavailable):
        hand.write(data[17_000_000:])
        hand.close()
    hand.abandon()
    assert row.offset % (8 * MIB) == 0
    cable.plug()
    hand = row.take_over(store)
    hand.write(data[row.offset :])
    hand.close()
    assert content(store, row.complete(store)) == data


def test_parts_of_a_dead_writer_are_cut_out_also_after_a_crash_in_the_middle_of_it(
    ceph: CephNode, s3_url: str, bucket: Bucket
) -> None:
    """RGW completes an upload only with every part that ever arrived, so those nobody acknowledged come along."""
    data = noise(40_000_000)
    for crashed in (False, True):
        store = open_store(s3_url, ceph.access_key, ceph.secret_key)
        row = Row.create(store, f"originals/dead-{crashed}".lower(), len(data))
        hand = row.take_over(store)
        hand.write(data[:12_000_000])
        hand.close()
        dead = row.take_over(store)
        dead.writer.write(bytes(8 * MIB))
        dead.writer.abandon()
        hand = row.take_over(store)
        hand.write(data[12_000_000:])
        hand.close()
        upload = row.state["upload"]
        listed = sorted(bucket.parts(row.key, upload), key=lambda part: part.number)
        keep = {n for first, last, _ in row.state["runs"] for n in range(first, last + 1)}
        assert {part.number for part in listed} - keep
        if crashed:
            assert row.state["tail"] is None
            plan = [[part.size, part.number in keep] for part in listed]
            bucket.put(f"tails/{row.key}/parts", json.dumps(plan).encode())
            bucket.finish(row.key, upload, [(part.number, part.etag) for part in listed])
        stored = row.complete(store)
        assert content(store, stored) == data
        assert row.complete(store) == stored
        versions = [v for v in bucket.versions(row.key) if v.size]
        assert [v.version for v in versions] == [stored.version]
        assert list(store.uploads.list_uploads(datetime.now(UTC) + timedelta(days=1))) == []


@contextlib.contextmanager
def killed_before_it_forgot(ceph: CephNode, key: str) -> Iterator[None]:
    """What RGW knows of an upload of this key is there again afterwards, as if it had been killed between the object
    that it makes of the upload and the removal of the upload."""
    uploads, index = "default.rgw.buckets.non-ec", "default.rgw.buckets.index"

    def rados(pool: str, *words: str) -> str:
        done = subprocess.run(
            ["rados", "-c", f"{ceph.home}/ceph.conf", "-p", pool, *words],
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode(errors="replace")

    [meta] = [
        name
        for name in rados(uploads, "ls").splitlines()
        if f"_multipart_{key}." in name and name.endswith(".meta")
    ]
    bucket_id, _, entry = meta.partition("__multipart_")
    entry = f"_multipart_{entry}"
    rados(uploads, "cp", meta, "kept")
    [shard] = [
        shard
        for shard in rados(index, "ls").splitlines()
        if bucket_id in shard and entry in rados(index, "listomapkeys", shard).splitlines()
    ]
    with tempfile.NamedTemporaryFile() as value:
        rados(index, "getomapval", shard, entry, value.name)
        yield
        rados(uploads, "cp", "kept", meta)
        rados(uploads, "rm", "kept")
        rados(index, "setomapval", shard, entry, "--input-file", value.name)


def test_an_object_keeps_its_parts_when_the_store_was_killed_before_it_forgot_the_upload(
    ceph: CephNode, s3_url: str, bucket: Bucket
) -> None:
    """RGW takes the parts of an upload that is given up from under the object that it has made of them."""
    data = noise(22_500_000)
    store = open_store(s3_url, ceph.access_key, ceph.secret_key)
    row = Row.create(store, "originals/left", len(data))
    hand = row.take_over(store)
    hand.write(data)
    hand.close()
    with killed_before_it_forgot(ceph, row.key):
        row.complete(store)  # and nobody heard of it
    assert [key for key, _, _ in bucket.uploads("")] == [row.key]

    store.uploads.abort(row.key)
    ceph.admin("gc", "process", "--include-all")
    assert content(store, store.uploads.complete(row.key, row.state)) == data

    assert list(bucket.uploads("")) == []
    ceph.admin("gc", "process", "--include-all")
    stored = store.uploads.complete(row.key, row.state)
    assert content(store, stored) == data
    assert [found.version for found in bucket.versions(row.key)] == [stored.version]


def test_joined_pieces_keep_their_parts_when_the_store_was_killed_before_it_forgot_the_upload(
    ceph: CephNode, s3_url: str, bucket: Bucket
) -> None:
    data = [noise(6_000_000), noise(7_000_000)]
    store = open_store(s3_url, ceph.access_key, ceph.secret_key)
    pieces = [store.objects.put_file(f"pieces/{n}", io.BytesIO(one)) for n, one in enumerate(data)]
    upload = bucket.start("originals/whole")
    made = [
        (n, bucket.copy_part("originals/whole", upload, n, piece.key, piece.version, 0, piece.size))
        for n, piece in enumerate(pieces, start=1)
    ]
    with killed_before_it_forgot(ceph, "originals/whole"):
        bucket.finish("originals/whole", upload, made)
    store.uploads.abort("originals/whole")  # as a second attempt does
    stored = store.uploads.concatenate("originals/whole", pieces)
    ceph.admin("gc", "process", "--include-all")
    assert content(store, stored) == b"".join(data)
    assert list(bucket.uploads("")) == []


def test_a_store_that_was_never_there_does_not_stop_the_service() -> None:
    store = open_store(f"s3://none?endpoint=http://127.0.0.1:{free_port()}", "a", "b")
    began = time.monotonic()
    with pytest.raises(StorageUnavailable):
        store.objects.stat("originals/x")
    assert time.monotonic() - began < 20


def test_reading_goes_on_after_a_broken_connection(ceph: CephNode, s3_url: str, cable: Cable) -> None:
    store = open_store(s3_url.replace(str(ceph.port), str(cable.port)), ceph.access_key, ceph.secret_key)
    data = noise(30_000_000)
    stored = store.objects.put_file("originals/broken", io.BytesIO(data), len(data))
    stream = store.objects.read(stored.key, stored.version)
    got = next(stream)
    cable.pull()
    cable.plug()
    assert got + b"".join(stream) == data


def test_a_full_store_says_so_and_keeps_what_it_has(ceph: CephNode, s3_url: str) -> None:
    store = open_store(s3_url, ceph.access_key, ceph.secret_key)
    name = s3_url.split("/")[2].split("?")[0]
    data = noise(20_000_000)
    row = Row.create(store, "originals/full", len(data))
    hand = row.take_over(store)
    hand.write(data[:9_000_000])
    hand.close()
    quota = ("--quota-scope=bucket", f"--bucket={name}")
    ceph.admin("quota", "set", *quota, "--max-size=1")
    ceph.admin("quota", "enable", *quota)
    time.sleep(0.5)
    hand = row.take_over(store)
    with pytest.raises(StorageFull):
        hand.write(data[9_000_000:])
        hand.close()
    hand.abandon()
    assert row.offset == 9_000_000
    ceph.admin("quota", "disable", *quota)
    time.sleep(0.5)
    hand = row.take_over(store)
    hand.write(data[9_000_000:])
    hand.close()
    assert content(store, row.complete(store)) == data


def test_the_store_itself_refuses_to_delete_or_shorten(ceph: CephNode, s3_url: str, bucket: Bucket) -> None:
    """Seen through another SDK, so that ours cannot deceive itself."""
    store = open_store(s3_url, ceph.access_key, ceph.secret_key)
    row = Row.create(store, "originals/kept", None)
    hand = row.take_over(store)
    hand.write(noise(9_000_000))
    hand.close()
    stored = row.complete(store)
    until = datetime.now(UTC) + timedelta(hours=1)
    assert store.objects.lock(stored.key, stored.version, until, "COMPLIANCE").locked
    with pytest.raises(ObjectLocked):
        store.objects.delete(stored.key, stored.version)
    with pytest.raises(ObjectLocked):
        bucket.delete(stored.key, stored.version, bypass=True)
    shorter = store.objects.lock(stored.key, stored.version, until - timedelta(minutes=30), "COMPLIANCE")
    assert shorter.until and shorter.until >= until - timedelta(seconds=1)
    longer = store.objects.lock(stored.key, stored.version, until + timedelta(hours=1), "COMPLIANCE")
    assert longer.until and longer.until > until
    other = boto3.client(
        "s3",
        endpoint_url=ceph.endpoint,
        region_name="us-east-1",
        aws_access_key_id=ceph.access_key,
        aws_secret_access_key=ceph.secret_key,
    )
    answer = other.get_object_retention(Bucket=bucket.name, Key=stored.key, VersionId=stored.version)
    assert answer["Retention"]["Mode"] == "COMPLIANCE"


def test_a_bucket_without_object_lock_is_told_apart(ceph: CephNode, s3_url: str) -> None:
    name = s3_url.split("/")[2].split("?")[0]
    Minio(ceph.endpoint.removeprefix("http://"), ceph.access_key, ceph.secret_key, secure=False).make_bucket(
        name
    )
    store = open_store(s3_url, ceph.access_key, ceph.secret_key)
    stored = store.objects.put_file("originals/open", io.BytesIO(b"abc"), 3)
    state = store.objects.lock(stored.key, stored.version, datetime.now(UTC) + timedelta(hours=1))
    assert not state.locked
    assert "without object lock" in state.detail
    assert not store.objects.prove_lock().supported
    assert content(store, stored) == b"abc"


def test_a_part_damaged_on_its_way_is_refused(bucket: Bucket) -> None:
    upload = bucket.start("originals/damaged")
    body = noise(6 * MIB)
    with tempfile.TemporaryFile() as file:
        file.write(body)
        right = FileBody(file, len(body), hashlib.sha256(body).hexdigest())
        assert bucket.part("originals/damaged", upload, 1, right) == hashlib.md5(body).hexdigest()
        with pytest.raises(StorageError):
            bucket.part("originals/damaged", upload, 2, FileBody(file, len(body), "0" * 64))
    assert [part.number for part in bucket.parts("originals/damaged", upload)] == [1]
    bucket.cancel("originals/damaged", upload)


def test_parts_too_large_for_memory_go_through_a_file(ceph: CephNode, s3_url: str) -> None:
    store = open_store(s3_url, ceph.access_key, ceph.secret_key)
    data = noise(30_000_000)
    row = Row.create(store, "originals/huge", 2**42)
    for start in (0, 12_000_000):
        hand = row.take_over(store)
        hand.write(data[start : start + 12_000_000])
        hand.close()
    assert row.state["runs"] == []
    assert row.offset == 24_000_000
    row.length = None
    hand = row.take_over(store)
    hand.write(data[24_000_000:])
    hand.close()
    assert content(store, row.complete(store)) == data


def test_another_release_of_the_sdk_stops_with_a_sentence() -> None:
    check_sdk()

    class Renamed:
        pass

    class Reordered(Minio):
        def _upload_part(  # type: ignore[override] # the order that a release of the SDK might have
            self,
            bucket_name: Any,
            object_name: Any,
            upload_id: Any,
            part_number: Any,
            data: Any,
            headers: Any,
        ) -> None:
            raise AssertionError

    with pytest.raises(RuntimeError, match="has no"):
        check_sdk(Renamed)
    with pytest.raises(RuntimeError, match="_upload_part takes"):
        check_sdk(Reordered)


def test_only_one_module_knows_the_sdk() -> None:
    root = Path(__file__).parents[4]
    found = subprocess.run(
        [
            "grep",
            "-rlE",
            r"^\s*(import minio|from minio)",
            *(str(root / d) for d in ("service", "workers", "deploy")),
        ],
        capture_output=True,
        text=True,
    ).stdout.split()
    assert [Path(path).name for path in found if path.endswith(".py")] == ["s3.py"]
    assert sys.modules["minio"].__version__.startswith("7.2.")


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-11-22T08:00:01.142000000Z", 142_000),
        ("2026-11-22T08:00:01Z", 0),
        ("2026-11-22T08:00:01.5Z", 500_000),
        ("2026-11-22T08:00:01.123456789Z", 123_456),
        ("2026-11-22T16:00:01+08:00", 0),
        ("2026-11-22T16:00:01+0800", 0),
    ],
)
def test_moments_with_any_number_of_digits(text: str, microsecond: int) -> None:
    assert parse_moment(text) == datetime(2026, 11, 22, 8, 0, 1, microsecond, UTC)


def test_what_is_no_moment_is_none() -> None:
    assert parse_moment("") is None
    assert parse_moment("tomorrow") is None
