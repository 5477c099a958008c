"""Rules of the bureau: what of a file counts as recorded, how long what is none is kept apart, and of
what a browser video is made."""

from service.footage.recordings.encode_rule import ANY, EncodeRow, When, fits
from service.kernel.i18n import lazy as _
from service.kernel.policy import DAYS, SECONDS, Rule, number, whole

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
RULES = (HOLE, QUARANTINE, ENCODE_RULE)
