"""Each state and kind with its picture, its word and what it means for the person who reads it."""

from typing import NamedTuple

from service.access.rules import MAY
from service.kernel.i18n import lazy as _


class Word(NamedTuple):
    label: object
    icon: str
    tone: str = "plain"  # plain | info | good | warn | bad | seal
    meaning: object = ""


STATES = {
    "announced": Word(
        _("Announced"),
        icon="clock",
        tone="warn",
        meaning=_("A station lists it; its bytes have not been received."),
    ),
    "receiving": Word(
        _("Receiving"), icon="cloud-upload", tone="info", meaning=_("Bytes are still arriving.")
    ),
    "processing": Word(
        _("Processing"),
        icon="loader",
        tone="info",
        meaning=_("Received and kept; being hashed, probed and made watchable."),
    ),
    "ready": Word(
        _("Ready"), icon="circle-check", tone="good", meaning=_("Everything is there and was checked.")
    ),
    "partial": Word(
        _("Partly ready"),
        icon="circle-alert",
        tone="warn",
        meaning=_("It can be used, but something is missing."),
    ),
    "unplayable": Word(
        _("Not playable"),
        icon="film",
        tone="bad",
        meaning=_("Kept, hashed and in custody, but it cannot be shown as video."),
    ),
    "refused": Word(
        _("Refused"),
        icon="ban",
        tone="bad",
        meaning=_("Kept in quarantine. Do not erase the original from the device."),
    ),
}

KINDS = {
    "inspection": Word(_("Daily inspection"), icon="footprints"),
    "evidence_collection": Word(_("Evidence collection"), icon="search-check"),
    "document_delivery": Word(_("Document delivery"), icon="file-check"),
    "coercion": Word(_("Administrative coercion"), icon="gavel"),
}

ROLES = {
    "member": Word(_("Squad member"), icon="user"),
    "reviewer": Word(_("Reviewer"), icon="search-check"),
    "supervisor": Word(_("Supervisor"), icon="clipboard-list"),
    "legal": Word(_("Legal reviewer"), icon="scale"),
    "auditor": Word(_("Auditor"), icon="eye"),
    "admin": Word(_("Administrator"), icon="settings"),
}

EVENTS = {
    "cancelled": Word(
        _("Cancelled"), icon="ban", tone="warn", meaning=_("It counts in no figure; its history stays.")
    ),
    "merged": Word(
        _("Merged"), icon="merge", tone="warn", meaning=_("Another event stands for the same act.")
    ),
}

LINKS = {
    "confirmed": Word(_("Confirmed"), icon="circle-check", tone="good", meaning=_("A person said so.")),
    "automatic": Word(
        _("Linked"), icon="link", tone="info", meaning=_("Linked by the rules; the reasons are listed.")
    ),
    "offered": Word(
        _("Offered"), icon="circle-help", tone="warn", meaning=_("Not sure enough: a person decides.")
    ),
    "rejected": Word(
        _("Rejected"), icon="unlink", tone="plain", meaning=_("A person said that it is not this event.")
    ),
}

JOBS = {
    "intake": Word(_("Take in: fetch, hash, probe"), icon="fingerprint"),
    "playable": Word(_("Make playable"), icon="play"),
    "tags": Word(_("Read tags from metadata"), icon="tag"),
    "link": Word(_("Link to events"), icon="link"),
    "renditions": Word(_("Make browser video, stills and waveform"), icon="film"),
    "clock": Word(_("Read the time in the picture"), icon="clock"),
    "recount": Word(_("Count the coverage again"), icon="refresh-cw"),
}

JOB_STATES = {
    "waiting": Word(_("Waiting"), icon="clock", tone="plain"),
    "running": Word(_("Running"), icon="loader", tone="info"),
    "done": Word(_("Done"), icon="circle-check", tone="good"),
    "failed": Word(_("Failed"), icon="circle-x", tone="bad"),
}

LOCKS = {
    "locked": Word(
        _("Locked"), icon="lock", tone="seal", meaning=_("The store refuses to change or delete it.")
    ),
    "not_locked": Word(
        _("Not locked"),
        icon="lock-open",
        tone="warn",
        meaning=_("This store cannot lock; the file is read-only, its fingerprint proves it unchanged."),
    ),
    "pending": Word(
        _("Lock to come"), icon="clock", meaning=_("It is locked as soon as its fingerprint is known.")
    ),
}

