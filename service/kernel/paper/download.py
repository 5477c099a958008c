"""A table as an answer that the browser saves."""

import enum
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import Response
from sqlmodel import Session

from service.kernel.contract import gives
from service.kernel.paper.workbook import CSV, XLSX, Sheet, write_book, write_csv, write_xlsx
from service.kernel.policy import holds_samples

TABLE_FILE = gives(XLSX, "text/csv", description="The table, as a file")


class TableFormat(enum.StrEnum):
    xlsx = "xlsx"
    csv = "csv"


def table_response(
    name: str,
    form: TableFormat,
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    **more: Any,
) -> Response:
    """`name`: ASCII, made by us, without an ending. `more` goes to write_xlsx."""
    if form is TableFormat.xlsx:
        return file_response(f"{name}.xlsx", write_xlsx(title, columns, rows, **more), XLSX)
    return file_response(f"{name}.csv", write_csv(columns, rows), CSV)


def sheets_response(name: str, form: TableFormat, sheets: Sequence[Sheet]) -> Response:
    """All sheets as a book; as CSV the first one."""
    if form is TableFormat.xlsx:
        return file_response(f"{name}.xlsx", write_book(sheets), XLSX)
    return file_response(f"{name}.csv", write_csv(sheets[0].columns, sheets[0].rows), CSV)


def file_prefix(session: Session) -> str:
    """Of the names of tables and notices that hold sample data."""
    return "sample-" if holds_samples(session) else ""


def file_response(name: str, content: bytes, kind: str) -> Response:
    return Response(
        content,
        media_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
