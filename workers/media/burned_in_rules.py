"""From what was read in pictures to the time that the camera's clock showed at the first one. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

AGREE_S = 0.3  # beyond the second that a display may lag behind its clock: seeking and rounding
FRAMES_NEEDED = 3
CLEAR = 2  # the winner has at least so many times the frames of any other reading
SHORTEST_S = 2.0  # in less, a clock does not move often enough to be told from other writing
YEARS = range(1970, 2100)

# Digits as tesseract reads them where only digits can be.
_AS_DIGITS = str.maketrans("OoQDlI|ZSB", "0000111258")
_D = r"[0-9OoQDlI|ZSB]"
_DATE = rf"(?P<star>\*?)\s?(?P<year>(?:19|2[0Oo]){_D}{{2}})"
_CLOCK = (
    rf"(?P<hour>{_D}{{2}})\s?[:;.：时點]\s?(?P<minute>{_D}{{2}})\s?[:;.：分]\s?(?P<second>{_D}{{2}})(?!\d)"
)
# With separators between which anything may stand that is no digit: a weekday, 年月日 if it was read.
_PLAIN = re.compile(
    rf"{_DATE}\s?[-/.,_年]\s?(?P<month>{_D}{{1,2}})\s?[-/.,_月]\s?(?P<day>{_D}{{1,2}})\s?日?[^\d:]{{0,14}}?{_CLOCK}"
)
# 年, 月 and 日 read as one or two signs of any kind, digits too: tesseract knows no Chinese without its own package.
_CHINESE = re.compile(
    rf"{_DATE}\s?\S{{1,3}}?\s?(?P<month>0[1-9]|1[0-2])\s?\S{{1,3}}?\s?(?P<day>[0-2]\d|3[01])\s?\S{{0,4}}\s{{1,3}}{_CLOCK}"
)
_LOOKS = re.compile(rf"(?:19|2[0Oo])[\dOoA-Z]{{2}}.{{4,}}|{_D}{{2}}\s?[:;.]\s?{_D}{{2}}\s?[:;.]\s?{_D}{{2}}")


@dataclass(frozen=True)
class Reading:
    """What one look at the frame at `at_s` seconds found. `shown` has no zone: it is the camera's wall clock."""

    at_s: float
    shown: datetime
    starred: bool = False

    @property
    def start(self) -> datetime:
        return self.shown - timedelta(seconds=self.at_s)


class BurnedIn(BaseModel):
    """`shown_from`: the camera's wall clock at the first frame, without a zone, right within ± `doubt_s`. `frames`: how
    many say so, of `looked_at`. `starred`: the camera itself marks its clock as not to be trusted. `text`: as read."""

    shown_from: datetime
    doubt_s: float
    frames: int
    looked_at: int
    starred: bool = False
    text: str = ""


def looks_like_time(line: str) -> bool:
    """Whether a closer look at this line is worth it."""
    return bool(_LOOKS.search(line)) and sum(c.isdigit() for c in line) >= 6


def parse(line: str) -> tuple[datetime, bool] | None:
    """(wall clock time, whether a star stands before it) from a line of text, if a date and a time are in it."""
    for pattern in (_PLAIN, _CHINESE):
        for found in pattern.finditer(line):
            year, month, day, hour, minute, second = (
                int(found[name].translate(_AS_DIGITS))
                for name in ("year", "month", "day", "hour", "minute", "second")
            )
            try:
                # the camera's wall clock, whatever its zone
                shown = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
            except ValueError:
                continue
            if shown.year in YEARS:
                return shown, bool(found["star"])
    return None


def agree(readings: Sequence[Reading], looked_at: int, needed: int = FRAMES_NEEDED) -> BurnedIn | None:
    """The start that most frames agree on: wall time less position. A display shows whole seconds, so each frame
    gives a second in which the start lies; frames agree where these seconds overlap. None unless `needed` frames
    do, the clock moved between them, and no other reading comes near."""
    votes = sorted(readings, key=lambda one: one.start)
    best: list[Reading] = []
    for first in votes:
        group = [
            one for one in votes if timedelta() <= one.start - first.start <= timedelta(seconds=1 + AGREE_S)
        ]
        if _frames(group) > _frames(best):
            best = group
    if _frames(best) < needed or len({one.shown for one in best}) < 2:
        return None
    low, high = best[0].start, best[-1].start
    rest = [one for one in votes if not low <= one.start <= high]
    if _strongest(rest) * CLEAR > _frames(best):
        return None
    # the start lies in [start, start + 1 s) of each: where these overlap
    earliest, latest = high, low + timedelta(seconds=1)
    middle = earliest + (latest - earliest) / 2
    return BurnedIn(
        shown_from=middle,
        doubt_s=round(max(abs((latest - earliest).total_seconds()) / 2, AGREE_S), 3),
        frames=_frames(best),
        looked_at=looked_at,
        starred=sum(one.starred for one in best) * 2 > len(best),
    )


def _frames(readings: Sequence[Reading]) -> int:
    return len({one.at_s for one in readings})


def _strongest(readings: Sequence[Reading]) -> int:
    window = timedelta(seconds=1 + AGREE_S)
    return max(
        (
            _frames([one for one in readings if timedelta() <= one.start - first.start <= window])
            for first in readings
        ),
        default=0,
    )


def positions(duration_s: float, wanted: int = 6) -> list[float]:
    """Where to look: spread over the recording, never at whole seconds from each other, off both ends."""
    if duration_s < SHORTEST_S:
        return []
    first, last = min(0.3, duration_s / 10), duration_s - min(0.6, duration_s / 5)
    # A clock that is set while it films breaks the line: its first hour tells what it showed at the start.
    last = min(last, first + 3600)
    return [round(first + (last - first) * n / (wanted - 1) + 0.137 * (n % 3) / 3, 3) for n in range(wanted)]
