"""Facts about a recording from its file name or from one record of a list, by the conventions of a recorder model. Pure.

Conventions are settings (`RecorderModel.conventions`); examples.py has some to begin with.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2

from schemas.claims import FileFacts
from schemas.plain_text import one_line, prose
from service.kernel.keys import KeyRounded, plain
from service.kernel.keys import said as said_key
from service.kernel.text import fold
from service.kernel.written_times import time_or_none
from service.registry.conventions.usual_names import times_in_name

_QUIET = re2.Options()
_QUIET.log_errors = False
LONGEST = 500


FLAGS = ("normal", "event", "locked", "card", "tagged", "restricted")
# What a station's words for a flag mean, where its convention does not say so itself.
FLAG_WORDS = {
    "普通": "normal",
    "定时": "normal",
    "事件": "event",
    "锁定": "locked",
    "重点": "locked",
    "重要": "locked",
    "卡号": "card",
    "标签": "tagged",
    "限制": "restricted",
    **{flag: flag for flag in FLAGS},
}


@dataclass(frozen=True)
class Facts:
    """`start` and `end` in UTC, as the camera's clock had them: claims, like all of these.

    `file_id`: the device's or station's own name of the file. `md5` in lower case. `size` in bytes. `flags`: of
    FLAGS, what the officer or the station marked. `collected`: when the station read the device,
    whose clock then showed `device_time`. `guessed`: from a name that no model of its recorder reads.
    `unread`: what stands there for a time and is none."""

    recorder: str = ""
    officer: str = ""
    event: str = ""
    case: str = ""
    note: str = ""
    start: datetime | None = None
    end: datetime | None = None
    file_id: str = ""
    md5: str = ""
    size: int | None = None
    flags: tuple[str, ...] = ()
    collected: datetime | None = None
    device_time: datetime | None = None
    officer_name: str = ""
    card: str = ""
    guessed: bool = False
    unread: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        beside = ("guessed", "unread")
        return any(getattr(self, part.name) for part in fields(self) if part.name not in beside)

    def as_json(self) -> FileFacts:
        """Only what is known; times as ISO 8601 in UTC."""
        known = {
            name: value.isoformat()
            if isinstance(value, datetime)
            else list(value)
            if isinstance(value, tuple)
            else value
            for name, value in asdict(self).items()
            if value
        }
        return cast(FileFacts, known)


PATTERN_GROUPS = ("recorder", "officer", "at", "start", "end", "event", "case", "note", "file_id")
SIDECAR_NAMES = (
    *(
        "file_name",
        "recorder",
        "officer",
        "officer_name",
        "card",
        "event",
        "case",
        "note",
        "at",
        "start",
        "end",
    ),
    *(
        "start_utc",
        "end_utc",
        "utc_offset",
        "real_utc",
        "collected",
        "collected_utc",
        "device_time",
        "file_id",
    ),
    *("md5", "size", "flags"),
)


@dataclass(frozen=True)
class Conventions:
    """`clock_zone`: what a time without a zone means, "utc" or an IANA name; None: the bureau's zone.
    `container_clock`: how the container's creation_time is meant, "utc" or "local_as_utc".
    `stamp`: whether a single time is that of the start or the end of the recording.
    `filename_patterns`: regular expressions of RE2 with groups of PATTERN_GROUPS; the first that fits is read.
    `sidecar`: from our names (`file_name, recorder, officer, officer_name, card, event, case, note, at, start, end,
    start_utc, end_utc, utc_offset, real_utc, collected, collected_utc, device_time, file_id, md5, size, flags`) to the
    vendor's keys, one or several. `utc_offset`: seconds that the local times are ahead of UTC; `real_utc`: false where the UTC
    times are not to be used. `flags`: from the vendor's values to FLAGS. `time_lapse`: it takes pictures far apart on
    purpose, so that they count as a record of the time between them."""

    clock_zone: str | None = None
    container_clock: Literal["utc", "local_as_utc"] = "utc"
    stamp: Literal["start", "end"] = "start"
    filename_patterns: tuple[str, ...] = ()
    sidecar: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    time_lapse: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Conventions":
        """From `RecorderModel.conventions`. ValueError names the wrong setting, whatever stands there."""
        if stored.get("container_clock", "utc") not in ("utc", "local_as_utc"):
            raise ValueError("container_clock")
        if stored.get("stamp", "start") not in ("start", "end"):
            raise ValueError("stamp")
        zone = stored.get("clock_zone") or None
        if zone is not None:
            try:
                zone_of(zone, ZoneInfo("UTC"))
            except (ZoneInfoNotFoundError, AttributeError, ValueError, OSError):
                raise ValueError("clock_zone") from None
        patterns = _words_of(stored.get("filename_patterns"), "filename_patterns")
        for pattern in patterns:
            try:
                _compiled(pattern)
            except (re2.error, UnicodeEncodeError):
                raise ValueError("filename_patterns") from None
        sidecar = {
            name: _words_of(keys, "sidecar") for name, keys in _mapping_of(stored.get("sidecar"), "sidecar")
        }
        flags = {str(value): str(flag) for value, flag in _mapping_of(stored.get("flags"), "flags")}
        if set(flags.values()) - {*FLAGS, ""}:
            raise ValueError("flags")
        time_lapse = stored.get("time_lapse", False)
        if not isinstance(time_lapse, bool):
            raise ValueError("time_lapse")
        clock, stamp = stored.get("container_clock", "utc"), stored.get("stamp", "start")
        return cls(zone, clock, stamp, patterns, sidecar, flags, time_lapse)


def _words_of(value: Any, setting: str) -> tuple[str, ...]:
    found = (value,) if isinstance(value, str) else value or ()
    if not isinstance(found, (list, tuple)) or not all(isinstance(one, str) for one in found):
        raise ValueError(setting)
    return tuple(found)


def _mapping_of(value: Any, setting: str) -> Iterable[tuple[str, Any]]:
    if value and not isinstance(value, Mapping):
        raise ValueError(setting)
    return (value or {}).items()


def check_settings(stored: Mapping[str, Any]) -> None:
    """ValueError names the setting that could not be read, or that nothing would ever read."""
    found = Conventions.of(stored)
    for name in stored:
        if name not in {part.name for part in fields(Conventions)}:
            raise ValueError(name)
    if set(found.sidecar) - set(SIDECAR_NAMES):
        raise ValueError("sidecar")
    if any(set(_compiled(pattern).groupindex) - set(PATTERN_GROUPS) for pattern in found.filename_patterns):
        raise ValueError("filename_patterns")


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
def _compiled(pattern: str) -> Any:
    """By RE2, which knows no pattern that takes longer than the name is long. An administrator's slip such as
    `(\\d+)+` would hold a worker for ever with Python's own."""
    return re2.compile(pattern, _QUIET)


