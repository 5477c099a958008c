"""The figures of the board: what each one counts, and how rows of sums become figures. Pure.

Numbers are those of reference lists of supervision figures; the words that define each stand in words.py.
"""

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.links import COUNTED
from service.supervision.coverage.rules import VERSION
from service.supervision.coverage.status import EXCLUDED, EXEMPT, NOT_DUE, Status


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


TIMES = frozenset({Dimension.day, Dimension.month, Dimension.year})
OF_EVENTS = frozenset(Dimension)
OF_RECORDINGS = TIMES | {Dimension.squad, Dimension.officer}
OF_DUTY = TIMES | {Dimension.squad}
OF_RECORDERS = frozenset({Dimension.squad})


@dataclass(frozen=True)
class Spec:
    """`about` None: not yet counted. `unit`: of numerator and denominator. `better`: the side to wish for."""

    name: str
    number: int
    about: About | None
    unit: str = "count"
    better: str = "higher"
    by: frozenset[Dimension] = OF_EVENTS

    @property
    def counted(self) -> bool:
        return self.about is not None


SPECS: tuple[Spec, ...] = (
    Spec("recorded", 1, About.event),
    Spec("completeness", 2, About.event, unit="seconds"),
    Spec("steps", 3, None),
    Spec("recorders_on_duty", 4, About.duty_day, by=OF_DUTY),
    Spec("on_time", 5, About.event),
    Spec("unlinked", 6, About.recording, better="lower", by=OF_RECORDINGS),
    Spec("linked_alone", 7, About.link),
    Spec("put_right", 7, About.link, better="lower"),
    Spec("exempt", 8, About.event, better="lower"),
    Spec("explained", 9, About.event),
    Spec("integrity", 10, None),
    Spec("retention", 11, None),
    Spec("reviewed", 12, None),
    Spec("evidence_ready", 13, None),
    Spec("deadlines", 14, None),
    Spec("clocks", 15, About.recorder, better="lower", by=OF_RECORDERS),
    Spec("docked", 16, About.recorder, by=OF_RECORDERS),
)
BY_NAME = {spec.name: spec for spec in SPECS}
BOARD = tuple(spec.name for spec in SPECS if spec.about is About.event)


@dataclass(frozen=True)
class Figure:
    """`share` None: nothing to count. `n`: how many rows the denominator stands on, which decides `small`.

    `excluded`: rows left out, by reason. `reasons`: the numerator by reason, where it has some. `matter_versions`:
    of the matters lists that the rows were judged by: several mean that the figure spans a change of rule.
    `p50`, `p95`: seconds (of delay for on_time, of waiting for unlinked), None where not asked for or unknown.
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
        )


def _in_order(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items())) if len(counts) > 1 else dict(counts)


_OUT = EXCLUDED | {NOT_DUE}
_MISSING = Status.missing.value


class EventSums(NamedTuple):
    """Sums over the kept rows of one group that have one standing and one matters list.

    `measured`: those whose departure is known; `required_s` and `recorded_s` are theirs.
    """

    matter_version: int | None
    standing: str
    n: int
    expected: int
    in_time: int
    measured: int
    required_s: float
    recorded_s: float
    gaps: int
    gaps_explained: int


def of_events(rows: Iterable[EventSums]) -> dict[str, Tally]:
    """Figures 1, 2, 5, 8 and 9."""
    n = filmed = expected = in_time = measured = gaps = gaps_explained = 0
    required_s: float = 0
    recorded_s: float = 0
    out: dict[str, int] = {}
    reasons: dict[str, int] = {}
    versions = set()
    for row in rows:
        if row.standing in _OUT:
            out[row.standing] = out.get(row.standing, 0) + row.n
            continue
        if row.matter_version is not None:
            versions.add(row.matter_version)
        if row.standing in EXEMPT:
            reasons[row.standing] = reasons.get(row.standing, 0) + row.n
            continue
        n += row.n
        if row.standing != _MISSING:
            filmed += row.n
        expected += row.expected
        in_time += row.in_time
        measured += row.measured
        required_s += row.required_s
        recorded_s += row.recorded_s
        gaps += row.gaps
        gaps_explained += row.gaps_explained
    exempt = sum(reasons.values())
    left_out = out | {"exempt": exempt} if reasons else out
    unknown = left_out | {"departure_unknown": n - measured} if n > measured else left_out
    return {
        "recorded": Tally(filmed, n, n, left_out, {}, versions),
        "completeness": Tally(recorded_s, required_s, measured, unknown, {}, versions),
        "on_time": Tally(in_time, expected, expected, left_out, {}, versions),
        "exempt": Tally(exempt, n + exempt, n + exempt, out, reasons, versions),
        "explained": Tally(gaps_explained, gaps, gaps, left_out, {}, versions),
    }


def standing_counts(rows: Iterable[EventSums]) -> dict[str, int]:
    """How many events are complete, partly, missing, exempt, not due and not counted."""
    counts: Counter[str] = Counter()
    for row in rows:
        if row.standing in EXCLUDED:
            counts[Status.not_counted.value] += row.n
        elif row.standing in EXEMPT:
            counts[Status.exempt.value] += row.n
        else:
            counts[row.standing] += row.n
    return dict(counts)


class RecordingSums(NamedTuple):
    """`standing`: refused | announced | within_grace | unlinked | linked."""

    standing: str
    n: int


def of_recordings(rows: Iterable[RecordingSums]) -> dict[str, Tally]:
    """Figure 6."""
    tally = Tally()
    for row in rows:
        if row.standing in ("linked", "unlinked"):
            tally.add(row.n if row.standing == "unlinked" else 0, row.n, row.n)
        else:
            tally.leave_out(row.standing, row.n)
    return {"unlinked": tally}


class LinkSums(NamedTuple):
    """Links to events by their state now and, where a person decided, the state before."""

    state: str
    before: str | None
    n: int


def of_links(rows: Iterable[LinkSums]) -> dict[str, Tally]:
    """Figure 7, both halves."""
    alone, right = Tally(), Tally()
    for row in rows:
        by_machine = row.state == "automatic" or row.before == "automatic"
        if row.state in COUNTED:
            alone.add(row.n if by_machine else 0, row.n, row.n)
        if by_machine and row.state in (*COUNTED, "rejected"):
            right.add(row.n if row.state == "rejected" else 0, row.n, row.n)
    return {"linked_alone": alone, "put_right": right}


class DutyDay(NamedTuple):
    """A squad's day: recorders needed for its officers on duty, and how many of these were held by them."""

    needed: int
    held: int


def of_duty(rows: Iterable[DutyDay]) -> dict[str, Tally]:
    """Figure 4. A surplus of one day does not make up for what another lacked."""
    tally = Tally()
    for row in rows:
        tally.add(min(row.held, row.needed), row.needed, 1)
    return {"recorders_on_duty": tally}
