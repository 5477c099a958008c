"""The figures of a frozen month, counted from its frozen rows alone by the expressions of the live figures.

A frozen event row is a whole row of `event_coverage`. Put under that very name in front of a statement (a common
table expression hides the table of its name), it is what the live statement reads.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, column, select, text
from sqlmodel import Session

from schemas.accounts import Role
from schemas.coverage import Basis, CoverageSnapshot, EventCoverage, SnapshotRow
from service.access.queries import visible_coverage
from service.kernel.actor import Actor
from service.supervision.coverage.answers import row_json
from service.supervision.coverage.figure_types import About, Dimension, Tally
from service.supervision.coverage.figures import BY_NAME, SPECS
from service.supervision.coverage.queries import Row
from service.supervision.coverage.rules import VERSION
from service.supervision.coverage.selection import Filters, Key, chosen_coverage
from service.supervision.coverage.status import Status, late, status
from service.supervision.coverage.sums import FAMILIES, TOTAL, Spread, delays, event_sums_of, summed
from service.supervision.coverage.totals import DutyDay, LinkSums, RecordingSums, standing_counts
from service.supervision.snapshots.rules import fingerprint, quantile, same

FIGURES = tuple(spec.name for spec in SPECS if spec.counted)
# Reads frozen rows and nothing else; whose they are is decided before.
_READER = Actor(account_id=UUID(int=0), username="system", role=Role.auditor, squad_id=None)
_FOLDS = {family.about: family.fold for family in FAMILIES}


@dataclass(frozen=True)
class Counted:
    """One frozen row by what it adds to the figures of its family; of an event also what it is called."""

    subject_id: UUID
    squad_id: UUID
    sums: Sequence[Any]
    status: Status | None = None
    late: bool = False

    def share_in(self, figure: str) -> Tally:
        """What the figure would be if this row were all."""
        about = BY_NAME[figure].about
        assert about is not None
        return _FOLDS[about](self.sums)[figure]


@dataclass(frozen=True)
class Check:
    """`figures`: they are what the rows add up to. `rows`: their fingerprint is that of the day of freezing."""

    figures: bool
    rows: bool
    n: int

    @property
    def good(self) -> bool:
        return self.figures and self.rows


def check(session: Session, snapshot: CoverageSnapshot) -> Check:
    rows = _rows(session, snapshot.id)
    return Check(
        figures=same(recounted(session, snapshot), snapshot.figures),
        rows=fingerprint(rows) == snapshot.rows_sha256,
        n=len(rows),
    )


def recounted(session: Session, snapshot: CoverageSnapshot) -> dict[str, Any]:
    """As CoverageSnapshot.figures; the names of squads, which cannot be counted, are taken from there."""
    names = {
        one["keys"]["squad"]["value"]: one["keys"]["squad"]["label"]
        for basis in snapshot.figures.values()
        for one in basis["squads"]
    }
    return figures_of_rows(
        session,
        snapshot.id,
        snapshot.as_of,
        names,
        snapshot.definitions["policy"]["small_denominator"],
        figures_in(snapshot),
        snapshot.rule_version,
    )


def figures_in(snapshot: CoverageSnapshot) -> list[str]:
    """Those of the day of freezing: a month does not gain a figure that was thought of later."""
    return list(snapshot.figures[Basis.counted]["total"]["figures"])


def figures_of_rows(
    session: Session,
    snapshot_id: UUID,
    as_of: datetime,
    names: dict[str, str],
    small_below: int,
    wanted: Sequence[str] = FIGURES,
    rule_version: str = VERSION,
) -> dict[str, Any]:
    """{basis: {"total": …, "squads": […]}}, in the shape of the API's rows of the board. `rule_version`: by which the
    rows were counted when they were frozen."""
    return {
        basis.value: _figures(session, snapshot_id, as_of, basis, names, small_below, wanted, rule_version)
        for basis in Basis
    }


def _figures(
    session: Session,
    snapshot_id: UUID,
    as_of: datetime,
    basis: Basis,
    names: dict[str, str],
    small_below: int,
    wanted: Sequence[str],
    rule_version: str,
) -> dict[str, Any]:
    tallies: dict[str, dict[str, Tally]] = {}
    standings: dict[str, dict[str, int]] = {}
    total: dict[str, Tally] = {}
    for family in FAMILIES:
        rows = counted(session, snapshot_id, as_of, family.about, basis)
        groups: dict[str, list[Any]] = {}
        for row in rows:
            groups.setdefault(str(row.squad_id), []).extend(row.sums)
        for squad, sums in groups.items():
            tallies.setdefault(squad, {}).update(family.fold(sums))
            if family.about is About.event:
                standings[squad] = standing_counts(sums)
        every = [one for row in rows for one in row.sums]
        total |= family.fold(every)
        if family.about is About.event:
            standings["*"] = standing_counts(every)
    spread = _spread(session, snapshot_id, as_of, basis)

    def made(keys: tuple[Key, ...], found: dict[str, Tally], counts: dict[str, int]) -> dict[str, Any]:
        group = tuple(key.value for key in keys) or TOTAL
        shown = {
            name: replace(found.get(name, Tally()).figure(name, small_below), rule_version=rule_version)
            for name in wanted
        }
        return row_json(Row(keys, {name: spread.on(one, group) for name, one in shown.items()}, counts))

    squads = sorted(tallies, key=lambda squad: (names.get(squad, squad), squad))
    return {
        "total": made((), total, standings.get("*", {})),
        "squads": [
            made(
                (Key(Dimension.squad, squad, names.get(squad, squad)),),
                tallies[squad],
                standings.get(squad, {}),
            )
            for squad in squads
        ],
    }


# ---- rows as sums ---------------------------------------------------------------------------------------


def counted(
    session: Session,
    snapshot_id: UUID,
    as_of: datetime,
    about: About,
    basis: Basis,
    squads: Iterable[UUID] | None = None,
) -> list[Counted]:
    """By subject. `squads` None: of all."""
    if about is About.event:
        return _events(session, snapshot_id, as_of, basis, squads)
    return [
        Counted(row.subject_id, row.squad_id, SUMS[about](row.row))
        for row in _rows(session, snapshot_id, about, basis, squads)
    ]


SUMS: dict[About, Callable[[dict[str, Any]], list[Any]]] = {
    About.recording: lambda row: [RecordingSums(row["standing"], 1)],
    About.link: lambda row: [LinkSums(row["state"], row["previous_state"], 1)],
    About.duty_day: lambda row: [DutyDay(row["needed"], row["recorders"])],
    About.recorder: lambda row: sorted(row["standings"].items()),
}
BY_BASIS = frozenset({About.event, About.recording})  # the others are the same on both


def _events(
    session: Session, snapshot_id: UUID, as_of: datetime, basis: Basis, squads: Iterable[UUID] | None
) -> list[Counted]:
    row: Any = EventCoverage
    kept = chosen_coverage(visible_coverage(_READER), Filters(basis=basis))
    if squads is not None:
        kept = kept.where(row.squad_id.in_(list(squads)))
    keys = [row.event_id, row.squad_id, status(as_of), late(as_of)]
    found = session.execute(summed(kept, keys, as_of).order_by(row.event_id).add_cte(_kept_rows(snapshot_id)))
    return [
        Counted(event_id, squad_id, [event_sums_of(sums)], Status(state), bool(is_late))
        for event_id, squad_id, state, is_late, *sums in found
    ]


# By the first counting rule every received recording that was linked showed its event, so its rows do not say which do.
# Rows from before old archives were declared know of none.
_OF_FIRST_RULES = "jsonb_build_object('shown', snapshot_rows.row -> 'coverage' -> 'links', 'archived', 0)"


def _kept_rows(snapshot_id: UUID) -> CTE:
    names = list(EventCoverage.model_fields)
    statement = text(
        f"SELECT {', '.join(f'kept.{name}' for name in names)} FROM snapshot_rows, "
        f"jsonb_populate_record(NULL::event_coverage, {_OF_FIRST_RULES} || (snapshot_rows.row -> 'coverage')) "
        "AS kept "
        "WHERE snapshot_rows.snapshot_id = :frozen_id AND snapshot_rows.about = 'event'"
    ).bindparams(frozen_id=snapshot_id)
    return statement.columns(*(column(name) for name in names)).cte(EventCoverage.__tablename__)


def _rows(
    session: Session,
    snapshot_id: UUID,
    about: About | None = None,
    basis: Basis | None = None,
    squads: Iterable[UUID] | None = None,
) -> list[SnapshotRow]:
    statement = select(SnapshotRow).where(SnapshotRow.snapshot_id == snapshot_id)
    if about is not None:
        statement = statement.where(SnapshotRow.about == about)
        if about in BY_BASIS:
            statement = statement.where(SnapshotRow.basis == basis)
    if squads is not None:
        statement = statement.where(SnapshotRow.squad_id.in_(list(squads)))
    return list(session.scalars(statement.order_by(SnapshotRow.about, SnapshotRow.subject_id)))


def _spread(session: Session, snapshot_id: UUID, as_of: datetime, basis: Basis) -> Spread:
    found = {}
    squad: Any = EventCoverage.squad_id
    for keys in ([squad], []):
        query = delays(session, _READER, Filters(basis=basis), as_of, keys)
        for *group, both in session.execute(query.add_cte(_kept_rows(snapshot_id))):
            if both and both[0] is not None:
                found["on_time", tuple(map(str, group)) or TOTAL] = (float(both[0]), float(both[1]))
    ages: dict[tuple[str, ...], list[float]] = {}
    for row in _rows(session, snapshot_id, About.recording, basis):
        if row.row["standing"] == "unlinked":
            age = (as_of - datetime.fromisoformat(row.row["received_at"])).total_seconds()
            ages.setdefault((str(row.squad_id),), []).append(age)
            ages.setdefault(TOTAL, []).append(age)
    found |= {
        ("unlinked", group): (quantile(some, 0.5), quantile(some, 0.95)) for group, some in ages.items()
    }
    return Spread(found)