def read_file_name(name: str, conventions: Conventions, bureau: ZoneInfo) -> Facts:
    """What the first pattern that fits finds; nothing if none does. Where none fits as it is written, letter case, width
    and dashes make no difference: cards and Windows change them."""
    name = base_name(name)[:255]
    for prefix, written in (("", name), ("(?i)", plain(name))):
        for pattern in conventions.filename_patterns:
            if found := _compiled(prefix + pattern).search(written):
                said = {group: value for group, value in found.groupdict().items() if value}
                return _facts(said, conventions, bureau)
    return Facts()


def guess_file_name(name: str, example: Conventions, bureau: ZoneInfo) -> Facts:
    """What an example's patterns find in the name of a file whose recorder has no model. Digits where others write a
    certificate number may count anything: nobody is named. Nor is a time taken for the end, for it may be the start."""
    found = read_file_name(name, replace(example, stamp="start"), bureau)
    return replace(found, officer="", officer_name="", card="")


def usual_time(name: str, conventions: Conventions, bureau: ZoneInfo) -> Facts:
    """The time in a name as phones and dashcams write it. `conventions`: what the clock and a single time mean, where
    the camera's model is known."""
    times = times_in_name(base_name(name)[:255], zone_of(conventions.clock_zone, bureau))
    if times is None:
        return Facts()
    first, second = times
    if second is None and conventions.stamp == "end":
        return Facts(end=first, guessed=True)
    return Facts(start=first, end=second, guessed=True)


@dataclass(frozen=True)
class Read:
    """One record as a convention understands it. `file_name` "" where it names none; `said`: the values as they
    stand there, under our names."""

    file_name: str
    facts: Facts
    said: Mapping[str, Any]


def read_record(record: Mapping[str, Any], conventions: Conventions, bureau: ZoneInfo) -> Read:
    said = _translate(record, conventions.sidecar)
    return Read(base_name(_word(said.get("file_name"))), _facts(said, conventions, bureau), said)


def read_record_by_any(record: Mapping[str, Any], known: Iterable[Conventions], bureau: ZoneInfo) -> Read:
    """By the convention that understands most of it; of equals by the first."""
    return max(
        (read_record(record, conventions, bureau) for conventions in known),
        key=lambda read: understood(read.facts) + bool(read.file_name),
    )


def understood(facts: Facts) -> int:
    """How much of a record a convention understood, to choose between conventions."""
    return len(facts.as_json()) - bool(facts.unread)


