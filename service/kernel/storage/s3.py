"""The one module that knows the minio SDK: a bucket, and every request that is made to it.

The SDK's part-wise multipart calls are private. They are used here and nowhere else; `check_sdk` compares their
signatures with those that this was written for before the first request, so another release of the SDK stops with a
sentence and not in the middle of an upload.

Integrity of a part in transit: over plain http the signed SHA-256 of the body, over https TLS and Content-MD5; both
are checked by the server (Ceph RGW ignores x-amz-checksum-*). `tests/service/kernel/storage/test_s3.py` shows the first.
"""

import contextlib
import inspect
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, Protocol, TypeVar
from xml.etree import ElementTree

import certifi
import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE, GOVERNANCE
from minio.datatypes import Part
from minio.deleteobjects import DeleteObject
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.retention import Retention

from service.kernel.storage.errors import (
    InvalidRange,
    ObjectLocked,
    ObjectMissing,
    StorageError,
    StorageFull,
    StorageUnavailable,
)
from service.kernel.storage.protocols import LockState, Mode

T = TypeVar("T")
_SIGNATURES = {
    "_build_headers": ["self", "host", "headers", "body", "creds"],
    "_execute": ["self", "method", "bucket_name", "object_name", "body", "headers", "query_params"],
    "_put_object": ["self", "bucket_name", "object_name", "data", "headers", "query_params"],
    "_create_multipart_upload": ["self", "bucket_name", "object_name", "headers"],
    "_upload_part": ["self", "bucket_name", "object_name", "data", "headers", "upload_id", "part_number"],
    "_upload_part_copy": ["self", "bucket_name", "object_name", "upload_id", "part_number", "headers"],
    "_complete_multipart_upload": ["self", "bucket_name", "object_name", "upload_id", "parts"],
    "_abort_multipart_upload": ["self", "bucket_name", "object_name", "upload_id"],
    "_list_multipart_uploads": ["self", "bucket_name", "delimiter", "encoding_type", "key_marker"],
    "_list_parts": ["self", "bucket_name", "object_name", "upload_id", "max_parts", "part_number_marker"],
    "_list_objects": ["self", "bucket_name"],
}
_MISSING = {"NoSuchKey", "NoSuchVersion", "NoSuchUpload"}
_FULL = {"XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "InsufficientCapacity"}
_AWAY = {
    "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "Busy",
    "RequestTimeTooSkewed",  # the clock of one of the two jumped
}  # fmt: skip
_BENT = {"XAmzContentSHA256Mismatch", "BadDigest", "IncompleteBody"}
"""What arrived at the store is not what was sent: sent again, it comes right."""
TRIES = 4
PAUSE_S = 0.2
_NO_LOCK = {
    "NoSuchObjectLockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "InvalidRequest",
    "NotImplemented",
    "MethodNotAllowed",
}


def check_sdk(client: type = Minio) -> None:
    for name, expected in _SIGNATURES.items():
        call = getattr(client, name, None)
        if call is None:
            raise RuntimeError(f"this release of the minio SDK has no {name}: install the pinned one (7.2.x)")
        found = list(inspect.signature(call).parameters)
        if found[: len(expected)] != expected:
            raise RuntimeError(
                f"minio's {name} takes {', '.join(found)} and not {', '.join(expected)}: install the pinned release (7.2.x)"
            )


_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def total_of(answer: urllib3.BaseHTTPResponse) -> int:
    """The size of the object of which this is a range."""
    said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    return int(said[3]) if said else 0


def pause(tries: int) -> None:
    """Longer each time, and not for all at once."""
    time.sleep(PAUSE_S * 2**tries * random.uniform(0.5, 1.0))


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class FileBody:
    """A part too large for memory: a file positioned anywhere, with what the signature needs to know of it."""

    file: IO[bytes]
    size: int
    sha256: str

    def __len__(self) -> int:
        return self.size


class _Client(Minio):
    """Signs a `FileBody` by the hash computed while it was written, and sends it from the file."""

    def _build_headers(
        self, host: str, headers: Any = None, body: Any = None, creds: Any = None
    ) -> tuple[Any, datetime]:
        if not isinstance(body, FileBody):
            return super()._build_headers(host, headers, body, creds)
        built, date = super()._build_headers(host, headers, None, creds)
        built["Content-Length"] = str(body.size)
        if "x-amz-content-sha256" in built and not self._base_url.is_https:
            built["x-amz-content-sha256"] = body.sha256
        return built, date


READ_S, WRITE_S = 20.0, 60.0  # until the next byte of an answer; completing a large object takes its time


class _Pool(urllib3.PoolManager):
    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> Any:  # type: ignore[override]  # what it takes by name is passed on
        patience = READ_S if method in ("GET", "HEAD") else WRITE_S
        kw["timeout"] = urllib3.Timeout(connect=5, read=patience)
        if isinstance(kw.get("body"), FileBody):
            kw["body"] = kw["body"].file
            kw["body"].seek(0)
        return super().urlopen(method, url, redirect=redirect, **kw)


class AnotherRange(StorageUnavailable):
    """Bytes came, and not those that were asked for."""


def _no_such_version(error: Exception) -> bool:
    """RGW answers a version id that cannot be one with 400, without a body."""
    if isinstance(error, S3Error):
        return error.code in ("BadRequest", "InvalidArgument", "InvalidVersionId")
    return isinstance(error, InvalidResponseError) and "code: 400" in str(error)


class PartsRefused(StorageError):
    """The list of parts is not one that the store completes."""


@contextlib.contextmanager
def s3_errors() -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        said = f"{error.code}: {error.message}"
        if error.code in _MISSING:
            raise ObjectMissing(said) from error
        if error.code == "InvalidRange":
            raise InvalidRange(said) from error
        if error.code == "InvalidPart":
            raise PartsRefused(said) from error
        if error.code in _FULL or error.response.status == 507:
            raise StorageFull(said) from error
        if error.code in _AWAY | _BENT or error.response.status >= 500:
            raise StorageUnavailable(said) from error
        raise StorageError(said) from error
    except (ServerError, InvalidResponseError) as error:
        raise (StorageFull if " 507" in str(error) else StorageUnavailable)(str(error)) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise StorageUnavailable(type(error).__name__) from error
    except MinioException as error:
        raise StorageError(str(error)) from error


@dataclass(frozen=True)
class Listed:
    key: str
    version: str
    size: int
    modified: datetime
    current: bool = True
    etag: str = ""

    @property
    def made_of(self) -> int:
        """Of how many parts; 0: it was put as a whole."""
        _, dash, parts = self.etag.strip('"').rpartition("-")
        return int(parts) if dash and parts.isdigit() else 0


@dataclass(frozen=True)
class StoredPart:
    number: int
    etag: str
    size: int
    modified: datetime | None


class Bucket:
    def __init__(self, name: str, endpoint: str, region: str, access_key: str, secret_key: str) -> None:
        check_sdk()
        secure, host = endpoint.startswith("https://"), endpoint.split("://", 1)[-1].rstrip("/")
        http = _Pool(
            maxsize=32,
            cert_reqs="CERT_REQUIRED",
            ca_certs=certifi.where(),
            # Each request may be made again, also one whose answer was lost: what is begun twice is found and
            # given up by `abort`, what is completed twice answers that the upload is unknown (see `complete`).
            retries=urllib3.Retry(
                total=TRIES,
                backoff_factor=PAUSE_S,
                backoff_jitter=PAUSE_S,
                status_forcelist=[500, 502, 503, 504],
                allowed_methods=None,
            ),
        )
        self.name, self.region = name, region
        self._client = _Client(host, access_key, secret_key, secure=secure, region=region, http_client=http)
        self._ready = False
        self._preparing = threading.Lock()

    def prepare(self) -> None:
        """Makes the bucket, versioned and able to lock, where it is missing."""
        with self._preparing, s3_errors():
            if not self._ready and not self._client.bucket_exists(self.name):
                try:
                    self._client.make_bucket(self.name, self.region, object_lock=True)
                except S3Error as error:
                    if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                        raise
            self._ready = True

    @contextlib.contextmanager
    def _sdk(self) -> Iterator[_Client]:
        if not self._ready:
            self.prepare()
        with s3_errors():
            yield self._client

    def again(self, send: Callable[[], T]) -> T:
        """Where the store says that what arrived was not what was sent."""
        for tries in range(TRIES):
            try:
                return send()
            except StorageUnavailable as error:
                bent = isinstance(error.__cause__, S3Error) and error.__cause__.code in _BENT
                if not bent or tries == TRIES - 1:
                    raise
            pause(tries)
        raise AssertionError("the last try returns or raises")

    # whole objects

    def put(self, key: str, body: bytes | memoryview) -> str:
        def send() -> str:
            with self._sdk() as sdk:
                # any buffer will do
                return sdk._put_object(self.name, key, body, {}).version_id or "null"  # type: ignore[arg-type]

        return self.again(send)

    def put_stream(self, key: str, source: Readable, size: int, part: int) -> str:
        with self._sdk() as sdk:
            # of a file it only reads
            return sdk.put_object(self.name, key, source, size, part_size=part).version_id or "null"  # type: ignore[arg-type]

    def get(self, key: str, version: str | None, start: int, length: int | None) -> urllib3.BaseHTTPResponse:
        """`length` None: to the end. An answer that is not this range of the object is none."""
        last = "" if length is None else start + length - 1
        asked: dict[str, Any] = {"Range": f"bytes={start}-{last}"}
        with self._sdk() as sdk:
            try:
                answer = sdk.get_object(self.name, key, request_headers=asked, version_id=version)
            except (S3Error, InvalidResponseError) as error:
                if version and _no_such_version(error):
                    raise ObjectMissing(key) from error
                raise
        said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status != 206 or said is None or int(said[1]) != start:
            answer.close()
            raise AnotherRange("the store answered another range")
        return answer

    def size_of(self, key: str, version: str) -> int:
        """As the store says it with the bytes themselves."""
        try:
            answer = self.get(key, version, 0, 1)
        except InvalidRange:
            return 0
        answer.close()
        return total_of(answer)

    def head(self, key: str, version: str | None = None) -> Listed | None:
        with self._sdk() as sdk:
            try:
                found = sdk.stat_object(self.name, key, version_id=version)
            except S3Error as error:
                if error.code in _MISSING or (version and _no_such_version(error)):
                    return None
                raise
        return Listed(
            key,
            found.version_id or "null",
            found.size or 0,
            found.last_modified or datetime.now(UTC),
            etag=found.etag or "",
        )

    def delete(self, key: str, version: str, bypass: bool = False) -> None:
        with self._sdk() as sdk:
            doomed = [DeleteObject(key, version)]
            for error in sdk.remove_objects(self.name, doomed, bypass_governance_mode=bypass):
                if error.code in _MISSING:
                    continue
                if error.code == "AccessDenied":
                    raise ObjectLocked(error.message or "")
                raise StorageError(f"{error.code}: {error.message}")

    def versions(self, prefix: str) -> Iterator[Listed]:
        """Every version under the prefix; `current` is false for older ones and for marks of deletion."""
        with self._sdk() as sdk:
            for found in sdk.list_objects(self.name, prefix, recursive=True, include_version=True):
                yield Listed(
                    found.object_name or "",
                    found.version_id or "null",
                    found.size or 0,
                    found.last_modified or datetime.now(UTC),
                    # RGW answers "true", which the SDK passes on as text.
                    str(found.is_latest).lower() == "true" and not found.is_delete_marker,
                )

    # multipart

    def start(self, key: str) -> str:
        with self._sdk() as sdk:
            return sdk._create_multipart_upload(self.name, key, {})

    def part(self, key: str, upload: str, number: int, body: bytes | memoryview | FileBody) -> str:
        def send() -> str:
            with self._sdk() as sdk:
                return sdk._upload_part(self.name, key, body, None, upload, number)  # type: ignore[arg-type]  # any body will do

        return self.again(send)

    def copy_part(
        self, key: str, upload: str, number: int, source: str, version: str, start: int, length: int
    ) -> str:
        headers = {
            "x-amz-copy-source": f"/{self.name}/{source}?versionId={version}",
            "x-amz-copy-source-range": f"bytes={start}-{start + length - 1}",
        }
        with self._sdk() as sdk:
            return sdk._upload_part_copy(self.name, key, upload, number, headers)[0]  # type: ignore[arg-type]  # plain text is a header

    def parts(self, key: str, upload: str) -> Iterator[StoredPart]:
        marker: str | None = None
        while True:
            with self._sdk() as sdk:
                page = sdk._list_parts(self.name, key, upload, part_number_marker=marker)
            for part in page.parts:
                yield StoredPart(part.part_number, part.etag, part.size or 0, part.last_modified)
            if not page.is_truncated or not page.parts:
                return
            marker = str(page.parts[-1].part_number)

    def finish(self, key: str, upload: str, parts: list[tuple[int, str]]) -> None:
        with self._sdk() as sdk:
            sdk._complete_multipart_upload(self.name, key, upload, [Part(n, etag) for n, etag in parts])

    def cancel(self, key: str, upload: str) -> None:
        with contextlib.suppress(ObjectMissing), self._sdk() as sdk:
            sdk._abort_multipart_upload(self.name, key, upload)

    def uploads(self, prefix: str) -> Iterator[tuple[str, str, datetime]]:
        """(key, upload id, begun) of every multipart upload under the prefix."""
        key_marker = id_marker = None
        while True:
            with self._sdk() as sdk:
                page = sdk._list_multipart_uploads(
                    self.name, prefix=prefix, key_marker=key_marker, upload_id_marker=id_marker
                )
            for found in page.uploads:
                yield found.object_name, found.upload_id or "", found.initiated_time or datetime.now(UTC)
            if not page.is_truncated or not page.uploads:
                return
            key_marker, id_marker = page.uploads[-1].object_name, page.uploads[-1].upload_id

    # locks

    def can_lock(self) -> bool:
        with self._sdk() as sdk:
            try:
                sdk.get_object_lock_config(self.name)
            except S3Error as error:
                if error.code in _NO_LOCK:
                    return False
                raise
            except ValueError:
                # A configuration without a default rule, as RGW and we make it, is one the SDK cannot read.
                return True
        return True

    def set_retention(self, key: str, version: str, mode: Mode, until: datetime) -> None:
        with self._sdk() as sdk:
            config = Retention(COMPLIANCE if mode == "COMPLIANCE" else GOVERNANCE, until.astimezone(UTC))
            sdk.set_object_retention(self.name, key, config, version)

    def retention(self, key: str, version: str) -> LockState:
        """Reads the answer itself: the SDK stumbles over the nine digits of Ceph RGW's seconds."""
        with self._sdk() as sdk:
            try:
                query: dict[str, Any] = {"retention": "", "versionId": version}
                answer = sdk._execute("GET", self.name, key, query_params=query).data
            except S3Error as error:
                if error.code not in _NO_LOCK:
                    raise
                return LockState(False, detail="the store holds no lock on these bytes")
        fields = {
            node.tag.rpartition("}")[2]: node.text or "" for node in ElementTree.fromstring(answer).iter()
        }
        mode, until = fields.get("Mode", ""), parse_moment(fields.get("RetainUntilDate", ""))
        if mode not in (GOVERNANCE, COMPLIANCE) or until is None:
            return LockState(False, detail="the store holds no lock on these bytes")
        locked = until > datetime.now(UTC)
        return LockState(locked, mode, until, "" if locked else "the lock has run out")  # type: ignore[arg-type]  # one of the two, see above


def parse_moment(text: str) -> datetime | None:
    """An ISO 8601 moment with any number of fraction digits, in UTC where it names no zone."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?", text.strip())
    if not match:
        return None
    seconds, fraction, zone = match.groups()
    moment = datetime.fromisoformat(f"{seconds}.{(fraction or '0')[:6]:0<6}{(zone or 'Z')}")
    return moment.astimezone(UTC)
