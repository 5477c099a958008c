"""Tables brought in, and what became of their rows."""

import io
from typing import Any

from openpyxl import Workbook

from schemas.accounts import Role
from service.registry.importing.actions import Report, run_import
from tests.service.finding.linking.field import Field


def bring(
    field: Field,
    importer: type,
    table: str,
    *,
    dry_run: bool = False,
    role: Role = Role.admin,
    squad: str | None = None,
) -> Report:
    actor = field.actor(role, squad)
    return run_import(importer(field.session, actor), table.encode(), "text/csv", dry_run=dry_run)


def outcomes(report: Report) -> list[str]:
    return [str(row.outcome) for row in report.rows]


def workbook(*rows: Any, merge: str = "", more: tuple[str, ...] = (), hidden: str = "") -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if merge:
        book.active.merge_cells(merge)
    for name in more:
        book.create_sheet(name).append(["证号"])
    if hidden:
        book.create_sheet(hidden, 0).sheet_state = "hidden"
    return saved(book)


def saved(book: Workbook) -> bytes:
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()
