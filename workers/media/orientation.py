"""The display matrix of a camera's picture, snapped to right angles. Pure."""

import re

# (a, b, c, d) of x' = ax + cy, y' = bx + dy with y downwards → (degrees clockwise, flipped left-right before)
_TURNS = {
    (1, 0, 0, 1): (0, False),
    (0, 1, -1, 0): (90, False),
    (-1, 0, 0, -1): (180, False),
    (0, -1, 1, 0): (270, False),
    (-1, 0, 0, 1): (0, True),
    (0, -1, -1, 0): (90, True),
    (1, 0, 0, -1): (180, True),
    (0, 1, 1, 0): (270, True),
}
_FILTERS = {
    0: (),
    90: (("transpose", "clock"),),
    180: (("hflip",), ("vflip",)),
    270: (("transpose", "cclock"),),
}


def snap(a: int, b: int, c: int, d: int) -> tuple[int, bool]:
    """(rotation, mirrored) of the nearest right-angled matrix; garbage is no rotation."""
    sign = lambda n: (n > 0) - (n < 0)  # noqa: E731
    key = (sign(a), 0, 0, sign(d)) if abs(a) + abs(d) >= abs(b) + abs(c) else (0, sign(b), sign(c), 0)
    return _TURNS.get(key, (0, False))


def read(dump: str) -> tuple[int, bool]:
    """The same from ffprobe's text: three lines `00000000:  a  b  u`."""
    rows = [re.findall(r"-?\d+", line.partition(":")[2]) for line in dump.strip().splitlines()]
    rows = [[int(n) for n in row] for row in rows if len(row) == 3]
    if len(rows) < 2:
        return 0, False
    return snap(rows[0][0], rows[0][1], rows[1][0], rows[1][1])


def filters(rotation: int, mirrored: bool) -> tuple[tuple[str, ...], ...]:
    """ffmpeg filters (name, argument…) that make the picture upright."""
    return ((("hflip",),) if mirrored else ()) + _FILTERS[rotation]
