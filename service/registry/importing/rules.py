"""Files into rows: XLSX, XLS, JSON or CSV, in whatever encoding a Chinese office program writes. Pure."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from schemas.plain_text import prose
from service.kernel.encodings import NoText, decoded
from service.kernel.i18n import gettext as _
from service.kernel.keys import plain
from service.kernel.paper.workbook import FORMULA_STARTS
from service.kernel.text import fold
from service.kernel.written_times import UnreadableTime, read_time
from service.registry.importing import xls, xlsx
from service.registry.importing.errors import ImportTooLarge, ImportUnreadable

MOST_BYTES = 32_000_000
MOST_ROWS = 100_000
HEADER_WITHIN = 10
OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
MOST_CELLS = 40 * MOST_ROWS
LONGEST_CELL = 32_767  # characters: no spreadsheet holds more in one
_LONGEST_NAME = 200  # of a column
_LONGEST_WORD = 20  # for yes or no
_MOST_MERGED = 20 * MOST_ROWS  # cells under merged ones: in a sound file they never overlap
_SEPARATORS = re.compile(r"[;；、,，|\s]+")
_LOOKED_AT = 4000
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")
_SAID = {"big5": "Big5", "shift_jis": "Shift-JIS", "euc_kr": "EUC-KR", "euc_jp": "EUC-JP"}
_WEB_PAGE = re.compile(r"<(?:!doctype html|html|head|meta|body|table|tr|td|div|script|style|p|span|br)\b")
# 到达时间*, *到达时间, 到达时间（必填）, 日期（格式：2026-03-02）
_REMARK = re.compile(r"^\*+|\*+$|\((?:\*|必|选|可|如|例|示例|格式|yyyy)[^()]*\)\**$")
TRUE = {"1", "true", "yes", "y", "是", "已取消", "取消"}
FALSE = {"0", "false", "no", "n", "否", ""}


@dataclass(frozen=True)
class SourceRow:
    """`number`: as the spreadsheet numbers its rows; of JSON the place in the list, from 1. `problem`: why it cannot be
    used."""

    number: int
    values: dict[str, Any]
    problem: str = ""


@dataclass(frozen=True)
class Sheet:
    """Rows under our own field names; `ignored`: columns that nobody knows; `unread`: further sheets of the file.
    `header`: as it stands there; None of a list of JSON, which may be empty."""

    rows: list[SourceRow]
    columns: frozenset[str]
    ignored: tuple[str, ...]
    unread: tuple[str, ...] = ()
    header: tuple[str, ...] | None = None


class Names(dict[str, str]):
    """Folded name of a column → the field. `own`: those names that a field is called by first: its code, and the
    first of its other names."""

    own: frozenset[str] = frozenset()

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        names = cls({fold(name): field for name, field in headers.items()})
        names.update({fold(field): field for field in headers.values()})
        first: dict[str, str] = {}
        for name, field in headers.items():
            first.setdefault(field, name)
        names.own = frozenset(map(fold, (*first, *first.values())))
        return names


def read(data: bytes, content_type: str, headers: Mapping[str, str]) -> Sheet:
    """`headers`: other names of our fields, such as Chinese ones → the field, the usual one first. An empty cell says
    nothing. Where a field's own name stands over a column, columns that are called otherwise are not read for it; of
    several that remain each row may say one thing only.

    An XLSX or XLS file is known by its first bytes, whatever it is called."""
    if len(data) > MOST_BYTES:
        raise ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)
    names = Names.of(headers)
    if data.startswith((xlsx.MAGIC, xls.MAGIC)):
        if data.startswith(OPEN_DOCUMENT, 30):  # behind the archive's first head
            raise ImportUnreadable(problem=_("it is an OpenDocument table (.ods): save it as .xlsx or CSV"))
        old = data.startswith(xls.MAGIC)
        found = xls.rows_of(data) if old else xlsx.rows_of(data, MOST_ROWS)
        return _table(found.texts, names, found.unread, found.merged)
    try:
        content = decoded(data)
    except NoText as error:
        if error.foreign:
            sentence = _(
                "it is written in {encoding}, not in Unicode or GBK: save it as .xlsx or as CSV UTF-8"
            )
            raise ImportUnreadable(problem=sentence.format(encoding=_SAID[error.encoding])) from error
        raise ImportUnreadable(problem=_("it is no text: {place}").format(place=error)) from error
    if problem := _no_table(content):
        raise ImportUnreadable(problem=problem)
    if "json" in content_type or content.lstrip()[:1] in ("[", "{"):
        return _json(content, names)
    if "spreadsheet" in content_type:
        raise ImportUnreadable(problem=_("it is not an XLSX table, or it is damaged"))
    return _table(csv_rows(content), names)


def _no_table(content: str) -> str:
    """What programs save under the name of a table, or nothing at all."""
    head = content[:_LOOKED_AT].lstrip().lower()
    if not head:
        return _("it is empty")
    if head.startswith("%pdf") or _CONTROL.search(head):
        return _("it is no table")
    if head.startswith("mime-version:") or (head.startswith("<") and _WEB_PAGE.search(head)):
        return _("it is a web page under another name: open it and save it as .xlsx")
    if head.startswith("<"):
        return _("it is an XML file: open it and save it as .xlsx")
    return ""


def _json(content: str, names: Names) -> Sheet:
    try:
        loaded = json.loads(content, parse_constant=_no_value)
    except (ValueError, RecursionError) as error:
        raise ImportUnreadable(problem=str(error)[:200]) from error
    if isinstance(loaded, dict) and isinstance(loaded.get("items"), list):
        loaded = loaded["items"]
    if not isinstance(loaded, list) or not all(isinstance(row, dict) for row in loaded):
        raise ImportUnreadable(problem=_("a list with an object for each row is wanted: [{…}, …]"))
    if len(loaded) > MOST_ROWS:
        raise ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)
    rows: list[SourceRow] = []
    columns: set[str] = set()
    ignored: dict[str, None] = {}
    for number, found in enumerate(loaded, 1):
        fields = _fields(list(found), names)
        ignored |= {name[:100]: None for name, field in zip(found, fields, strict=True) if field is None}
        cells = [
            (field, name, _as_cell(found[name])) for name, field in zip(found, fields, strict=True) if field
        ]
        columns.update(field for field, _name, _value in cells)
        rows.append(SourceRow(number, *_one_each(cells)))
    return Sheet(rows, frozenset(columns), tuple(ignored)[:50])


def _no_value(word: str) -> Any:
    raise ValueError(_("{word} is no value of JSON").format(word=word))


def _as_cell(value: Any) -> Any:
    """A number as a spreadsheet's cell would bring it."""
    if isinstance(value, str):
        return _clean(xlsx.as_found(value))
    if isinstance(value, list):
        return [one if isinstance(one, list) else _as_cell(one) for one in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(value) if isinstance(value, int) else xlsx.number_text(value)


def _fields(headers: Sequence[str], names: Names) -> list[str | None]:
    """What each column says; None of one that nobody knows, and of one that is read elsewhere."""
    bare = [_bare(name, names) for name in headers]
    own = {names[name] for name in bare if name in names.own}
    return [
        None if name not in names or (names[name] in own and name not in names.own) else names[name]
        for name in bare
    ]


def _one_each(cells: Sequence[tuple[str, str, Any]]) -> tuple[dict[str, Any], str]:
    """Field → what a row says, of (field, header, value), and why it cannot be used."""
    values: dict[str, Any] = {}
    said_by: dict[str, str] = {}
    for field, header, value in cells:
        if field not in values or values[field] in ("", None):
            values[field], said_by[field] = value, header
        elif value not in ("", None) and not _alike(values[field], value):
            sentence = _("“{one}” says {this} and “{other}” says {that}: one of them must go")
            return values, sentence.format(one=said_by[field], this=values[field], other=header, that=value)
    return values, _lost(values)


def _alike(one: Any, other: Any) -> bool:
    if one == other:
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    try:
        return fold(one) == fold(other) or read_time(one) == read_time(other)
    except UnreadableTime:
        return False


def _clean(cell: str) -> str:
    return prose(cell).strip() if type(cell) is str else cell  # others know from what cell they came


def _lost(values: Mapping[str, Any]) -> str:
    for field, value in values.items():
        for cell in value if isinstance(value, list) else [value]:
            if isinstance(cell, xlsx.Lost):
                return f"{field}: {cell}"
            if isinstance(cell, str) and len(cell) > LONGEST_CELL:
                return f"{field}: " + _("it has more than {n} characters").format(n=LONGEST_CELL)
    return ""


def csv_rows(content: str, *, strict: bool = True) -> list[list[str]]:
    """A row of the table each, blank ones too. `strict`: quotes that do not fit are refused."""
    lines = content.split("\n", HEADER_WITHIN)[:HEADER_WITHIN]
    # of a title line only its own marks would be counted
    delimiter = max(
        ",\t;", key=lambda mark: (sum(mark in line for line in lines), content.count(mark, 0, 4000))
    )
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=strict)
    rows = []
    taken = 0
    try:
        for cells in reader:
            rows.append([xlsx.as_found(cell) for cell in cells])
            taken += len(cells)
            if len(rows) > MOST_ROWS + HEADER_WITHIN or taken > MOST_CELLS:
                raise ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)
    except csv.Error as error:
        problem = _("line {line}: {error}").format(line=reader.line_num, error=error)
        raise ImportUnreadable(problem=problem) from error
    return rows


