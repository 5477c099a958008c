"""Rules of the bureau: room in the store, and what may be under way at once.

A dock reads out many recorders at the same time and goes on after a cut, so it may have far more open than a person
at a page, who sends two files at once."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import BYTES, Rule, whole

GIB = 2**30

SQUAD_QUOTA = Rule[int](
    "squad_quota_bytes",
    0,
    _("What one squad may have in the store, uploads in progress included; 0: as much as there is room for"),
    whole(),
    BYTES,
)
OPEN_PER_ACCOUNT = Rule[int](
    "open_uploads_per_account",
    200,
    _("So many uploads of one account may be unfinished at once; its docks count for themselves"),
    whole(1),
)
OPEN_PER_TOKEN = Rule[int](
    "open_uploads_per_token",
    2000,
    _("So many uploads of one dock's token may be unfinished at once"),
    whole(1),
)
OPEN_PER_SQUAD = Rule[int](
    "open_uploads_per_squad",
    6000,
    _("So many uploads into one squad may be unfinished at once, whoever sends them"),
    whole(1),
)
BYTES_PER_ACCOUNT = Rule[int](
    "open_bytes_per_account",
    256 * GIB,
    _("The unfinished uploads of one account may declare so much together; its docks count for themselves"),
    whole(1),
    BYTES,
)
BYTES_PER_TOKEN = Rule[int](
    "open_bytes_per_token",
    2048 * GIB,
    _("The unfinished uploads of one dock's token may declare so much together"),
    whole(1),
    BYTES,
)
BYTES_PER_SQUAD = Rule[int](
    "open_bytes_per_squad",
    6144 * GIB,
    _("The unfinished uploads into one squad may declare so much together, whoever sends them"),
    whole(1),
    BYTES,
)
RULES = (
    SQUAD_QUOTA,
    OPEN_PER_ACCOUNT,
    OPEN_PER_TOKEN,
    OPEN_PER_SQUAD,
    BYTES_PER_ACCOUNT,
    BYTES_PER_TOKEN,
    BYTES_PER_SQUAD,
)
