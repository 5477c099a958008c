"""Facts about a recording from its file name or from a sidecar, by the conventions of a recorder model. Pure.

Conventions are settings (`RecorderModel.conventions`); examples.py has some to begin with.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LARGEST_SIDECAR = 4 * 1024 * 1024
MOST_RECORDS = 5000
LONGEST = 500
_MOMENT = re.compile(
    r"(?P<year>(?:19|20)\d\d)\D?(?P<month>\d\d)\D?(?P<day>\d\d)(?:\D{0,3}|T)"
    r"(?P<hour>\d\d)\D?(?P<minute>\d\d)(?:\D?(?P<second>\d\d))?(?:[.,]\d+)?\s*(?P<zone>Z|[+-]\d\d:?\d\d)?"
)


@dataclass(frozen=True)
class Facts:
    """`start` and `end` in UTC, as the camera's clock had them: claims, like all of these."""

    recorder: str = ""
    officer: str = ""
    event: str = ""
    case: str = ""
    note: str = ""
    start: datetime | None = None
    end: datetime | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, part.name) for part in fields(self))

    def as_json(self) -> dict[str, str]:
        """Only what is known; times as ISO 8601 in UTC."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
            if value
        }


@dataclass(frozen=True)
class Conventions:
    """`clock_zone`: what a time without a zone means, "utc" or an IANA name; None: the bureau's zone.
    `container_clock`: how the container's creation_time is meant, "utc" or "local_as_utc".
    `stamp`: whether a single time is that of the start or the end of the recording.
    `filename_patterns`: regular expressions with groups recorder, officer, at, end, event, case, note.
    `sidecar`: from our names (`file_name, recorder, officer, event, case, note, at, start, end, start_utc,
    end_utc`) to the vendor's keys, one or several."""

    clock_zone: str | None = None
    container_clock: Literal["utc", "local_as_utc"] = "utc"
    stamp: Literal["start", "end"] = "start"
    filename_patterns: tuple[str, ...] = ()
    sidecar: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Conventions":
        """From `RecorderModel.conventions`. ValueError names the wrong setting."""
        if stored.get("container_clock", "utc") not in ("utc", "local_as_utc"):
            raise ValueError("container_clock")
        if stored.get("stamp", "start") not in ("start", "end"):
            raise ValueError("stamp")
        zone = stored.get("clock_zone") or None
        if zone is not None:
            try:
                zone_of(zone, ZoneInfo("UTC"))
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError("clock_zone") from None
        patterns = tuple(stored.get("filename_patterns") or ())
        for pattern in patterns:
            try:
                _compiled(pattern)
            except (re.error, TypeError):
                raise ValueError("filename_patterns") from None
        sidecar = {
            name: (keys,) if isinstance(keys, str) else tuple(keys)
            for name, keys in (stored.get("sidecar") or {}).items()
        }
        return cls(
            zone, stored.get("container_clock", "utc"), stored.get("stamp", "start"), patterns, sidecar
        )


def zone_of(name: str | None, bureau: ZoneInfo) -> ZoneInfo:
    return bureau if not name else ZoneInfo("UTC") if name.lower() == "utc" else ZoneInfo(name)


