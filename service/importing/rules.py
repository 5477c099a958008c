"""Files into rows: JSON or CSV, in whatever encoding a Chinese office program writes. Pure."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.importing.errors import ImportTooLarge, ImportUnreadable
from service.search.rules import fold

MOST_BYTES = 32_000_000
MOST_ROWS = 100_000
_SEPARATORS = re.compile(r"[;；、,，|\s]+")
_TIME = re.compile(
    r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
    r"(?:[T\s]*(?P<H>\d{1,2})[:：时](?P<M>\d{1,2})(?:[:：分](?P<S>\d{1,2})?)?(?:\.\d+)?秒?)?分?"
)
TRUE = {"1", "true", "yes", "y", "是", "已取消", "取消"}
FALSE = {"0", "false", "no", "n", "否", ""}


@dataclass(frozen=True)
class SourceRow:
    """`number` counts from 1, as a person counts the rows below the header."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Sheet:
    """Rows under our own field names; `ignored`: columns that nobody knows."""

    rows: list[SourceRow]
    columns: frozenset[str]
    ignored: tuple[str, ...]


def read(data: bytes, content_type: str, headers: Mapping[str, str]) -> Sheet:
    """`headers`: other names of our fields, such as Chinese ones → the field. An empty cell says nothing."""
    if len(data) > MOST_BYTES:
        raise ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)
    names = {fold(name): field for name, field in headers.items()}
    names |= {fold(field): field for field in headers.values()}
    content = decoded(data)
    if "json" in content_type or content.lstrip()[:1] in ("[", "{"):
        return _json(content, names)
    return _csv(content, names)


def decoded(data: bytes) -> str:
    """UTF-8 with or without a mark, UTF-16 with one, else GB 18030 (which holds GBK and GB 2312)."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _decode(data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode(data, "gb18030")


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ImportUnreadable(problem=f"{encoding}, byte {error.start}") from error


def _json(content: str, names: Mapping[str, str]) -> Sheet:
    try:
        loaded = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ImportUnreadable(problem=str(error)[:200]) from error
    if isinstance(loaded, dict) and isinstance(loaded.get("items"), list):
        loaded = loaded["items"]
    if not isinstance(loaded, list) or not all(isinstance(row, dict) for row in loaded):
        raise ImportUnreadable(problem="[{…}, …]")
    if len(loaded) > MOST_ROWS:
        raise ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)
    rows, columns, ignored = [], set(), {}
    for number, found in enumerate(loaded, 1):
        values = {}
        for name, value in found.items():
            field = names.get(fold(name))
            if field is None:
                ignored[name[:100]] = None
            else:
                values[field] = value
                columns.add(field)
        rows.append(SourceRow(number, values))
    return Sheet(rows, frozenset(columns), tuple(ignored)[:50])


def _csv(content: str, names: Mapping[str, str]) -> Sheet:
    first = content.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        fields = [names.get(fold(name)) for name in header]
        known = [field for field in fields if field]
        if len(set(known)) < len(known):
            twice = sorted({field for field in known if known.count(field) > 1})
            raise ImportUnreadable(problem=", ".join(twice))
        rows = []
        for number, cells in enumerate(reader, 1):
            if number > MOST_ROWS:
                raise ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(fields) and any(cell.strip() for cell in cells[len(fields) :]):
                raise ImportUnreadable(problem=f"row {number}: {len(cells)} > {len(fields)} columns")
            values = {
                field: cell.strip()
                for field, cell in zip(fields, cells, strict=False)
                if field and cell.strip()
            }
            rows.append(SourceRow(number, values))
    except csv.Error as error:
        raise ImportUnreadable(problem=f"line {reader.line_num}: {error}") from error
    ignored = [name[:100] for name, field in zip(header, fields, strict=True) if not field and name.strip()]
    return Sheet(rows, frozenset(known), tuple(ignored)[:50])


# ---- cells -----------------------------------------------------------------------------------------


def many(value: Any) -> Any:
    """A cell with several names: 012、013 or 012;013."""
    if isinstance(value, str):
        return [part for part in _SEPARATORS.split(value) if part]
    return value


def moment(value: Any) -> Any:
    """2024-06-03 08:10, 2024/6/3 8:10:00, 2024年6月3日8时10分, ISO 8601; else as it is, for the model to refuse."""
    if not isinstance(value, str):
        return value
    found = _TIME.fullmatch(value.strip())
    if found is None:
        return value
    parts = found.groupdict(default="0")
    try:
        year, month, day_, hour, minute, second = (int(parts[name]) for name in "ymdHMS")
        return datetime.fromisoformat(f"{year:04}-{month:02}-{day_:02}T{hour:02}:{minute:02}:{second:02}")
    except ValueError:
        return value


def day(value: Any) -> Any:
    read_as = moment(value)
    return read_as.date() if isinstance(read_as, datetime) else read_as


def truth(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    word = fold(value)
    return True if word in TRUE else False if word in FALSE else value
