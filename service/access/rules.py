"""Pure parts of access: what a role may do, what a password must be, when the door is closed."""

import hashlib
import re
import secrets

from schemas.accounts import Role

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


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """Secrets have 256 bits of their own, so a plain hash is enough to store them."""
    return hashlib.sha256(secret.encode()).hexdigest()
