"""What the pages show of custody."""

from dataclasses import dataclass
from datetime import datetime

from schemas.custody import CustodyEntry as Entry
from service.kernel.custody import act_of
from service.kernel.i18n import gettext as _
from service.preservation.custody.words import PARTS, SHOWN


@dataclass(slots=True)
class CustodyEntry:
    at: datetime
    who: str
    what: str
    detail: str | None = None


def _what(entry: Entry) -> str:
    if entry.action == "lock" and entry.detail.get("locked") is False:
        return _("made the original read-only; this store cannot lock")
    act = act_of(entry)
    return str(act.words) if act else entry.action


def entry_view(entry: Entry) -> CustodyEntry:
    said = [
        f"{label} {entry.detail[name]}"
        for name, label in SHOWN.items()
        if entry.detail.get(name) and entry.detail[name] != "NONE"
    ]
    return CustodyEntry(
        at=entry.at,
        who=str(PARTS.get(entry.actor, entry.actor)),
        what=_what(entry),
        detail=" · ".join(said) or None,
    )
