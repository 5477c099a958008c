"""The board: figures of what the caller may see, by up to two dimensions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.access.actor import Actor
from service.clock import now
from service.coverage import figures
from service.coverage.figures import BOARD, BY_NAME, About, Dimension, Figure, Tally
from service.coverage.selection import Filters, Key, labels
from service.coverage.sums import FAMILIES, TOTAL, Group, Spread
from service.errors import Invalid
from service.matters.queries import book
from service.policy import policy

MOST_DIMENSIONS = 2


@dataclass(frozen=True)
class Row:
    """`standings`: how many events are complete, partly, missing, exempt, not_due and not_counted."""

    keys: tuple[Key, ...]
    figures: dict[str, Figure]
    standings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RuleChange:
    """From this day on another version of the matters list holds: figures before and after do not compare."""

    day: date
    version: int


@dataclass(frozen=True)
class Board:
    """`total` is over everything, not the sum of the rows: an event of two officers stands in two rows. `absent`:
    figures that were asked for and cannot be had by these dimensions or filters. `counted_at`: when the figures
    were read; `as_of`: the hour that decides what is due."""

    as_of: datetime
    counted_at: datetime
    filters: Filters
    by: tuple[Dimension, ...]
    rows: tuple[Row, ...]
    total: Row
    absent: tuple[str, ...]
    rule_changes: tuple[RuleChange, ...]


def board(
    session: Session,
    actor: Actor,
    filters: Filters = Filters(),
    by: Sequence[Dimension | str] = (),
    as_of: datetime | None = None,
    *,
    names: Sequence[str] = BOARD,
    percentiles: bool = False,
) -> Board:
    """`names`: of figures that are counted. Those over recordings, links, recorders and duty days cost a query
    each; `percentiles` costs another one for on_time and for unlinked."""
    dimensions = dimensions_of(by)
    moment = as_of or now()
    wanted, absent = possible(names, dimensions, filters)
    small = policy(session, "small_denominator")
    tallies: dict[Group, dict[str, Tally]] = defaultdict(dict)
    whole: dict[str, Tally] = {}
    standings: dict[Group, dict[str, int]] = {}
    all_standings: dict[str, int] = {}
    _roomy(session)
    for family in FAMILIES:
        mine = [name for name in wanted if name in family.names]
        if not mine:
            continue
        rows = list(family.read(session, actor, filters, dimensions, moment))
        grouped: dict[Group, list[Any]] = defaultdict(list)
        for group, sums in rows:
            grouped[group].append(sums)
        every: Iterable[Any] = chain.from_iterable(grouped.values())
        if Dimension.officer in dimensions:
            every = [sums for _, sums in family.read(session, actor, filters, (), moment)]
        every = list(every)
        whole |= {name: tally for name, tally in family.fold(every).items() if name in mine}
        for group, some in grouped.items():
            tallies[group] |= {name: tally for name, tally in family.fold(some).items() if name in mine}
        if family.about is About.event:
            standings = {group: figures.standing_counts(some) for group, some in grouped.items()}
            all_standings = figures.standing_counts(every)
    spread = Spread.read(session, actor, filters, dimensions, moment, wanted) if percentiles else Spread()
    named = _keys(session, dimensions, tallies)

    def row_of(keys: tuple[Key, ...], group: Group, found: dict[str, Tally], counts: dict[str, int]) -> Row:
        made = {name: found.get(name, Tally()).figure(name, small) for name in wanted}
        return Row(keys, {name: spread.on(one, group) for name, one in made.items()}, counts)

    return Board(
        as_of=moment,
        counted_at=now(),
        filters=filters,
        by=dimensions,
        rows=tuple(row_of(keys, group, tallies[group], standings.get(group, {})) for keys, group in named),
        total=row_of((), TOTAL, whole, all_standings),
        absent=absent,
        rule_changes=rule_changes(session, filters),
    )


def dimensions_of(names: Sequence[Dimension | str]) -> tuple[Dimension, ...]:
    try:
        found = tuple(Dimension(name) for name in names)
    except ValueError as error:
        raise Invalid(field="by", problem=", ".join(map(str, names))) from error
    if len(found) > MOST_DIMENSIONS or len(set(found)) < len(found):
        raise Invalid(field="by", problem=", ".join(found))
    return found


def possible(
    names: Sequence[str], by: tuple[Dimension, ...], filters: Filters
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Figures that can be had by these dimensions and filters, and those that cannot."""
    wanted, absent = [], []
    for name in dict.fromkeys(names):
        spec = BY_NAME.get(name)
        if spec is None or not spec.counted:
            raise Invalid(field="figures", problem=name)
        asked = set(by) | filters.of_events | ({Dimension.officer} if filters.officer else set())
        (wanted if asked <= spec.by else absent).append(name)
    return tuple(wanted), tuple(absent)


def rule_changes(session: Session, filters: Filters) -> tuple[RuleChange, ...]:
    """Matters lists that came into force after the first and up to the last day that is looked at."""
    return tuple(
        RuleChange(one.in_force_from, one.version)
        for one in book(session).editions
        if (filters.since is None or one.in_force_from > filters.since)
        and (filters.until is None or one.in_force_from < filters.until)
    )


def _roomy(session: Session) -> None:
    """Groups by an expression are overrated by the planner, which then sorts them on disk."""
    session.execute(text("SET LOCAL work_mem = '32MB'"))


def _keys(
    session: Session, dimensions: tuple[Dimension, ...], groups: Iterable[Group]
) -> list[tuple[tuple[Key, ...], Group]]:
    """In the order of time, of kinds, or of names."""
    groups = list(groups)
    if not dimensions:
        return []
    values = {dimension: {group[place] for group in groups} for place, dimension in enumerate(dimensions)}
    known = labels(session, values)
    found = [
        (
            tuple(
                Key(dimension, value, known.get((dimension, value), value))
                for dimension, value in zip(dimensions, group, strict=True)
            ),
            group,
        )
        for group in groups
    ]
    return sorted(found, key=lambda one: tuple((key.label, key.value) for key in one[0]))
