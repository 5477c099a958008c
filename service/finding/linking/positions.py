"""A place in a recording as people write it: 1:30, 90, 1:02:03."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.links import Link
from service.footage.stretches import Stretch, played_at, recorded_at

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


def part_shown(link: Link, begun: datetime | None, stretches: Sequence[Stretch] = ()) -> dict[str, Any]:
    """`part_from`, `part_to`, `part_chosen` of service.web.recordings.views.Link: as the player counts, which plays
    the `stretches` end to end. `begun`: the recording's own time."""
    begun = link.taken_from or begun
    if link.part_start_s is not None and link.part_end_s is not None:
        since, until, chosen = link.part_start_s, link.part_end_s, True
    elif begun is not None and link.part_from is not None and link.part_to is not None:
        since, until = ((at - begun).total_seconds() for at in (link.part_from, link.part_to))
        chosen = False
    else:
        return {}
    return {
        "part_from": position(played_at(stretches, max(0.0, since))),
        "part_to": position(played_at(stretches, max(0.0, until))),
        "part_chosen": chosen,
    }


def part_meant(
    since: float | None, until: float | None, stretches: Sequence[Stretch]
) -> tuple[float | None, float | None]:
    """The other way round: seconds into the recording, from seconds as the player counts them."""
    return (
        None if since is None else recorded_at(stretches, since),
        None if until is None else recorded_at(stretches, until, ending=True),
    )
