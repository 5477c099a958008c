"""What an event must satisfy whichever way it comes in. Pure."""

from datetime import datetime, timedelta
from math import isfinite


def span_fits(arrived: datetime, departed: datetime | None) -> bool:
    return departed is None or departed >= arrived


def length_fits(arrived: datetime, departed: datetime | None, hours: float) -> bool:
    """An event that ends in years would be due in years, and in no figure until then."""
    return departed is None or departed - arrived <= timedelta(hours=hours)


def place_fits(latitude: float | None, longitude: float | None) -> bool:
    if latitude is None or longitude is None:
        return latitude is None and longitude is None
    return isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
