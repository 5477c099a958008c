"""The first sheet that is seen of an old Excel file (.xls, also what WPS calls .et) as rows of text. A stranger's file: its records are
counted before xlrd makes objects of them."""

import io
from collections.abc import Iterator
from struct import error as CutOff
from struct import unpack_from
from typing import Any

from openpyxl.styles.numbers import is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel
from xlrd import (
    XL_CELL_BOOLEAN,
    XL_CELL_DATE,
    XL_CELL_ERROR,
    XL_CELL_NUMBER,
    XL_CELL_TEXT,
    error_text_from_code,
    open_workbook,
)
from xlrd.biffh import XLRDError
from xlrd.book import Book
from xlrd.compdoc import CompDocError

from service.kernel.i18n import gettext as _
from service.kernel.written_times import CountedFrom1904
from service.registry.importing.errors import ImportUnreadable
from service.registry.importing.xlsx import MOST_COLUMNS, Rows, number_shown, text_of

MAGIC = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # also of an XLSX behind a password, and of what is no table at all
)

MOST_CELLS = 5_000_000  # with those that stand empty before a cell far to the right
MOST_STRINGS = 1_100_000
MOST_OTHERS = 100_000  # styles, names, links, remarks: xlrd makes an object of each, many times its size

_BOF, _EOF, _CONTINUE, _FILEPASS, _BOUNDSHEET, _SST, _MERGED = 0x809, 0x0A, 0x3C, 0x2F, 0x85, 0xFC, 0xE5
_ONE_CELL = frozenset({0x06, 0x0203, 0x0204, 0x0205, 0x0206, 0x027E, 0x0201, 0xD6, 0xFD, 0x0406})
_SEVERAL = frozenset({0xBD, 0xBE})  # cells of one row, the last column at the end
_OF_ROWS = frozenset({0x0207, 0x0208, 0xD7})  # texts of formulas, heights and addresses of rows
_WORKSHEET = 0
_HIDDEN = 0b11  # from the menu, or by a macro


def rows_of(data: bytes) -> Rows:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise ImportUnreadable(problem=_("it is behind a password: save it without one"))
    try:
        stream = Book()
        stream.biff2_8_load(file_contents=data, logfile=io.StringIO())
    except (XLRDError, CompDocError, CutOff, IndexError, ValueError, AssertionError) as error:
        raise _damaged() from error
    try:
        place, seen = _bounded(stream.mem or b"", stream.base, stream.base + stream.stream_len)
    except (CutOff, IndexError) as error:
        raise _damaged() from error
    try:
        book = open_workbook(
            file_contents=data, logfile=io.StringIO(), formatting_info=True, on_demand=True, ragged_rows=True
        )
        sheet = book.sheet_by_index(place)
        names = book.sheet_names()
    except Exception as error:  # whatever a damaged file trips xlrd with: it checks little
        raise _damaged() from error
    return Rows(_texts(book, sheet), [names[one] for one in seen if one != place], _merged(sheet))


def _damaged() -> ImportUnreadable:
    return ImportUnreadable(problem=_("it is an old Excel file (.xls) that is damaged, or no table at all"))


def _records(mem: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and length of each up to the end of what begins there, with what is embedded in it."""
    depth = 0
    while start + 4 <= end:
        kind, length = unpack_from("<HH", mem, start)
        start += 4
        yield kind, start, length
        start += length
        depth += (kind == _BOF) - (kind == _EOF)
        if kind == _EOF and depth <= 0:
            return


def _bounded(mem: bytes, base: int, end: int) -> tuple[int, list[int]]:
    """Of all that is read: what stands before the sheets, and the first of them that is seen. Which of the sheets that
    is, and which are seen: what nobody sees holds the words of drop-down lists."""
    starts: list[int] = []
    seen: list[int] = []
    others = strings = 0
    for kind, place, _length in _records(mem, base, end):
        if kind == _FILEPASS:
            raise ImportUnreadable(problem=_("it is behind a password: save it without one"))
        if kind == _BOUNDSHEET and mem[place + 5] == _WORKSHEET:
            if not mem[place + 4] & _HIDDEN:
                seen.append(len(starts))
            starts += unpack_from("<i", mem, place)
        elif kind == _SST:
            strings += max(0, unpack_from("<i", mem, place + 4)[0])
        others += kind != _CONTINUE
    seen = seen or list(range(len(starts)))
    if not starts or not 0 <= starts[seen[0]] < end - base:
        raise ImportUnreadable(problem=_("there is no table in it"))
    widths: dict[int, int] = {}
    for kind, place, length in _records(mem, base + starts[seen[0]], end):
        if kind in _ONE_CELL or kind in _SEVERAL:
            row, column = unpack_from("<HH", mem, place)
            if kind in _SEVERAL:
                (column,) = unpack_from("<H", mem, place + length - 2)
            widths[row] = max(widths.get(row, 0), column + 1)
        elif kind == _MERGED:
            others += length // 8
        elif kind not in _OF_ROWS and kind != _CONTINUE:
            others += 1
    if sum(widths.values()) > MOST_CELLS or strings > MOST_STRINGS or others > MOST_OTHERS:
        raise ImportUnreadable(problem=_("it holds more than a table of that kind can need"))
    return seen[0], seen


def _texts(book: Any, sheet: Any) -> list[list[str]]:
    epoch = CALENDAR_MAC_1904 if book.datemode else CALENDAR_WINDOWS_1900
    rows = []
    for number in range(sheet.nrows):
        texts = [_text(book, cell, epoch) for cell in sheet.row(number)]
        while texts and not texts[-1]:
            texts.pop()
        if len(texts) > MOST_COLUMNS:
            raise ImportUnreadable(
                problem=_("row {row} has more than {columns} columns").format(
                    row=number + 1, columns=MOST_COLUMNS
                )
            )
        rows.append(texts)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _text(book: Any, cell: Any, epoch: Any) -> str:
    match cell.ctype:
        case kind if kind == XL_CELL_TEXT:
            return text_of(cell.value)
        case kind if kind == XL_CELL_BOOLEAN:
            return text_of(bool(cell.value))
        case kind if kind == XL_CELL_ERROR:
            return text_of(error_text_from_code.get(cell.value, "#N/A"))
        case kind if kind in (XL_CELL_NUMBER, XL_CELL_DATE):
            code = _format(book, cell.xf_index)
            if code and is_date_format(code):
                try:
                    return text_of(from_excel(cell.value, epoch, timedelta=is_timedelta_format(code)))
                except (OverflowError, ValueError):
                    return text_of("#VALUE!")
            return number_shown(cell.value, code, CountedFrom1904 if book.datemode else str)
        case _:
            return ""


def _format(book: Any, style: int) -> str:
    try:
        return book.format_map[book.xf_list[style].format_key].format_str or ""
    except (IndexError, KeyError, TypeError):  # a style that the workbook has not
        return ""


def _merged(sheet: Any) -> list[tuple[int, int, int]]:
    """Downwards, as xlsx.Scanned has them."""
    return [(top + 1, below, left + 1) for top, below, left, _right in sheet.merged_cells if below - top > 1]
