"""Figures as tables: one line for each group and figure, with all that the figure stands on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.kernel.paper.workbook import Sheet
from service.registry.events.kinds import KINDS
from service.registry.events.subjects import Subjects
from service.supervision.coverage.answers import row_json
from service.supervision.coverage.figure_types import Dimension
from service.supervision.coverage.figures import BY_NAME, SPECS
from service.supervision.coverage.queries import Board
from service.supervision.coverage.words import DIMENSIONS, EXCLUSIONS, EXEMPTIONS

BASES = {
    "counted": lazy("automatic and confirmed links"),
    "confirmed": lazy("confirmed links only"),
}


def board_sheets(board: Board, words: Subjects) -> list[Sheet]:
    """`words`: of subjects."""
    rows = [row_json(row) for row in (*board.rows, board.total)]
    about = [
        board.as_of,
        board.counted_at,
        str(BASES[board.filters.basis]),
        *_range(board),
    ]
    headers = [_("As of"), _("Counted at"), _("Links counted"), _("From"), _("To")]
    columns, lines = figure_table(rows, board.by, words)
    names = list(board.total.figures)
    return [
        # what it was counted by stands in every line, so that no table travels without it
        Sheet(_("Figures"), [*columns, *headers], [[*line, *about] for line in lines]),
        definition_sheet(names),
    ]


def figure_table(
    rows: Sequence[Mapping[str, Any]], by: Sequence[Dimension | str], words: Subjects | None = None
) -> tuple[list[str], list[list[Any]]]:
    """Of rows in the shape of the API; one without keys is the whole."""
    dimensions = [Dimension(one) for one in by]
    columns = [str(DIMENSIONS[one]) for one in dimensions] + [
        _("No."),
        _("Figure"),
        _("Numerator"),
        _("Denominator"),
        _("Unit"),
        _("Share"),
        _("Rows"),
        _("Few rows"),
        _("Left out"),
        _("By reason"),
        _("Matters list version"),
        _("Counting rule"),
        "P50 (s)",
        "P95 (s)",
    ]
    return columns, list(_lines(rows, dimensions, words))


def _lines(
    rows: Iterable[Mapping[str, Any]], by: Sequence[Dimension], words: Subjects | None
) -> Iterator[list[Any]]:
    units = {"count": _("count"), "seconds": _("seconds")}
    for row in rows:
        labels = [_label(row, one, words) for one in by]
        for name, figure in row["figures"].items():
            yield [
                *labels,
                BY_NAME[name].number,
                str(BY_NAME[name].words.title),
                figure["numerator"],
                figure["denominator"],
                units[figure["unit"]],
                figure["share"],
                figure["n"],
                _("yes") if figure["small"] else "",
                counts(figure["excluded"], EXCLUSIONS),
                counts(figure["reasons"], EXEMPTIONS),
                "、".join(str(one) for one in figure["matter_versions"]),
                figure["rule_version"],
                figure["p50_s"],
                figure["p95_s"],
            ]


def _label(row: Mapping[str, Any], dimension: Dimension, words: Subjects | None) -> str:
    key = row["keys"].get(dimension)
    if key is None:
        return _("All together")
    if dimension is Dimension.kind and key["value"] in KINDS:
        return str(KINDS[key["value"]].word.label)
    if dimension is Dimension.subject and words is not None and key["value"]:
        return words.word(key["value"])
    nothing = _("names no officer") if dimension is Dimension.officer else _("none")
    return key["label"] or nothing


def counts(found: Mapping[str, int], words: Mapping[str, object]) -> str:
    return _("; ").join(f"{words.get(name, name)} {n}" for name, n in found.items() if n)


def definition_sheet(names: Iterable[str], definitions: Sequence[Mapping[str, Any]] | None = None) -> Sheet:
    """The words of these figures: today's, or those of `definitions` in the shape of the API."""
    held = {one["name"]: one for one in definitions or ()}
    lines = []
    for spec in SPECS:
        if spec.name in names:
            words = spec.words
            said = held.get(spec.name) or {
                part: str(getattr(words, part)) for part in ("title", "numerator", "denominator", "note")
            }
            lines.append([spec.number, said["title"], said["numerator"], said["denominator"], said["note"]])
    columns = [_("No."), _("Figure"), _("Numerator"), _("Denominator"), _("Note")]
    return Sheet(_("Definitions"), columns, lines)


def _range(board: Board) -> list[Any]:
    until = board.filters.until
    return [board.filters.since, until - timedelta(days=1) if until else None]
