"""Which rule holds for an event, and what it asks for. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from schemas.events import EventKind
from schemas.matters import Duty, MatterBase, Moment, Step
from service.kernel.text import fold
from service.registry.matters.defaults import DEFAULT_LINES


@dataclass(frozen=True)
class Rule:
    """A line of the recording matters list. `subject` "": any subject of the kind that has no line of its own.

    Seconds are added to the moment (negative: earlier); `retention_days` None: permanent; `version` 0: the built-in
    default.
    """

    version: int
    kind: EventKind
    subject: str = ""
    duty: Duty = Duty.must
    from_moment: Moment = Moment.arrival
    from_offset_s: int = 0
    to_moment: Moment = Moment.departure
    to_offset_s: int = 0
    late_start_s: int = 60
    early_stop_s: int = 60
    gap_s: int = 30
    steps: tuple[Step, ...] = ()
    retention_days: int | None = None
    upload_hours: int = 24
    filing_days: int = 30
    place: str = ""
    carrier: str = ""

    @classmethod
    def of(cls, line: MatterBase, version: int) -> "Rule":
        values: dict[str, Any] = {name: getattr(line, name) for name in MatterBase.model_fields}
        values |= {
            "kind": EventKind(line.kind),
            "duty": Duty(line.duty),
            "from_moment": Moment(line.from_moment),
            "to_moment": Moment(line.to_moment),
            "steps": tuple(Step(step) for step in line.steps),
        }
        return cls(version=version, **values)

    def required(
        self, arrived_at: datetime, departed_at: datetime | None
    ) -> tuple[datetime, datetime | None]:
        """What must be on record, from when to when; never ends before it begins.

        The end is None while it depends on a departure that is not known yet. A start that depends on it is then
        counted from the arrival: the latest moment known.
        """
        start = self._at(self.from_moment, self.from_offset_s, arrived_at, departed_at)
        if start is None:
            start = arrived_at
        end = self._at(self.to_moment, self.to_offset_s, arrived_at, departed_at)
        return start, None if end is None else max(start, end)

    @staticmethod
    def _at(
        moment: Moment, offset_s: int, arrived_at: datetime, departed_at: datetime | None
    ) -> datetime | None:
        base = arrived_at if moment is Moment.arrival else departed_at
        return None if base is None else base + timedelta(seconds=offset_s)

    def due_at(self, ended: datetime) -> datetime:
        """Until when the bytes have to be here; `ended` is the end of the act."""
        return ended + timedelta(hours=self.upload_hours)

    def filing_due_on(self, ended: date) -> date:
        """The last day for filing 归档; `ended` is a day of the bureau's zone."""
        return ended + timedelta(days=self.filing_days)


@dataclass(frozen=True)
class Edition:
    """One version of the list, in force from its day on until a later one is."""

    version: int
    in_force_from: date
    rules: tuple[Rule, ...]
    published_on: date | None = None  # None: built in

    @property
    def backdated(self) -> bool:
        """It governs days that were over when it was published."""
        return self.published_on is not None and self.in_force_from < self.published_on


class Book:
    """Every version there is. For each day, kind and subject exactly one rule holds."""

    def __init__(self, editions: Iterable[Edition] = ()) -> None:
        # of two from the same day the higher version comes last and wins
        self.editions = sorted(editions, key=lambda one: (one.in_force_from, one.version))
        self._days = [one.in_force_from for one in self.editions]
        self._lines = [lines_of(one.rules) for one in self.editions]

    def edition(self, day: date) -> Edition | None:
        """The version in force on this day of the bureau's zone; None: the built-in default."""
        place = bisect_right(self._days, day)
        return self.editions[place - 1] if place else None

    def spells(self) -> list[tuple[Edition, date, date]]:
        """Each version that ever holds, with its first day and the day after its last."""
        ends = [*self._days, date.max][1:]
        return [
            (one, start, end)
            for one, start, end in zip(self.editions, self._days, ends, strict=True)
            if start < end
        ]

    def find(self, day: date, kind: EventKind, subject: str = "") -> Rule:
        """The line of the subject, else that of the kind; else, where the list in force has neither, the built-in
        default."""
        place = bisect_right(self._days, day)
        rule = _line(self._lines[place - 1], kind, subject) if place else None
        return rule or _line(DEFAULTS, kind, subject) or DEFAULTS[kind, ""]


def lines_of(rules: Sequence[Rule]) -> dict[tuple[EventKind, str], Rule]:
    return {(rule.kind, subject_key(rule.subject)): rule for rule in rules}


@lru_cache(maxsize=4096)
def subject_key(subject: str) -> str:
    """Width, case and spaces make no other subject."""
    return fold(subject)


def _line(lines: dict[tuple[EventKind, str], Rule], kind: EventKind, subject: str) -> Rule | None:
    found = lines.get((kind, subject_key(subject))) if subject else None
    return found or lines.get((kind, ""))


DEFAULT_EDITION = Edition(0, date.min, tuple(Rule.of(line, 0) for line in DEFAULT_LINES))
DEFAULTS = lines_of(DEFAULT_EDITION.rules)


# ---- comparing versions ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """`before` and `after` of one line; None: the line is not in that version."""

    kind: EventKind
    subject: str
    before: Rule | None
    after: Rule | None
    fields: tuple[str, ...] = ()


FIELDS = tuple(name for name in MatterBase.model_fields if name not in ("kind", "subject"))


def compare(before: Sequence[Rule], after: Sequence[Rule]) -> list[Change]:
    """What differs, line by line, in the order of kinds and subjects. A line that is alike is left out."""
    old, new = lines_of(before), lines_of(after)
    kinds = list(EventKind)
    changes = []
    for key in sorted(old.keys() | new.keys(), key=lambda key: (kinds.index(key[0]), key[1])):
        was, is_ = old.get(key), new.get(key)
        known = is_ or old[key]
        fields = tuple(name for name in FIELDS if was and is_ and getattr(was, name) != getattr(is_, name))
        if was is None or is_ is None or fields:
            changes.append(Change(known.kind, known.subject, was, is_, fields))
    return changes
