"""Which part of the field figures and lists are about: filters by name, groups by dimension."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Select, cast, exists, func, literal, select
from sqlmodel import Session

from schemas.cases import Campaign
from schemas.coverage import Basis, EventCoverage
from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.people import Officer, Squad
from schemas.recordings import Recording
from service.access.queries import visible_events
from service.kernel.actor import Actor
from service.kernel.clock import day_start
from service.kernel.errors import Invalid
from service.kernel.ids import as_id
from service.kernel.months import months_on, next_month
from service.kernel.settings import get_settings
from service.registry.cases.queries import campaign_of
from service.registry.people.queries import officer_of, squad_of
from service.supervision.coverage.figure_types import TIMES, Dimension


@dataclass(frozen=True)
class Filters:
    """`since`/`until`: days of the bureau's zone, `until` not included. `subject` "" is a subject; None is any."""

    basis: Basis = Basis.counted
    since: date | None = None
    until: date | None = None
    squad: UUID | None = None
    officer: UUID | None = None
    kind: str | None = None
    subject: str | None = None
    campaign: UUID | None = None

    @property
    def of_events(self) -> frozenset[Dimension]:
        """The filters that only events can answer."""
        asked = {
            Dimension.kind: self.kind, Dimension.subject: self.subject, Dimension.campaign: self.campaign
        }  # fmt: skip
        return frozenset(name for name, value in asked.items() if value is not None)


def filters_of(
    session: Session,
    actor: Actor,
    *,
    basis: str = "",
    since: date | None = None,
    until: date | None = None,
    squad: str = "",
    officer: str = "",
    kind: str = "",
    subject: str | None = None,
    campaign: str = "",
) -> Filters:
    """Names as people write them: codes, numbers or ids."""
    if kind and kind not in tuple(EventKind):
        raise Invalid(field="kind", problem=kind)
    if basis and basis not in tuple(Basis):
        raise Invalid(field="basis", problem=basis)
    if since is not None and until is not None and until < since:
        raise Invalid(field="to", problem=until.isoformat())
    return Filters(
        basis=Basis(basis or Basis.counted),
        since=since,
        until=until,
        squad=squad_of(session, actor, squad).id if squad else None,
        officer=officer_of(session, actor, officer).id if officer else None,
        kind=kind or None,
        subject=subject,
        campaign=campaign_of(session, campaign).id if campaign else None,
    )


@dataclass(frozen=True)
class Key:
    """One group's value in one dimension. `value` is what the API and addresses carry; `label` what people read
    (a kind is its code: the page has its word)."""

    dimension: Dimension
    value: str
    label: str


NOTHING = ""  # a campaign or an officer that is none; a subject that was left empty


def narrowed(filters: Filters, group: Mapping[Dimension, str]) -> Filters:
    """The filters that leave just this group; `group` holds values of keys. What contradicts is Invalid."""
    for dimension, value in group.items():
        try:
            filters = _narrowed(filters, Dimension(dimension), value)
        except (ValueError, OverflowError) as error:
            raise Invalid(field=str(dimension), problem=value) from error
    return filters


def _narrowed(filters: Filters, dimension: Dimension, value: str) -> Filters:
    if dimension in TIMES:
        since, until = _period(dimension, value)
        return replace(
            filters,
            since=max(since, filters.since or since),
            until=min(until, filters.until or until),
        )
    if dimension is Dimension.kind:
        return replace(filters, kind=EventKind(value).value)
    if dimension is Dimension.subject:
        return replace(filters, subject=value)
    if dimension is Dimension.campaign and value == NOTHING:
        return replace(filters, campaign=NO_CAMPAIGN)
    if dimension is Dimension.officer and value == NOTHING:
        return replace(filters, officer=NO_OFFICER)
    if (known := as_id(value)) is None:
        raise ValueError(value)
    one: dict[str, Any] = {dimension.value: known}
    return replace(filters, **one)


NO_CAMPAIGN = NO_OFFICER = UUID(int=0)


def _period(dimension: Dimension, value: str) -> tuple[date, date]:
    match dimension:
        case Dimension.day:
            start = date.fromisoformat(value)
            return start, start + timedelta(days=1)
        case Dimension.month:
            start = date.fromisoformat(f"{value}-01")
            return start, next_month(start)
        case _:
            start = date(int(value), 1, 1)
            return start, date(int(value) + 1, 1, 1)


def spans(dimension: Dimension, since: date, until: date) -> list[tuple[date, date]]:
    """The months or years of these days, in order, each as far as it is asked for; ends are not included."""
    months = (until.year - since.year) * 12 + until.month - since.month
    firsts = [months_on(since, by + 1) for by in range(months)]
    if dimension is Dimension.year:
        firsts = [first for first in firsts if first.month == 1]
    return list(pairwise([since, *(first for first in firsts if first < until), until]))


