"""What the pages of coverage show."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from service.kernel.words import Word
from service.registry.events.history import Entry
from service.supervision.coverage.figure_types import Words
from service.supervision.coverage.queries import RuleChange
from service.web.frame.views import Filter, Ref, Table, Tile


@dataclass(slots=True)
class Left:
    """Rows that do not count, or one reason of those that do."""

    label: str
    n: int
    href: str


@dataclass(slots=True)
class FigureTile:
    """One figure with all that it stands on. `share` None: nothing to count. `wrong`: the rows to look at first.
    `versions`: of the matters list, several where it changed inside the range. `spread`: delay or age, in words.
    `offered`: the rows that a key press may make recorded."""

    name: str
    number: int
    title: str
    share: float | None
    numerator: Ref
    denominator: Ref
    wrong: Ref | None
    small: bool
    n: int
    rule_version: str
    definition: Words
    versions: tuple[int, ...] = ()
    excluded: list[Left] = field(default_factory=list)
    reasons: list[Left] = field(default_factory=list)
    spread: str | None = None
    offered: Ref | None = None


@dataclass(slots=True)
class Piece:
    """One standing of the events, and its part of a bar in per cent."""

    name: str
    label: str
    tone: str
    n: int
    href: str
    x: float
    width: float


@dataclass(slots=True)
class Cell:
    """`level` 0–5: where the share lies between the lowest and the highest of the table; None: nothing to count."""

    share: float | None = None
    level: int | None = None
    small: bool = False
    title: str = ""
    href: str | None = None


@dataclass(slots=True)
class HeatRow:
    label: str
    cells: list[Cell]
    whole: Cell
    href: str | None = None


@dataclass(slots=True)
class Mark:
    x: float
    y: float
    title: str
    href: str
    small: bool


@dataclass(slots=True)
class Line:
    """A path in a square of 100 by 100, and its points in per cent."""

    label: str
    path: str
    marks: list[Mark]
    number: int = 0  # which colour and dash; 0 is the whole


@dataclass(slots=True)
class Chart:
    """The table is its twin: the same figures, one cell a point."""

    figure: str
    title: str
    better: str
    period: str
    ticks: list[tuple[float, str]]
    levels: list[tuple[float, float]]  # (place in per cent, share)
    lines: list[Line]
    columns: list[Ref]
    rows: list[HeatRow]
    total: HeatRow | None
    choices: list[Ref] = field(default_factory=list)
    low: float = 0.0  # where the scale begins
    lowest: float = 0.0
    highest: float = 1.0


@dataclass(slots=True)
class GroupRow:
    label: str
    cells: list[Cell]
    standings: list[Left]
    href: str | None = None


@dataclass(slots=True)
class Groups:
    titles: list[str]
    rows: list[GroupRow]
    standings: list[str]


@dataclass(slots=True)
class BoardPage:
    """`more`: where the figures that cost a query each are fetched from."""

    period: str
    as_of: datetime
    counted_at: datetime
    confirmed: bool
    tiles: list[FigureTile]
    pieces: list[Piece]
    chart: Chart
    groups: Groups
    by: str
    choices: list[Ref]
    more: str
    not_yet: list[tuple[int, str]]
    changes: Sequence[RuleChange]
    not_due: int
    filters: list[Filter]
    hidden: list[tuple[str, str]]
    since: str
    to: str
    officer: str
    officers: list[tuple[str, str]]
    steps: list[Ref]
    lists: str
    exports: list[Ref]

    @property
    def empty(self) -> bool:
        return not self.pieces


@dataclass(slots=True)
class MoreFigures:
    tiles: list[FigureTile]
    absent: list[str]


# ---- rows --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Gap:
    """`place`: started late, interrupted, stopped early."""

    start: datetime
    end: datetime
    place: str
    explained: bool
    length: str


@dataclass(slots=True)
class EventLine:
    """An event with its kept row. `silent`: how many of `links` show none of it. `offered`: links
    that wait for a person. `due`: a sentence of the deadline,
    `near`: it is close."""

    id: str
    title: str
    href: str
    kind: str
    squad: str
    officers: str
    subject: str
    required_from: datetime
    required_to: datetime | None
    status: Word
    share: float | None
    recorded: str
    links: int
    announced: int
    late: bool
    due: str
    due_at: datetime
    near: bool
    over: bool
    gaps: list[Gap] = field(default_factory=list)
    left_out: str | None = None
    silent: int = 0
    offered: int = 0


@dataclass(slots=True)
class RecorderLine:
    id: str
    number: str
    href: str
    squad: str
    state: Word
    last_seen: datetime | None
    clock: str | None = None
    out_of_step: bool = False
    battery: int | None = None
    holders: str = ""


@dataclass(slots=True)
class ChangeLine:
    """An event that was changed after its deadline: `entry` says who, when and what."""

    event: Ref
    squad: str
    deadline: datetime
    entry: Entry


@dataclass(slots=True)
class DutyLine:
    day: date
    squad_id: str
    squad: str
    officers: int
    recorders: int
    needed: int
    below: bool


@dataclass(slots=True)
class LinkLine:
    state: Word
    recording: Ref
    event: Ref
    squad: str
    score: float


@dataclass(slots=True)
class OfferRow:
    """A recording to be decided: `card` (service.finding.search.cards.RecordingCard), `offers` best first, `decided` newest
    first (both service.web.recordings.views.Link). `said`: what was just done, for those who do not see it."""

    id: str
    card: object
    waiting: str
    offers: Sequence[object]
    decided: list[object]
    action: str
    said: str = ""
    may_decide: bool = False
    may_make: bool = False


@dataclass(slots=True)
class RowsPage:
    """`told`: the figure these rows stand behind; `parts`: the other sides of it."""

    title: str
    heading: str
    told: FigureTile
    groups: list[Ref]
    parts: list[Ref]
    part: str
    table: Table
    as_of: datetime
    back: str


@dataclass(slots=True)
class ListTab:
    """`heading`: above the first of a group."""

    name: str
    label: str
    href: str
    count: int | None = None
    capped: bool = False
    heading: str = ""


@dataclass(slots=True)
class ListPage:
    name: str
    title: str
    meaning: str
    tabs: list[ListTab]
    counts: str
    table: Table
    filters: list[Filter]
    since: str
    to: str
    as_of: datetime
    hidden: list[tuple[str, str]]
    decides: bool = False
    reopens: bool = False
    dated: bool = True  # days narrow it
    done: Table | None = None  # what was just decided, where the page was loaded anew


@dataclass(slots=True)
class MinePage:
    tiles: list[Tile]
    name: str
    title: str
    meaning: str
    table: Table
