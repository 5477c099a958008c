"""The lists that drive the day: what is missing, late, unlinked or unexplained, oldest first; of events before all
those that a key press may make recorded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select
from sqlmodel import Session

from schemas.coverage import EventCoverage
from schemas.links import Link, LinkState
from schemas.recorders import Recorder
from schemas.recordings import Recording, RecordingState
from service.access.queries import visible_coverage
from service.finding.linking.queries import unlinked_recordings
from service.footage.announcements.queries import announced
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.kernel.errors import NotFound
from service.kernel.keyset import Order, page, sliced, time, unique
from service.registry.clocks.queries import clock_rows
from service.registry.events.recorded import only_offered
from service.registry.recorders.queries import Neglect, held_by_leavers, held_lately, low_battery, unassigned
from service.supervision.coverage.figure_types import About
from service.supervision.coverage.late import changed_late, late_changes
from service.supervision.coverage.recorders import RecorderRow, chosen_recorders, dock_standing
from service.supervision.coverage.rows import Rows, event_rows
from service.supervision.coverage.selection import Filters, chosen_coverage, chosen_recordings
from service.supervision.coverage.status import Status, late, status, unexplained
from service.supervision.coverage.sums import duty_days

# what a key press may make recorded
OFFERED_FIRST = Order(
    case((only_offered(), 0), else_=1), int, of=lambda row: 0 if not row.shown and row.offered else 1
)
CAP = 1000  # counts end here: "1000+"


@dataclass(frozen=True)
class Count:
    n: int
    capped: bool = False


@dataclass(frozen=True)
class Listing:
    name: str
    about: About


LISTS: tuple[Listing, ...] = (
    Listing("missing", About.event),
    Listing("partly", About.event),
    Listing("due", About.event),
    Listing("late", About.event),
    Listing("announced", About.recording),
    Listing("unlinked", About.recording),
    Listing("ambiguous", About.recording),
    Listing("gaps", About.event),
    Listing("changed_late", About.change),
    Listing("not_docked", About.recorder),
    Listing("low_battery", About.recorder),
    Listing("unassigned", About.recorder),
    Listing("held_by_leavers", About.recorder),
    Listing("ratio", About.duty_day),
    Listing("clocks", About.recorder),
)
BY_NAME: Mapping[str, Listing] = {one.name: one for one in LISTS}


def list_rows(
    session: Session,
    actor: Actor,
    name: str,
    filters: Filters = Filters(),
    *,
    as_of: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Rows:
    """Filters that a list cannot answer (a recorder has no kind) do not narrow it. Of an officer: events with them,
    recordings of theirs, recorders that they held lately, days on which they were on duty."""
    moment = as_of or now()
    if name not in BY_NAME:
        raise NotFound
    about = BY_NAME[name].about
    if name in WHOLE:
        return Rows(about, *sliced(WHOLE[name](session, actor, filters, moment), cursor, limit))
    statement = _statement(session, actor, name, filters, moment)
    match about:
        case About.change:
            found = late_changes(session, actor, filters, cursor, limit)
            return Rows(about, found.items, found.next)
        case About.event:
            order = [OFFERED_FIRST, time(EventCoverage.due_at), unique(EventCoverage.event_id)]
            found = page(session, statement, order, cursor, limit)
            return Rows(about, event_rows(session, found.items, moment), found.next)
        case About.recording:
            first = time(Recording.due_at if name == "announced" else Recording.received_at)
            found = page(session, statement, [first, unique(Recording.id)], cursor, limit)
            return Rows(about, found.items, found.next)
        case _:
            found = page(session, statement, [Order(Recorder.serial)], cursor, limit)
            return Rows(about, [RecorderRow(one) for one in found.items], found.next)


def list_counts(
    session: Session,
    actor: Actor,
    filters: Filters = Filters(),
    as_of: datetime | None = None,
    *,
    names: Sequence[str] = tuple(BY_NAME),
) -> dict[str, Count]:
    """How many rows each list has, up to the cap."""
    moment = as_of or now()
    found = {}
    for name in names:
        if name in WHOLE:
            n = len(WHOLE[name](session, actor, filters, moment))
        else:
            some = _statement(session, actor, name, filters, moment).order_by(None).limit(CAP + 1)
            n = session.scalar(select(func.count()).select_from(some.subquery())) or 0
        found[name] = Count(min(n, CAP), n > CAP)
    return found


def _statement(session: Session, actor: Actor, name: str, filters: Filters, as_of: datetime) -> Select:
    match name:
        case "missing" | "partly":
            return _events(actor, filters).where(status(as_of) == Status(name).value)
        case "due":
            return _events(actor, filters).where(status(as_of) == Status.pending.value)
        case "late":
            return _events(actor, filters).where(late(as_of))
        case "gaps":
            return _events(actor, filters).where(unexplained())
        case "announced":
            return _by_span(announced(actor), filters)
        case "unlinked":
            return _unlinked(actor, filters)
        case "ambiguous":
            return _unlinked(actor, filters).where(Recording.id.in_(_AMBIGUOUS))
        case "changed_late":
            return changed_late(actor, filters)
        case _:
            recorders = chosen_recorders(actor, filters).where(dock_standing(session, as_of) == "bad")
            if filters.officer is None:
                return recorders
            return recorders.where(Recorder.id.in_(held_lately(filters.officer, local(as_of).date())))


def _events(actor: Actor, filters: Filters) -> Select:
    return chosen_coverage(visible_coverage(actor), filters)


def _unlinked(actor: Actor, filters: Filters) -> Select:
    return _by_span(unlinked_recordings(actor), filters).where(Recording.state != RecordingState.announced)


def _by_span(statement: Select, filters: Filters) -> Select:
    return chosen_recordings(statement.order_by(None), filters)


# several candidates, none of them clear enough: for one key press
_AMBIGUOUS = (
    select(Link.recording_id)
    .where(Link.state == LinkState.offered)
    .group_by(Link.recording_id)
    .having(func.count() >= 2)
)


def _short_days(session: Session, actor: Actor, filters: Filters, as_of: datetime) -> list[Any]:
    """Latest first. Without a day given: of the last thirty days."""
    if filters.since is None:
        today = local(as_of).date()
        filters = replace(filters, since=date.fromordinal(today.toordinal() - 30))
    short = [day for day in reversed(duty_days(session, actor, filters, as_of)) if day.below]
    return [day for day in short if filters.officer is None or filters.officer in day.officer_ids]


def _clocks(session: Session, actor: Actor, filters: Filters, as_of: datetime) -> list[Any]:
    found = clock_rows(session, actor, squad_id=filters.squad, only_out_of_step=True, as_of=as_of)
    held = _held(session, filters, as_of)
    return [RecorderRow(one.recorder, one) for one in found if held is None or one.recorder.id in held]


def _held(session: Session, filters: Filters, as_of: datetime) -> set[UUID] | None:
    """The recorders that the officer of the filter held lately; None: any."""
    if filters.officer is None:
        return None
    return set(session.scalars(held_lately(filters.officer, local(as_of).date())))


def _neglected(find: Callable[..., list[Neglect]]) -> Callable[..., list[Any]]:
    def rows(session: Session, actor: Actor, filters: Filters, as_of: datetime) -> list[Any]:
        found = find(session, actor, as_of, squad_id=filters.squad)
        held = _held(session, filters, as_of)
        return [
            RecorderRow(one.recorder, holders=one.holders)
            for one in found
            if held is None or one.recorder.id in held
        ]

    return rows


# lists that are made whole: a few hundred rows at most
WHOLE: dict[str, Callable[[Session, Actor, Filters, datetime], Sequence[Any]]] = {
    "ratio": _short_days,
    "clocks": _clocks,
    "low_battery": _neglected(low_battery),
    "unassigned": _neglected(unassigned),
    "held_by_leavers": _neglected(held_by_leavers),
}
