"""What the pages of frozen months show."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.coverage import SnapshotFile
from service.supervision.snapshots.notice import FigureLine, UpheldLine
from service.web.frame.views import Ref


@dataclass(slots=True)
class MonthLine:
    """`state`: frozen | ready | running. `recorded`, `complete`: shares of a frozen month."""

    name: str
    label: str
    href: str
    state: str
    events: int
    as_of: datetime | None = None
    recorded: float | None = None
    complete: float | None = None
    backdated: bool = False


@dataclass(slots=True)
class MonthsPage:
    months: list[MonthLine]
    may_freeze: bool


@dataclass(slots=True)
class PreviewPage:
    """`open`: what is not settled: (sentence, count, where it is looked at). `hindrance`: why it cannot be frozen."""

    name: str
    label: str
    as_of: datetime
    events: int
    standings: list[tuple[str, int]]
    open: list[tuple[str, int, str]]
    hindrance: str | None
    may_freeze: bool
    board: str


@dataclass(slots=True)
class Cell:
    share: float | None
    small: bool
    href: str
    title: str


@dataclass(slots=True)
class SquadRow:
    label: str
    cells: list[Cell]
    standings: list[int]


@dataclass(slots=True)
class Sides:
    """Where the numbers of a figure lead."""

    line: FigureLine
    numerator: str
    denominator: str
    excluded: str | None
    rest: str | None


@dataclass(slots=True)
class MonthPage:
    name: str
    label: str
    as_of: datetime
    taken_by: str | None
    rule_version: str
    matters: str
    sha256: str
    basis: str
    bases: list[Ref]
    whole: str
    figures: list[Sides]
    titles: list[str]
    squads: list[SquadRow]
    standings: list[str]
    upheld: list[UpheldLine]
    before: Ref | None
    changed: list[str]
    counted_anew: bool
    rules: list[tuple[str, Any]]
    tables: list[Ref] = field(default_factory=list)
    files: list[SnapshotFile] = field(default_factory=list)


@dataclass(slots=True)
class RowsPage:
    label: str
    back: str
    title: str
    part: str
    parts: list[Ref]
    of: str
    columns: list[str]
    lines: list[tuple[str | None, list[Any]]]
    next: str | None
    as_of: datetime
