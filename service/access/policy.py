"""Rules of the bureau: sign-in."""

from service.kernel.i18n import lazy as _
from service.kernel.policy import HOURS, MINUTES, Rule, number, whole

FAILURES_PER_NAME = Rule[int](
    "login_failures_per_name",
    8,
    _("So many failures to sign in under one name within the window close the door to it for the window"),
    whole(),
)
FAILURES_PER_ADDRESS = Rule[int](
    "login_failures_per_address",
    40,
    _("So many failures to sign in from one address within the window close the door to it for the window"),
    whole(),
)
LOGIN_WINDOW = Rule[int](
    "login_window_minutes", 10, _("The window in which failures to sign in are counted"), whole(), MINUTES
)
SIGN_IN_LASTS = Rule[float]("sign_in_hours", 12, _("How long a sign-in lasts"), number(), HOURS)
RULES = (FAILURES_PER_NAME, FAILURES_PER_ADDRESS, LOGIN_WINDOW, SIGN_IN_LASTS)
