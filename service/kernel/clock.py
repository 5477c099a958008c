"""Time as stored (UTC) and as shown (the bureau's zone)."""

from datetime import UTC, date, datetime, time

from service.kernel.settings import get_settings


def now() -> datetime:
    return datetime.now(UTC)


def local(moment: datetime) -> datetime:
    return moment.astimezone(get_settings().zone)


def day_start(day: date) -> datetime:
    """Midnight of the bureau's day, as UTC."""
    return datetime.combine(day, time.min, get_settings().zone).astimezone(UTC)


def as_utc(moment: datetime) -> datetime:
    """A time without a zone is a time of the bureau's zone."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=get_settings().zone)).astimezone(UTC)
