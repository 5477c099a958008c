"""No byte that is not as it was received leaves the store's reader, whatever the store gives."""

import hashlib
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.storage import blocks
from service.kernel.storage.blocks import BLOCK, SUM_BYTES, ProvenStream, Sums, blocks_of
from service.kernel.storage.errors import BytesChanged, InvalidRange, StorageUnavailable

BYTES = random.Random(7).randbytes(3 * BLOCK + 12_345)


class Given:
    """A stream in chunks of any size."""

    def __init__(self, data: bytes, chunk: int) -> None:
        self.length, self._left, self._chunk = len(data), data, chunk

    def __iter__(self) -> "Given":
        return self

    def __next__(self) -> bytes:
        if not self._left:
            raise StopIteration
        given, self._left = self._left[: self._chunk], self._left[self._chunk :]
        return given

    def close(self) -> None:
        self._left = b""

    def __enter__(self) -> "Given":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Held:
    """An object of a store; `bent` many of its next reads have a wrong byte at `at`."""

    def __init__(self, data: bytes, chunk: int = BLOCK, at: int = 0, bent: int = 0) -> None:
        self.data, self.chunk, self.at, self.bent, self.reads = data, chunk, at, bent, 0

    def read(self, start: int, length: int) -> Given:
        self.reads += 1
        if start > len(self.data):
            raise InvalidRange
        data = self.data
        if self.bent and start <= self.at < start + length:
            self.bent -= 1
            data = data[: self.at] + bytes([data[self.at] ^ 1]) + data[self.at + 1 :]
        return Given(data[start : start + length], self.chunk)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "PAUSE_S", 0.0)


def sums_for(data: bytes, start: int, length: int) -> bytes:
    sums = Sums()
    sums.update(data)
    of = blocks_of(start, length)
    return sums.blocks()[of.start * SUM_BYTES : of.stop * SUM_BYTES]


def proven(held: Held, start: int, length: int) -> ProvenStream:
    return ProvenStream(held.read, len(BYTES), sums_for(BYTES, start, length), start, length)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[int, int]:
    start = draw(st.integers(0, len(BYTES)) | st.sampled_from([0, BLOCK - 1, BLOCK, BLOCK + 1, len(BYTES)]))
    return start, draw(st.integers(0, len(BYTES) - start) | st.just(len(BYTES) - start))


def test_the_fingerprint_is_that_of_the_bytes_however_they_come() -> None:
    for step in (1_000_003, BLOCK, BLOCK + 1, len(BYTES)):
        sums = Sums()
        for at in range(0, len(BYTES), step):
            sums.update(BYTES[at : at + step])
        assert sums.hexdigest() == hashlib.sha256(BYTES).hexdigest()
        assert sums.blocks() == sums_for(BYTES, 0, len(BYTES)) and sums.size == len(BYTES)
    assert Sums().blocks() == b""


@given(ranges(), st.sampled_from([1_001, BLOCK - 1, BLOCK, 5 * BLOCK]))
def test_a_range_is_given_as_it_is(asked: tuple[int, int], chunk: int) -> None:
    start, length = asked
    held = Held(BYTES, chunk)
    with proven(held, start, length) as stream:
        assert stream.length == length
        assert b"".join(stream) == BYTES[start : start + length]
    assert held.reads <= 1, "one request of the store, however many blocks"


@given(ranges(), st.integers(0, len(BYTES) - 1))
def test_a_byte_that_changed_is_never_given(asked: tuple[int, int], at: int) -> None:
    start, length = asked
    changed = bytearray(BYTES)
    changed[at] ^= 0x80
    given: list[bytes] = []
    told: list[int] = []

    def read() -> Iterator[bytes]:
        held = Held(bytes(changed))
        sums = sums_for(BYTES, start, length)
        yield from ProvenStream(held.read, len(BYTES), sums, start, length, told.append)

    concerned = at // BLOCK in blocks_of(start, length)
    if concerned:
        with pytest.raises(BytesChanged) as raised:
            given.extend(read())
        assert raised.value.block == at // BLOCK and told == [at // BLOCK]
    else:
        given.extend(read())
    out = b"".join(given)
    assert out == BYTES[start : start + len(out)], "what went out before is right"
    assert (len(out) == length) is not concerned or length == 0


@pytest.mark.parametrize("at", [0, BLOCK + 5, 3 * BLOCK + 1])
def test_what_was_bent_on_its_way_comes_right_when_it_is_read_anew(at: int) -> None:
    held = Held(BYTES, at=at, bent=2)
    assert b"".join(proven(held, 0, len(BYTES))) == BYTES
    with pytest.raises(BytesChanged):
        b"".join(proven(Held(BYTES, at=at, bent=blocks.TRIES), 0, len(BYTES)))


@pytest.mark.parametrize("left", [0, 1, BLOCK, 2 * BLOCK + 7, len(BYTES) - 1])
def test_a_shortened_object_gives_what_is_right_of_it_and_no_more(left: int) -> None:
    given = []
    with pytest.raises(BytesChanged):
        for block in proven(Held(BYTES[:left]), 0, len(BYTES)):
            given.append(block)
    assert b"".join(given) == BYTES[: sum(map(len, given))]
    with pytest.raises(BytesChanged):
        proven(Held(BYTES[:left]), len(BYTES) - 1, 1)


def test_a_store_that_is_away_is_not_taken_for_changed_bytes() -> None:
    def away(start: int, length: int) -> Given:
        raise StorageUnavailable

    with pytest.raises(StorageUnavailable):
        ProvenStream(away, len(BYTES), sums_for(BYTES, 0, 1), 0, 1)
