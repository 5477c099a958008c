"""A version of the recording matters list from a table: every line is right, or nothing is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from pydantic import Field
from sqlmodel import Session

from schemas.events import EventKind
from schemas.matters import Duty, MatterBase, Moment, Step
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.kernel.i18n import noop as _n
from service.kernel.words import Word
from service.registry.events.kinds import KINDS, WORDS
from service.registry.events.subjects import subjects
from service.registry.importing.errors import RowRefused
from service.registry.importing.importer import Importer, Outcome
from service.registry.importing.report import Report
from service.registry.importing.words import SUBJECT
from service.registry.matters.actions import may_publish, publish
from service.registry.matters.queries import book, recounted
from service.registry.matters.rules import DEFAULT_EDITION, Rule, compare, lines_of, subject_key
from service.registry.matters.table import CELLS, HEADERS
from service.registry.matters.words import DUTIES, MOMENTS, STEPS

DAY_S = 86_400


class MatterLine(MatterBase):
    """A line as a table brings it. An empty cell means the usual value; an empty retention is permanent."""

    from_offset_s: int = Field(default=0, ge=-DAY_S, le=DAY_S)
    to_offset_s: int = Field(default=0, ge=-DAY_S, le=DAY_S)
    late_start_s: int = Field(default=60, ge=0, le=DAY_S)
    early_stop_s: int = Field(default=60, ge=0, le=DAY_S)
    gap_s: int = Field(default=30, ge=0, le=DAY_S)
    steps: list[Step] = Field(default_factory=list)
    retention_days: int | None = Field(default=None, ge=1, le=36_500)
    upload_hours: int = Field(default=24, ge=0, le=8_784)
    filing_days: int = Field(default=30, ge=0, le=3_660)


@dataclass(frozen=True)
class MattersReport(Report):
    """`version`: the one published, null where nothing was. `removed`: lines that it no longer has. `events`: how many
    events it governs, all of which are counted again."""

    in_force_from: date
    version: int | None
    removed: list[str]
    events: int


class MatterImporter(Importer):
    """Rows are compared with the version in force on the day from which the new one is to hold; what that version has
    and the table has not stands in `removed`. A table that changes nothing publishes nothing."""

    name = "matters"
    word = Word(
        lazy("Recording matters"),
        icon="scroll-text",
        meaning=lazy("A whole list: it is published as a new version, and only if every row is right."),
    )
    meanings: ClassVar = {
        "subject": SUBJECT,
        "retention_days": _n("number of days, or permanent (永久); empty is permanent"),
    }
    words: ClassVar = {EventKind: WORDS, Duty: DUTIES, Moment: MOMENTS, Step: STEPS}
    model = MatterLine
    headers: ClassVar = HEADERS
    cells: ClassVar = CELLS
    all_or_nothing = True
    of_bureau = True

    def __init__(
        self, session: Session, actor: Actor, in_force_from: date | None = None, note: str = ""
    ) -> None:
        super().__init__(session, actor)
        self.in_force_from = in_force_from or local(now()).date()
        self.remark = note.strip()[:1000]
        self.published: int | None = None
        self.removed: list[str] = []

    @classmethod
    def opened(cls, session: Session, actor: Actor, options: Mapping[str, Any]) -> "MatterImporter":
        """`in_force_from`: a day in ISO 8601, today if none is said; `note`."""
        day = options.get("in_force_from")
        return cls(session, actor, date.fromisoformat(day) if day else None, options.get("note", ""))

    def told(self, report: Report) -> "MattersReport":
        return MattersReport(
            **vars(report),
            in_force_from=self.in_force_from,
            version=self.published,
            removed=self.removed,
            events=recounted(self.session, self.in_force_from),
        )

    def require_may(self) -> None:
        may_publish(self.actor)

    def load(self, wanted: Sequence[MatterLine]) -> None:
        known = subjects(self.session)
        self.code_of = known.code_of
        held = book(self.session).edition(self.in_force_from)
        # The built-in default is what a first list is compared with, but never reason enough to publish nothing.
        self.first = held is None
        self.before = (held or DEFAULT_EDITION).rules
        self.held = lines_of(self.before)
        self.lines: list[MatterLine] = []
        given = {self._line_key(one) for one in wanted}
        self.removed = [
            self._said(rule.kind, rule.subject) for key, rule in self.held.items() if key not in given
        ]

    def key(self, wanted: MatterLine) -> str:
        kind, subject = self._line_key(wanted)
        return f"{kind}/{subject}" if subject else str(kind)

    def apply(self, wanted: MatterLine) -> tuple[Outcome, list[str]]:
        wanted.subject = self.code_of(wanted.subject)
        if len(wanted.subject) > 64:
            raise RowRefused(_("the subject is longer than 64 characters"))
        self.lines.append(wanted)
        rule = Rule.of(wanted, 0)
        before = self.held.get((rule.kind, subject_key(rule.subject)))
        if before is None:
            return Outcome.created, []
        found = compare([before], [rule])
        return (Outcome.changed, list(found[0].fields)) if found else (Outcome.unchanged, [])

    def changes_anything(self, counts: Any) -> bool:
        return bool(self.lines) and (self.first or bool(self.removed) or super().changes_anything(counts))

    def finish(self) -> None:
        listed = publish(self.session, self.actor, self.lines, self.in_force_from, self.remark)
        self.published = listed.version

    def _line_key(self, line: MatterLine) -> tuple[Any, str]:
        return line.kind, subject_key(self.code_of(line.subject))

    @staticmethod
    def _said(kind: Any, subject: str) -> str:
        return f"{KINDS[kind].word.label} {subject}".strip()
