"""What is said about a file when it is sent: Upload-Metadata and its like, decoded and checked. Pure."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from schemas.claims import Claims
from schemas.plain_text import one_line, prose
from service.kernel.encodings import sent
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.written_times import UnreadableTime, read_time
from service.registry.conventions.rules import base_name

# The longest value of each known key, in characters. Other keys are kept only in the header that is echoed.
LONGEST = {
    "filename": 500,
    "sha256": 64,
    "recorder": 200,
    "officer": 200,
    "event": 200,
    "case": 200,
    "squad": 64,
    "recorded_at": 64,
    "device_time": 64,
    "note": 2000,
    "archive": 5,
    "first_received_at": 64,
}
OF_THE_RECEIPT = ("archive", "first_received_at")  # said of this arrival, not of the recording
YES, NO = ("true", "1", "yes"), ("false", "0", "no")
HEADER_LONGEST = 20_000
_KEY = re.compile(r"[!-+\--~]+")  # ASCII without space and comma
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
SIDECAR_ENDINGS = (".json", ".csv")


@dataclass(frozen=True)
class Said:
    """`claims` as said (known keys, not empty). `file_name` has no path. `sha256` in lower case. `archive`: declared as
    part of an old archive; `first_received_at`: when that had first received it, as far as said."""

    claims: Claims = field(default_factory=Claims)
    file_name: str = ""
    sha256: str | None = None
    archive: bool = False
    first_received_at: datetime | None = None

    @property
    def may_be_sidecar(self) -> bool:
        return self.file_name.lower().endswith(SIDECAR_ENDINGS)


def read_metadata(header: str | None, zone: ZoneInfo) -> Said:
    """Upload-Metadata: comma-separated pairs of a key and, after a space, its value in Base64. `archive` may stand
    alone."""
    values = decode_metadata(header or "")
    if "archive" in values:
        values["archive"] = values["archive"] or YES[0]
    return check_said(values, zone)


def decode_metadata(header: str) -> dict[str, str]:
    if len(header) > HEADER_LONGEST:
        raise Invalid(field="Upload-Metadata", problem=_("too long"))
    values: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else []:
        key, _sep, encoded = pair.strip().partition(" ")
        if not _KEY.fullmatch(key):
            raise Invalid(
                field="Upload-Metadata", problem=_("a key is missing or has characters not allowed")
            )
        if key in values:
            raise Invalid(field=key, problem=_("said twice"))
        try:
            values[key] = sent(base64.b64decode(encoded.strip(), validate=True))
        except binascii.Error:
            raise Invalid(field=key, problem=_("not Base64")) from None
        except UnicodeDecodeError:
            if key in LONGEST:
                raise Invalid(field=key, problem=_("neither UTF-8 nor GB 18030")) from None
            values[key] = ""
    return values


def encode_metadata(values: Mapping[str, str]) -> str:
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" if value else key
        for key, value in values.items()
    )


def check_said(values: Mapping[str, str], zone: ZoneInfo) -> Said:
    claims: dict[str, str] = {}
    for key, longest in LONGEST.items():
        value = values.get(key, "")
        if "\0" in value:
            raise Invalid(field=key, problem=_("contains a zero byte"))
        if len(value) > longest:
            raise Invalid(field=key, problem=_("too long"))
        value = prose(value) if key == "note" else one_line(value)
        if value.strip():
            claims[key] = value
    sha256 = claims.get("sha256")
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise Invalid(field="sha256", problem=_("64 hexadecimal digits are wanted"))
    for key in ("recorded_at", "device_time"):
        if key in claims:
            check_moment(claims[key], zone, key)
    # Browsers and Uppy say `name` where others say `filename`.
    if "filename" not in claims and 0 < len(values.get("name", "")) <= LONGEST["filename"]:
        claims["filename"] = one_line(values["name"])
    name = base_name(claims.get("filename", ""))
    archive, first = (claims.pop(key, "") for key in OF_THE_RECEIPT)
    if archive and archive.lower() not in (*YES, *NO):
        raise Invalid(field="archive", problem=_("true or false is wanted"))
    archived = archive.lower() in YES
    if first and not archived:
        raise Invalid(field="first_received_at", problem=_("said of an archive only"))
    return Said(
        cast(Claims, claims),
        name,
        sha256.lower() if sha256 else None,
        archive=archived,
        first_received_at=check_moment(first, zone, "first_received_at") if first else None,
    )


def check_moment(text: str, zone: ZoneInfo, field: str = "recorded_at") -> datetime:
    """Only that it can be read: a clock reset to 1970 is a claim too, kept and doubted, never a reason to refuse."""
    try:
        return read_time(text).in_utc(zone)
    except (UnreadableTime, OverflowError):
        raise Invalid(field=field, problem=_("a time such as 2024-05-06T09:30:00+08:00 is wanted")) from None


_DIGEST = re.compile(r"sha-256\s*=\s*:([A-Za-z0-9+/]+=*):", re.IGNORECASE)


def digest_header(content_digest: str | None, content_sha256: str | None) -> str | None:
    """The SHA-256 in hex from Content-Digest (RFC 9530) or X-Content-SHA256 (hex); None if neither names one."""
    if content_sha256:
        return content_sha256.strip()
    found = _DIGEST.search(content_digest or "")
    if not found:
        return None
    try:
        return base64.b64decode(found[1], validate=True).hex()
    except binascii.Error:
        raise Invalid(field="Content-Digest", problem=_("not Base64")) from None
