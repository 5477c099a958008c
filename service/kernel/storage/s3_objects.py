"""Objects in an S3 bucket."""

import contextlib
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import urllib3

from service.kernel.storage.errors import (
    InvalidRange,
    ObjectExists,
    ObjectLocked,
    ObjectMissing,
    StorageError,
    StorageUnavailable,
)
from service.kernel.storage.protocols import (
    MIB,
    LockProof,
    LockState,
    Mode,
    ObjectInfo,
    Source,
    Stored,
    checked_key,
)
from service.kernel.storage.s3 import AnotherRange, Bucket, pause, total_of
from service.kernel.storage.s3_parts import part_size

NO_LOCK_HERE = "the bucket was made without object lock"
ATTEMPTS = 4


class S3Stream:
    """Goes on where it was when the connection breaks."""

    def __init__(self, bucket: Bucket, key: str, version: str, start: int, length: int) -> None:
        self._bucket, self._key, self._version = bucket, key, version
        self._at, self._end, self.length = start, start + length, length
        self._failed = 0
        self._response: urllib3.BaseHTTPResponse | None = None
        if length:
            self._patiently(self._connect)

    @classmethod
    def asked(
        cls, bucket: Bucket, key: str, version: str | None, start: int, length: int | None
    ) -> "S3Stream":
        """The one answer says what the object is and begins to give its bytes. InvalidRange, ObjectMissing."""
        stream = cls(bucket, key, version or "", start, 0)
        stream._patiently(lambda: stream._first(version, start, length))
        return stream

    def _first(self, version: str | None, start: int, length: int | None) -> None:
        self._response = answer = self._bucket.get(self._key, version, start, length)
        left = total_of(answer) - start
        self.length = left if length is None else min(length, left)
        self._end = start + self.length
        # All that follows is of the same bytes, also where someone writes the key again meanwhile.
        self._version = version or answer.headers.get("x-amz-version-id") or "null"

    def _patiently(self, act: Callable[[], None]) -> None:
        """A store that is away has been waited for already."""
        while True:
            try:
                return act()
            except AnotherRange as error:
                self._failing(error)

    def _failing(self, error: Exception) -> None:
        self._drop()
        self._failed += 1
        if self._failed >= ATTEMPTS:
            raise StorageUnavailable(type(error).__name__) from error
        pause(self._failed)

    def _connect(self) -> None:
        self._response = self._bucket.get(self._key, self._version, self._at, self._end - self._at)

    def __iter__(self) -> "S3Stream":
        return self

    def __next__(self) -> bytes:
        while self._at < self._end:
            try:
                if self._response is None:
                    self._connect()
                assert self._response is not None
                chunk = self._response.read(min(MIB, self._end - self._at))
                if not chunk:
                    raise StorageUnavailable("the store ended the answer early")
            except (urllib3.exceptions.HTTPError, OSError, StorageUnavailable) as error:
                self._failing(error)
                continue
            self._at += len(chunk)
            self._failed = 0
            return chunk
        self._finish()
        raise StopIteration

    def _drop(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def _finish(self) -> None:
        if self._response is not None:
            self._response.release_conn()
            self._response = None

    def close(self) -> None:
        # The rest of the answer would have to be read before the connection can serve again.
        self._drop()
        self._end = self._at

    def __enter__(self) -> "S3Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


READINGS = 6


def read_surely(bucket: Bucket, key: str, version: str, start: int, length: int) -> memoryview:
    """A few MiB of which nobody knows the fingerprint yet: two readings agree. A byte that was bent on its way would
    become a part of what is put together of them."""
    before: bytearray | None = None
    for _ in range(READINGS):
        found = bytearray()
        with S3Stream(bucket, key, version, start, length) as stream:
            for chunk in stream:
                found += chunk
        if found == before:
            break
        before = found
    else:
        raise StorageUnavailable("no two readings agree")
    return memoryview(found)


class _Counted:
    def __init__(self, source: IO[bytes]) -> None:
        self._source, self.count = source, 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.count += len(data)
        return data


class S3Objects:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def put_file(self, key: str, source: Source, size: int | None = None) -> Stored:
        if self._bucket.head(checked_key(key)) is not None:
            raise ObjectExists(key)
        if not isinstance(source, Path):
            return self._put(key, source, size)
        whole = source.stat().st_size if size is None else size
        with source.open("rb") as opened:

            def send() -> Stored:
                opened.seek(0)
                return self._put(key, opened, whole)

            return self._bucket.again(send)

    def _put(self, key: str, source: IO[bytes], size: int | None) -> Stored:
        counted = _Counted(source)
        try:
            part = part_size(1, 0, size)
            version = self._bucket.put_stream(key, counted, -1 if size is None else size, part)
        except StorageUnavailable:
            # The SDK says "not enough data" as an IOError; a source that still has some was not the cause.
            if size is not None and counted.count < size and not source.read(1):
                raise ValueError(f"expected {size} bytes, got {counted.count}") from None
            raise
        return Stored(key, version, counted.count)

    def read(
        self, key: str, version: str | None = None, start: int = 0, length: int | None = None
    ) -> S3Stream:
        if start >= 0 and length != 0:
            with contextlib.suppress(InvalidRange):
                return S3Stream.asked(self._bucket, checked_key(key), version, start, length)
        # A range without bytes: S3 has none.
        found = self._bucket.head(checked_key(key), version)
        if found is None:
            raise ObjectMissing(key)
        if not 0 <= start <= found.size:
            raise InvalidRange(key)
        return S3Stream(self._bucket, key, found.version, start, 0)

    def stat(self, key: str, version: str | None = None) -> ObjectInfo | None:
        found = self._bucket.head(checked_key(key), version)
        return ObjectInfo(found.key, found.version, found.size, found.modified) if found else None

    def delete(self, key: str, version: str | None = None) -> None:
        if version is not None:
            self._bucket.delete(checked_key(key), version)
            return
        for found in list(self._bucket.versions(checked_key(key))):
            if found.key == key:
                self._bucket.delete(key, found.version)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for found in self._bucket.versions(prefix):
            if found.current and not found.key.startswith(("tails/", "probes/")):
                yield ObjectInfo(found.key, found.version, found.size, found.modified)

    def lock(self, key: str, version: str, until: datetime, mode: Mode = "GOVERNANCE") -> LockState:
        before = self.lock_state(key, version)
        if before.until is not None and before.until >= until and before.locked:
            return before
        if not self._bucket.can_lock():
            return LockState(False, detail=NO_LOCK_HERE)
        self._bucket.set_retention(key, version, mode, until)
        return self._bucket.retention(key, version)

    def lock_state(self, key: str, version: str) -> LockState:
        if self.stat(key, version) is None:
            raise ObjectMissing(key)
        return self._bucket.retention(key, version)

    def local_path(self, key: str) -> Path | None:
        return None

    def prove_lock(self) -> LockProof:
        if not self._bucket.can_lock():
            return LockProof(False, False, False, NO_LOCK_HERE)
        for old in list(self._bucket.versions("probes/")):
            with contextlib.suppress(StorageError):
                self._bucket.delete(old.key, old.version)
        key = f"probes/{uuid.uuid4().hex}"
        version = self._bucket.put(key, b"locked for a minute, to see whether it holds")
        until = datetime.now(UTC) + timedelta(minutes=1)
        state = self.lock(key, version, until)
        deletion = shortening = False
        try:
            self._bucket.delete(key, version)
        except (ObjectLocked, StorageError):
            deletion = self._bucket.head(key, version) is not None
        try:
            self._bucket.set_retention(key, version, "GOVERNANCE", until - timedelta(seconds=40))
        except StorageError:
            after = self._bucket.retention(key, version)
            shortening = after.until is not None and after.until >= until - timedelta(seconds=1)
        with contextlib.suppress(StorageError):
            # Only an administrator's key may do this; otherwise the next proof removes the probe.
            self._bucket.delete(key, version, bypass=True)
        left = key if self._bucket.head(key, version) else None
        said = [
            "deletion was refused" if deletion else "DELETION WAS NOT REFUSED",
            "shortening was refused" if shortening else "SHORTENING WAS NOT REFUSED",
        ]
        return LockProof(state.locked, deletion, shortening, ", ".join(said), left)
