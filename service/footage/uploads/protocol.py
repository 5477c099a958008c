"""The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload), read and written. Pure."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit
from uuid import UUID

from service.footage.uploads.errors import ChecksumMismatch, WrongTusVersion
from service.kernel.errors import Invalid, WrongContentType
from service.kernel.i18n import gettext as _

VERSION = "1.0.0"
EXTENSIONS = (
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "termination",
    "expiration",
    "checksum",
    "concatenation",
)
CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
BODY_TYPE = "application/offset+octet-stream"
LARGEST = 2**63 - 1
COMMON = {"Tus-Resumable": VERSION}


def options_headers(largest: int) -> dict[str, str]:
    return {
        **COMMON,
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Max-Size": str(largest),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }


def method_of(method: str, headers: Mapping[str, str]) -> str:
    """For clients behind proxies that only let GET and POST through."""
    return headers.get("x-http-method-override", "").strip().upper() or method


def check_version(headers: Mapping[str, str]) -> None:
    if headers.get("tus-resumable", "").strip() != VERSION:
        raise WrongTusVersion(headers={"Tus-Version": VERSION})


def check_body_type(headers: Mapping[str, str]) -> None:
    if headers.get("content-type", "").split(";")[0].strip().lower() != BODY_TYPE:
        raise WrongContentType(wanted=BODY_TYPE)


def number(headers: Mapping[str, str], name: str) -> int | None:
    """A non-negative integer; None when the header is absent."""
    text = headers.get(name.lower())
    if text is None:
        return None
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > LARGEST:
        raise Invalid(field=name, problem=_("a whole number of bytes, zero or more, is wanted"))
    return int(text)


@dataclass(frozen=True)
class Concat:
    """`partial`, or the ids of the pieces of a final upload; `raw` is the header as it came."""

    raw: str
    partial: bool
    pieces: tuple[UUID, ...] = ()


def concat_of(headers: Mapping[str, str]) -> Concat | None:
    raw = headers.get("upload-concat")
    if raw is None:
        return None
    raw = raw.strip()
    if raw == "partial":
        return Concat(raw, partial=True)
    kind, separator, urls = raw.partition(";")
    if kind.strip() != "final" or not separator or not urls.split() or len(raw) > 20_000:
        raise Invalid(field="Upload-Concat", problem=_("“partial” or “final;” and the uploads' addresses"))
    pieces = tuple(upload_id_of(url) for url in urls.split())
    if len(set(pieces)) < len(pieces):
        raise Invalid(field="Upload-Concat", problem=_("it takes each upload once"))
    return Concat(raw, partial=False, pieces=pieces)


def upload_id_of(url: str) -> UUID:
    """The upload behind an absolute or relative address; whose host it names does not matter."""
    try:
        folder, _sep, name = urlsplit(url).path.rpartition("/")
        if not folder.endswith("/uploads"):
            raise ValueError
        return UUID(name)
    except ValueError:
        raise Invalid(field="Upload-Concat", problem=url[:200]) from None


@dataclass(frozen=True)
class Length:
    """What a creation says of the size: `value` None means that it comes later."""

    value: int | None


def creation_length(headers: Mapping[str, str]) -> Length:
    value = number(headers, "Upload-Length")
    deferred = headers.get("upload-defer-length")
    if deferred is not None and deferred.strip() != "1":
        raise Invalid(field="Upload-Defer-Length", problem=_("only 1 is allowed"))
    if (value is None) == (deferred is None):
        raise Invalid(field="Upload-Length", problem=_("either this or Upload-Defer-Length is wanted"))
    return Length(value)


@dataclass(frozen=True)
class Checksum:
    algorithm: str
    digest: bytes


def checksum_of(headers: Mapping[str, str]) -> Checksum | None:
    """A digest of another length than its algorithm's is no body's: it differs before a byte is read."""
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _sep, encoded = text.strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise Invalid(field="Upload-Checksum", problem=_("known algorithms: ") + ", ".join(CHECKSUMS))
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        digest = b""
    if not digest:
        raise Invalid(field="Upload-Checksum", problem=_("not a Base64 digest of that algorithm"))
    if len(digest) != CHECKSUMS[algorithm]().digest_size:
        raise ChecksumMismatch
    return Checksum(algorithm, digest)


def expires_header(moment: datetime) -> str:
    """RFC 9110 date, always in GMT."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
