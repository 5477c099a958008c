"""The notice 通报 of a frozen month as a PDF: what a bureau sends to its squads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from sqlmodel import Session

from schemas.coverage import Basis, CoverageSnapshot, Dispute
from service.kernel import i18n, templates
from service.kernel.actor import Actor
from service.kernel.clock import local
from service.kernel.i18n import gettext as _
from service.kernel.i18n import number
from service.kernel.policy import BUREAU_NAME, holds_samples, policy
from service.registry.events.kinds import KINDS
from service.registry.events.subjects import subjects
from service.supervision.coverage.export import counts
from service.supervision.coverage.figure_types import Part
from service.supervision.coverage.figures import BOARD, BY_NAME
from service.supervision.coverage.status import Status
from service.supervision.coverage.words import amount
from service.supervision.disputes.queries import upheld_since
from service.supervision.snapshots.export import rows_named, words_of
from service.supervision.snapshots.lines import Names, event_number, gap_sentence
from service.supervision.snapshots.queries import (
    FrozenRow,
    before_of,
    differences,
    figures_for,
    headline,
    rows_behind,
)
from service.supervision.snapshots.recount import FIGURES
from service.supervision.snapshots.words import DIFFERENCES, POLICIES, day_name, month_name

MOST_PROBLEMS = 200  # a notice is read on paper; the workbook has them all


@dataclass(slots=True)
class FigureLine:
    name: str
    number: int
    title: str
    share: float | None
    numerator: str
    denominator: str
    small: bool
    left_out: str
    definition: Mapping[str, Any]
    before: float | None = None
    unit: str = "count"


@dataclass(slots=True)
class SquadLine:
    label: str
    cells: list[tuple[float | None, bool]]
    missing: int
    partly: int


@dataclass(slots=True)
class Problem:
    number: str
    squad: str
    kind: str
    arrived: datetime
    what: str


@dataclass(slots=True)
class UpheldLine:
    """`number`: of the row, `about` the kind of it."""

    about: str
    number: str
    statement: str
    answer: str
    answered: datetime | None


@dataclass(slots=True)
class NoticePage:
    """`squad`: whose notice it is where the reader sees one squad only. `events`: all of the month."""

    bureau: str
    month_name: str
    squad: str | None
    dated: str
    year: int
    as_of: datetime
    rule_version: str
    matters: str
    standings: dict[str, int]
    events: int
    figures: list[FigureLine]
    board: list[FigureLine]
    confirmed: list[FigureLine]
    squads: list[SquadLine]
    problems: list[Problem]
    more_problems: int
    sha256: str
    rules: list[tuple[str, Any]]
    sample: bool
    upheld: list[UpheldLine] = field(default_factory=list)
    has_before: bool = False
    changed: list[str] = field(default_factory=list)


def pdf(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> bytes:
    from service.kernel.paper import pdf as paper

    return paper.write(html(session, actor, snapshot))


def html(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> str:
    template = _templates().get_template("notice.html")
    html_lang = "zh-CN" if i18n.current() == "zh_CN" else "en"
    return template.render(notice=notice_page(session, actor, snapshot), html_lang=html_lang)


@cache
def _templates() -> Environment:
    return templates.environment(Path(__file__).parent)


def notice_page(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> NoticePage:
    held = figures_for(snapshot, actor)
    whole = headline(snapshot, actor)
    confirmed = headline(snapshot, actor, Basis.confirmed)
    earlier = before_of(session, snapshot)
    past = headline(earlier, actor) if earlier else None
    figures = figure_lines(snapshot, whole, past)
    names = Names.of(snapshot, subjects(session))
    wrong = problems(session, actor, snapshot, names)
    upheld = upheld_since(session, actor, snapshot)
    language = "zh" if i18n.current() == "zh_CN" else "en"
    standings = whole["standings"] if whole else {}
    return NoticePage(
        bureau=policy(session, BUREAU_NAME)[language],
        month_name=month_name(snapshot.month),
        squad=None if held["total"] else ", ".join(one["keys"]["squad"]["label"] for one in held["squads"]),
        dated=day_name(local(snapshot.taken_at).date()),
        year=local(snapshot.taken_at).year,
        as_of=snapshot.as_of,
        rule_version=snapshot.rule_version,
        matters=matters_sentence(snapshot),
        standings=standings,
        events=sum(standings.values()),
        figures=figures,
        board=[one for one in figures if one.name in BOARD],
        confirmed=[one for one in figure_lines(snapshot, confirmed) if one.name in BOARD],
        squads=[
            SquadLine(
                one["keys"]["squad"]["label"],
                [
                    (one["figures"][name]["share"], one["figures"][name]["small"])
                    for name in BOARD
                    if name in one["figures"]
                ],
                one["standings"].get(Status.missing, 0),
                one["standings"].get(Status.partly, 0),
            )
            for one in held["squads"]
        ],
        problems=wrong[:MOST_PROBLEMS],
        more_problems=max(0, len(wrong) - MOST_PROBLEMS),
        sha256=snapshot.rows_sha256,
        rules=[(str(POLICIES[name]), value) for name, value in snapshot.definitions["policy"].items()],
        sample=holds_samples(session),
        upheld=upheld_lines(session, snapshot, upheld),
        has_before=past is not None,
        changed=[str(DIFFERENCES[name]) for name in differences(snapshot, earlier)] if earlier else [],
    )


def upheld_lines(
    session: Session, snapshot: CoverageSnapshot, disputes: Sequence[Dispute]
) -> list[UpheldLine]:
    named = rows_named(session, snapshot, disputes)
    return [UpheldLine(*named[one.id], one.statement, one.answer, one.decided_at) for one in disputes]


def figure_lines(
    snapshot: CoverageSnapshot, row: Mapping[str, Any] | None, past: Mapping[str, Any] | None = None
) -> list[FigureLine]:
    """In the order of the list of figures, with the words as they were frozen."""
    if row is None:
        return []
    words = words_of(snapshot)
    definitions = {one["name"]: one for one in words["figures"]}
    made = []
    for name in FIGURES:
        figure, unit = row["figures"][name], BY_NAME[name].unit
        made.append(
            FigureLine(
                name=name,
                number=BY_NAME[name].number,
                title=definitions[name]["title"],
                share=figure["share"],
                numerator=amount(figure["numerator"], unit),
                denominator=amount(figure["denominator"], unit),
                small=figure["small"] and figure["n"] > 0,
                left_out=counts(figure["excluded"], words["exclusions"]),
                definition=definitions[name],
                before=past["figures"][name]["share"] if past else None,
                unit=unit,
            )
        )
    return made


def matters_sentence(snapshot: CoverageSnapshot) -> str:
    matters = snapshot.definitions["matters"]
    said = _("version {n}").format(n=matters["version"]) if matters["version"] else _("the built-in default")
    for day, version in matters["changes"]:
        said += _(", version {n} from {day} on").format(n=version, day=day)
    for version, day in matters.get("backdated", ()):
        said += _("; version {n} was published only on {day}").format(n=version, day=day)
    return said


def problems(session: Session, actor: Actor, snapshot: CoverageSnapshot, names: Names) -> list[Problem]:
    """Missing and partly recorded events whose deadline is over, the missing ones first."""
    found = rows_behind(session, actor, snapshot, "recorded", Part.denominator, limit=None).items
    wrong = [one for one in found if one.counted.status in (Status.missing, Status.partly)]
    wrong.sort(
        key=lambda one: (
            one.counted.status != Status.missing, names.squad(one), one.row.row["event"]["arrived_at"]
        )
    )  # fmt: skip
    return [
        Problem(
            number=event_number(one.row.row, one.row.subject_id),
            squad=names.squad(one),
            kind=str(KINDS[one.row.row["event"]["kind"]].word.label),
            arrived=datetime.fromisoformat(one.row.row["event"]["arrived_at"]),
            what=_what(one),
        )
        for one in wrong
    ]


def _what(one: FrozenRow) -> str:
    kept = one.row.row["coverage"]
    if one.counted.status == Status.missing:
        if kept["links"]:
            return _("what was received shows none of the required time, or cannot be played")
        return _("no recording received by the deadline")
    said = [gap_sentence(gap) for gap in kept["gaps"] if not gap[3]]
    if kept["required_to"] is None:
        said.append(_("departure not known"))
    if len(said) > 3:
        said = [*said[:3], _("and {n} more gaps").format(n=number(len(said) - 3))]
    return _("; ").join(said)
