"""Custody rows in sentences."""

from schemas.custody import CustodyEntry
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.web.custody.views import CustodyEntry as View

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
    "create_event": lazy("entered the event"),
    "import_event": lazy("changed the event by an import"),
    "cancel": lazy("cancelled it"),
    "restore": lazy("restored it"),
    "absorb": lazy("merged another event into it"),
    "unmerge": lazy("took the merge back"),
    "release": lazy("took the merge of another event back"),
    "ask_explanation": lazy("asked for an exemption, or explained a gap"),
    "decide_explanation": lazy("decided on an explanation"),
    "reopen_explanation": lazy("took a decision on an explanation back"),
    "withdraw_explanation": lazy("withdrew an explanation"),
    "raise_dispute": lazy("disputed its row"),
    "answer_dispute": lazy("answered a dispute"),
    "withdraw_dispute": lazy("withdrew a dispute"),
    "create_case": lazy("entered the case"),
    "create_campaign": lazy("entered the campaign"),
    "create_squad": lazy("entered the squad"),
    "create_officer": lazy("entered the officer"),
    "create_recorder": lazy("entered the recorder"),
    "create_recorder_model": lazy("entered the model of recorder"),
    "create_assignment": lazy("entered who held a recorder"),
    "remove_assignment": lazy("removed an entry of who held a recorder"),
    "create_roster": lazy("entered a duty in the roster"),
    "remove_roster": lazy("removed a duty from the roster"),
    "import": lazy("imported a table"),
    "publish_matters": lazy("published a version of the recording matters list"),
    "ask_recount": lazy("asked to count the coverage of all events again"),
    "set_policy": lazy("changed a rule of the bureau"),
    "receive_sidecar": lazy("received its sidecar"),
    "forget_upload": lazy("forgot the upload"),
    "create_account": lazy("created an account"),
    "disable_account": lazy("disabled an account"),
    "set_password": lazy("set a password"),
    "create_token": lazy("created an access token"),
    "revoke_token": lazy("revoked an access token"),
    "sign_in": lazy("signed in"),
    "sign_in_failed": lazy("failed to sign in"),
    "sign_out": lazy("signed out"),
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
