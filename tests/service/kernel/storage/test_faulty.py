"""The S3 store behind a line that is slow, fails one request in ten, lies, or bends what passes."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from service.kernel.storage import Store, open_store
from service.kernel.storage.blocks import BLOCK, ProvenStream, Sums
from service.kernel.storage.errors import BytesChanged, ObjectMissing, StorageError, StorageUnavailable
from service.kernel.storage.protocols import MIB, Stored
from tests.fixtures.ceph import CephNode
from tests.fixtures.faulty_store import BENT, FAILING, LYING, FaultyStore, faulty_store
from tests.service.kernel.storage.row import Row, content
from tests.service.kernel.storage.test_contract import noise


@pytest.fixture
def line(ceph: CephNode) -> Iterator[FaultyStore]:
    with faulty_store(ceph.port) as line:
        yield line


@pytest.fixture
def sound(ceph: CephNode, s3_url: str) -> Store:
    return open_store(s3_url, ceph.access_key, ceph.secret_key)


@pytest.fixture
def store(ceph: CephNode, s3_url: str, line: FaultyStore, sound: Store) -> Store:
    return open_store(s3_url.replace(str(ceph.port), str(line.port)), ceph.access_key, ceph.secret_key)


T = TypeVar("T")


def patiently(act: Callable[[], T], tries: int = 6) -> T:
    """As jobs and clients do: a store that is away is asked again."""
    for left in reversed(range(tries)):
        try:
            return act()
        except StorageError:
            if not left:
                raise
    raise AssertionError


def proven(store: Store, stored: Stored, data: bytes) -> bytes:
    sums = Sums()
    sums.update(data)

    def read(start: int, length: int) -> object:
        return store.objects.read(stored.key, stored.version, start, length)

    with ProvenStream(read, len(data), sums.blocks(), 0, len(data)) as stream:  # type: ignore[arg-type]
        return b"".join(stream)


def upload(store: Store, key: str, data: bytes, draw: random.Random) -> Stored:
    """In pieces of any size, each request tried again from where the row stands."""
    row = Row.create(store, key, len(data))
    while row.offset < len(data):
        hand = patiently(lambda: row.take_over(store))
        step = min(len(data) - row.offset, draw.randint(1, 12 * MIB))
        try:
            hand.write(data[row.offset : row.offset + step])
            hand.close()
        except StorageError:
            hand.abandon()
    return patiently(lambda: row.complete(store))


@pytest.mark.parametrize("faults", [(*FAILING, *BENT), LYING], ids=["failing and bent", "lying"])
def test_one_request_in_ten_costs_no_byte(
    store: Store, sound: Store, line: FaultyStore, faults: tuple[str, ...], tmp_path: Path
) -> None:
    draw = random.Random(11)
    kept: dict[int, bytes] = {}
    versions: dict[int, str] = {}
    line.shares = dict.fromkeys(faults, 0.2 / len(faults))
    for number, size in enumerate((0, 1, 70_000, 5 * MIB, 3 * BLOCK + 1, 21_000_000)):
        data = noise(size)
        stored = upload(store, f"originals/up-{number}", data, draw)
        assert content(sound, stored) == data, (number, line.done)
        kept[number], versions[number] = data, stored.version
        path = tmp_path / str(number)
        path.write_bytes(data)
        made = patiently(partial(_put, store, f"renditions/r-{number}", path, size, draw))
        for one in (stored, made):
            assert patiently(partial(proven, store, one, data)) == data, (number, line.done)
    assert line.done.total() > 2, line.done
    line.shares = {}
    for left in list(sound.uploads.list_uploads(datetime.now(UTC) + timedelta(days=1))):
        sound.uploads.abort(left.key)  # what a bent list hid is given up by the reaper, a day later
    for number, data in kept.items():
        assert content(sound, Stored(f"originals/up-{number}", versions[number], len(data))) == data


def _put(store: Store, key: str, path: Path, size: int, draw: random.Random) -> Stored:
    return store.objects.put_file(f"{key}-{draw.randint(0, 10**9)}", path, size)


def test_a_slow_store_only_takes_its_time(store: Store, line: FaultyStore) -> None:
    line.delay_s = 0.3
    data = noise(2 * MIB + 5)
    stored = upload(store, "originals/slow", data, random.Random(1))
    began, requests = time.monotonic(), Counter(line.requests)
    with store.objects.read(stored.key, stored.version, MIB, 10) as stream:
        assert b"".join(stream) == data[MIB : MIB + 10]
    asked = line.requests - requests
    assert (asked["GET"], asked["HEAD"]) == (1, 0), "a range costs one request, no head before it"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("fault", ["500", "503", "reset-before", "reset-after"])
def test_a_store_that_only_fails_is_away_and_nothing_else(
    store: Store, line: FaultyStore, fault: str
) -> None:
    stored = upload(store, "originals/away", b"bytes", random.Random(1))
    line.shares = {fault: 1.0}
    with pytest.raises(StorageUnavailable):
        store.objects.read(stored.key, stored.version)
    with pytest.raises(StorageUnavailable):
        store.objects.stat(stored.key, stored.version)
    line.shares = {}
    with store.objects.read(stored.key, stored.version) as stream:
        assert b"".join(stream) == b"bytes"


def test_a_store_that_always_bends_is_found_by_the_sums(store: Store, line: FaultyStore) -> None:
    data = noise(2 * MIB)
    stored = upload(store, "originals/bent", data, random.Random(1))
    line.shares = {"bent": 1.0}
    with pytest.raises(BytesChanged):
        proven(store, stored, data)
    line.shares = {"truncated": 1.0}
    with pytest.raises(StorageUnavailable):
        proven(store, stored, data)
    line.shares = {"other-range": 1.0}
    with pytest.raises(StorageUnavailable):
        proven(store, stored, data)


def test_a_head_that_lies_does_not_change_what_is_read(store: Store, line: FaultyStore) -> None:
    data = noise(70_000)
    stored = upload(store, "originals/lied", data, random.Random(1))
    for lie in ("wrong-size", "not-there", "wrong-etag"):
        line.shares = {lie: 1.0}
        with store.objects.read(stored.key, stored.version, 5, 10) as stream:
            assert b"".join(stream) == data[5:15]
        with store.objects.read(stored.key, stored.version) as stream:
            assert b"".join(stream) == data
    with pytest.raises(ObjectMissing):
        store.objects.read("originals/none")
