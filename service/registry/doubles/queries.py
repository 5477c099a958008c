"""Rows that stand twice: two keys that were taken for different ones before they were known to be one. New ones cannot
come to be; of those from before a person decides (service.desk.doubles), nothing is merged by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import aliased
from sqlmodel import Session

from schemas.cases import Campaign, Case
from schemas.clocks import ClockOffset
from schemas.events import EnforcementEvent
from schemas.people import Officer, Roster, Squad
from schemas.recorders import Assignment, Recorder, RecorderModel
from service.access.actions import require_accounts
from service.access.queries import squad_scope
from service.access.rules import may
from service.kernel.actor import Actor
from service.kernel.i18n import lazy as _
from service.kernel.keys import differs
from service.kernel.words import Word
from service.registry.cases.rules import number_differs


@dataclass(frozen=True)
class Kind:
    """`key`: the column by which rows are known; `called`: what else a person knows them by."""

    name: str
    word: Word
    key: Any
    called: Any
    differs: Callable[[str, str], str] = differs

    @property
    def table(self) -> Any:
        return self.key.class_

    @property
    def stands(self) -> ColumnElement[bool]:
        """Of a row that is a double: a person has not merged it yet. All but events go when they are merged."""
        merged = getattr(self.table, "merged_into", None)
        return true() if merged is None else merged.is_(None)


KINDS = (
    Kind("squads", Word(_("Squads"), icon="users"), Squad.code, Squad.name),
    Kind("officers", Word(_("Officers"), icon="user"), Officer.certificate_no, Officer.name),
    Kind(
        "recorder_models", Word(_("Recorder models"), icon="camera"), RecorderModel.code, RecorderModel.name
    ),
    Kind("recorders", Word(_("Recorders"), icon="camera"), Recorder.serial, Recorder.state),
    Kind("cases", Word(_("Cases"), icon="folder"), Case.number, Case.title, number_differs),
    Kind("campaigns", Word(_("Campaigns"), icon="flag"), Campaign.external_id, Campaign.name),
    Kind(
        "events",
        Word(_("Events"), icon="calendar-days"),
        EnforcementEvent.external_id,
        EnforcementEvent.title,
    ),
    Kind("rosters", Word(_("Duty rosters"), icon="calendar-clock"), Roster.external_id, Roster.starts_at),
    Kind(
        "assignments", Word(_("Assignments"), icon="user-check"), Assignment.external_id, Assignment.held_from
    ),
    Kind(
        "clocks",
        Word(_("Clock measurements"), icon="clock"),
        ClockOffset.external_id,
        ClockOffset.measured_at,
    ),
)


@dataclass(frozen=True)
class Double:
    """`key` of row `id` is that of row `double_of`, which is written `first`; `how`: what differs, in words."""

    kind: Kind
    id: UUID
    key: str
    called: str
    double_of: UUID
    first: str
    first_called: str

    @property
    def how(self) -> str:
        return self.kind.differs(self.first, self.key)


def doubles(session: Session, actor: Actor) -> list[Double]:
    """By kind and key, for who administers the whole bureau."""
    require_accounts(actor)
    return [one for kind in KINDS for one in _of_kind(session, kind)]


def double_with(session: Session, kind: Kind, id_: UUID) -> Double | None:
    return next(iter(_of_kind(session, kind, kind.table.id == id_)), None)


def _of_kind(session: Session, kind: Kind, *which: ColumnElement[bool]) -> list[Double]:
    first = aliased(kind.table)
    rows: Sequence[Any] = session.execute(
        select(
            kind.table.id,
            kind.key,
            kind.called,
            kind.table.double_of,
            getattr(first, kind.key.key),
            getattr(first, kind.called.key),
        )
        .join(first, first.id == kind.table.double_of)
        .where(kind.stands, *which)
        .order_by(getattr(first, kind.key.key), kind.key)
    ).all()
    return [
        Double(kind, id_, key, str(called), double_of, of, str(of_called))
        for id_, key, called, double_of, of, of_called in rows
    ]


def sees_doubles(actor: Actor) -> bool:
    return may(actor.role, "accounts") and squad_scope(actor) is None


def count_doubles(session: Session) -> int:
    asked = [select(func.count(kind.table.double_of)).where(kind.stands).scalar_subquery() for kind in KINDS]
    return sum(session.execute(select(*asked)).one())
