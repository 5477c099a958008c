"""What an event must satisfy whichever way it comes in. Pure."""

import re
from datetime import datetime, timedelta
from math import isfinite

from service.kernel.text import fold

NO_OBJECT = frozenset(
    map(
        fold,
        (
            "",
            "无",
            "無",
            "没有",
            "无对象",
            "无检查对象",
            "无具体对象",
            "无特定对象",
            "不特定对象",
            "无具体检查对象",
            "不适用",
            "none",
            "n/a",
            "na",
            "nil",
        ),
    )
)
_REMARK = re.compile(r"\(.*|[.。…]+$")  # 无（巡查）, 无。


def span_fits(arrived: datetime, departed: datetime | None) -> bool:
    return departed is None or departed >= arrived


FAR_AHEAD = timedelta(days=366)  # nobody plans a visit for so long; a year is easily mistyped


def days_ahead(arrived: datetime, today: datetime) -> int | None:
    """Of an event that lies further ahead than anybody plans."""
    return (arrived - today).days if arrived - today > FAR_AHEAD else None


def length_fits(arrived: datetime, departed: datetime | None, hours: float) -> bool:
    """An event that ends in years would be due in years, and in no figure until then."""
    return departed is None or departed - arrived <= timedelta(hours=hours)


def object_said(said: str | None) -> str | None:
    """What was inspected, by its name; "" where it is said that there was none; None where nothing is said."""
    if said is None:
        return None
    folded = fold(said)
    none = folded in NO_OBJECT or _REMARK.sub("", folded) in NO_OBJECT
    return "" if none or not any(map(str.isalnum, folded)) else said.strip()


def place_fits(latitude: float | None, longitude: float | None) -> bool:
    if latitude is None or longitude is None:
        return latitude is None and longitude is None
    return isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