def _facts(said: Mapping[str, Any], conventions: Conventions, bureau: ZoneInfo) -> Facts:
    zone: tzinfo = _offset(said.get("utc_offset")) or zone_of(conventions.clock_zone, bureau)
    use_utc = str(said.get("real_utc", True)).lower() not in ("0", "false", "no")

    def when(name: str) -> datetime | None:
        exact = read_moment(said.get(f"{name}_utc"), UTC) if use_utc else None
        return exact or read_moment(said.get(name), zone)

    start, end, at = when("start"), when("end"), read_moment(said.get("at"), zone)
    collected, device_time = when("collected"), read_moment(said.get("device_time"), zone)
    times = {"start": start, "end": end, "at": at, "collected": collected, "device_time": device_time}
    unread = tuple(
        text
        for name, time in times.items()
        if time is None and not _NO_TIME.fullmatch(text := _word(said.get(name)))
    )
    if conventions.stamp == "start":
        start = start or at
    else:
        end = end or at
    words: dict[str, Any] = {
        name: _word(said.get(name))
        for name in ("recorder", "officer", "officer_name", "card", "event", "case", "file_id")
    } | {"note": _word(said.get("note"), prose)}
    words |= {name: _key(words[name]) for name in ("recorder", "officer", "event", "case")}
    return Facts(
        **words,
        start=start,
        end=end,
        md5=_md5(said.get("md5")),
        size=_size(said.get("size")),
        flags=read_flags(said.get("flags"), conventions.flags),
        collected=collected,
        device_time=device_time,
        unread=unread,
    )


_NO_TIME = re.compile(r"[-0\s:/.TZ]*")  # stations leave a field empty so, too


def _offset(value: Any) -> tzinfo | None:
    """Seconds, or ±HH:MM. Zero says nothing: stations leave the field empty so."""
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", str(value or "").strip())
    if found:
        seconds = int(f"{found[1]}1") * (int(found[2]) * 3600 + int(found[3]) * 60)
    else:
        number = re.fullmatch(r"[+-]?\d{1,6}", str(value or "").strip())
        seconds = int(number[0]) if number else 0
    return timezone(timedelta(seconds=seconds)) if 0 < abs(seconds) <= 14 * 3600 else None


def _md5(value: Any) -> str:
    text = _word(value).lower()
    return text if re.fullmatch(r"[0-9a-f]{32}", text) else ""


def _size(value: Any) -> int | None:
    text = _word(value)
    return int(text) if re.fullmatch(r"\d{1,15}", text) and int(text) else None


def read_flags(value: Any, known: Mapping[str, str]) -> tuple[str, ...]:
    """Those of FLAGS that a list, a number or words with separators name; what nobody knows says nothing."""
    parts = value if isinstance(value, list) else re.split(r"[;；,，、|\s]+", _word(value))
    found = []
    for part in parts:
        word = str(part).strip()
        flag = known.get(word) or FLAG_WORDS.get(word.casefold())
        if flag is None:
            flag = next((flag for name, flag in FLAG_WORDS.items() if word.startswith(name)), "")
        found.append(flag)
    return tuple(flag for flag in FLAGS if flag in found)


def _key(word: str) -> str:
    try:
        return said_key(word)
    except KeyRounded:
        return word  # known to nobody, and listed for a person


def _word(value: Any, clean: Callable[[str], str] = one_line) -> str:
    if value is None or isinstance(value, (dict, list, bool)):
        return ""
    return clean(str(value)).strip()[:LONGEST]


def moment_of(value: Any) -> datetime | None:
    """A time as facts keep it, or as it was said with a zone; None if it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def read_moment(value: Any, zone: tzinfo) -> datetime | None:
    """UTC, from a time as it is written, or from an object with year, month and so on. None if it is no time."""
    if not isinstance(value, Mapping):
        return time_or_none(value, zone)
    try:
        parts = {str(k).lower().removeprefix("dw").removeprefix("n"): v for k, v in value.items()}
        numbers = [int(parts.get(p, 0)) for p in ("year", "month", "day", "hour", "minute", "second")]
        return datetime(*numbers, tzinfo=zone).astimezone(UTC)  # type: ignore[misc, arg-type]  # six of them
    except (ValueError, TypeError, OverflowError):
        return None


def _translate(record: Mapping[str, Any], wanted: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    folded = {fold(str(key)): value for key, value in record.items()}
    said: dict[str, Any] = {}
    for name, keys in wanted.items():
        for key in keys:
            value = folded.get(fold(key))
            if value not in (None, "", [], {}):
                said[name] = value
                break
    return said
