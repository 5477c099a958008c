"""The rows that can be disputed, and whom each of them concerns: events, recordings, recorders, days on duty."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid5

from sqlalchemy import exists, or_, select
from sqlmodel import Session

from schemas.coverage import CoverageSnapshot, Dispute, DisputeAbout, SnapshotRow
from schemas.events import EventOfficer
from schemas.people import Officer, Roster
from schemas.recorders import Assignment
from schemas.recordings import Recording
from service.kernel.actor import Actor
from service.kernel.clock import day_start
from service.registry.recorders.queries import held_lately

T = TypeVar("T")


def duty_day_id(squad_id: UUID, day: date) -> UUID:
    """A squad's day has no id of its own."""
    return uuid5(squad_id, day.isoformat())


@dataclass(frozen=True)
class Subject:
    """One row. `recording`: the row itself, or of an event the recording that should have counted."""

    about: DisputeAbout
    squad_id: UUID
    event_id: UUID | None = None
    recording: Recording | None = None
    recorder_id: UUID | None = None
    day: date | None = None

    def columns(self) -> dict[str, Any]:
        """Of its dispute."""
        return {
            "about": self.about,
            "event_id": self.event_id,
            "recording_id": self.recording.id if self.recording else None,
            "recorder_id": self.recorder_id,
            "squad_id": self.squad_id if self.about is DisputeAbout.duty_day else None,
            "day": self.day,
        }


def given(value: T | None) -> T:
    if value is None:
        raise ValueError("a dispute without its row")
    return value


def row_id(dispute: Dispute) -> UUID:
    """Of the row among frozen ones."""
    match dispute.about:
        case DisputeAbout.duty_day:
            return duty_day_id(given(dispute.squad_id), given(dispute.day))
        case DisputeAbout.recording:
            return given(dispute.recording_id)
        case DisputeAbout.recorder:
            return given(dispute.recorder_id)
        case _:
            return given(dispute.event_id)


def concerns(session: Session, actor: Actor, subject: Subject) -> bool:
    """Of an event: who took part, or filmed what should have counted. Of a recording: who filmed it. Of a recorder:
    who holds it, or held it within a month before that day. Of a day on duty: who is in the roster, and who is of
    that squad and may be missing in it."""
    mine = actor.officer_id
    if mine is None or actor.is_dock:
        return False
    match subject.about:
        case DisputeAbout.event:
            took_part = session.get(EventOfficer, (subject.event_id, mine)) is not None
            return took_part or (subject.recording is not None and subject.recording.officer_id == mine)
        case DisputeAbout.recording:
            return subject.recording is not None and subject.recording.officer_id == mine
        case DisputeAbout.recorder:
            held = held_lately(mine, given(subject.day)).where(Assignment.recorder_id == subject.recorder_id)
            return session.scalars(held.limit(1)).first() is not None
        case _:
            day = given(subject.day)
            rostered = exists().where(
                Roster.officer_id == mine,
                Roster.squad_id == subject.squad_id,
                Roster.starts_at >= day_start(day),
                Roster.starts_at < day_start(day + timedelta(days=1)),
            )
            of_squad = exists().where(Officer.id == mine, Officer.squad_id == subject.squad_id)
            return bool(session.scalar(select(or_(rostered, of_squad))))


def frozen_month_of(session: Session, dispute: Dispute) -> UUID | None:
    """The snapshot in which the row stands, if its month is frozen. A recorder stands in every month: its day says
    in which."""
    statement = select(SnapshotRow.snapshot_id).where(
        SnapshotRow.about == str(dispute.about), SnapshotRow.subject_id == row_id(dispute)
    )
    if dispute.about == DisputeAbout.recorder:
        statement = statement.join(CoverageSnapshot).where(
            CoverageSnapshot.month == given(dispute.day).replace(day=1)
        )
    return session.scalars(statement.limit(1)).first()
