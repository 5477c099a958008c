"""What the database adds up for the figures: one statement for all figures that stand on the same rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Select,
    case,
    extract,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlmodel import Session

from schemas.coverage import Basis, EventCoverage
from schemas.events import EventOfficer
from schemas.links import Link, LinkState
from schemas.recorders import Recorder
from schemas.recordings import Recording, RecordingState
from service.access.queries import (
    squad_scope,
    visible_coverage,
    visible_links,
    visible_recordings,
)
from service.kernel.actor import Actor
from service.kernel.clock import local
from service.kernel.policy import policy
from service.registry.recorders.queries import RatioRow, recorder_ratio
from service.supervision.coverage.figure_types import About, Dimension, Figure
from service.supervision.coverage.figures import BY_NAME, SPECS, figures_about
from service.supervision.coverage.policy import UNLINKED_GRACE
from service.supervision.coverage.selection import (
    Filters,
    chosen_coverage,
    chosen_recordings,
    coverage_column,
    recording_column,
    spans,
    value_of,
)
from service.supervision.coverage.status import delay, over, standing
from service.supervision.coverage.totals import (
    EVENT_SUMS,
    DutyDay,
    EventSums,
    LinkSums,
    RecordingSums,
    of_duty,
    of_events,
    of_links,
    of_recorders,
    of_recordings,
)

Group = tuple[str, ...]  # values of keys, in the order of the dimensions
TOTAL: Group = ("*",)  # no group is called so: its members are ids, words and days
LONG = (Dimension.month, Dimension.year)
MOST_SPANS = 120


def event_sums(
    session: Session, actor: Actor, filters: Filters, by: tuple[Dimension, ...], as_of: datetime
) -> Iterator[tuple[Group, EventSums]]:
    """One pass over the kept rows for all figures about events."""
    groups = _Groups(by)
    for found in session.execute(_event_sums(actor, filters, by, as_of)).all():
        yield groups[found[: len(by)]], event_sums_of(found[len(by) :])


def event_sums_of(columns: Sequence[Any]) -> EventSums:
    """Of the columns that `summed` puts behind its keys."""
    version, stands, n, *sums = columns
    return EventSums(version, stands, n, tuple(sums))


def _event_sums(actor: Actor, filters: Filters, by: tuple[Dimension, ...], as_of: datetime) -> Select:
    one_squad = filters.squad is not None or squad_scope(actor) is not None
    one_officer = filters.officer is not None or Dimension.officer in by
    if filters.since is not None and filters.until is not None and not one_squad and not one_officer:
        return _day_by_day(actor, filters, by, as_of, filters.since, filters.until)
    keys = [coverage_column(dimension) for dimension in by]
    statement = chosen_coverage(summed(visible_coverage(actor), keys, as_of), filters)
    if Dimension.officer in by:
        statement = by_crew(statement)
    return statement


def _day_by_day(
    actor: Actor, filters: Filters, by: tuple[Dimension, ...], as_of: datetime, since: date, until: date
) -> Select:
    """For all squads together: from the index that is ordered by days and holds all that is summed, each month or
    year of `by` for itself. To work out the month of every row, and to look it up among the groups of all months, is a
    fifth of the whole; and of a long range the planner would sometimes read the table, where half the rows are of the
    other basis and all are wide."""
    row: Any = EventCoverage
    period = next((one for one in by if one in LONG), None)
    stretches = spans(period, since, until) if period else [(since, until)]
    if len(stretches) > MOST_SPANS:
        period, stretches = None, [(since, until)]
    firsts, ends = zip(*stretches, strict=True)
    # arrays, because a statement with VALUES is compiled anew each time
    each = (
        func.unnest(literal(firsts, ARRAY(Date)), literal(ends, ARRAY(Date)))
        .table_valued("first", "until", name="spans")
        .render_derived()
    )
    keys = [coverage_column(dimension) for dimension in by if dimension is not period]
    kept = visible_coverage(actor).where(row.day >= each.c.first, row.day < each.c.until)
    within = chosen_coverage(summed(kept, keys, as_of), replace(filters, since=None, until=None)).lateral()
    columns: list[Any] = list(within.c)
    if period:
        columns.insert(by.index(period), each.c.first)
    return select(*columns).join_from(each, within, true())


def summed(kept: Select, keys: Sequence[Any], as_of: datetime) -> Select:
    """The EventSums of `kept`, a select of EventCoverage, by `keys`, which stand before them."""
    row: Any = EventCoverage
    return kept.with_only_columns(
        *_labelled(keys),
        row.matter_version,
        standing(as_of).label("standing"),
        func.count(),
        *(expression.label(f"sum_{place}") for place, expression in enumerate(EVENT_SUMS.values())),
    ).group_by(*_positions(len(keys) + 2))


def recording_sums(
    session: Session, actor: Actor, filters: Filters, by: tuple[Dimension, ...], as_of: datetime
) -> Iterator[tuple[Group, RecordingSums]]:
    statement = visible_recordings(actor).with_only_columns(
        *_labelled(recording_column(dimension) for dimension in by),
        recording_standing(session, filters.basis, as_of).label("standing"),
        func.count(),
    )
    statement = chosen_recordings(statement, filters).where(Recording.merged_into.is_(None))
    groups = _Groups(by)
    for found in session.execute(statement.group_by(*_positions(len(by) + 1))).all():
        yield groups[found[: len(by)]], RecordingSums(*found[len(by) :])


def recording_standing(session: Session, basis: Basis, as_of: datetime) -> Any:
    """refused | announced | within_grace | linked | unlinked."""
    grace = timedelta(hours=policy(session, UNLINKED_GRACE))
    words: dict[str, ColumnElement[str]] = {
        name: literal_column(f"'{name}'")
        for name in ("refused", "announced", "within_grace", "linked", "unlinked")
    }
    return case(
        (Recording.state == RecordingState.refused, words["refused"]),
        (Recording.state.in_((RecordingState.announced, RecordingState.receiving)), words["announced"]),
        (Recording.received_at > as_of - grace, words["within_grace"]),
        (shows_something(basis), words["linked"]),
        else_=words["unlinked"],
    )


def shows_something(basis: Basis) -> Any:
    """A known event or case."""
    states = [LinkState.confirmed] + ([LinkState.automatic] if basis is Basis.counted else [])
    linked = select(Link.recording_id).where(Link.state.in_(states))
    return Recording.id.in_(linked)  # hashed once, where EXISTS would look up each


def by_crew(statement: Select) -> Select:
    """Under each of its officers, and under nobody where it names none."""
    return statement.outerjoin(EventOfficer, EventOfficer.event_id == EventCoverage.event_id)


def link_sums(
    session: Session, actor: Actor, filters: Filters, by: tuple[Dimension, ...], as_of: datetime
) -> Iterator[tuple[Group, LinkSums]]:
    """Links stand on the day, and in the squad, of their event."""
    statement = (
        visible_links(actor)
        .with_only_columns(
            *_labelled(coverage_column(dimension) for dimension in by),
            Link.state,
            Link.previous_state,
            func.count(),
        )
        .join(EventCoverage, EventCoverage.event_id == Link.event_id)
    )
    statement = chosen_coverage(statement, replace(filters, basis=Basis.counted))
    if Dimension.officer in by:
        statement = by_crew(statement)
    groups = _Groups(by)
    for found in session.execute(statement.group_by(*_positions(len(by) + 2))).all():
        yield groups[found[: len(by)]], LinkSums(*found[len(by) :])


def duty_sums(
    session: Session, actor: Actor, filters: Filters, by: tuple[Dimension, ...], as_of: datetime
) -> Iterator[tuple[Group, DutyDay]]:
    for day in duty_days(session, actor, filters, as_of):
        raw = {Dimension.squad: day.squad_id}
        yield (
            tuple(value_of(dimension, raw.get(dimension, day.day)) for dimension in by),
            DutyDay(day.needed, day.recorders),
        )


def duty_days(session: Session, actor: Actor, filters: Filters, as_of: datetime) -> list[RatioRow]:
    """Up to and with the day of `as_of`; a year of them where no day is given."""
    until = min(filters.until or date.max, local(as_of).date() + timedelta(days=1))
    since = max(filters.since or date.min, until - timedelta(days=366))
    return recorder_ratio(session, actor, since, until, squad_id=filters.squad) if since < until else []


def recorder_sums(
    session: Session, actor: Actor, filters: Filters, by: tuple[Dimension, ...], as_of: datetime
) -> Iterator[tuple[Group, tuple[str, str]]]:
    """(figure, standing) of each recorder."""
    for recorder, name, state in recorder_standings(session, actor, filters, as_of):
        yield _squad_group(by, recorder.squad_id), (name, state)


def recorder_standings(
    session: Session, actor: Actor, filters: Filters, as_of: datetime
) -> Iterator[tuple[Recorder, str, str]]:
    """(recorder, figure, what it stands at in it)."""
    for name, counting in figures_about(About.recorder).items():
        for row, state in counting.read(session, actor, filters, as_of):
            yield row.recorder, name, state


def _squad_group(by: tuple[Dimension, ...], squad_id: UUID) -> Group:
    return tuple(str(squad_id) for _ in by)


def _labelled(columns: Iterable[Any]) -> list[Any]:
    return [column.label(f"key_{place}") for place, column in enumerate(columns)]


def _positions(count: int) -> list[Any]:
    return [literal_column(str(place + 1)) for place in range(count)]


class _Groups(dict[Any, Group]):
    """The group of the values that the database answers for its keys; each is written once."""

    def __init__(self, by: tuple[Dimension, ...]) -> None:
        self.by = by

    def __missing__(self, raw: Sequence[Any]) -> Group:
        self[raw] = tuple(map(value_of, self.by, raw))
        return self[raw]


# ---- percentiles ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spread:
    """P50 and P95 by figure and group, in seconds."""

    found: dict[tuple[str, Group], tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        session: Session,
        actor: Actor,
        filters: Filters,
        by: tuple[Dimension, ...],
        as_of: datetime,
        wanted: Sequence[str],
    ) -> "Spread":
        found = {}
        for name in wanted:
            if BY_NAME[name].spread is None:
                continue
            of_event = BY_NAME[name].about is About.event
            statement, column = (delays, coverage_column) if of_event else (_ages, recording_column)
            for keys in {by, ()}:
                query = statement(session, actor, filters, as_of, [column(one) for one in keys])
                if of_event and Dimension.officer in keys:
                    query = by_crew(query)
                for *raw, both in session.execute(query).all():
                    if both and both[0] is not None:
                        group = tuple(map(value_of, keys, raw)) if keys else TOTAL
                        found[name, group] = (float(both[0]), float(both[1]))
        return cls(found)

    def on(self, figure: Figure, group: Group) -> Figure:
        found = self.found.get((figure.name, group))
        return figure if found is None else replace(figure, p50=found[0], p95=found[1])


def _halves(column: Any) -> Any:
    return func.percentile_disc(literal_column("ARRAY[0.5, 0.95]")).within_group(column)


def delays(session: Session, actor: Actor, filters: Filters, as_of: datetime, keys: list[Any]) -> Select:
    row: Any = EventCoverage
    statement = visible_coverage(actor).with_only_columns(*_labelled(keys), _halves(delay()))
    statement = chosen_coverage(statement, filters).where(
        row.excluded.is_(None), row.exempt.is_(None), over(as_of), row.last_received_at.is_not(None)
    )
    return statement.group_by(*_positions(len(keys)))


def _ages(session: Session, actor: Actor, filters: Filters, as_of: datetime, keys: list[Any]) -> Select:
    age = extract("epoch", literal(as_of) - Recording.received_at)
    statement = visible_recordings(actor).with_only_columns(*_labelled(keys), _halves(age))
    statement = chosen_recordings(statement, filters).where(
        Recording.merged_into.is_(None), recording_standing(session, filters.basis, as_of) == "unlinked"
    )
    return statement.group_by(*_positions(len(keys)))


# ---- families ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Family:
    """Figures that are read together."""

    about: About
    read: Any
    fold: Any

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(spec.name for spec in SPECS if spec.about is self.about)

    @cached_property
    def by(self) -> frozenset[Dimension]:
        """What all of its figures can be had by."""
        return frozenset.intersection(*(spec.by for spec in SPECS if spec.about is self.about))


FAMILIES = (
    Family(About.event, event_sums, of_events),
    Family(About.recording, recording_sums, of_recordings),
    Family(About.link, link_sums, of_links),
    Family(About.duty_day, duty_sums, of_duty),
    Family(About.recorder, recorder_sums, of_recorders),
)


class Reading:
    """The sums behind several boards, read once by the finest groups that each needs."""

    def __init__(
        self, session: Session, actor: Actor, filters: Filters, by: tuple[Dimension, ...], as_of: datetime
    ) -> None:
        self._asked = (session, actor, filters)
        self._by, self._as_of = by, as_of
        self._found: dict[tuple[About, tuple[Dimension, ...]], list[tuple[Group, Any]]] = {}

    def groups(self, family: Family, by: tuple[Dimension, ...]) -> dict[Group, list[Any]]:
        """`by`: some of the dimensions that are read, and that the family can be had by. Without any: one group,
        which is everything, if there is anything.

        What is not by officer is read without officers: an event of two stands under both.
        """
        fine = tuple(
            one for one in self._by if one in family.by and (one in by or one is not Dimension.officer)
        )
        if (family.about, fine) not in self._found:
            self._found[family.about, fine] = list(family.read(*self._asked, fine, self._as_of))
        places = [fine.index(dimension) for dimension in by]
        grouped: dict[Group, list[Any]] = defaultdict(list)
        for group, sums in self._found[family.about, fine]:
            grouped[tuple([group[place] for place in places])].append(sums)
        return grouped
