"""What a row says, in words, and how much hangs on it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, SQLModel

from schemas.people import Officer, Squad
from schemas.recorders import Recorder, RecorderModel
from service.access.actions import require_accounts
from service.desk.doubles.errors import NoDouble
from service.desk.doubles.references import references
from service.kernel.actor import Actor
from service.kernel.errors import NotFound
from service.kernel.i18n import lazy as _
from service.registry.doubles.queries import KINDS, Double, Kind, double_with

OWN = frozenset({"id", "folded", "number_folded", "double_of", "created_at", "created_by", "sample"})
"""What no row says of its subject."""
# Nothing said here says something: still with us, still held, not withdrawn.
NEVER_FILLED = frozenset({"left_on", "held_to", "hand_over", "withdrawn_at", "withdrawn_by", "recording_id"})
_NAMED = {
    "squad_id": Squad.code, "officer_id": Officer.certificate_no, "recorder_id": Recorder.serial,
    "model_id": RecorderModel.code,
}  # fmt: skip
FIELDS = {
    "name": _("Name"),
    "squad_id": _("Squad"),
    "left_on": _("Left on"),
    "vendor": _("Vendor"),
    "conventions": _("Habits of the model"),
    "model_id": _("Model"),
    "state": _("State"),
    "last_dock_at": _("Last seen in its dock"),
    "battery_percent": _("Battery, %"),
    "title": _("Title"),
    "party": _("Party"),
    "place": _("Place"),
    "opened_on": _("Opened on"),
    "starts_on": _("First day"),
    "ends_on": _("Last day"),
    "kind": _("Kind"),
    "arrived_at": _("Arrival"),
    "departed_at": _("Departure"),
    "officer_id": _("Officer"),
    "recorder_id": _("Recorder"),
    "starts_at": _("From"),
    "ends_at": _("To"),
    "held_from": _("Held from"),
    "held_to": _("Held until"),
    "measured_at": _("Measured at"),
    "offset_s": _("Offset, s"),
    "doubt_s": _("Doubt, s"),
    "note": _("Remark"),
}
HANGING = {
    "accounts": _("accounts"),
    "assignments": _("assignments"),
    "cases": _("cases"),
    "clock_offsets": _("clock measurements"),
    "enforcement_events": _("events"),
    "event_officers": _("events"),
    "links": _("links to recordings"),
    "officers": _("officers"),
    "recorders": _("recorders"),
    "recordings": _("recordings"),
    "rosters": _("duties"),
}


@dataclass(frozen=True)
class Fact:
    """`kept`, `gone`: what the row that stays says, and the other; "" where one says nothing."""

    field: str
    label: str
    kept: str
    gone: str

    @property
    def differs(self) -> bool:
        return self.kept != self.gone


@dataclass(frozen=True)
class Look:
    """A double before it is merged. `hanging`: what goes over to the row that stays, in words, and how many."""

    double: Double
    facts: list[Fact]
    hanging: list[tuple[str, int]]


def kind_named(name: str) -> Kind:
    found = next((kind for kind in KINDS if kind.name == name), None)
    if found is None:
        raise NotFound
    return found


def look(session: Session, actor: Actor, name: str, gone_id: UUID) -> Look:
    require_accounts(actor)
    double = double_with(session, kind_named(name), gone_id)
    if double is None:
        raise NoDouble
    gone, first = (session.get_one(double.kind.table, one) for one in (double.id, double.double_of))
    hanging: dict[str, int] = {}
    for column in references(double.kind.table):
        n = session.scalar(select(func.count()).select_from(column.table).where(column == gone.id)) or 0
        if n:
            word = str(HANGING.get(column.table.name, _("other entries")))
            hanging[word] = hanging.get(word, 0) + n
    return Look(double, facts_of(session, first, gone, double.kind), sorted(hanging.items()))


def facts_of(session: Session, first: SQLModel, gone: SQLModel, kind: Kind) -> list[Fact]:
    names = [one for one in type(gone).model_fields if one not in OWN | {kind.key.key}]
    kept, other = said_by(session, first, names), said_by(session, gone, names)
    return [
        Fact(one, str(FIELDS.get(one, one)), kept[one] or "", other[one] or "")
        for one in names
        if kept[one] or other[one]
    ]


def said_by(session: Session, row: SQLModel, names: list[str]) -> dict[str, str | None]:
    return {name: _as_text(session, name, getattr(row, name)) for name in names}


def _as_text(session: Session, name: str, value: Any) -> str | None:
    if value is None or value in ("", {}, []):
        return None
    if (named := _NAMED.get(name)) is not None:
        return session.scalar(select(named).where(named.class_.id == value)) or str(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
