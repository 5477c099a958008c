"""Objects in an S3 bucket."""

import contextlib
import uuid
from collections.abc import Iterator
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
from service.kernel.storage.s3 import Bucket
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
            self._connect()

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
                self._drop()
                self._failed += 1
                if self._failed >= ATTEMPTS:
                    raise StorageUnavailable(type(error).__name__) from error
                continue
            self._at += len(chunk)
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
        if isinstance(source, Path):
            with source.open("rb") as opened:
                return self.put_file(key, opened, source.stat().st_size if size is None else size)
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
        found = self._bucket.head(checked_key(key), version)
        if found is None:
            raise ObjectMissing(key)
        if not 0 <= start <= found.size:
            raise InvalidRange(key)
        left = found.size - start
        return S3Stream(
            self._bucket, key, found.version, start, left if length is None else min(length, left)
        )

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
