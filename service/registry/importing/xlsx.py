"""The first sheet of an XLSX file as rows of text. A stranger's file: bounded before it is unpacked or parsed."""

import io
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

from openpyxl import load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.utils.exceptions import InvalidFileException

from service.kernel.i18n import gettext as _
from service.kernel.written_times import CountedFrom1904
from service.registry.importing.errors import ImportTooLarge, ImportUnreadable

MAGIC = b"PK\x03\x04"

STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT_NAME = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")

MOST_UNPACKED = 128_000_000
MOST_PARTS = 1000
MOST_COLUMNS = 200
MOST_WRITTEN = 200_000  # rows that stand in the file, blank ones too
LAST_ROW = 1_100_000  # some programs write a style into the very last row of a sheet
_MOST_CELLS = 4_000_000  # with those that stand empty before a cell far to the right
_MOST_ELEMENTS = 12_000_000
_MOST_IN_ONE = 40 * MOST_COLUMNS  # elements inside one row or one styled text

# Beyond this many digits a spreadsheet has rounded the number.
_EXACT = 10**15
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
# One 0 each, text in quotes or behind \ or !, and what stands for itself. Not shown: a gap as wide as a sign (_x), what
# fills the cell (*x), marks of thousands, and digits that only stand there where a number has them (#, ?).
_LOCALE = re.compile(r"\[[^\]]*\]")
_NOT_SHOWN = re.compile(r"""("[^"]*"|[\\!].)|[_*].|[,#?@]""")
_ZEROS = re.compile(r'(?:0|"[^"]*"|[\\!].|[-() /])+')
_FORMAT_PART = re.compile(r'0|"[^"]*"|[\\!].|.')
_BROKEN = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|GETTING_DATA|SPILL!|CALC!)")
_TOO_NARROW = re.compile(r"#{4,}")  # shown, and saved as text, in place of a number or a time


class Lost(str):
    """A cell whose content the spreadsheet no longer has, with the reason; the row is refused."""


class Dated(str):
    """A day or a time of day that the spreadsheet keeps as such: what was typed as 3-5 looks like it, too."""


