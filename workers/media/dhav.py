"""What the recorder's clock showed when it filmed, from the heads of Dahua's DHAV packets (.dav): each holds the wall
clock to the second. Pure but for the read, and bounded, for the bytes are nobody's friend.

A head, little-endian: "DHAV", type, subtype, channel, part (a byte each), number, length of the whole packet, date
(4 bytes each). The date in bits: year from 2000 6, month 4, day 5, hour 5, minute 6, second 6.
"""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

MARK = b"DHAV"
SHOWN = frozenset((0xF0, 0xFB, 0xFC, 0xFD, 0xFE))  # sound and pictures; others are the recorder's own notes
LOOKED_AT = 4 * 2**20
PACKETS_MAX = 200
NEIGHBOURS = timedelta(seconds=10)
_HEAD = struct.Struct("<4s4BIII")


def began_at(path: Path) -> datetime | None:
    """The wall clock of the first picture or sound, without a zone. None where the first two packets that tell a time
    tell two that do not belong together: then a stray one is as likely as a true one."""
    with path.open("rb") as file:
        data = file.read(LOOKED_AT)
    first: datetime | None = None
    for at in _dates(data):
        if first is not None:
            return first if timedelta() <= at - first <= NEIGHBOURS else None
        first = at
    return first


def _dates(data: bytes) -> Iterator[datetime]:
    place = data.find(MARK)
    for _ in range(PACKETS_MAX):
        if place < 0 or place + _HEAD.size > len(data):
            return
        _, kind, _, _, _, _, length, date = _HEAD.unpack_from(data, place)
        if kind in SHOWN and (at := read_date(date)) is not None:
            yield at
        place = data.find(MARK, place + max(length, len(MARK)))


def read_date(date: int) -> datetime | None:
    """None of what is no time: an empty field, a thirteenth month."""
    try:
        return datetime(  # noqa: DTZ001  a wall clock
            2000 + (date >> 26 & 0x3F), date >> 22 & 0xF, date >> 17 & 0x1F,
            date >> 12 & 0x1F, date >> 6 & 0x3F, date & 0x3F,
        )  # fmt: skip
    except ValueError:
        return None
