"""What is behind a figure: its numerator, its denominator, the rest of it, and what was left out, row by row."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlmodel import Session

from schemas.coverage import EventCoverage
from schemas.events import EnforcementEvent
from schemas.links import COUNTED, Link, LinkState
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.access.queries import visible_coverage, visible_links, visible_recordings
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.errors import Invalid
from service.kernel.keyset import Order, Page, page, time, unique
from service.registry.clocks.queries import Clock, clock_rows
from service.registry.events.recorded import filmed
from service.registry.recorders.queries import RatioRow
from service.supervision.coverage.figures import BY_NAME, About
from service.supervision.coverage.queries import possible
from service.supervision.coverage.selection import Filters, chosen_coverage, chosen_recordings, narrowed
from service.supervision.coverage.status import (
    EXCLUDED,
    EXEMPT,
    NOT_DUE,
    OPEN,
    Status,
    due_in,
    late,
    standing,
    status,
)
from service.supervision.coverage.sums import chosen_recorders, dock_standing, duty_days, recording_standing


class Part(enum.StrEnum):
    numerator = "numerator"
    denominator = "denominator"
    rest = "rest"  # of the denominator, what the numerator does not hold, wholly or in part
    excluded = "excluded"


@dataclass(frozen=True)
class EventRow:
    """An event behind a figure, with its kept row and what that means at the hour that was asked for."""

    event: EnforcementEvent
    coverage: EventCoverage
    status: Status
    standing: str
    late: bool
    due_in_s: float


@dataclass(frozen=True)
class LinkRow:
    link: Link
    recording: Recording
    event: EnforcementEvent


@dataclass(frozen=True)
class RecorderRow:
    """`clock`: for the figure of clocks; `holders`: for the lists that ask who has it."""

    recorder: Recorder
    clock: Clock | None = None
    holders: Sequence[Officer] = ()


@dataclass(frozen=True)
class Rows:
    """`items`: EventRow, Recording, LinkRow, RecorderRow, RatioRow or LateChange, by `about`."""

    about: About
    items: Sequence[Any] = field(default_factory=tuple)
    next: str | None = None


def rows_behind(
    session: Session,
    actor: Actor,
    figure: str,
    filters: Filters = Filters(),
    group: Mapping[Any, str] | None = None,
    part: Part | str = Part.denominator,
    *,
    reason: str = "",
    as_of: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Rows:
    """`group`: {dimension: value} of a row of the board. `reason`: one exclusion, or one reason of the numerator.

    Newest first. Counted over all pages, each part has as many rows as the figure says (for completeness and
    explained, whose numbers are seconds and gaps, those are the sums of the rows).
    """
    filters = narrowed(filters, group or {})
    try:
        part = Part(part)
    except ValueError as error:
        raise Invalid(field="part", problem=str(part)) from error
    if not possible([figure], (), filters)[0]:
        raise Invalid(field="figure", problem=figure)
    spec = BY_NAME[figure]
    moment = as_of or now()
    match spec.about:
        case About.event:
            statement = chosen_coverage(visible_coverage(actor), filters)
            statement = statement.where(_of_events(figure, part, reason, moment))
            order = [
                Order(EventCoverage.day, date.fromisoformat, newest_first=True),
                unique(EventCoverage.event_id, newest_first=True),
            ]
            found = page(session, statement, order, cursor, limit)
            return Rows(About.event, event_rows(session, found.items, moment), found.next)
        case About.recording:
            statement = chosen_recordings(visible_recordings(actor), filters).where(
                Recording.merged_into.is_(None), _of_recordings(session, filters, part, reason, moment)
            )
            order = [
                time(Recording.received_at, newest_first=True),
                unique(Recording.id, newest_first=True),
            ]
            found = page(session, statement, order, cursor, limit)
            return Rows(About.recording, found.items, found.next)
        case About.link:
            found = _links(session, actor, figure, filters, part, cursor, limit)
            return Rows(About.link, link_rows(session, found.items), found.next)
        case About.duty_day:
            days = [day for day in duty_days(session, actor, filters, moment) if _of_duty(day, part)]
            return Rows(About.duty_day, *sliced(days, cursor, limit))
        case _ if figure == "clocks":
            clocks = [
                RecorderRow(one.recorder, one)
                for one in clock_rows(session, actor, squad_id=filters.squad, as_of=moment)
                if _of_clocks(one, part)
            ]
            return Rows(About.recorder, *sliced(clocks, cursor, limit))
        case _:
            statement = chosen_recorders(actor, filters).where(_of_docks(session, part, moment))
            found = page(session, statement, [Order(Recorder.serial)], cursor, limit)
            return Rows(About.recorder, [RecorderRow(one) for one in found.items], found.next)


def event_rows(session: Session, kept: Sequence[EventCoverage], as_of: datetime) -> list[EventRow]:
    """In the order given. The rows were in the caller's scope, so their events are."""
    if not kept:
        return []
    ids = [row.event_id for row in kept]
    events = {
        one.id: one for one in session.scalars(select(EnforcementEvent).where(EnforcementEvent.id.in_(ids)))
    }
    meant = session.execute(
        select(EventCoverage.event_id, status(as_of), standing(as_of), late(as_of), due_in(as_of)).where(
            EventCoverage.event_id.in_(ids), EventCoverage.basis == kept[0].basis
        )
    )
    means = {event_id: rest for event_id, *rest in meant}
    found = []
    for row in kept:
        state, stands, is_late, left = means[row.event_id]
        # null: nothing of it was received, so nothing came late
        found.append(EventRow(events[row.event_id], row, Status(state), stands, bool(is_late), float(left)))
    return found


