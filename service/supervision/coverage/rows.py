"""What is behind a figure: its numerator, its denominator, the rest of it, and what was left out, row by row."""

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
from schemas.recordings import Recording
from service.access.queries import visible_coverage, visible_links, visible_recordings
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.errors import Invalid
from service.kernel.keyset import Order, Page, page, sliced, time, unique
from service.registry.recorders.queries import RatioRow
from service.supervision.coverage.figure_types import (
    About,
    LinkTerms,
    OfEvents,
    OfLinks,
    OfRecorders,
    OfRecordings,
    Part,
)
from service.supervision.coverage.figures import BY_NAME
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
from service.supervision.coverage.sums import duty_days, recording_standing

OFFERED = "offered"  # a reason why a row of the rest is looked at


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

    `reason` "offered" with the part `rest`: what a key press may make recorded.

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
    counting = BY_NAME[figure].counting
    moment = as_of or now()
    match counting:
        case OfEvents():
            statement = chosen_coverage(visible_coverage(actor), filters)
            statement = statement.where(_of_events(counting, part, reason, moment))
            order = [
                Order(EventCoverage.day, date.fromisoformat, newest_first=True),
                unique(EventCoverage.event_id, newest_first=True),
            ]
            found = page(session, statement, order, cursor, limit)
            return Rows(About.event, event_rows(session, found.items, moment), found.next)
        case OfRecordings():
            statement = chosen_recordings(visible_recordings(actor), filters).where(
                Recording.merged_into.is_(None),
                _of_recordings(session, counting, filters, part, reason, moment),
            )
            order = [
                time(Recording.received_at, newest_first=True),
                unique(Recording.id, newest_first=True),
            ]
            found = page(session, statement, order, cursor, limit)
            return Rows(About.recording, found.items, found.next)
        case OfLinks():
            found = _links(session, actor, counting, filters, part, cursor, limit)
            return Rows(About.link, link_rows(session, found.items), found.next)
        case OfRecorders():
            recorders = [
                row
                for row, stands in counting.read(session, actor, filters, moment)
                if _of_recorders(counting, stands, part)
            ]
            return Rows(About.recorder, *sliced(recorders, cursor, limit))
        case _:
            days = [day for day in duty_days(session, actor, filters, moment) if _of_duty(day, part)]
            return Rows(About.duty_day, *sliced(days, cursor, limit))


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


def _of_events(counting: OfEvents, part: Part, reason: str, as_of: datetime) -> ColumnElement[bool]:
    stands = standing(as_of)
    is_open, is_exempt = stands.in_(OPEN), stands.in_(sorted(EXEMPT))
    out = [stands.in_([*sorted(EXCLUDED), NOT_DUE]) if reason in ("", "exempt") else stands == reason]
    if reason == Status.not_counted:
        out = [stands.in_(sorted(EXCLUDED))]
    base: ColumnElement[bool]
    held: ColumnElement[bool]
    rest: ColumnElement[bool]
    if counting.exempt:
        base, held, rest = or_(is_open, is_exempt), is_exempt, is_open
    else:
        assert counting.held is not None and counting.rest is not None
        base, held, rest = is_open, counting.held, counting.rest
        if counting.where is not None:
            base = and_(is_open, counting.where)
            if counting.unknown and reason in ("", counting.unknown):
                unknown = and_(is_open, ~counting.where)
                out = [unknown] if reason else [*out, unknown]
        for one, some in counting.in_part.items():
            if reason in ("", one):
                out = [and_(is_open, some)] if reason else [*out, and_(is_open, some)]
        if reason in ("", "exempt"):
            out = [is_exempt] if reason else [*out, is_exempt]
    if reason == OFFERED:
        rest = and_(rest, false() if counting.offered is None else counting.offered)
    elif reason:
        held = and_(held, stands == reason)
    return {Part.denominator: base, Part.numerator: and_(base, held), Part.rest: and_(base, rest)}.get(
        part, or_(*out)
    )


def _of_recordings(
    session: Session, counting: OfRecordings, filters: Filters, part: Part, reason: str, as_of: datetime
) -> ColumnElement[bool]:
    stands = recording_standing(session, filters.basis, as_of)
    match part:
        case Part.numerator:
            return stands.in_(sorted(counting.held))
        case Part.rest:
            return stands.in_(sorted(counting.base - counting.held))
        case Part.denominator:
            return stands.in_(sorted(counting.base))
        case _:
            return stands == reason if reason else stands.not_in(sorted(counting.base))


def _links(
    session: Session,
    actor: Actor,
    counting: OfLinks,
    filters: Filters,
    part: Part,
    cursor: str | None,
    limit: int,
) -> Page:
    terms = LinkTerms(
        counts=Link.state.in_(COUNTED),
        by_machine=or_(Link.state == LinkState.automatic, Link.previous_state == LinkState.automatic),
        rejected=Link.state == LinkState.rejected,
    )
    base, held = counting.base(terms), counting.held(terms)
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


def _of_recorders(counting: OfRecorders, stands: str, part: Part) -> bool:
    match part:
        case Part.numerator:
            return stands == counting.held
        case Part.rest:
            return stands in counting.base and stands != counting.held
        case Part.denominator:
            return stands in counting.base
        case _:
            return stands not in counting.base