def _table(
    rows: Sequence[list[str]],
    names: Names,
    unread: Sequence[str] = (),
    merged: Sequence[tuple[int, int, int]] = (),
) -> Sheet:
    top = header_row(rows, names)
    _fill_merged(rows, top, merged)
    header = _header(rows, top, names)
    fields = _fields(header, names)
    known = [field for field in fields if field]
    read_names = [_bare(name, names) for name, field in zip(header, fields, strict=True) if field]
    if len(set(read_names)) < len(read_names):
        twice = ", ".join(dict.fromkeys(name for name in read_names if read_names.count(name) > 1))
        raise ImportUnreadable(problem=_("two columns have the same name: {names}").format(names=twice))
    found: list[SourceRow] = []
    for number, cells in enumerate(rows[top + 1 :], top + 2):
        if not any(cells):
            continue
        if len(found) == MOST_ROWS:
            raise ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)
        if known and any(cells[len(fields) :]):
            raise ImportUnreadable(problem=_("row {row} is longer than the header").format(row=number))
        said = zip(fields, header, cells, strict=False)
        values, problem = _one_each([(field, name, cell) for field, name, cell in said if field and cell])
        values = {field: _unprefixed(_clean(cell)) for field, cell in values.items()}
        found.append(SourceRow(number, values, problem))
    ignored = [name[:100] for name, field in zip(header, fields, strict=True) if name and not field]
    seen = tuple(name[:100] for name in header if name)[:50]
    return Sheet(found, frozenset(known), tuple(ignored)[:50], tuple(unread)[:50], seen)


