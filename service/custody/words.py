"""Custody rows in sentences."""

from schemas.custody import CustodyEntry
from service.i18n import lazy
from service.web.views import CustodyEntry as View

ACTIONS = {
    "receive": lazy("received the bytes"),
    "verify": lazy("fingerprint of the stored bytes verified"),
    "merge": lazy("recognised as bytes already kept"),
    "lock": lazy("original locked"),
    "refuse": lazy("refused, kept in quarantine"),
    "view": lazy("opened the page"),
    "play": lazy("played"),
    "download": lazy("downloaded the original"),
    "link": lazy("linked"),
    "unlink": lazy("withdrew a link"),
    "confirm": lazy("confirmed a link"),
    "reject": lazy("rejected a link"),
    "undo": lazy("took back a decision on a link"),
    "edit": lazy("changed its details"),
    "declare_event": lazy("said which event it shows"),
    "ask_removal": lazy("asked for its removal"),
    "withdraw_removal": lazy("withdrew the wish for removal"),
    "decide_removal": lazy("answered the wish for removal"),
    "deny": lazy("was denied"),
    "retry_job": lazy("asked to try again"),
    "publish": lazy("browser version made"),
}


# What of an entry's detail says something to a reader; ids and keys stay in the API.
SHOWN = {
    "file_name": lazy("file"),
    "sha256": lazy("SHA-256"),
    "declared_sha256": lazy("declared SHA-256"),
    "reason": lazy("reason"),
    "answer": lazy("answer"),
    "score": lazy("match"),
    "mode": lazy("mode"),
    "until": lazy("until"),
}


def entry_view(entry: CustodyEntry) -> View:
    said = [f"{label} {entry.detail[name]}" for name, label in SHOWN.items() if entry.detail.get(name)]
    return View(
        at=entry.at,
        who=entry.actor,
        what=str(ACTIONS.get(entry.action, entry.action)),
        detail=" · ".join(said) or None,
    )