RECEIPTS = {
    "accepted": Word(_("Received"), icon="circle-check", tone="good"),
    "same_bytes": Word(_("Same bytes as before"), icon="copy", tone="info"),
    "hash_mismatch": Word(_("Fingerprint differs"), icon="circle-x", tone="bad"),
    "refused": Word(_("Refused, in quarantine"), icon="ban", tone="bad"),
}

TAGS = {
    "quality": Word(_("Picture and sound"), icon="activity", tone="warn"),
    "place": Word(_("Place"), icon="map-pin"),
    "time": Word(_("Time"), icon="clock"),
    "device": Word(_("Device"), icon="camera"),
    "step": Word(_("Step of the procedure"), icon="flag", tone="good"),
    "word": Word(_("Words"), icon="tag"),
}

QUEUES = {
    "light": Word(_("Light work: hash, probe, tags, links"), icon="list-checks"),
    "encode": Word(_("Encoding"), icon="film"),
}

ATTENTION = {
    "failed": Word(_("Failed"), icon="circle-x", tone="bad", meaning=_("Attempts are spent; each says why.")),
    "waiting": Word(
        _("Waiting"), icon="clock", tone="info", meaning=_("Work that has not begun or not ended.")
    ),
    "unlinked": Word(
        _("Unlinked"), icon="unlink", tone="warn", meaning=_("Recordings that show no known event.")
    ),
    "refused": Word(
        _("Refused"), icon="ban", tone="bad", meaning=_("In quarantine; the device must keep its copy.")
    ),
    "removal": Word(
        _("Removal asked"), icon="trash-2", tone="warn", meaning=_("A member asked for a removal.")
    ),
}

# Tables that can be imported, in the order in which a new installation needs them.
IMPORT_KINDS = {
    "squads": Word(
        _("Squads"), icon="users", meaning=_("Code and name; the other tables name squads by either.")
    ),
    "officers": Word(
        _("Officers"),
        icon="user",
        meaning=_("Known by the certificate number. After the leaving date no new duty can begin."),
    ),
    "recorders": Word(
        _("Recorders"), icon="camera", meaning=_("Known by the serial number: state, last dock, charge.")
    ),
    "assignments": Word(
        _("Assignments"),
        icon="user-check",
        meaning=_(
            "Who held which recorder from when to when. Several may hold one at a time; a row that says"
            " “hand-over” ends what the others hold."
        ),
    ),
    "clocks": Word(
        _("Clock measurements"), icon="clock", meaning=_("How far a recorder's clock was off, and when.")
    ),
    "rosters": Word(
        _("Duty rosters"),
        icon="calendar-clock",
        meaning=_("A day with clock times, or two whole times; 20:00–08:00 ends on the next day."),
    ),
    "cases": Word(_("Cases"), icon="folder", meaning=_("Known by the case number, however it is written.")),
    "campaigns": Word(_("Campaigns"), icon="flag", meaning=_("Known by the external id.")),
    "events": Word(
        _("Events"),
        icon="calendar-days",
        meaning=_("Known by the external id: kind, arrival, departure, place, who took part."),
    ),
    "matters": Word(
        _("Recording matters"),
        icon="scroll-text",
        meaning=_("A whole list: it is published as a new version, and only if every row is right."),
    ),
}

RECORDER_STATES = {
    "in_use": Word(_("In use"), icon="circle-check", tone="good"),
    "spare": Word(_("Spare"), icon="package", tone="plain"),
    "repair": Word(_("In repair"), icon="wrench", tone="warn"),
    "retired": Word(_("Out of use"), icon="ban", tone="plain"),
}

RECORDER_LISTS = {
    "not_docked": Word(_("Not docked"), icon="plug", tone="warn"),
    "low_battery": Word(_("Low battery"), icon="battery-low", tone="warn"),
    "unassigned": Word(_("Held by nobody"), icon="user-x", tone="warn"),
    "held_by_leavers": Word(_("Held by someone who left"), icon="log-out", tone="bad"),
}

OUTCOMES = {
    "created": Word(_("New"), icon="circle-plus", tone="good"),
    "changed": Word(_("Changed"), icon="pen-line", tone="info"),
    "unchanged": Word(_("Unchanged"), icon="equal", tone="plain"),
    "refused": Word(_("Not taken"), icon="circle-x", tone="bad"),
}

DUTIES = {
    "must": Word(_("Must be recorded"), icon="video", tone="info"),
    "text_suffices": Word(
        _("A written record is enough"), icon="file-check", meaning=_("It counts in no coverage figure.")
    ),
}

MOMENTS = {
    "arrival": Word(_("Arrival"), icon="map-pin"),
    "departure": Word(_("Departure"), icon="log-out"),
}

