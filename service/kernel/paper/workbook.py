"""Rows out of the service as a table that is safe to open: XLSX or CSV.

No text that came from a file, a device or a person can become a formula in a spreadsheet: it gets a ' in front, which
our own import takes off again. Numbers, truth values and times stay what they are.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from service.kernel.clock import local

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")  # at the start of a cell a spreadsheet may run it

_LONGEST_CELL = 32_767  # characters: a spreadsheet refuses the file beyond
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_TITLE = re.compile(r"[\[\]:*?/\\]")
_WIDEST = 60


def write_xlsx(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    notes: Sequence[Sequence[str]] = (),
    notes_title: str = "",
) -> bytes:
    """One sheet `title` with a bold header that stays in view; `notes` become a second sheet, which the import does
    not read. Values: text, numbers, truth values, None, dates, times (shown in the bureau's zone); all else as
    text."""
    sheets = [Sheet(title, columns, rows)]
    if notes:
        sheets.append(Sheet(notes_title, notes[0], notes[1:]))
    return write_book(sheets)


@dataclass(frozen=True)
class Sheet:
    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]


def write_book(sheets: Sequence[Sheet]) -> bytes:
    """Sheets in this order, each with a bold header that stays in view; values as in write_xlsx."""
    book = Workbook(write_only=True)
    for one in sheets:
        sheet = book.create_sheet(_title(one.title) if one.title else None)
        kept = [[_cell(value) for value in row] for row in one.rows]
        _widths(sheet, [list(one.columns), *kept])
        sheet.freeze_panes = "A2"
        sheet.append([_bold(sheet, name) for name in one.columns])
        for row in kept:
            sheet.append([_written(sheet, value) for value in row])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """UTF-8 with a mark, so that a Chinese Excel reads it; lines end in CR LF."""
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    writer.writerow([safe(name) for name in columns])
    for row in rows:
        writer.writerow([_plain(value) for value in row])
    return held.getvalue().encode("utf-8-sig", "replace")


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in FORMULA_STARTS and text else text


def _cell(value: Any) -> Any:
    """As a spreadsheet holds it: times without a zone, whole seconds."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return (local(value) if value.tzinfo else value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, date):
        return value
    return safe(_NOT_IN_XML.sub("", str(value)))[:_LONGEST_CELL]


def _plain(value: Any) -> Any:
    held = _cell(value)
    if isinstance(held, bool):
        return "true" if held else "false"
    return held.isoformat(sep=" ") if isinstance(held, datetime) else held


def _written(sheet: Any, value: Any) -> Any:
    if isinstance(value, str):
        if not value.startswith("#"):  # an error code; nothing else is taken for more than text by now
            return value
        cell = WriteOnlyCell(sheet)
        cell.value = value
        cell.data_type = "s"
        return cell
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
        return cell
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet)
        cell.value = value
        cell.number_format = "yyyy-mm-dd"
        return cell
    return value


def _bold(sheet: Any, text: str) -> Cell:
    cell = WriteOnlyCell(sheet, _cell(text))
    cell.font = Font(bold=True)
    cell.alignment = Alignment(vertical="top")
    return cell


def _title(text: str) -> str:
    return _NOT_IN_XML.sub("", _NOT_IN_TITLE.sub(" ", text)).strip("'")[:31] or "Sheet"


def _widths(sheet: Any, rows: Sequence[Sequence[Any]]) -> None:
    """From the first rows: a Chinese character is as wide as two others."""
    for place in range(max((len(row) for row in rows[:200]), default=0)):
        texts = (str(row[place]) for row in rows[:200] if place < len(row) and row[place] is not None)
        widest = max((sum(1 + (c > "\u2e7f") for c in text) for text in texts), default=0)
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(_WIDEST, widest + 3)
