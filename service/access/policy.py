"""Rules of the bureau: sign-in."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import HOURS, MINUTES, SECONDS, Rule, number, whole

FREE_FAILURES = Rule[int](
    "login_free_failures",
    3,
    _("So many failures to sign in under one name from one address within the window cost no waiting"),
    whole(),
)
FAILURES_PER_ADDRESS = Rule[int](
    "login_failures_per_address",
    40,
    _(
        "After so many failures to sign in from one address within the window, unknown browsers there wait, too"
    ),
    whole(least=1),
)
LONGEST_WAIT = Rule[float](
    "login_longest_wait_s",
    4,
    _("The longest that a sign-in waits because others failed before it"),
    number(least=0.1, most=60),
    SECONDS,
)
LOGIN_WINDOW = Rule[int](
    "login_window_minutes", 10, _("The window in which failures to sign in are counted"), whole(), MINUTES
)
SIGN_IN_LASTS = Rule[float]("sign_in_hours", 12, _("How long a sign-in lasts"), number(), HOURS)
RULES = (FREE_FAILURES, FAILURES_PER_ADDRESS, LONGEST_WAIT, LOGIN_WINDOW, SIGN_IN_LASTS)