# ---- kept rows ------------------------------------------------------------------------------------------


def chosen_coverage(statement: Select, filters: Filters) -> Select:
    """`statement`: of visible_coverage."""
    row = EventCoverage
    statement = statement.where(row.basis == filters.basis)
    if filters.since is not None:
        statement = statement.where(row.day >= filters.since)
    if filters.until is not None:
        statement = statement.where(row.day < filters.until)
    if filters.squad is not None:
        statement = statement.where(row.squad_id == filters.squad)
    if filters.kind is not None:
        statement = statement.where(row.kind == literal(filters.kind))
    if filters.subject is not None:
        statement = statement.where(row.subject == filters.subject)
    if filters.campaign == NO_CAMPAIGN:
        statement = statement.where(row.campaign_id.is_(None))
    elif filters.campaign is not None:
        statement = statement.where(row.campaign_id == filters.campaign)
    if filters.officer == NO_OFFICER:
        statement = statement.where(~exists().where(EventOfficer.event_id == row.event_id))
    elif filters.officer is not None:
        crew = select(EventOfficer.event_id).where(EventOfficer.officer_id == filters.officer)
        statement = statement.where(row.event_id.in_(crew))
    return statement


def coverage_column(dimension: Dimension) -> ColumnElement[Any]:
    row: Any = EventCoverage
    match dimension:
        case Dimension.officer:
            return EventOfficer.officer_id  # type: ignore[return-value]  # a mapped column is one
        case Dimension.squad:
            return row.squad_id
        case Dimension.campaign:
            return row.campaign_id
        case Dimension.kind | Dimension.subject:
            return getattr(row, dimension.value)
        case Dimension.day:
            return row.day
        case _:
            # of a plain timestamp: with a zone it costs as much again as all the rest
            return func.date_trunc(dimension.value, cast(row.day, DateTime))


# ---- recordings -----------------------------------------------------------------------------------------


def chosen_recordings(statement: Select, filters: Filters) -> Select:
    """`statement`: of visible_recordings. The day of a recording is that of its arrival."""
    if filters.since is not None:
        statement = statement.where(Recording.received_at >= day_start(filters.since))
    if filters.until is not None:
        statement = statement.where(Recording.received_at < day_start(filters.until))
    if filters.squad is not None:
        statement = statement.where(Recording.squad_id == filters.squad)
    if filters.officer == NO_OFFICER:
        statement = statement.where(Recording.officer_id.is_(None))
    elif filters.officer is not None:
        statement = statement.where(Recording.officer_id == filters.officer)
    return statement


def recording_column(dimension: Dimension) -> ColumnElement[Any]:
    match dimension:
        case Dimension.squad:
            return Recording.squad_id  # type: ignore[return-value]  # a mapped column is one
        case Dimension.officer:
            return Recording.officer_id  # type: ignore[return-value]  # a mapped column is one
        case _:
            here = func.timezone(get_settings().timezone, Recording.received_at)
            return func.date_trunc(dimension.value, here)


# ---- keys -----------------------------------------------------------------------------------------------


_LENGTHS = {Dimension.day: 10, Dimension.month: 7, Dimension.year: 4}


def value_of(dimension: Dimension, raw: Any) -> str:
    if raw is None:
        return NOTHING
    if dimension in TIMES:
        day = raw.date() if isinstance(raw, datetime) else raw
        return day.isoformat()[: _LENGTHS[dimension]]
    return str(raw)


def labels(session: Session, values: Mapping[Dimension, set[str]]) -> dict[tuple[Dimension, str], str]:
    """Names of squads, officers and campaigns; other values speak for themselves."""
    found: dict[tuple[Dimension, str], str] = {}
    for dimension, table in (
        (Dimension.squad, Squad), (Dimension.officer, Officer), (Dimension.campaign, Campaign)
    ):  # fmt: skip
        ids = [UUID(value) for value in values.get(dimension, ()) if value]
        if ids:
            rows = session.execute(select(table.id, table.name).where(table.id.in_(ids)))
            found |= {(dimension, str(row.id)): row.name for row in rows}
    return found


def subjects_seen(session: Session, actor: Actor, most: int) -> set[str]:
    """What the events that the actor may see are about: from one subject to the next, not from event to event."""
    event: Any = EnforcementEvent
    first = select(func.min(event.subject).label("subject")).cte("subjects", recursive=True)
    following = select(func.min(event.subject)).where(event.subject > first.c.subject).scalar_subquery()
    every = first.union_all(select(following).where(first.c.subject.is_not(None)))
    seen = visible_events(actor).where(event.subject == every.c.subject).exists()
    return set(session.scalars(select(every.c.subject).where(seen).limit(most)))
