"""What a figure is: its words, what it counts and over which rows, and what comes of it. figures.py lists them."""

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session

from service.kernel.actor import Actor
from service.supervision.coverage.rules import VERSION


class About(enum.StrEnum):
    """What the rows behind a figure are."""

    event = "event"
    recording = "recording"
    link = "link"
    recorder = "recorder"
    duty_day = "duty_day"
    change = "change"  # of an event; no figure is about these, a list is


class Dimension(enum.StrEnum):
    squad = "squad"
    officer = "officer"
    kind = "kind"
    subject = "subject"
    campaign = "campaign"
    day = "day"
    month = "month"
    year = "year"


class Part(enum.StrEnum):
    numerator = "numerator"
    denominator = "denominator"
    rest = "rest"  # of the denominator, what the numerator does not hold, wholly or in part
    excluded = "excluded"


TIMES = frozenset({Dimension.day, Dimension.month, Dimension.year})
OF_EVENTS = frozenset(Dimension)
OF_RECORDINGS = TIMES | {Dimension.squad, Dimension.officer}
OF_DUTY = TIMES | {Dimension.squad}
OF_RECORDERS = frozenset({Dimension.squad})


@dataclass(frozen=True)
class Words:
    """A figure that is not yet counted has a title only."""

    title: object
    numerator: object = ""
    denominator: object = ""
    note: object = ""


@dataclass(frozen=True)
class Totals:
    """Of the kept rows of one group that are due: how many had to be recorded, how many of these are filmed, how many
    more are exempt, and what the figures add up of the first, by name."""

    n: int
    filmed: int
    exempt: int
    sums: Mapping[str, float]


@dataclass(frozen=True)
class OfEvents:
    """Over kept rows that are due and not exempt. `sums`: what is added up of them (SQL over EventCoverage). `share`:
    numerator, denominator, and how many rows the denominator stands on. `where`: the rows that it stands on, where
    not all; the others are left out for the reason `unknown`, where that is named. `in_part`: the reasons for which
    something of a row is left out, though not all of it, and the rows of which. `held`, `rest`: rows of the numerator,
    and those that it does not hold whole. `offered`: rows of the rest that it may come to hold by a key press; `contested`: those of them of which one may take
    the recording that the other needs.
    `exempt`: the numerator is the exempt rows instead."""

    share: Callable[[Totals], tuple[float, float, int]]
    held: ColumnElement[bool] | None = None
    rest: ColumnElement[bool] | None = None
    offered: ColumnElement[bool] | None = None
    contested: ColumnElement[bool] | None = None
    sums: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    where: ColumnElement[bool] | None = None
    unknown: str = ""
    in_part: Mapping[str, ColumnElement[bool]] = field(default_factory=dict)
    exempt: bool = False
    about: About = About.event


@dataclass(frozen=True)
class LinkTerms:
    """Of a link: truth values, or conditions in SQL. `by_machine`: the rules made it, whoever decided since."""

    counts: Any
    by_machine: Any
    rejected: Any


@dataclass(frozen=True)
class OfLinks:
    base: Callable[[LinkTerms], Any]
    held: Callable[[LinkTerms], Any]
    about: About = About.link


@dataclass(frozen=True)
class OfRecordings:
    """By what a recording stands at (sums.recording_standing); another standing is a reason to leave it out."""

    base: frozenset[str]
    held: frozenset[str]
    about: About = About.recording


@dataclass(frozen=True)
class OfRecorders:
    """`read` says what each recorder stands at; one that is neither good nor bad is left out for that reason."""

    read: Callable[[Session, Actor, Any, datetime], Iterable[tuple[Any, str]]]
    held: str
    about: About = About.recorder
    base: frozenset[str] = frozenset({"good", "bad"})


@dataclass(frozen=True)
class OfDuty:
    about: About = About.duty_day


@dataclass(frozen=True)
class Spec:
    """`number`: of the reference list of supervision figures. `counting` None: not yet counted. `unit`: of numerator
    and denominator. `better`: the side to wish for.

    `wrong`: the side to be looked at first, and what is there. `own_rows`: the rows behind it are what its numbers
    count; else they are seconds, recordings, gaps or recorders of events or days. `leaves_out`: there can be rows that
    do not count. `spread`: a sentence for P50 and P95, where these are read."""

    name: str
    number: int
    words: Words
    counting: OfEvents | OfLinks | OfRecordings | OfRecorders | OfDuty | None = None
    unit: str = "count"
    better: str = "higher"
    by: frozenset[Dimension] = OF_EVENTS
    wrong: tuple[Part, object] | None = None
    own_rows: bool = True
    leaves_out: bool = True
    spread: object = None

    @property
    def about(self) -> About | None:
        return self.counting.about if self.counting else None

    @property
    def counted(self) -> bool:
        return self.counting is not None


@dataclass(frozen=True)
class Figure:
    """`share` None: nothing to count. `n`: how many rows the denominator stands on, which decides `small`.

    `excluded`: rows left out, by reason. `reasons`: the numerator by reason, where it has some. `matter_versions`:
    of the matters lists that the rows were judged by: several mean that the figure spans a change of rule.
    `p50`, `p95`: seconds (of delay for on_time, of waiting for unlinked), None where not asked for or unknown.
    `offered`: how many more the numerator would hold if what is offered were confirmed; None: it does not rest on that.
    """

    name: str
    numerator: float = 0
    denominator: float = 0
    n: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    matter_versions: tuple[int, ...] = ()
    rule_version: str = VERSION
    small: bool = False
    p50: float | None = None
    p95: float | None = None
    offered: int | None = None

    @property
    def share(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None


@dataclass
class Tally:
    numerator: float = 0
    denominator: float = 0
    n: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    versions: set[int] = field(default_factory=set)
    offered: int | None = None  # without the contested
    contested: int = 0

    def add(self, numerator: float, denominator: float, n: int) -> None:
        self.numerator += numerator
        self.denominator += denominator
        self.n += n

    def leave_out(self, reason: str, n: int) -> None:
        self.excluded[reason] = self.excluded.get(reason, 0) + n

    def figure(self, name: str, small_below: int) -> Figure:
        return Figure(
            name=name,
            numerator=self.numerator,
            denominator=self.denominator,
            n=self.n,
            excluded=_in_order(self.excluded),
            reasons=_in_order(self.reasons),
            matter_versions=tuple(sorted(self.versions)),
            small=self.n < small_below,
            offered=self.offered,
        )


def _in_order(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items())) if len(counts) > 1 else dict(counts)
