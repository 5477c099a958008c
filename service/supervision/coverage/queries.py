"""The board: figures of what the caller may see, by up to two dimensions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.errors import Invalid
from service.kernel.policy import policy
from service.registry.matters.queries import book
from service.supervision.coverage.figure_types import About, Dimension, Figure, OfEvents, Tally
from service.supervision.coverage.figures import BOARD, BY_NAME
from service.supervision.coverage.offers import contested
from service.supervision.coverage.policy import SMALL_DENOMINATOR
from service.supervision.coverage.selection import Filters, Key, labels
from service.supervision.coverage.sums import FAMILIES, TOTAL, Family, Group, Reading, Spread
from service.supervision.coverage.totals import standing_counts

MOST_DIMENSIONS = 2
# Groups by an expression are overrated by the planner, which then sorts them on disk.
ROOM = text("SET LOCAL work_mem = '32MB'")


@dataclass(frozen=True)
class Row:
    """`standings`: how many events are complete, partly, missing, exempt, not_due and not_counted."""

    keys: tuple[Key, ...]
    figures: dict[str, Figure]
    standings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RuleChange:
    """From this day on another version of the matters list holds. `inside`: after the first day that is looked at, so
    figures before and after do not compare. `backdated`: it was published only on `published_on`, so what was counted
    before that does not compare either."""

    day: date
    version: int
    published_on: date | None = None
    inside: bool = True

    @property
    def backdated(self) -> bool:
        return self.published_on is not None and self.day < self.published_on


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
    return boards(session, actor, filters, (by,), as_of, names=names, percentiles=percentiles)[0]


def boards(
    session: Session,
    actor: Actor,
    filters: Filters,
    several: Sequence[Sequence[Dimension | str]],
    as_of: datetime | None = None,
    *,
    names: Sequence[str] = BOARD,
    percentiles: bool = False,
) -> list[Board]:
    """A board by each of `several`, which name dimensions of the first. They stand on one reading of the rows, so
    they agree with each other whatever changes meanwhile."""
    first, *_ = dimensions = [dimensions_of(by) for by in several]
    moment = as_of or now()
    small = policy(session, SMALL_DENOMINATOR)
    changes = rule_changes(session, filters)
    session.execute(ROOM)
    reading = Reading(session, actor, filters, first, moment)
    made = []
    for by in dimensions:
        wanted, absent = possible(names, by, filters)
        rows, total = _counted(reading, by, wanted)
        if any(tally.contested for tally in total.tallies.values()):
            _add_contested(rows, total, contested(session, actor, filters, by, moment))
        spread = Spread.read(session, actor, filters, by, moment, wanted) if percentiles else Spread()
        named = _keys(session, by, rows)
        made.append(
            Board(
                as_of=moment,
                counted_at=now(),
                filters=filters,
                by=by,
                rows=tuple(_row(keys, group, rows[group], wanted, small, spread) for keys, group in named),
                total=_row((), TOTAL, total, wanted, small, spread),
                absent=absent,
                rule_changes=changes,
            )
        )
    return made


@dataclass
class Counts:
    """Of one group, or of all of them."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    standings: dict[str, int] = field(default_factory=dict)

    def take(self, family: Family, sums: Sequence[Any], wanted: Sequence[str]) -> None:
        self.tallies |= {name: tally for name, tally in family.fold(sums).items() if name in wanted}
        if family.about is About.event:
            self.standings = standing_counts(sums)


def _counted(
    reading: Reading, by: tuple[Dimension, ...], wanted: Sequence[str]
) -> tuple[dict[Group, Counts], Counts]:
    groups: dict[Group, Counts] = defaultdict(Counts)
    total = Counts()
    for family in FAMILIES:
        if family.names.isdisjoint(wanted):
            continue
        for group, sums in reading.groups(family, by).items():
            groups[group].take(family, sums, wanted)
        for sums in reading.groups(family, ()).values():
            total.take(family, sums, wanted)
    return groups, total


def _add_contested(rows: dict[Group, Counts], total: Counts, found: Mapping[Group, int]) -> None:
    """To what is offered. Of two that wait for one recording one would be recorded: so these are counted apart."""
    for group, counts in [*rows.items(), (TOTAL, total)]:
        for tally in counts.tallies.values():
            if tally.contested and tally.offered is not None:
                tally.offered += found.get(group, 0)


def _row(
    keys: tuple[Key, ...], group: Group, found: Counts, wanted: Sequence[str], small: int, spread: Spread
) -> Row:
    made = {name: (found.tallies.get(name) or nothing(name)).figure(name, small) for name in wanted}
    if spread.found:
        made = {name: spread.on(one, group) for name, one in made.items()}
    return Row(keys, made, found.standings)


def nothing(name: str) -> Tally:
    """Of a figure without rows."""
    counting = BY_NAME[name].counting
    rests_on_offers = isinstance(counting, OfEvents) and counting.offered is not None
    return Tally(offered=0 if rests_on_offers else None)


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
    wanted, absent = list[str](), list[str]()
    for name in dict.fromkeys(names):
        spec = BY_NAME.get(name)
        if spec is None or not spec.counted:
            raise Invalid(field="figures", problem=name)
        asked = set(by) | filters.of_events | ({Dimension.officer} if filters.officer else set())
        (wanted if asked <= spec.by else absent).append(name)
    return tuple(wanted), tuple(absent)


def rule_changes(session: Session, filters: Filters) -> tuple[RuleChange, ...]:
    """Matters lists that came into force after the first and up to the last day that is looked at, or that hold on
    such days though they were published later."""
    since, until = filters.since or date.min, filters.until or date.max
    return tuple(
        RuleChange(first, one.version, one.published_on, first > since)
        for one, first, end in book(session).spells()
        if first < until
        and since < end
        and (first > since or (one.backdated and one.published_on is not None and one.published_on > since))
    )


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
