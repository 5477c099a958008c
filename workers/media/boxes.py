"""The box grammar of MP4/MOV: a length, a kind, a body. Pure, over untrusted bytes; see isobmff.py."""

import struct
from array import array
from collections.abc import Iterator


def children(
    data: bytes | memoryview, start: int = 0, end: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """(kind, body start, body end) of the boxes directly within data[start:end]."""
    end = len(data) if end is None else min(end, len(data))
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if length == 1 and start + 16 <= end:
            (length,) = struct.unpack_from(">Q", data, start + 8)
            body = start + 16
        elif length == 0:
            length = end - start
        if length < body - start:
            return
        yield kind, body, min(start + length, end)
        start += length


def find(data: bytes, span: tuple[int, int], *path: bytes) -> tuple[int, int] | None:
    for name in path:
        for kind, start, end in children(data, *span):
            if kind == name:
                span = (start, end)
                break
        else:
            return None
    return span


def words(data: bytes, span: tuple[int, int] | None, code: str, width: int) -> array:
    """The big-endian table after a full-box header: a 32-bit count, then count × width numbers."""
    table = array(code)
    if not span or span[1] - span[0] < 8:
        return table
    (count,) = struct.unpack_from(">I", data, span[0] + 4)
    item = table.itemsize * width
    count = min(count, (span[1] - span[0] - 8) // item)
    table.frombytes(data[span[0] + 8 : span[0] + 8 + count * item])
    table.byteswap()
    return table