@dataclass
class Scanned:
    """What openpyxl does not tell when it reads row by row. Rows and columns count from 1.

    `merged`: (first row, last row, column) of cells merged downwards; only the first one has the text.
    `unfinished`: columns by row of formulas that were saved without a result."""

    merged: list[tuple[int, int, int]] = field(default_factory=list)
    unfinished: dict[int, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Text of every cell down to the last row with content. Times are ISO 8601 without a zone, 12.0 is "12", and
    what cannot be known is `Lost`. `unread`: names of the further sheets. `merged`: as in Scanned."""

    texts: list[list[str]]
    unread: list[str]
    merged: list[tuple[int, int, int]]


def rows_of(data: bytes, most_rows: int) -> Rows:
    try:
        parts = _bounded(data)
        book = load_workbook(
            io.BytesIO(_transitional(data)), read_only=True, data_only=True, keep_links=False
        )
    except (
        zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, ExpatError, SyntaxError, OSError,
    ) as error:  # fmt: skip # OSError: a binary workbook, or a letter
        raise ImportUnreadable(problem=_("it is not an XLSX table, or it is damaged")) from error
    except (NotImplementedError, RuntimeError) as error:  # a compression or a password zipfile does not know
        raise ImportUnreadable(problem=_("it is behind a password or packed in an unknown way")) from error
    if not book.worksheets:
        raise ImportUnreadable(problem=_("there is no table in it"))
    # what nobody sees holds the words of drop-down lists
    with_rows = [one for one in book.worksheets if one.sheet_state == "visible"] or book.worksheets
    sheet: Any = with_rows[0]  # a read-only sheet, of which the stubs know less
    sheet.reset_dimensions()  # many programs write a wrong extent
    scanned = parts.get(sheet._worksheet_path.lstrip("/"), Scanned())
    rows: list[list[str]] = []
    filled = 0
    counted = CountedFrom1904 if book.epoch == CALENDAR_MAC_1904 else str
    codes: dict[int, str] = {}  # of number formats, by style: looked up once
    try:
        for number, cells in enumerate(sheet.iter_rows(), 1):
            texts = [_cell_text(cell, codes, counted) for cell in cells]
            for column in scanned.unfinished.get(number, ()):
                texts += [""] * (column - len(texts))
                texts[column - 1] = Lost(_("a formula in it has no result yet: open the file and save it"))
            while texts and not texts[-1]:
                texts.pop()
            if len(texts) > MOST_COLUMNS:
                raise ImportUnreadable(
                    problem=_("row {row} has more than {columns} columns").format(
                        row=number, columns=MOST_COLUMNS
                    )
                )
            rows.append(texts)
            filled += bool(texts)
            if filled > most_rows + 10:
                raise ImportTooLarge(megabytes=MOST_UNPACKED // 1_000_000, rows=most_rows)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OverflowError, SyntaxError) as error:
        # openpyxl lets its parser's own errors through when a sheet is damaged
        raise ImportUnreadable(problem=_("it is not an XLSX table, or it is damaged")) from error
    finally:
        book.close()
    while rows and not rows[-1]:
        rows.pop()
    return Rows(rows, [one.title for one in with_rows[1:]], scanned.merged)


def _transitional(data: bytes) -> bytes:
    """Strict Open XML has other namespaces for the same words, and openpyxl knows only the one kind."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if STRICT not in archive.read("_rels/.rels"):
            return data
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as rewritten:
            for part in archive.infolist():
                content = archive.read(part)
                if part.filename.endswith((".xml", ".rels")):
                    content = _STRICT_NAME.sub(rb"http://schemas.openxmlformats.org/\1/2006/", content)
                rewritten.writestr(part.filename, content)
    return held.getvalue()


def _bounded(data: bytes) -> dict[str, Scanned]:
    """By part of the file."""
    found: dict[str, Scanned] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise ImportUnreadable(
                problem=_("unpacked it would be larger than {megabytes} MB").format(
                    megabytes=MOST_UNPACKED // 1_000_000
                )
            )
        if any(part.flag_bits & 1 for part in parts):
            raise RuntimeError
        for part in parts:  # a sheet may be called anything
            with archive.open(part) as content:
                try:
                    found[part.filename] = _scan(content)
                except ExpatError:
                    if part.filename.endswith((".xml", ".rels")):
                        raise
    return found


def _scan(content: Any) -> Scanned:
    """openpyxl holds one row, or one styled text, in memory as a tree: bound that, and the number of them. It fills in
    every row and cell that a number leaves out: a few bytes with a high row number would be a thousand million rows.

    Costs a tenth of what reading the sheet costs afterwards."""
    depth = elements = rows = inside = cells = row = column = 0
    in_row = formula = result = False
    found = Scanned()

    def start(name: str, attributes: dict) -> None:
        nonlocal depth, elements, rows, inside, cells, in_row, row, column, formula, result
        elements += 1
        if depth == 2:
            inside = 0
            kind = name.rpartition(":")[2]
            in_row = kind == "row"
            if in_row:
                rows += 1
                row, column = _row_number(attributes.get("r", "0")) or row + 1, 0
            elif kind == "mergeCell":
                found.merged += _merged_downwards(attributes.get("ref", ""))
        elif depth > 2:
            inside += 1
            if in_row and depth == 3:
                before, column = column, _column_number(attributes.get("r", "")) or column + 1
                cells += max(1, column - before)
                formula = False
                result = attributes.get("t") == "str"  # a text, though it may be empty
            elif in_row and depth == 4:
                kind = name.rpartition(":")[2]
                if kind == "f":
                    formula = True
                elif kind == "v" and formula:
                    parser.CharacterDataHandler = some
        depth += 1
        if (
            elements > _MOST_ELEMENTS
            or rows > MOST_WRITTEN
            or row > LAST_ROW
            or inside > _MOST_IN_ONE
            or cells > _MOST_CELLS
            or depth > 64
        ):
            raise ImportUnreadable(
                problem=_("it holds more than {rows} rows or {columns} columns").format(
                    rows=MOST_WRITTEN, columns=MOST_COLUMNS
                )
            )

    def some(text: str) -> None:
        nonlocal result
        result = result or bool(text.strip())

    def end(_name: str) -> None:
        nonlocal depth, formula
        depth -= 1
        if depth == 4:
            parser.CharacterDataHandler = None
        elif depth == 3 and in_row and formula:
            formula = False
            if not result and column <= MOST_COLUMNS:
                found.unfinished.setdefault(row, []).append(column)

    def forbidden(*_declared: Any) -> None:
        raise ImportUnreadable(problem=_("it is not an XLSX table, or it is damaged"))

    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = forbidden
    parser.ParseFile(content)
    return found


def _merged_downwards(said: str) -> list[tuple[int, int, int]]:
    place = _REFERENCE.fullmatch(said)
    if place is None or int(place[2]) >= int(place[4]):
        return []
    return [(int(place[2]), int(place[4]), _column_number(place[1]))]


def _row_number(said: str) -> int:
    try:
        return int(float(said))
    except (ValueError, OverflowError):
        return LAST_ROW + 1


def _column_number(place: str) -> int:
    """Of a cell's place, such as 28 for AB7."""
    number = 0
    for letter in place.upper():
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - 64
    return number


def _cell_text(cell: Any, codes: dict[int, str], counted: type[str]) -> str:
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text_of(value)
    if cell._style_id not in codes:
        with suppress(IndexError):  # a style that the workbook has not
            codes[cell._style_id] = cell.number_format or ""
    return number_shown(value, codes.get(cell._style_id, ""), counted)


def number_shown(value: int | float, code: str, counted: type[str]) -> str:
    """`code`: of its format. `counted`: what a number of days is, by the epoch of the workbook."""
    text = shown_as(value, code) or number_text(value)
    return text if isinstance(text, Lost) else counted(text)


def shown_as(value: int | float, code: str) -> str:
    """With the zeros that the cell shows in front: 10 as 000010 or 000-010; "" where its format says nothing of it."""
    code = _NOT_SHOWN.sub(r"\1", _LOCALE.sub("", code).partition(";")[0])
    if value < 0 or not float(value).is_integer() or value >= _EXACT:
        return ""
    if code.count("0") < 2 or not _ZEROS.fullmatch(code):
        return ""
    parts = _FORMAT_PART.findall(code)
    zeros = parts.count("0")
    digits = f"{int(value):0{zeros}d}"
    first, rest = digits[: len(digits) - zeros + 1], iter(digits[len(digits) - zeros + 1 :])
    shown, begun = "", False
    for part in parts:
        if part != "0":
            shown += part[1:] if part[0] in "\\!" else part.strip('"')
        else:
            shown, begun = shown + (next(rest) if begun else first), True
    return shown.strip()


def text_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return as_found(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, datetime):
        # a spreadsheet keeps days as fractions: 08:10 may come back as 08:09:59.999997
        rounded = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
        return Dated(rounded.isoformat())
    if isinstance(value, date | time):
        return Dated(value.isoformat())
    if isinstance(value, timedelta):  # of a format that counts hours, such as [h]:mm
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def as_found(text: str) -> str:
    """A cell's text, also as a text file holds it."""
    text = text.strip()
    if text[:1] != "#":
        return text
    if _BROKEN.fullmatch(text):
        return Lost(_("a formula in it failed ({text})").format(text=text))
    if _TOO_NARROW.fullmatch(text):
        return Lost(_("the column was too narrow when it was saved: make it wider and save it again"))
    return text


def number_text(value: int | float) -> str:
    if abs(value) >= _EXACT:
        return Lost(
            _("{number} is so long that the spreadsheet lost its last digits: make the column text").format(
                number=f"{value:.0f}"
            )
        )
    return str(int(value)) if float(value).is_integer() else repr(float(value))
