"""When a file was made, by the names that phones, dashcams and messengers give their files. Pure.

Such a name speaks of time alone: whatever other digits stand in it count files, and are nobody's number.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from service.kernel.written_times import time_or_none

LONGEST_SPAN = timedelta(days=1)

_DAY = r"(?P<y>(?:19|20)\d\d)"
_LOCAL = (
    # VID_20261127_100500, IMG20261127100500, 20261127100500_000002, NO20261127-100500-000001F, …_20261127100500123
    re.compile(
        rf"(?<!\d){_DAY}(?P<m>\d\d)(?P<d>\d\d)[-_ T@]?(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)(?P<f>\d{{3}})?(?!\d)"
    ),
    # 2026_1127_100500_001
    re.compile(rf"(?<!\d){_DAY}[-_](?P<m>\d\d)(?P<d>\d\d)[-_](?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)(?P<f>)(?!\d)"),
    # Screenrecorder-2026-11-27-10-05-00-123, 2026-11-27_10-05-00-front, 2026_11_27_100500_00, 2026-11-27 at 10.05.00
    re.compile(
        rf"(?<!\d){_DAY}(?P<a>[-_.年])(?P<m>\d\d)(?:(?P=a)|月)(?P<d>\d\d)(?:[-_ T.日]{{1,3}}| at )"
        r"(?P<H>\d\d)(?P<b>[-_.:时]?)(?P<M>\d\d)(?:(?P=b)|分)(?P<S>\d\d)(?:-(?P<f>\d{3}))?(?!\d)"
    ),
    # of iOS, whose month stands first
    re.compile(
        r"^ScreenRecording_(?P<m>\d\d)-(?P<d>\d\d)-(?P<y>\d{4}) (?P<H>\d\d)-(?P<M>\d\d)-(?P<S>\d\d)(?P<f>)(?!\d)"
    ),
)
_COUNTED = re.compile(r"^(?:mmexport|wx_camera_|RPReplay_Final)?(1\d{12}|1\d{9})(?!\d)[^/]*$", re.IGNORECASE)
_OF_UTC = re.compile(r"^PXL_", re.IGNORECASE)  # Pixel phones


def times_in_name(name: str, zone: tzinfo) -> tuple[datetime, datetime | None] | None:
    """In UTC: the time, and a second one behind it where the name holds a span. None where it holds no time, or so
    many that it is not clear which counts. `zone`: of a clock that writes its wall time."""
    if counted := _COUNTED.match(name):
        at = time_or_none(counted[1], UTC)
        return None if at is None else (at, None)
    zone = UTC if _OF_UTC.match(name) else zone
    found = list(dict.fromkeys(_times(name, zone)))
    if len(found) == 1:
        return found[0], None
    if len(found) == 2 and timedelta() < found[1] - found[0] <= LONGEST_SPAN:
        return found[0], found[1]
    return None


def _times(name: str, zone: tzinfo) -> Iterator[datetime]:
    for pattern in _LOCAL:
        at = [_time(found, zone) for found in pattern.finditer(name)]
        if said := [one for one in at if one is not None]:
            yield from said
            return


def _time(found: re.Match[str], zone: tzinfo) -> datetime | None:
    digits = "".join(found[part] for part in "ymdHMS")
    return time_or_none(digits + (found["f"] or ""), zone)
