"""The history of an event, read from custody: what was done to it, and to recordings with it in mind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import Session

from schemas.cases import Campaign, Case
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent
from schemas.recordings import Recording
from service.access.queries import (
    get_event,
    visible_cases,
    visible_custody,
    visible_events,
    visible_recordings,
    visible_squads,
)
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.custody import act_of
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.kernel.two_persons.approval import KINDS as APPROVALS
from service.registry.events import acts
from service.registry.events.kinds import KINDS
from service.registry.events.subjects import Subjects, subjects

PAGE = 50
# Who was refused is for custody; the rest of what an event's rows tell is its history.
LEFT_OUT = ("deny", "view")
# With these the state says more than the verb.
LINK_STATES = {
    "automatic": lazy("linked a recording"),
    "offered": lazy("offered a recording"),
}
FIELDS = {
    "title": lazy("Title"),
    "subject": lazy("Subject"),
    "party": lazy("Party"),
    "object": lazy("Object inspected"),
    "place": lazy("Place"),
    "latitude": lazy("Latitude"),
    "longitude": lazy("Longitude"),
    "kind": lazy("Kind"),
    "arrived_at": lazy("Arrival"),
    "departed_at": lazy("Departure"),
    "case_id": lazy("Case"),
    "campaign_id": lazy("Campaign"),
    "squad_id": lazy("Squad"),
    "officers": lazy("Officers"),
    "cancelled_at": lazy("Cancelled"),
}


@dataclass(frozen=True)
class Change:
    field: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """`recording`, `event`: the other end, as far as the caller may see it (id and words)."""

    id: int
    at: datetime
    who: str
    action: str
    sentence: str
    reason: str = ""
    changes: list[Change] = field(default_factory=list)
    recording: tuple[UUID, str] | None = None
    event: tuple[UUID, str] | None = None


@dataclass(frozen=True)
class History:
    """Newest first; `next` goes into `before`."""

    items: list[Entry]
    next: int | None


def history(session: Session, actor: Actor, event_id: UUID, before: int | None = None) -> History:
    event = get_event(session, actor, event_id)
    statement = (
        visible_custody(actor)
        .where(
            or_(
                and_(
                    CustodyEntry.subject_kind == "event",
                    CustodyEntry.subject_id == event.id,
                    CustodyEntry.action.not_in(LEFT_OUT),
                ),
                and_(
                    CustodyEntry.detail["event"].astext == str(event.id),
                    CustodyEntry.subject_kind == "recording",
                ),
            )
        )
        .order_by(CustodyEntry.id.desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        statement = statement.where(CustodyEntry.id < before)
    rows = list(session.scalars(statement))
    shown = rows[:PAGE]
    return History(entries(session, actor, shown), shown[-1].id if len(rows) > PAGE else None)


def entries(session: Session, actor: Actor, rows: list[CustodyEntry]) -> list[Entry]:
    """In the order given."""
    names = _Names(session, actor, rows)
    return [names.entry(row) for row in rows]


class _Names:
    """What the rows of one page refer to, fetched at once and only what the caller may see."""

    def __init__(self, session: Session, actor: Actor, rows: list[CustodyEntry]) -> None:
        self.subjects: Subjects = subjects(session)
        recordings = {row.subject_id for row in rows if row.subject_kind == "recording" and row.subject_id}
        self.recordings = {
            one.id: i18n.moment(one.recorded_from) if one.recorded_from else one.file_name
            for one in session.scalars(visible_recordings(actor).where(Recording.id.in_(recordings)))
        }
        events = _ids(row.detail.get(name) for row in rows for name in ("into", "absorbed", "merged"))
        self.events = {
            one.id: one.title
            for one in session.scalars(visible_events(actor).where(EnforcementEvent.id.in_(events)))
        }
        self.squads = {squad.id: squad.name for squad in session.scalars(visible_squads(actor))}
        named = _ids(value for row in rows for value in _values(row, "case_id"))
        self.cases = {
            one.id: one.number for one in session.scalars(visible_cases(actor).where(Case.id.in_(named)))
        }
        named = _ids(value for row in rows for value in _values(row, "campaign_id"))
        self.campaigns = {id_: one.name for id_ in named if (one := session.get(Campaign, id_))}

    def entry(self, row: CustodyEntry) -> Entry:
        detail = row.detail
        act = act_of(row)
        sentence: object = act.in_event if act else row.action
        if row.action == "link":
            sentence = LINK_STATES.get(str(detail.get("state")), sentence)
        if act is acts.CREATE_EVENT and detail.get("source") == "import":
            sentence = _("entered the event by an import")
        other = next((_id(detail[name]) for name in ("into", "absorbed", "merged") if detail.get(name)), None)
        before, after = detail.get("before"), detail.get("after")
        changes = []
        if isinstance(before, dict) and isinstance(after, dict):
            changes = [
                Change(
                    name,
                    str(FIELDS.get(name, name)),
                    self._said(name, before.get(name)),
                    self._said(name, value),
                )
                for name, value in after.items()
            ]
        return Entry(
            id=row.id or 0,
            at=row.at,
            who=_("the rules") if row.actor == "linking" else row.actor,
            action=row.action,
            sentence=str(sentence),
            reason=said_of(row.action, detail),
            changes=changes,
            recording=(row.subject_id, self.recordings[row.subject_id])
            if row.subject_id and row.subject_id in self.recordings
            else None,
            event=(other, self.events[other]) if other and other in self.events else None,
        )

    def _said(self, name: str, value: Any) -> str:
        if name == "object" and value == "":
            return _("none")
        if value is None or value == "":
            return "–"
        match name:
            case "arrived_at" | "departed_at" | "cancelled_at":
                return i18n.moment(datetime.fromisoformat(str(value)))
            case "kind":
                return str(KINDS[value].word.label) if value in KINDS else str(value)
            case "subject":
                return self.subjects.word(str(value))
            case "case_id":
                return _name_of(value, self.cases, _("another case"))
            case "campaign_id":
                return _name_of(value, self.campaigns, "–")
            case "squad_id":
                return _name_of(value, self.squads, "–")
            case "officers" if isinstance(value, list):
                return _(", ").join(map(str, value)) or "–"
        return str(value)


def said_of(action: str, detail: dict[str, Any]) -> str:
    """Why, and what was answered."""
    reason, asked, outcome = str(detail.get("reason") or ""), "", str(detail.get("outcome") or "")
    for kind in (kind for name, kind in APPROVALS.items() if name in detail):
        reason, asked = kind.reason(detail), str(detail.get(kind.said) or "")
        outcome = str(kind.words[outcome].label) if outcome in kind.words else outcome
    told = (reason, asked, outcome, detail.get("answer"))
    return " · ".join(str(one) for one in told if one)


def _id(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _name_of(value: Any, names: Mapping[UUID, str], otherwise: str) -> str:
    found = _id(value)
    return names.get(found, otherwise) if found else otherwise


def _ids(values: Iterable[Any]) -> set[UUID]:
    return {found for value in values if (found := _id(value))}


def _values(row: CustodyEntry, name: str) -> list[Any]:
    held = (row.detail.get("before"), row.detail.get("after"))
    return [part[name] for part in held if isinstance(part, dict) and part.get(name)]
