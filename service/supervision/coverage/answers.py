"""Figures and their definitions as the API answers them and a frozen month keeps them. Their types: reads.py."""

from datetime import timedelta
from typing import Any

from service.supervision.coverage.figure_types import Figure
from service.supervision.coverage.figures import BY_NAME, SPECS
from service.supervision.coverage.queries import Board, Row
from service.supervision.coverage.selection import Filters


def definitions() -> list[dict[str, Any]]:
    """Every figure of the list, in its order, in the caller's language."""
    found = []
    for spec in SPECS:
        words = spec.words
        found.append(
            {
                "name": spec.name,
                "number": spec.number,
                "title": str(words.title),
                "counted": spec.counted,
                "about": spec.about,
                "unit": spec.unit,
                "better": spec.better,
                "by": sorted(spec.by) if spec.counted else [],
                "numerator": str(words.numerator),
                "denominator": str(words.denominator),
                "note": str(words.note),
            }
        )
    return found


def board_json(board: Board) -> dict[str, Any]:
    return {
        "as_of": board.as_of,
        "counted_at": board.counted_at,
        "by": list(board.by),
        **filters_json(board.filters),
        "rows": [_with_offers(row) for row in board.rows],
        "total": _with_offers(board.total),
        "absent": list(board.absent),
        "not_yet_counted": [spec.name for spec in SPECS if not spec.counted],
        "rule_changes": [
            {
                "day": one.day,
                "version": one.version,
                "published_on": one.published_on,
                "inside": one.inside,
                "backdated": one.backdated,
            }
            for one in board.rule_changes
        ],
        "definitions": definitions(),
    }


def filters_json(filters: Filters) -> dict[str, Any]:
    """`to` is the last day looked at."""
    return {
        "basis": filters.basis,
        "from": filters.since,
        "to": filters.until - timedelta(days=1) if filters.until else None,
    }


def _with_offers(row: Row) -> dict[str, Any]:
    """What is offered stands on the board of the day only: a frozen month is what was decided by then."""
    found = row_json(row)
    for name, figure in row.figures.items():
        found["figures"][name]["offered"] = figure.offered
    return found


def row_json(row: Row) -> dict[str, Any]:
    return {
        "keys": {key.dimension: {"value": key.value, "label": key.label} for key in row.keys},
        "figures": {name: figure_json(figure) for name, figure in row.figures.items()},
        "standings": row.standings,
    }


def figure_json(figure: Figure) -> dict[str, Any]:
    return {
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "share": figure.share,
        "unit": BY_NAME[figure.name].unit,
        "n": figure.n,
        "small": figure.small,
        "excluded": figure.excluded,
        "reasons": figure.reasons,
        "matter_versions": list(figure.matter_versions),
        "rule_version": figure.rule_version,
        "p50_s": figure.p50,
        "p95_s": figure.p95,
    }
