"""A clock that lost its battery begins anew in a year of its firmware. Pure."""

from datetime import UTC, datetime, timedelta, tzinfo

EPOCHS = (1904, 1970, 1980, 2000)
"""Years in which reset clocks begin: QuickTime, Unix, FAT and GPS, many recorders. Others are known by their first
minutes (`is_reset`)."""
JUST_BEGUN = timedelta(minutes=15)
LONG_BEFORE = timedelta(days=180)


def is_reset(shown: datetime, seen_at: datetime, zone: tzinfo) -> bool:
    """Whether a clock that showed this had only just begun anew: the first minutes of a year, here or in UTC, that
    was long over when the file came. `zone`: of the camera."""
    if seen_at - shown < LONG_BEFORE:
        return False
    return any(_since_new_year(shown.astimezone(one)) < JUST_BEGUN for one in (UTC, zone))


def is_time(at: datetime, seen_at: datetime, zone: tzinfo) -> bool:
    """Whether a file that came then may have been made at `at`, as far as a clock that was reset goes."""
    return at.year not in EPOCHS and not is_reset(at, seen_at, zone)


def _since_new_year(at: datetime) -> timedelta:
    return at - at.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
