"""When a browser video is made: the bureau's rule, as data. Pure."""

import enum
from collections.abc import Collection, Sequence
from typing import Any

from typing_extensions import TypedDict

from schemas.events import EventKind
from schemas.recordings import Media

ANY = "any"
MOST_ROWS = 200


class When(enum.StrEnum):
    always = "always"
    by_need = "by_need"
    on_demand = "on_demand"  # only where a person asks


class EncodeRow(TypedDict):
    """`event_kind`: of an event that the recording is linked to. `codec`: of its picture, else of its sound."""

    event_kind: str
    media: str
    codec: str
    when: str


def when(
    rows: Sequence[EncodeRow], *, event_kinds: Collection[str], media: str | None, codec: str | None
) -> When:
    """The first row that fits decides; what none fits is made by need."""
    for row in rows:
        if (
            (row["event_kind"] == ANY or row["event_kind"] in event_kinds)
            and row["media"] in (ANY, media)
            and row["codec"] in (ANY, (codec or "").lower())
        ):
            return When(row["when"])
    return When.by_need


def fits(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MOST_ROWS and all(map(_is_row, value))


def _is_row(row: Any) -> bool:
    if not isinstance(row, dict) or set(row) != set(EncodeRow.__annotations__):
        return False
    if not all(isinstance(said, str) for said in row.values()):
        return False
    return (
        row["event_kind"] in (ANY, *EventKind)
        and row["media"] in (ANY, Media.video, Media.sound)
        and row["codec"] == row["codec"].strip().lower() != ""
        and row["when"] in tuple(When)
    )
