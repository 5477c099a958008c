"""When a file was made, by the names that phones, dashcams and messengers give their files. Pure.

Such a name speaks of time alone: whatever other digits stand in it count files, and are nobody's number.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from service.kernel.written_times import time_or_none

LONGEST_SPAN = timedelta(days=1)
TIME = "\0"

_DAY = r"(?P<y>(?:19|20)\d\d)"
_HALF = r"(?P<half>凌晨|早上|上午|中午|下午|晚上|[AP]M)"
_LOCAL = (
    # VID_20261127_100500, IMG20261127100500, 20261127100500_000002, NO20261127-100500-000001F, …_20261127100500123
    re.compile(
        rf"(?<!\d){_DAY}(?P<m>\d\d)(?P<d>\d\d)[-_ T@]?(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)(?P<f>\d{{3}})?(?!\d)"
    ),
    # 2026_1127_100500_001
    re.compile(rf"(?<!\d){_DAY}[-_](?P<m>\d\d)(?P<d>\d\d)[-_](?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)(?!\d)"),
    # Screenrecorder-2026-11-27-10-05-00-123, 2026-11-27_10-05-00-front, 2026_11_27_100500_00, 20261127-10.05.00,
    # 2026-11-27 at 10.05.00, 2026年11月27日下午3时05分, 2026-11-27-10h05m00s
    re.compile(
        rf"(?<!\d){_DAY}(?P<a>[-_.年]?)(?P<m>\d\d)(?:(?P=a)|月)(?P<d>\d\d)(?:[-_ T.日]{{1,3}}| at ){_HALF}?"
        r"(?:(?P<H>\d\d?)(?P<b>[-_.:时点h])(?P<M>\d\d)(?:(?:(?P=b)|[分m])(?P<S>\d\d)|分)|(?P<H2>\d\d)(?P<M2>\d\d)(?P<S2>\d\d))"
        r"(?:-(?P<f>\d{3}))?(?!\d)",
        re.IGNORECASE,
    ),
    # of iOS, whose month stands first
    re.compile(
        r"^ScreenRecording_(?P<m>\d\d)-(?P<d>\d\d)-(?P<y>\d{4}) (?P<H>\d\d)-(?P<M>\d\d)-(?P<S>\d\d)(?!\d)"
    ),
)
# Behind the time, its zone or half of the day. A dash there is a number's, not a zone's.
_AFTER = re.compile(
    r"(?:[.,]\d{1,9})?(?:(?P<z>Z)|[-_\s]?(?:(?P<half>[AP]M)|(?:UTC|GMT)\+(?P<h>\d\d?)(?:[-:]?(?P<m>[0-5]\d))?"
    r"|\+(?P<h2>\d\d)[-:]?(?P<m2>00|30|45)|(?P<utc>UTC|GMT)))(?![a-z0-9+-])",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?:(?:[a-z_]{0,20}[a-z][-_]?)?(?P<ms>1\d{12})|(?:RPReplay_Final)?(?P<s>1\d{9}))(?:[-_ (]{1,2}\d{1,3}\)?)?(?:\.[^.]*)?",
    re.IGNORECASE,
)
_OF_UTC = re.compile(r"^PXL_", re.IGNORECASE)  # Pixel phones


def times_in_name(name: str, zone: tzinfo) -> tuple[datetime, datetime | None] | None:
    """In UTC: the time, and a second one behind it where the name holds a span. None where it holds no time, or so
    many that it is not clear which counts. `zone`: of a clock that writes its wall time."""
    found = list(dict.fromkeys(_times(name, UTC if _OF_UTC.match(name) else zone)))
    if not found and (counted := _COUNTED.fullmatch(name)):
        found = [at for at in [time_or_none(counted["ms"] or counted["s"], UTC)] if at is not None]
    if len(found) == 1:
        return found[0], None
    if len(found) == 2 and timedelta() < found[1] - found[0] <= LONGEST_SPAN:
        return found[0], found[1]
    return None


def without_times(name: str) -> str:
    """With `TIME` in the place of each time that stands in it."""
    if _COUNTED.match(name):
        return TIME
    for pattern in _LOCAL:
        name = pattern.sub(TIME, name)
    return name


def _times(name: str, zone: tzinfo) -> Iterator[datetime]:
    for pattern in _LOCAL:
        at = [_time(name, found, zone) for found in pattern.finditer(name)]
        if said := [one for one in at if one is not None]:
            yield from said
            return


def _time(name: str, found: re.Match[str], zone: tzinfo) -> datetime | None:
    said = {part: value for part, value in found.groupdict().items() if value}
    hour, minute, second = (said.get(part) or said.get(f"{part}2") or "00" for part in "HMS")
    half = said.get("half", "")
    if after := _AFTER.match(name, found.end()):
        half = half or after["half"] or ""
        if after["z"] or after["utc"]:
            zone = UTC
        elif ahead := after["h"] or after["h2"]:
            zone = timezone(timedelta(hours=min(int(ahead), 14), minutes=int(after["m"] or after["m2"] or 0)))
    clock = f"{hour}:{minute}:{second}" + (f".{said['f']}" if "f" in said else "")
    return time_or_none(f"{found['y']}-{found['m']}-{found['d']} {half}{clock}", zone)
