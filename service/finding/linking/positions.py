"""A place in a recording as people write it: 1:30, 90, 1:02:03."""

import re
from datetime import datetime
from typing import Any

from schemas.links import Link

_WRITTEN = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,6}(?:[.]\d{1,3})?)")


def seconds(text: str) -> float | None:
    """None for nothing; ValueError for what is no position."""
    text = text.strip().replace("\N{FULLWIDTH COLON}", ":")
    if not text:
        return None
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hours, minutes, rest = found.groups()
    if minutes is not None and (float(rest) >= 60 or (hours is not None and int(minutes) >= 60)):
        raise ValueError(text)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest)


def position(at_s: float) -> str:
    """1:30; 1:02:03. Whole seconds."""
    whole = round(at_s)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def part_shown(link: Link, begun: datetime | None) -> dict[str, Any]:
    """`part_from`, `part_to`, `part_chosen` of service.web.recordings.views.Link."""
    if link.part_start_s is not None and link.part_end_s is not None:
        since, until, chosen = link.part_start_s, link.part_end_s, True
    elif begun is not None and link.part_from is not None and link.part_to is not None:
        since, until = ((at - begun).total_seconds() for at in (link.part_from, link.part_to))
        chosen = False
    else:
        return {}
    return {
        "part_from": position(max(0.0, since)),
        "part_to": position(max(0.0, until)),
        "part_chosen": chosen,
    }
