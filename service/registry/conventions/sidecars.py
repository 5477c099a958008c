"""The records of a sidecar file (JSON or CSV), and which files they speak of. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from service.kernel.encodings import NoText, decoded
from service.kernel.text import fold
from service.registry.conventions.rules import Conventions, Facts, base_name, read_record, understood
from service.registry.importing.errors import ImportTooLarge, ImportUnreadable
from service.registry.importing.rules import csv_rows, header_row

LARGEST_SIDECAR = 4 * 1024 * 1024
MOST_RECORDS = 5000


def read_sidecar(
    data: bytes, file_name: str, conventions: Conventions, bureau: ZoneInfo
) -> list[tuple[str, Facts]]:
    """The files that a sidecar speaks of, by `sidecar_keys`, with what it says. Empty if it is none.

    A record that names no file speaks of the one that the sidecar itself is named for (`X.mp4.json`, `X.json`).
    """
    found: dict[str, Facts] = {}
    for record in _records(data, file_name, conventions):
        read = read_record(record, conventions, bureau)
        key = (read.file_name or base_name(file_name).rpartition(".")[0]).casefold()
        if key and read.facts:
            found[key] = read.facts
    return list(found.items())


def read_sidecar_by_any(
    data: bytes, file_name: str, known: Iterable[Conventions], bureau: ZoneInfo
) -> list[tuple[str, Facts]]:
    """By the conventions that understand most of it."""
    readings = [read_sidecar(data, file_name, conventions, bureau) for conventions in known]
    return max(readings, key=lambda found: sum(understood(facts) for _, facts in found), default=[])


def _records(data: bytes, file_name: str, conventions: Conventions) -> Iterator[Mapping[str, Any]]:
    if len(data) > LARGEST_SIDECAR:
        return
    try:
        text = decoded(data)
    except NoText as error:
        text = data.decode(error.encoding, "replace")  # a byte that was cut off spoils no other line
    is_csv = file_name.lower().endswith(".csv")
    source = _csv_records(text, conventions) if is_csv else _json_records(text)
    for number, record in enumerate(source):
        if number >= MOST_RECORDS:
            return
        yield record


def _csv_records(text: str, conventions: Conventions) -> Iterator[Mapping[str, Any]]:
    """Titles and notes may stand above the header."""
    keys = {fold(key): name for name, said in conventions.sidecar.items() for key in said}
    try:
        rows = csv_rows(text, strict=False)
    except (ImportUnreadable, ImportTooLarge):
        return
    if not rows:
        return
    top = header_row(rows, keys)
    for cells in rows[top + 1 :]:
        if any(cells):
            yield dict(zip(rows[top], cells, strict=False))


def _json_records(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        yield from _objects(json.loads(text), depth=4)
    except (ValueError, RecursionError):
        return


def _objects(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Every object in lists, however they are wrapped; the wrapping object itself too."""
    if depth == 0:
        return
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            if isinstance(inner, (list, Mapping)):
                yield from _objects(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner, depth)
