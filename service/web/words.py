"""Each state and kind with its picture, its word and what it means for the person who reads it."""

from typing import NamedTuple

from service.access.rules import MAY
from service.i18n import lazy as _


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

# Navigation: path, word, icon, roles that see it. The first four of a role stand in the bar of a phone.
NAVIGATION = [
    ("/", Word(_("Home"), icon="house"), None),
    ("/upload", Word(_("Upload"), icon="upload"), MAY["upload"]),
    ("/my-uploads", Word(_("My uploads"), icon="inbox"), MAY["upload"]),
    ("/recordings", Word(_("Recordings"), icon="video"), None),
    ("/cases", Word(_("Cases"), icon="folder"), None),
    ("/events", Word(_("Events"), icon="calendar-days"), None),
    ("/attention", Word(_("Attention"), icon="clipboard-list"), MAY["see_board"]),
    ("/queue", Word(_("Queue health"), icon="activity"), MAY["see_queue"]),
    ("/people", Word(_("People"), icon="users"), MAY["see_people"]),
    ("/recorders", Word(_("Recorders"), icon="camera"), MAY["see_people"]),
]


def navigation(role: str) -> list[tuple[str, Word]]:
    return [(path, word) for path, word, roles in NAVIGATION if roles is None or role in roles]


def unknown(name: str) -> Word:
    return Word(name, icon="circle-help")
