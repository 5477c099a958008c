"""Pure parts of access: what a role may do, what a password must be, how long it waits to be looked at."""

import hashlib
import re
import secrets

from schemas.accounts import Role
from schemas.plain_text import one_line

# What each role may do beyond seeing what is in its scope.
MAY: dict[str, frozenset[Role]] = {
    "upload": frozenset({Role.member, Role.reviewer, Role.supervisor, Role.admin}),
    "withdraw_announcement": frozenset({Role.supervisor, Role.admin}),
    "link": frozenset({Role.member, Role.reviewer, Role.supervisor, Role.legal, Role.admin}),
    "correct_times": frozenset({Role.reviewer, Role.supervisor, Role.admin}),
    "edit_events": frozenset({Role.member, Role.reviewer, Role.supervisor, Role.admin}),
    "edit_cases": frozenset({Role.reviewer, Role.supervisor, Role.legal, Role.admin}),
    "import": frozenset({Role.supervisor, Role.admin}),
    "retry_jobs": frozenset({Role.supervisor, Role.admin}),
    "see_queue": frozenset({Role.supervisor, Role.auditor, Role.admin}),
    "see_board": frozenset({Role.supervisor, Role.auditor, Role.legal, Role.admin}),
    "see_custody": frozenset({Role.reviewer, Role.supervisor, Role.legal, Role.auditor, Role.admin}),
    "download_original": frozenset(
        {Role.member, Role.reviewer, Role.supervisor, Role.legal, Role.auditor, Role.admin}
    ),
    "decide_quarantine": frozenset({Role.supervisor, Role.admin}),
    "decide_removal": frozenset({Role.supervisor, Role.admin}),
    "explain": frozenset({Role.member, Role.reviewer, Role.supervisor, Role.admin}),
    "decide_explanations": frozenset({Role.supervisor, Role.admin}),
    "answer_disputes": frozenset({Role.supervisor, Role.admin}),
    "freeze_months": frozenset({Role.supervisor, Role.admin}),
    "accounts": frozenset({Role.admin}),
    "people": frozenset({Role.supervisor, Role.admin}),
    "clocks": frozenset({Role.supervisor, Role.admin}),
    "publish_matters": frozenset({Role.supervisor, Role.admin}),
    "see_people": frozenset({Role.supervisor, Role.auditor, Role.admin}),
}
# Parts of the system sign custody rows with these names.
RESERVED = frozenset({"cli", "intake", "linking", "system", "unknown"})
_USERNAME = re.compile(r"[\w.@+-]{1,64}")


def may(role: Role, what: str) -> bool:
    return role in MAY[what]


def acceptable_username(username: str) -> bool:
    """No white space (the sign-in page drops it), and no "/", which parts an account from its token in custody."""
    return bool(_USERNAME.fullmatch(username)) and username.casefold() not in RESERVED


def acceptable_password(username: str, password: str) -> bool:
    return 10 <= len(password) <= 256 and username.casefold() not in password.casefold()


def counted_name(typed: str) -> str:
    """As failures are counted under it."""
    return one_line(typed)[:64]


def wait_s(failures: int, free: int, longest_s: float) -> float:
    """Nothing for the free ones, then twice as long each time, and never longer than that."""
    over = failures - free
    return 0.0 if over < 0 else min(longest_s, longest_s / 8 * 2.0 ** min(over, 3))


def worth_keeping(nth: int, nth_there: int) -> bool:
    """Of a run of failures each at first, then the 16th, the 32nd and so on; likewise of all from one address. What
    nobody may delete, strangers must not fill."""
    return _seldom(nth, 8) and _seldom(nth_there, 200)


def _seldom(nth: int, at_first: int) -> bool:
    return nth <= at_first or nth & (nth - 1) == 0


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """Secrets have 256 bits of their own, so a plain hash is enough to store them."""
    return hashlib.sha256(secret.encode()).hexdigest()