def _field(header: str, names: Mapping[str, str]) -> str | None:
    return names.get(_bare(header, names))


def _bare(header: str, names: Mapping[str, str]) -> str:
    """The name of a column, whatever remark stands with it."""
    name = fold(header[:_LONGEST_NAME])
    while name not in names and (bare := _REMARK.sub("", name)) != name:
        name = bare
    return name


def _fill_merged(rows: Sequence[list[str]], top: int, merged: Sequence[tuple[int, int, int]]) -> None:
    """One squad written beside five rows, in a cell merged over them, is the squad of all five. Rows with nothing else
    stay empty."""
    steps = 0
    for first, last, column in merged:
        if not top + 1 < first <= len(rows) or len(rows[first - 1]) < column:
            continue
        text = rows[first - 1][column - 1]
        for cells in rows[first : min(last, len(rows))]:
            steps += 1
            if any(cells) and (len(cells) < column or not cells[column - 1]):
                cells += [""] * (column - len(cells))
                cells[column - 1] = text
        if steps > _MOST_MERGED:
            raise ImportUnreadable(problem=_("it is not an XLSX table, or it is damaged"))


def header_row(rows: Sequence[Sequence[str]], names: Mapping[str, str]) -> int:
    """Titles and notes may stand above the header: it is the row among the first with the most names that we know."""
    best, most = 0, 0
    for place, cells in enumerate(rows[:HEADER_WITHIN]):
        known = sum(_field(cell, names) is not None for cell in cells if cell)
        if known > most:
            best, most = place, known
    if most:
        return best
    return next((place for place, cells in enumerate(rows) if any(cells)), 0)


def _header(rows: Sequence[Sequence[str]], top: int, names: Mapping[str, str]) -> list[str]:
    """Of a cell merged downwards over two header rows only the upper one has text."""
    if not rows:
        return []
    header = list(rows[top])
    above = [rows[place] for place in range(top - 1, max(-1, top - 3), -1)]
    width = max([len(header), *(len(cells) for cells in above)])
    header += [""] * (width - len(header))
    for place, name in enumerate(header):
        if not name:
            upper = (cells[place] for cells in above if place < len(cells) and cells[place])
            said = next(upper, "")
            header[place] = said if _field(said, names) else ""
    return header


def _unprefixed(cell: str) -> str:
    """Our own tables put a ' before what a spreadsheet would take for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in FORMULA_STARTS and len(cell) > 1 else cell


# ---- cells -----------------------------------------------------------------------------------------


def many(value: Any) -> Any:
    """A cell with several names: 012、013 or 012;013."""
    if isinstance(value, str):
        return [part for part in _SEPARATORS.split(value) if part]
    return value


def moment(value: Any) -> Any:
    """As written; UnreadableTime if it is no time. What is no text, and what says nothing, is for the model."""
    said = isinstance(value, str) and value.strip()
    return read_time(value).at if said else value


def whole_moment(value: Any) -> Any:
    """Where midnight would be a guess."""
    said = isinstance(value, str) and value.strip()
    if said and read_time(value).day_only:
        raise UnreadableTime(_("the time of day is missing"))
    return moment(value)


def day(value: Any) -> Any:
    read_as = moment(value)
    return read_as.date() if isinstance(read_as, datetime) else read_as


_WITH_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def number(value: Any) -> Any:
    """In half width, with a minus that programs know, without marks of thousands. What it is then is the model's to say."""
    if not isinstance(value, str):
        return value
    text = plain(value).strip()
    return text.replace(",", "") if _WITH_THOUSANDS.fullmatch(text) else text


def truth(value: Any) -> Any:
    if not isinstance(value, str) or len(value) > _LONGEST_WORD:
        return value
    word = fold(value)
    return True if word in TRUE else False if word in FALSE else value
