"""Where a page ended, as an opaque word for the address line. Pure.

It grants nothing (the scope is checked by every query); its checksum binds it to its filters, so that a damaged or
foreign one is an error and not a silently wrong page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime, timedelta
from hashlib import blake2s
from typing import NamedTuple
from uuid import UUID

from service.finding.search.criteria import SearchFilters
from service.finding.search.errors import CursorUnreadable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = 8 + 16 + 8


class Position(NamedTuple):
    received_at: datetime
    recording_id: UUID


def write_cursor(position: Position, filters: SearchFilters) -> str:
    microseconds = (position.received_at - _EPOCH) // timedelta(microseconds=1)
    payload = microseconds.to_bytes(8, "big", signed=True) + position.recording_id.bytes
    return urlsafe_b64encode(payload + _checksum(payload, filters)).decode().rstrip("=")


def read_cursor(cursor: str, filters: SearchFilters) -> Position:
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (NotBase64, ValueError) as error:
        raise CursorUnreadable() from error
    payload, checksum = raw[:24], raw[24:]
    # Written again it must be the same word: base64 reads some words that nobody wrote.
    if len(raw) != _LENGTH or checksum != _checksum(payload, filters):
        raise CursorUnreadable()
    try:
        moment = _EPOCH + timedelta(microseconds=int.from_bytes(payload[:8], "big", signed=True))
    except OverflowError as error:
        raise CursorUnreadable() from error
    position = Position(moment, UUID(bytes=payload[8:]))
    if write_cursor(position, filters) != cursor:
        raise CursorUnreadable()
    return position


def _checksum(payload: bytes, filters: SearchFilters) -> bytes:
    return blake2s(
        payload + repr(filters).encode("utf-8", "surrogatepass"), digest_size=8, person=b"cursor"
    ).digest()
