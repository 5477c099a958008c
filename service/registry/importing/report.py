"""What an import did, row by row; and the same kept."""

import json
import zlib
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    created = "created"
    changed = "changed"
    unchanged = "unchanged"
    refused = "refused"


@dataclass(frozen=True)
class RowReport:
    """`row`: as the spreadsheet numbers it; in a list of JSON the place, from 1. `changes`: the fields that differ from
    what was known, for a changed row. `note`: what else to know of it."""

    row: int
    outcome: Outcome
    key: str = ""
    problem: str | None = None
    changes: list[str] = field(default_factory=list)
    note: str | None = None


@dataclass(frozen=True)
class Report:
    """`applied`: what the rows say was done; never for a dry run, nor where all or nothing is wanted and a row was
    refused. `unread_sheets`: only the first sheet of a workbook is read."""

    dry_run: bool
    applied: bool
    counts: dict[str, int]
    ignored_columns: list[str]
    unread_sheets: list[str]
    rows: list[RowReport]


def packed(report: Report) -> bytes:
    """With whatever more the report of its kind tells."""
    return zlib.compress(
        json.dumps(asdict(report), default=str, ensure_ascii=False).encode("utf-8", "replace")
    )


def unpacked(kept: bytes) -> dict[str, Any]:
    """Its fields, as JSON has them."""
    return json.loads(zlib.decompress(kept))