def link_rows(session: Session, links: Sequence[Link]) -> list[LinkRow]:
    recordings = _by_id(session, Recording, [link.recording_id for link in links])
    events = _by_id(session, EnforcementEvent, [link.event_id for link in links if link.event_id])
    return [
        LinkRow(link, recordings[link.recording_id], events[link.event_id]) for link in links if link.event_id
    ]


def _by_id(session: Session, table: Any, ids: Sequence[UUID]) -> dict[UUID, Any]:
    return {one.id: one for one in session.scalars(select(table).where(table.id.in_(ids)))} if ids else {}


# ---- conditions ----------------------------------------------------------------------------------------


def _of_events(figure: str, part: Part, reason: str, as_of: datetime) -> ColumnElement[bool]:
    row: Any = EventCoverage
    stands = standing(as_of)
    is_open, is_exempt = stands.in_(OPEN), stands.in_(sorted(EXEMPT))
    out = [stands.in_([*sorted(EXCLUDED), NOT_DUE]) if reason in ("", "exempt") else stands == reason]
    if reason == Status.not_counted:
        out = [stands.in_(sorted(EXCLUDED))]
    base: ColumnElement[bool]
    held: ColumnElement[bool]
    match figure:
        case "recorded":
            base, held, rest = is_open, filmed(), ~filmed()
            if reason in (Status.complete, Status.partly):
                held = stands == reason
        case "completeness":
            base = and_(is_open, row.required_to.is_not(None))
            held, rest = row.recorded_s > 0, row.recorded_s < row.required_s
            if reason in ("", "departure_unknown"):
                unknown = and_(is_open, row.required_to.is_(None))
                out = [unknown] if reason else [*out, unknown]
        case "on_time":
            expected = row.links + row.announced
            base = and_(is_open, expected > 0)
            held, rest = row.in_time > 0, row.in_time < expected
        case "exempt":
            base, held, rest = or_(is_open, is_exempt), is_exempt, is_open
            if reason and part is Part.numerator:
                held = stands == reason
        case _:
            base = and_(is_open, row.gap_count > 0)
            held, rest = row.gap_explained > 0, row.gap_explained < row.gap_count
    if figure != "exempt" and reason in ("", "exempt"):
        out = [is_exempt] if reason else [*out, is_exempt]
    return {Part.denominator: base, Part.numerator: and_(base, held), Part.rest: and_(base, rest)}.get(
        part, or_(*out)
    )


def _of_recordings(
    session: Session, filters: Filters, part: Part, reason: str, as_of: datetime
) -> ColumnElement[bool]:
    stands = recording_standing(session, filters.basis, as_of)
    match part:
        case Part.numerator:
            return stands == "unlinked"
        case Part.rest:
            return stands == "linked"
        case Part.denominator:
            return stands.in_(("linked", "unlinked"))
        case _:
            return stands == reason if reason else stands.not_in(("linked", "unlinked"))


def _links(
    session: Session, actor: Actor, figure: str, filters: Filters, part: Part, cursor: str | None, limit: int
) -> Page:
    by_machine = or_(Link.state == LinkState.automatic, Link.previous_state == LinkState.automatic)
    counts = Link.state.in_(COUNTED)
    base: ColumnElement[bool]
    if figure == "linked_alone":
        base, held = counts, by_machine
    else:
        rejected = Link.state == LinkState.rejected
        base, held = and_(by_machine, or_(counts, rejected)), rejected
    wanted = {
        Part.denominator: base, Part.numerator: and_(base, held), Part.rest: and_(base, ~held)
    }.get(part, false())  # fmt: skip
    events = chosen_coverage(visible_coverage(actor), filters).with_only_columns(EventCoverage.event_id)
    statement = visible_links(actor).where(wanted, Link.event_id.in_(events))
    order = [time(Link.created_at, newest_first=True), unique(Link.id, newest_first=True)]
    return page(session, statement, order, cursor, limit)


def _of_duty(day: RatioRow, part: Part) -> bool:
    match part:
        case Part.numerator:
            return day.recorders > 0
        case Part.rest:
            return day.below
        case _:
            return part is Part.denominator


def _of_clocks(one: Clock, part: Part) -> bool:
    match part:
        case Part.numerator:
            return one.latest is not None and one.out_of_step
        case Part.rest:
            return one.latest is not None and not one.out_of_step
        case Part.denominator:
            return one.latest is not None
        case _:
            return one.latest is None


def _of_docks(session: Session, part: Part, as_of: datetime) -> ColumnElement[bool]:
    stands = dock_standing(session, as_of)
    wanted = {Part.numerator: ("good",), Part.rest: ("bad",), Part.denominator: ("good", "bad")}
    return stands.in_(wanted.get(part, ("not_in_use",)))


def sliced(items: Sequence[Any], cursor: str | None, limit: int) -> tuple[Sequence[Any], str | None]:
    """Of a list that was made whole anyway (a few hundred rows): the cursor is a place in it."""
    if not (cursor or "0").isdigit() or len(cursor or "0") > 9:
        raise Invalid(field="cursor", problem="unreadable")
    start = int(cursor or 0)
    more = len(items) > start + limit
    return items[start : start + limit], str(start + limit) if more else None
