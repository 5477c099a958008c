"""Custody rows in sentences."""

from schemas.custody import CustodyEntry
from service.custody.views import CustodyEntry as View
from service.i18n import gettext as _
from service.i18n import lazy

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
    "set_part": lazy("chose which part belongs"),
    "ask_removal": lazy("asked for its removal"),
    "withdraw_removal": lazy("withdrew the wish for removal"),
    "decide_removal": lazy("answered the wish for removal"),
    "deny": lazy("was denied"),
    "retry_job": lazy("asked to try again"),
    "announce": lazy("was announced by a station"),
    "announce_again": lazy("was listed by a station again, with other facts"),
    "gone_from_device": lazy("is no longer on the device"),
    "withdraw_announcement": lazy("withdrew the announcement"),
    "restore_announcement": lazy("restored the announcement"),
    "merge_announcement": lazy("recognised as what a station had announced"),
    "carry": lazy("carried a decision on a link over to the event that its event was merged into"),
    "carry_back": lazy("took a decision on a link back to the event that had been merged"),
    "publish": lazy("browser version made"),
    "correct_clock": lazy("moved to its true time"),
    "measure_clock": lazy("entered a measurement of the clock"),
    "change_clock": lazy("changed a measurement of the clock"),
    "withdraw_clock": lazy("withdrew a measurement of the clock"),
    "freeze_month": lazy("froze the month"),
    "export": lazy("exported figures and rows"),
}


# Parts of the system that sign rows.
PARTS = {
    "intake": lazy("System: taking in"),
    "linking": lazy("System: linking"),
    "system": lazy("System"),
    "cli": lazy("Command line of the server"),
}
# What of an entry's detail says something to a reader; ids and keys stay in the API.
SHOWN = {
    "file_name": lazy("file"),
    "sha256": lazy("SHA-256"),
    "declared_sha256": lazy("declared SHA-256"),
    "reason": lazy("reason"),
    "answer": lazy("answer"),
    "score": lazy("match"),
    "offset_s": lazy("seconds fast"),
    "mode": lazy("mode"),
    "until": lazy("until"),
}


def _what(entry: CustodyEntry) -> str:
    if entry.action == "lock" and entry.detail.get("locked") is False:
        return _("made the original read-only; this store cannot lock")
    return str(ACTIONS.get(entry.action, entry.action))


def entry_view(entry: CustodyEntry) -> View:
    said = [
        f"{label} {entry.detail[name]}"
        for name, label in SHOWN.items()
        if entry.detail.get(name) and entry.detail[name] != "NONE"
    ]
    return View(
        at=entry.at,
        who=str(PARTS.get(entry.actor, entry.actor)),
        what=_what(entry),
        detail=" · ".join(said) or None,
    )