def base_name(path: str) -> str:
    """The last part of a name that some client's file system made, whichever way its slashes lean."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1][:LONGEST]


def sidecar_keys(file_name: str) -> tuple[str, ...]:
    """The names under which a sidecar may speak of this file: its own, and that without its ending. Folded,
    because cards do not tell upper from lower case."""
    name = base_name(file_name).casefold()
    stem = name.rpartition(".")[0]
    return tuple(dict.fromkeys(part for part in (name, stem) if part))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def read_file_name(name: str, conventions: Conventions, bureau: ZoneInfo) -> Facts:
    """What the first pattern that fits finds; nothing if none does."""
    name = base_name(name)[:255]
    for pattern in conventions.filename_patterns:
        if found := _compiled(pattern).search(name):
            said = {group: value for group, value in found.groupdict().items() if value}
            return _facts(said, conventions, bureau)
    return Facts()


def read_sidecar(
    data: bytes, file_name: str, conventions: Conventions, bureau: ZoneInfo
) -> list[tuple[str, Facts]]:
    """The files that a sidecar speaks of, by `sidecar_keys`, with what it says. Empty if it is none.

    A record that names no file speaks of the one that the sidecar itself is named for (`X.mp4.json`, `X.json`).
    """
    found: dict[str, Facts] = {}
    for record in _records(data, file_name):
        said = _translate(record, conventions.sidecar)
        named = str(said.pop("file_name", "") or "")
        key = base_name(named).casefold() if named else base_name(file_name).rpartition(".")[0].casefold()
        facts = _facts(said, conventions, bureau)
        if key and facts:
            found[key] = facts
    return list(found.items())


def read_sidecar_by_any(
    data: bytes, file_name: str, known: Iterable[Conventions], bureau: ZoneInfo
) -> list[tuple[str, Facts]]:
    """By the conventions that understand most of it."""
    readings = [read_sidecar(data, file_name, conventions, bureau) for conventions in known]
    return max(readings, key=lambda found: sum(len(f.as_json()) for _, f in found), default=[])


def _facts(said: Mapping[str, Any], conventions: Conventions, bureau: ZoneInfo) -> Facts:
    zone, utc = zone_of(conventions.clock_zone, bureau), ZoneInfo("UTC")
    start = read_moment(said.get("start_utc"), utc) or read_moment(said.get("start"), zone)
    end = read_moment(said.get("end_utc"), utc) or read_moment(said.get("end"), zone)
    at = read_moment(said.get("at"), zone)
    if conventions.stamp == "start":
        start = start or at
    else:
        end = end or at
    words = {name: _word(said.get(name)) for name in ("recorder", "officer", "event", "case", "note")}
    return Facts(**words, start=start, end=end)


def _word(value: Any) -> str:
    if value is None or isinstance(value, (dict, list, bool)):
        return ""
    return str(value).replace("\0", "").strip()[:LONGEST]


def read_moment(value: Any, zone: ZoneInfo) -> datetime | None:
    """UTC, from the ways in which times are written: ISO 8601 and its relatives, 14 digits, seconds or
    milliseconds since 1970, or an object with year, month and so on. None if it is no time."""
    try:
        if isinstance(value, Mapping):
            parts = {str(k).lower().removeprefix("dw").removeprefix("n"): v for k, v in value.items()}
            numbers = [int(parts.get(p, 0)) for p in ("year", "month", "day", "hour", "minute", "second")]
            return datetime(*numbers, tzinfo=zone).astimezone(UTC)  # type: ignore[misc, arg-type]
        text = str(value if value is not None else "").strip()
        if re.fullmatch(r"\d{10}(\d{3})?", text):
            return datetime.fromtimestamp(int(text[:10]), UTC)
        found = _MOMENT.search(text)
        if not found:
            return None
        numbers = [int(found[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")]
        moment = datetime(*numbers, tzinfo=zone)  # type: ignore[misc, arg-type]
        if offset := found["zone"]:
            sign = -1 if offset[0] == "-" else 1
            digits = "0000" if offset == "Z" else offset[1:].replace(":", "")
            shift = sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            return moment.replace(tzinfo=UTC) - shift
        return moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _translate(record: Mapping[str, Any], wanted: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    folded = {str(key).strip().casefold(): value for key, value in record.items()}
    said: dict[str, Any] = {}
    for name, keys in wanted.items():
        for key in keys:
            value = folded.get(key.casefold())
            if value not in (None, "", [], {}):
                said[name] = value
                break
    return said


def _records(data: bytes, file_name: str) -> Iterator[Mapping[str, Any]]:
    if len(data) > LARGEST_SIDECAR:
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    source = _csv_records(text) if file_name.lower().endswith(".csv") else _json_records(text)
    for number, record in enumerate(source):
        if number >= MOST_RECORDS:
            return
        yield record


def _csv_records(text: str) -> Iterator[Mapping[str, Any]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield {key: value for key, value in row.items() if key is not None}
    except csv.Error:
        return


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
