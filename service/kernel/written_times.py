"""Times as office programs, cameras and people in China write them. Pure: the one reader for tables, lists, sidecars,
names of files, forms and what is said of an upload.

Digits that could be two different times are refused, and so is a text that gives less than a whole time: a guess would
stand in the index as what a person wrote.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any

from service.kernel.i18n import gettext as _

LONGEST = 80
YEARS = range(1900, 2200)  # of times without any separator
COUNTED_YEARS = range(2000, 2101)  # of times that are only a number of days or seconds
FROM_1900, FROM_1904 = date(1899, 12, 30), date(1904, 1, 1)  # day 0 of a spreadsheet


class UnreadableTime(ValueError):
    """`problem`: a sentence where there is more to say than that it cannot be read."""

    def __init__(self, problem: str = "") -> None:
        super().__init__(problem or "no time")
        self.problem = problem


class CountedFrom1904(str):
    """A number of a workbook whose days count from 1904."""


@dataclass(frozen=True)
class Written:
    """`at`: without a zone where none was written. `day_only`: no time of day was written."""

    at: datetime
    day_only: bool = False

    def in_utc(self, zone: tzinfo) -> datetime:
        """`zone`: what a time without one means."""
        return (self.at if self.at.tzinfo else self.at.replace(tzinfo=zone)).astimezone(UTC)


def read_time(value: Any) -> Written:
    """A text or a number (of JSON, of a spreadsheet's cell); UnreadableTime if it is not one time and no other."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnreadableTime
    day_zero = FROM_1904 if isinstance(value, CountedFrom1904) else FROM_1900
    text = _plain(str(value) if isinstance(value, str) else _as_digits(value))
    if _BARE.fullmatch(text):
        return _of_digits(text, day_zero)
    text, zone = _zone(text)
    if found := _PACKED.fullmatch(text):
        return _at_clock(found, _since_midnight(found), zone)
    text, weekdays = _without_weekday(text)
    text = _in_digits(text)
    if found := _DAY_AND_CLOCK.fullmatch(text):
        written = _at_clock(found, _since_midnight(found), zone)
    elif (found := _DAY.fullmatch(text)) and zone is None:
        written = Written(_midnight(found), day_only=True)
    else:
        raise UnreadableTime(_what_is_missing(text))
    if any(said != _midnight(found).weekday() for said in weekdays):
        raise UnreadableTime(_("the day of the week does not fit the day"))
    return written


def time_or_none(value: Any, zone: tzinfo) -> datetime | None:
    """In UTC; None if it is no time, or only a day. `zone`: what a time without one means."""
    try:
        written = read_time(value)
        return None if written.day_only else written.in_utc(zone)
    except (UnreadableTime, OverflowError):
        return None


def time_of_day(value: Any) -> timedelta:
    """A time without a day, since midnight: 20:00, 8时30分, 下午3点, 24:00, a spreadsheet's fraction of a day."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnreadableTime
    text = _plain(str(value) if isinstance(value, str) else _as_digits(value))
    if _FRACTION.fullmatch(text):
        return timedelta(seconds=round(float(text) * 86400))
    found = _ONLY_CLOCK.fullmatch(_in_digits(text))
    if found is None:
        raise UnreadableTime
    return _since_midnight(found)


# ---- what is written ---------------------------------------------------------------------------------------

_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ALIKE = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣", "-")
    | dict.fromkeys("∶꞉ː", ":")
    | dict.fromkeys("○◯", "〇")
    | {"時": "时", "點": "点", "號": "号"}
)
_AROUND = re.compile(r"=?([\"“”'‘’]?)(.*?)([\"“”'‘’]?)", re.DOTALL)

_WEEKDAY = re.compile(
    r"[(\[]?\s?(?:星期|周|週|礼拜)\s?(?P<zh>[一二三四五六日天])\s?[)\]]?"
    r"|[(\[](?P<short>[一二三四五六日])[)\]]"
    r"|[(\[]?\b(?P<en>MON|TUE|WED|THU|FRI|SAT|SUN)(?:[A-Z]*DAY)?\b\.?[)\]]?,?"
)
_WEEK_ZH, _WEEK_EN = "一二三四五六日", ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

_ZONE = re.compile(
    r"(?P<before>.*\d.*?)\s?(?:(?P<z>Z)|(?P<name>UTC|GMT)?\s?(?P<sign>[+-])(?P<h>\d\d?)(?::?(?P<m>\d\d))?|(?P<utc>UTC|GMT))"
)
_ISO = re.compile(r"\dT\d")
_CHINA = re.compile(r"[(\[]?北京时间[)\]]?:?")

_BARE = re.compile(r"\d+(?:\.\d+)?")
_FRACTION = re.compile(r"0(?:\.\d+)?")

# Fixed widths: what programs write, and names of files.
_PACKED = re.compile(
    r"(?P<y>\d{4})[-_./: ]?(?P<m>\d\d)[-_./: ]?(?P<d>\d\d)[-_./T ]{1,3}"
    r"(?P<H>\d\d)(?:(?P<s>:?)(?P<M>\d\d)(?:(?P=s)(?P<S>\d\d)(?:[.,](?P<f>\d{1,9})|[-_:]?(?P<ms>\d{3}))?)?"
    r"|(?P<t>[-_. ])(?P<M2>\d\d)(?P=t)(?P<S2>\d\d)(?:[-_.](?P<ms2>\d{3}))?)"
)

_DATE = r"(?P<y>\d{4})\s?[-/._年]\s?(?P<m>\d\d?)\s?[-/._月]\s?(?P<d>\d\d?)\s?[日号]?"
_HALVES = {
    **dict.fromkeys(("凌晨",), (range(0, 7), 0, {12: 0})),
    **dict.fromkeys(("清晨", "早晨", "早上", "早"), (range(4, 13), 0, {})),
    **dict.fromkeys(("上午", "AM"), (range(0, 12), 0, {12: 0})),
    **dict.fromkeys(("中午", "正午"), (range(11, 15), 0, {1: 13, 2: 14})),
    **dict.fromkeys(("下午", "午后", "PM"), (range(12, 24), 12, {0: 12})),
    **dict.fromkeys(("傍晚",), (range(16, 21), 12, {})),
    **dict.fromkeys(("晚上", "晚间", "夜间", "夜里", "晚"), (range(17, 24), 12, {})),
}
"""Word → hours as they are, what is added to others so that they fall among these, and single ones. 上午12:30 and
12:30 AM are half past midnight, as Excel and Windows write it. 晚上12点 and 晚上1点 could be of two days: refused."""

_CLOCK = (
    rf"(?P<half>{'|'.join(_HALVES)})?\s?"
    r"(?:(?P<H>\d\d?)\s?:\s?(?P<M>\d\d?)分?(?:\s?:\s?(?P<S>\d\d?)(?:[.,](?P<f>\d{1,9})|:(?P<ms>\d{3}))?秒?)?"
    r"|(?P<H2>\d\d?)\s?[时点](?:\s?(?P<M2>\d\d?)(?:\s?分(?:\s?(?P<S2>\d\d?)(?:\.(?P<f2>\d{1,9}))?\s?秒)?)?)?)"
    r"(?:\s?(?P<after>AM|PM))?"
)
_DAY = re.compile(_DATE)
_ONLY_CLOCK = re.compile(_CLOCK)
_DAY_AND_CLOCK = re.compile(rf"{_DATE}(?:[T\s,]+|(?<=[日号])|(?=\D)){_CLOCK}")
_WITHOUT_YEAR = re.compile(r"\d\d?\s?[-/.月]\s?\d\d?\s?[日号]?(?:\s.*)?")
_YEAR_LAST = re.compile(r"\d\d?\s?([-/.])\s?\d\d?\s?\1\s?\d{4}(?:\s.*)?")

_SHORT_YEAR = re.compile(r"\d\d?\s?[-/.年]\s?\d\d?\s?[-/.月]\s?\d\d?\s?[日号]?(?:\s.*)?")

_DIGIT = {sign: value for value, signs in enumerate(("〇零", *"一二三四五六七八九")) for sign in signs} | {
    "两": 2
}
_NUMERAL = re.compile(rf"\d*[{''.join(_DIGIT)}十][{''.join(_DIGIT)}十\d]*")
_O_CLOCK = re.compile(r"(?<=[时点])\s?(?:整|正|钟)|(?<=\d分)整")
_QUARTER = re.compile(r"(?<=[时点])\s?(半|[一1三3]刻)")
_QUARTERS = {"半": "30分", "一刻": "15分", "1刻": "15分", "三刻": "45分", "3刻": "45分"}


def _as_digits(number: int | float) -> str:
    return repr(int(number)) if float(number).is_integer() else repr(float(number))


def _plain(text: str) -> str:
    """Half width, one kind of dash and space, upper case, without quotes around it."""
    if len(text) > LONGEST:
        raise UnreadableTime
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_ALIKE)
    text = " ".join(text.split()).upper()
    quoted = _AROUND.fullmatch(text)
    text = quoted[2].strip() if quoted else text
    return re.sub(r"\b([AP])\.\s?M\.?(?=\W|$)", r"\1M", text)


def _zone(text: str) -> tuple[str, tzinfo | None]:
    """What stands before the zone, and the zone. A dash without seconds before it is rather the end of a span."""
    if _CHINA.search(text):
        return _CHINA.sub(" ", text).strip(), timezone(timedelta(hours=8))
    found = _ZONE.fullmatch(text)
    if found is None:
        return text, None
    iso = _ISO.search(found["before"])
    if not iso and ":" not in found["before"]:
        return text, None
    if found["z"] or found["utc"]:
        return found["before"], UTC
    in_full = found["name"] or iso or found["before"].count(":") > 1
    if (found["sign"] == "-" and not in_full) or (not found["name"] and len(found["h"]) < 2):
        return text, None
    shift = timedelta(hours=int(found["h"]), minutes=int(found["m"] or 0))
    if shift > timedelta(hours=14) or int(found["m"] or 0) > 59:
        raise UnreadableTime
    return found["before"], timezone(-shift if found["sign"] == "-" else shift)


def _without_weekday(text: str) -> tuple[str, list[int]]:
    said = [
        _WEEK_EN.index(found["en"])
        if found["en"]
        else _WEEK_ZH.index((found["zh"] or found["short"]).replace("天", "日"))
        for found in _WEEKDAY.finditer(text)
    ]
    return (" ".join(_WEEKDAY.sub(" ", text).split()), said) if said else (text, said)


def _in_digits(text: str) -> str:
    """二〇二六年十一月七日上午九点半 → 2026年11月7日上午9点30分."""
    text = _QUARTER.sub(lambda found: _QUARTERS[found[1]], text)
    return _O_CLOCK.sub("", _NUMERAL.sub(_numeral, text)).strip()


def _numeral(found: re.Match[str]) -> str:
    tens, ten, ones = found[0].partition("十")
    digits = ["".join(str(_DIGIT.get(sign, sign)) for sign in part) for part in (tens, ones)]
    if not ten:
        return digits[0]
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return found[0]
    return str(int(digits[0] or 1) * 10 + int(digits[1] or 0))


def _what_is_missing(text: str) -> str:
    if _ONLY_CLOCK.fullmatch(text):
        return _("the day is missing")
    if _YEAR_LAST.fullmatch(text):
        return _("the year must stand first: day and month could be meant either way")
    if _SHORT_YEAR.fullmatch(text):
        return _("the year needs four digits")
    return _("the year is missing") if _WITHOUT_YEAR.fullmatch(text) else ""


# ---- what it means -----------------------------------------------------------------------------------------


def _midnight(found: re.Match[str] | Mapping[str, str]) -> datetime:
    year, month, day = (int(found[part]) for part in "ymd")
    try:
        return datetime(year, month, day)  # noqa: DTZ001 - as written
    except ValueError:
        raise UnreadableTime(_("there is no such day")) from None


def _at_clock(found: re.Match[str], since_midnight: timedelta, zone: tzinfo | None) -> Written:
    try:
        return Written((_midnight(found) + since_midnight).replace(tzinfo=zone))
    except OverflowError:
        raise UnreadableTime from None


def _since_midnight(found: re.Match[str]) -> timedelta:
    said = {name: value for name, value in found.groupdict().items() if value}
    hour, minute, second = (int(said.get(part) or said.get(f"{part}2") or 0) for part in "HMS")
    fraction = said.get("f") or said.get("f2") or said.get("ms") or said.get("ms2") or ""
    half, after = said.get("half"), said.get("after")
    if half and after:
        raise UnreadableTime
    if word := half or after:
        hour = _hour(hour, word)
    micro = int(fraction[:6].ljust(6, "0"))
    since = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)
    if minute > 59 or second > 59 or since > timedelta(days=1):
        raise UnreadableTime(_("there is no such time of day"))
    return since


def _hour(hour: int, word: str) -> int:
    whole, later, single = _HALVES[word]
    if hour in single:
        return single[hour]
    if hour in whole:
        return hour
    if hour + later in whole and hour < 12:
        return hour + later
    raise UnreadableTime(_("hour {hour} and {word} do not fit together").format(hour=hour, word=word))


def _of_digits(text: str, day_zero: date) -> Written:
    """Days since a spreadsheet's day 0, seconds or milliseconds since 1970, or a time without any separator."""
    whole, _point, fraction = text.partition(".")
    if len(whole) == 5:
        return _of_days(float(text), not fraction.strip("0"), day_zero)
    if fraction and len(whole) != 10:
        raise UnreadableTime
    match len(whole):
        case 8:
            return Written(_midnight(_cut(whole)), day_only=True)
        case 10:
            # 2026112009, and 2611200905
            return _unless(
                _of_epoch(float(text)), whole + "0000", *(["20" + whole + "00"] if whole >= "2" else [])
            )
        case 12:
            return _unless(_of_parts(whole + "00"), "20" + whole)
        case 13:
            return _unless(_of_epoch(int(whole) / 1000), whole[:12] + "00")
        case 14 | 17:
            return _of_parts(whole)
    raise UnreadableTime


def _cut(digits: str) -> dict[str, str]:
    if int(digits[:4]) not in YEARS:
        raise UnreadableTime
    cuts = {"y": (0, 4), "m": (4, 6), "d": (6, 8), "H": (8, 10), "M": (10, 12), "S": (12, 14), "f": (14, 17)}
    return {part: digits[start:end] for part, (start, end) in cuts.items()}


def _of_parts(digits: str) -> Written:
    found = _cut(digits)
    hour, minute, second = (int(found[part]) for part in "HMS")
    since = timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=int(found["f"] or 0))
    if minute > 59 or second > 59 or since > timedelta(days=1):
        raise UnreadableTime(_("there is no such time of day"))
    return Written(_midnight(found) + since)


def _unless(written: Written, *others: str) -> Written:
    """Refused where the digits can be read as another time, too: by hours, by two digits of a year, by a digit left
    out."""
    for digits in others:
        try:
            other = _of_parts(digits)
        except UnreadableTime:
            continue
        times = " / ".join(f"{one.at:%Y-%m-%d %H:%M:%S}" for one in (other, written))
        raise UnreadableTime(_("these digits could be several times: {times}").format(times=times))
    return written


def _of_epoch(seconds: float) -> Written:
    at = datetime.fromtimestamp(seconds, UTC) if seconds < 2**33 else None
    if at is None or at.year not in COUNTED_YEARS:
        raise UnreadableTime
    return Written(at)


def _of_days(days: float, day_only: bool, day_zero: date) -> Written:
    midnight = datetime.combine(day_zero, time.min)
    at = midnight + timedelta(days=int(days), seconds=round(days % 1 * 86400))
    if at.year not in COUNTED_YEARS:
        raise UnreadableTime
    return Written(at, day_only)
