"""Which pages there are, in what order, and who sees them."""

from service.access.rules import MAY
from service.kernel.i18n import lazy as _
from service.kernel.words import Word

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