# What the law asks to be seen, in the order in which it usually happens.
STEPS = {
    "show_identification": Word(_("Show identification"), icon="id-card"),
    "state_purpose": Word(_("State the reason"), icon="megaphone"),
    "state_rights": Word(_("State the rights"), icon="scale"),
    "scene": Word(_("State of the scene"), icon="eye"),
    "questioning": Word(_("Questioning"), icon="message-circle"),
    "statement_and_defence": Word(_("Statement and defence"), icon="speech"),
    "sampling": Word(_("Sampling"), icon="flask-conical"),
    "listing": Word(_("Listing of the items"), icon="list-checks"),
    "measure": Word(_("Carrying out the measure"), icon="hammer"),
    "signature": Word(_("Signature"), icon="pen-line"),
    "witness": Word(_("Witness"), icon="users"),
    "service": Word(_("Service of the document"), icon="mail-check"),
}

# What measured a recorder's clock.
CLOCK_SOURCES = {
    "dock": Word(
        _("Dock"), icon="plug", meaning=_("The recorder's clock against the server's, read in the dock.")
    ),
    "sidecar": Word(
        _("Station's record"),
        icon="file-text",
        meaning=_("The recorder's clock against the station's, as its record names both."),
    ),
    "gps": Word(
        _("Satellites"),
        icon="satellite",
        meaning=_("The time that the camera wrote into the file, against that of the satellites."),
    ),
    "burned_in": Word(
        _("Picture and satellites"),
        icon="scan-text",
        meaning=_("The time burned into the picture, against that of the satellites."),
    ),
    "hand": Word(_("By hand"), icon="pen-line", meaning=_("A person compared the clocks.")),
}

# The lists that drive the day, in the order of a morning; those of a group follow each other.
COVERAGE_LISTS = {
    "due": Word(_("Due"), icon="hourglass", meaning=_("Not complete yet; the upload deadline is still ahead, the nearest first.")),
    "missing": Word(_("Missing"), icon="video-off", tone="bad", meaning=_("The upload deadline is over and no recording that can be played shows any of the required time; the oldest first.")),
    "partly": Word(_("Partly"), icon="circle-alert", tone="warn", meaning=_("Recorded, but a gap has no approved reason, or the departure is not known.")),
    "late": Word(_("Late"), icon="timer-off", tone="warn", meaning=_("Something was not here when the upload deadline passed, or came after it.")),
    "gaps": Word(_("Gaps"), icon="unplug", tone="warn", meaning=_("Gaps longer than the matters list forgives, without an approved reason.")),
    "changed_late": Word(_("Changed late"), icon="pen-line", tone="warn", meaning=_("Changes of events after their upload deadline: who, when, and what; the newest first. The deadline is the one that held until then.")),
    "unlinked": Word(_("Unlinked"), icon="unlink", tone="warn", meaning=_("Recordings that show no known event, the longest waiting first.")),
    "ambiguous": Word(_("Ambiguous"), icon="circle-help", tone="warn", meaning=_("Several events are possible and none is clear enough: one key press decides.")),
    "announced": Word(_("Announced"), icon="clock", tone="warn", meaning=_("A station lists it; its bytes have not been received.")),
    "not_docked": Word(_("Not docked"), icon="plug", tone="warn", meaning=_("Recorders in use that no dock has seen for longer than allowed, and whose bytes have not come either.")),
    "low_battery": Word(_("Low battery"), icon="plug", tone="warn", meaning=_("Recorders in use that had too little charge when they last sat in a dock.")),
    "unassigned": Word(_("Unassigned"), icon="users", tone="warn", meaning=_("Recorders in use that nobody holds now.")),
    "held_by_leavers": Word(_("Held by leavers"), icon="users", tone="warn", meaning=_("Recorders that are still held by an officer who has left.")),
    "ratio": Word(_("Too few recorders"), icon="users", tone="warn", meaning=_("Days on which the officers on duty had fewer recorders than the rule asks for; the latest first.")),
    "clocks": Word(_("Clocks"), icon="alarm-clock", tone="warn", meaning=_("Recorders whose clock was last measured further off than allowed, or drifts faster.")),
    "explanations": Word(_("Explanations"), icon="message-circle-question-mark", tone="warn", meaning=_("Asked by members, waiting for another person to decide; the oldest first.")),
    "disputes": Word(_("Disputes"), icon="message-square-warning", tone="warn", meaning=_("An officer says that a row is wrong and waits for an answer; the oldest first.")),
}  # fmt: skip
# The heading above the first list of a group.
LIST_HEADINGS = {
    "due": _("Events"),
    "unlinked": _("Recordings"),
    "not_docked": _("Recorders"),
    "explanations": _("To be answered"),
}

