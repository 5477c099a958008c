"""Rules of the bureau: what of a file counts as recorded, how long what is none is kept apart, of what a browser video
is made, and who may have the original's bytes."""

from typing import Any

from service.access.rules import MAY
from service.footage.recordings.encode_rule import ANY, EncodeRow, When, fits
from service.kernel.i18n import lazy as _
from service.kernel.policy import DAYS, SECONDS, Rule, number, whole


def _roles(value: Any) -> bool:
    """Of those that may at all: a rule narrows what a role may, and never widens it."""
    return (
        isinstance(value, list)
        and all(isinstance(role, str) and role in MAY["download_original"] for role in value)
        and len(set(value)) == len(value)
    )


HOLE = Rule[float](
    "hole_s",
    2.0,
    _("A recording has a hole where it has no picture (or, without pictures, no sound) for longer than this"),
    number(least=0.1, most=60),
    SECONDS,
)
QUARANTINE = Rule[int](
    "quarantine_days",
    90,
    _("A file in quarantine is kept so long before a person decides whether it is kept on"),
    whole(least=1, most=36500),
    DAYS,
)
ENCODE_RULE = Rule[list[EncodeRow]](
    "encode_rule",
    [EncodeRow(event_kind=ANY, media=ANY, codec=ANY, when=When.always.value)],
    _(
        "Of what a browser video is made: always, by need, or only where a person asks for it (always, by_need, on_demand), by "
        "kind of event, medium and codec; the first row that fits decides"
    ),
    fits,
)
DOWNLOAD_ROLES = Rule[list[str]](
    "download_roles",
    sorted(MAY["download_original"]),
    _("Who may download originals: a list of roles. Others play a copy that holds picture and sound alone"),
    _roles,
)
PLAYBACK_ORIGINAL = Rule[bool | list[str]](
    "playback_original",
    True,
    _(
        "Whether the original's own bytes are what plays, for those who may download it: true, false, or a list of roles. Others play a copy that holds picture and sound alone"
    ),
    lambda value: isinstance(value, bool) or _roles(value),
)
RULES = (HOLE, QUARANTINE, ENCODE_RULE, DOWNLOAD_ROLES, PLAYBACK_ORIGINAL)
