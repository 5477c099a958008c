"""JPEGs by their own headers: the size of one, which proves that a decoder really wrote it; and whether so many lie
behind each other in a file that it is a film. Pure but for the read."""

from pathlib import Path

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def size_of(path: Path) -> tuple[int, int] | None:
    """(width, height); None of what is no whole JPEG."""
    data = path.read_bytes()
    if not data.startswith(b"\xff\xd8") or not data.endswith(b"\xff\xd9"):
        return None
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4])
        if marker in _FRAMES:
            height, width = (int.from_bytes(data[place + at : place + at + 2]) for at in (5, 7))
            return (width, height) if width and height else None
        place += 2 + max(length, 2)
    return None


MOVING = 4  # some cameras lay two or three behind a photo: its preview, what another lens saw
_LOOKED_AT = 32 * 2**20
_SCAN, _END, _BEGIN = 0xDA, b"\xff\xd9", b"\xff\xd8\xff"
_SEVERAL = b"MPF\0"  # the mark of a photo that says itself which pictures lie behind it
_BETWEEN = b"\0\r\n"


def is_film(path: Path) -> bool:
    """Whether pictures of one size lie behind each other from the first byte on, as bare Motion JPEG has them."""
    with path.open("rb") as file:
        if file.read(len(_BEGIN)) != _BEGIN:
            return False
        data = _BEGIN + file.read(_LOOKED_AT)
    place, sizes = 0, set[tuple[int, int]]()
    for _number in range(MOVING):
        found = _picture(data, place)
        if found is None:
            return False
        size, place = found
        sizes.add(size)
    return len(sizes) == 1


def _picture(data: bytes, place: int) -> tuple[tuple[int, int], int] | None:
    """(size, where the next may begin) of the JPEG that begins there."""
    if not data.startswith(_BEGIN, place):
        return None
    size = None
    place += 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4])
        if data.startswith(_SEVERAL, place + 4):
            return None
        if marker in _FRAMES:
            size = int.from_bytes(data[place + 7 : place + 9]), int.from_bytes(data[place + 5 : place + 7])
        place += 2 + max(length, 2)
        if marker == _SCAN:
            end = data.find(_END, place)
            return (size, _behind(data, end + 2)) if size and end > 0 else None
    return None


def _behind(data: bytes, place: int) -> int:
    """Cameras fill up to the size of their buffers."""
    while place < len(data) and data[place] in _BETWEEN:
        place += 1
    return place
