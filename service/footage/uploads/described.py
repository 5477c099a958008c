"""What the contract says of uploads: their facts stand in headers, queries and bodies that the routes read
themselves."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from service.access.errors import CsrfMissing
from service.footage.uploads.errors import (
    BodyCutOff,
    BodyTooLong,
    ChecksumMismatch,
    FinalUploadIsFixed,
    OffsetConflict,
    QuotaUsedUp,
    TooLarge,
    TooManyOpen,
    TooMuchOpen,
    UploadBusy,
    UploadGone,
    UploadTakenOver,
    WrongTusVersion,
)
from service.footage.uploads.oneshot import MOST_PARTS
from service.footage.uploads.protocol import BODY_TYPE, CHECKSUMS, EXTENSIONS, VERSION
from service.footage.uploads.rules import HEADER_LONGEST, LONGEST
from service.kernel.errors import (
    BodyTooSlow,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Unavailable,
    WrongContentType,
)
from service.kernel.storage.errors import StorageFull, StorageUnavailable
from service.registry.conventions.sidecars import LARGEST_SIDECAR

BYTES = {"schema": {"type": "string", "format": "binary"}}
FORM = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
        "additionalProperties": {"type": "string", "maxLength": max(LONGEST.values())},
        "maxProperties": MOST_PARTS,
        "description": "The file in any field; the facts as fields before or after it",
    }
}
WHOLE = {"application/octet-stream": BYTES, "multipart/form-data": FORM}
PART = {BODY_TYPE: BYTES}
SIDECAR = {
    "application/json": {"schema": {}},
    "text/csv": {"schema": {"type": "string", "maxLength": LARGEST_SIDECAR}},
    **WHOLE,
}
SAID = {
    "filename": "The file's name",
    "sha256": "The SHA-256 of the bytes, which is compared with what was stored",
    "recorder": "The recorder's serial number",
    "officer": "The officer's certificate number",
    "event": "The event's id, or its number in the other system",
    "case": "The case's number",
    "squad": "The squad's code, for accounts without one",
    "recorded_at": "When it was recorded, as the device says",
    "device_time": "What the device's clock shows now, which measures it",
    "note": "Words for whoever looks at it",
    "archive": "true: it comes from an old archive and is not judged by upload deadlines; for accounts that may import",
    "first_received_at": "When that archive had first received it",
}
_SENT = {
    "Tus-Resumable": f"The version of the protocol: {VERSION}",
    "Upload-Length": "The size of the whole, in bytes",
    "Upload-Defer-Length": "1: the size comes later",
    "Upload-Offset": "Where the body begins, as the last answer said",
    "Upload-Metadata": f"The facts as comma-separated pairs of a key and, after a space, its value in Base64: "
    f"{', '.join(SAID)}",
    "Upload-Concat": "`partial`, or `final;` and the addresses of the pieces, each once; at most 20,000 characters",
    "Upload-Checksum": f"{' or '.join(CHECKSUMS)}, and after a space the digest of the body in Base64",
}
_ANSWERED = {
    "Location": "The upload's address",
    "Tus-Resumable": VERSION,
    "Tus-Version": VERSION,
    "Tus-Extension": ",".join(EXTENSIONS),
    "Tus-Max-Size": "The largest upload, in bytes",
    "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    "Upload-Offset": "How many bytes are durable here",
    "Upload-Length": "The size of the whole",
    "Upload-Defer-Length": "1: the size is not known yet",
    "Upload-Metadata": "As it was sent",
    "Upload-Concat": "As it was sent",
    "Upload-Expires": "When an unfinished upload is given up",
    "Zhenglu-Recording": "The recording that the finished upload became",
    "Zhenglu-State": "Its state; `sidecar` for facts that came as a file",
    "Zhenglu-SHA256": "The SHA-256 of the stored bytes, once they were read",
    "Zhenglu-Sidecar": "How many recordings a sidecar speaks of",
}
FATE = ("Zhenglu-Recording", "Zhenglu-State", "Zhenglu-SHA256", "Zhenglu-Sidecar")
STANDING = ("Tus-Resumable", "Upload-Offset", "Upload-Expires", *FATE)


class RecordingReceived(BaseModel):
    """`upload`: the address under which HEAD tells what became of it."""

    id: str
    state: str
    upload: str


class SidecarReceived(BaseModel):
    """`sidecar_of`: the file names that it speaks of."""

    state: str
    sidecar_of: list[str]


class SidecarRead(BaseModel):
    """`files`: those that it speaks of. `unread`: by file, what stands there for a time and cannot be read."""

    files: list[str]
    unread: dict[str, list[str]]


def sent(*names: str, required: Sequence[str] = ("Tus-Resumable",)) -> dict[str, Any]:
    """`openapi_extra`: request headers."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": name in required,
                "description": _SENT[name],
                "schema": {"type": "string", "enum": [VERSION]}
                if name == "Tus-Resumable"
                else {"type": "string", "maxLength": HEADER_LONGEST},
            }
            for name in (*required, *names)
        ]
    }


def said_in_query() -> dict[str, Any]:
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": meaning,
                "schema": {"type": "string", "maxLength": LONGEST[name]},
            }
            for name, meaning in SAID.items()
        ]
    }


def answered(status: int, description: str, *names: str) -> dict[int | str, dict[str, Any]]:
    """`responses`: an empty answer whose headers say it."""
    headers = {name: {"description": _ANSWERED[name], "schema": {"type": "string"}} for name in names}
    return {status: {"description": description, "headers": headers}}


TUS = (NotSignedIn, NotAllowed, Unavailable, StorageUnavailable, WrongTusVersion, Invalid)
OF_ONE = (NotFound, UploadGone)
WRITING = (
    CsrfMissing,
    BodyCutOff,
    BodyTooLong,
    ChecksumMismatch,
    FinalUploadIsFixed,
    OffsetConflict,
    QuotaUsedUp,
    StorageFull,
    StorageUnavailable,
    TooLarge,
    TooManyOpen,
    TooMuchOpen,
    UploadBusy,
    UploadTakenOver,
    WrongContentType,
)
SENDING = (NotSignedIn, NotAllowed, CsrfMissing, Unavailable, Invalid, BodyCutOff, BodyTooSlow, TooLarge)
KEEPING = (QuotaUsedUp, TooManyOpen, TooMuchOpen, StorageFull, StorageUnavailable)