EXPLANATION_STATES = {
    "asked": Word(_("Waiting"), icon="hourglass", tone="info", meaning=_("Another person than the one who asked decides.")),
    "approved": Word(_("Approved"), icon="circle-check", tone="good"),
    "declined": Word(_("Declined"), icon="circle-x", tone="bad"),
    "withdrawn": Word(_("Withdrawn"), icon="undo-2", tone="plain"),
}  # fmt: skip
EXPLANATION_KINDS = {
    "exemption": Word(_("Exemption"), icon="shield-check"),
    "gap_reason": Word(_("Reason of a gap"), icon="unplug"),
}
DISPUTE_STATES = {
    "open": Word(_("Waiting"), icon="hourglass", tone="info", meaning=_("A supervisor answers, with a sentence.")),
    "upheld": Word(_("Upheld"), icon="circle-check", tone="good", meaning=_("The officer is right. The figure follows when the facts are put right; a frozen month stays.")),
    "dismissed": Word(_("Dismissed"), icon="circle-x", tone="bad"),
    "withdrawn": Word(_("Withdrawn"), icon="undo-2", tone="plain"),
}  # fmt: skip

# Navigation: path, word, icon, roles that see it.
NAVIGATION = [
    ("/", Word(_("Home"), icon="house"), None),
    ("/recordings", Word(_("Recordings"), icon="video"), None),
    ("/cases", Word(_("Cases"), icon="folder"), None),
    ("/events", Word(_("Events"), icon="calendar-days"), None),
    ("/upload", Word(_("Upload"), icon="upload"), MAY["upload"]),
    ("/my-uploads", Word(_("My uploads"), icon="inbox"), MAY["upload"]),
    ("/coverage", Word(_("Coverage"), icon="gauge"), MAY["see_board"]),
    ("/coverage/lists", Word(_("Lists of the day"), icon="list-todo"), MAY["see_board"]),
    ("/snapshots", Word(_("Monthly reports"), icon="file-text"), MAY["see_board"]),
    ("/attention", Word(_("Attention"), icon="clipboard-list"), MAY["see_board"]),
    ("/matters", Word(_("Recording matters"), icon="scroll-text"), None),
    ("/people", Word(_("People"), icon="users"), MAY["see_people"]),
    ("/recorders", Word(_("Recorders"), icon="camera"), MAY["see_people"]),
    ("/import", Word(_("Import"), icon="file-up"), MAY["import"]),
    ("/queue", Word(_("Queue health"), icon="activity"), MAY["see_queue"]),
]
# Beside it, for a member who is an officer of the lists.
OWN_EVENTS = ("/coverage/mine", Word(_("My events"), icon="calendar-check"))
# The heading above the first page of a group.
HEADINGS = {
    "/recordings": _("Footage and cases"),
    "/upload": _("Uploads"),
    "/coverage": _("Supervision"),
    "/matters": _("Bureau and system"),
}
# What stands in the bar of a phone, where it is not the first four.
BAR = {
    "member": ("/", "/upload", "/my-uploads", "/recordings"),
    "supervisor": ("/", "/coverage", "/coverage/lists", "/recordings"),
    "admin": ("/", "/recordings", "/attention", "/queue"),
}


def navigation(role: str, *, officer: bool = False) -> list[tuple[str, Word]]:
    """What the role may open, in the order of the rail; for a member what is their own and uploading comes first."""
    items = [(path, word) for path, word, roles in NAVIGATION if roles is None or role in roles]
    if role == "member":
        items.sort(key=lambda item: item[0] not in ("/", "/upload", "/my-uploads"))
        if officer:
            items.insert(1, OWN_EVENTS)
    return items


def bar(items: list[tuple[str, Word]], role: str) -> list[tuple[str, Word]]:
    """The four pages in the bar of a phone."""
    words = dict(items)
    return [(path, words[path]) for path in BAR.get(role, tuple(words)[:4])]


def opened(items: list[tuple[str, Word]], path: str) -> str:
    """The entry that this page stands under: the longest path that leads to it."""
    fit = [to for to, _word in items if path == to or (to != "/" and path.startswith(to + "/"))]
    return max(fit, key=len, default="")


def unknown(name: str) -> Word:
    return Word(name, icon="circle-help")
