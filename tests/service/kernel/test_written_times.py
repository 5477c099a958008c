"""One reader for every time that a person, a spreadsheet or a camera wrote."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel import i18n
from service.kernel.written_times import (
    CountedFrom1904,
    UnreadableTime,
    read_time,
    time_of_day,
    time_or_none,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEK = "一二三四五六日"
moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 30)).map(lambda m: m.replace(microsecond=0))  # noqa: DTZ001
whole_minutes = moments.map(lambda m: m.replace(second=0))


def halved(hour: int) -> str:
    """As Excel's 上午/下午h writes an hour."""
    return f"{'上午' if hour < 12 else '下午'}{hour % 12 or 12}"


def numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    word = "零一二三四五六七八九"
    return f"{word[tens] if tens > 1 else ''}{'十' if tens else ''}{word[ones] if ones or not tens else ''}"


def spread(text: str) -> str:
    """In full width, as an input method leaves it."""
    return "".join("　" if c == " " else chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def ways(at: datetime) -> list[str]:
    day, clock = f"{at.year}/{at.month}/{at.day}", f"{at.hour}:{at:%M:%S}"
    zh_day = f"{at.year}年{at.month}月{at.day}日"
    zh_clock = f"{at.hour}时{at.minute}分{at.second}秒"
    numbers = "".join("〇一二三四五六七八九"[int(digit)] for digit in str(at.year))
    weekday = WEEK[at.weekday()]
    half = f"{halved(at.hour)}:{at:%M:%S}"
    return [
        f"{day} {clock}",
        f"{at:%Y-%m-%d %H:%M:%S}",
        f"{at:%Y-%m-%dT%H:%M:%S}",
        f"{at:%Y.%m.%d %H:%M:%S}",
        f"{at:%Y:%m:%d %H:%M:%S}",
        f"{at:%Y%m%d%H%M%S}",
        f"{at:%Y%m%d%H%M%S}000",
        f"{at:%Y%m%d %H%M%S}",
        f"{at:%Y%m%dT%H%M%S}",
        f"{at:%Y%m%d_%H%M%S}",
        f"{at:%Y_%m%d_%H%M%S}",
        f"{at:%Y-%m-%d_%H-%M-%S}",
        f"{at:%Y-%m-%d-%H-%M-%S}-000",
        f"{zh_day} {zh_clock}",
        f"{zh_day}{zh_clock}",
        f"{at.year} 年 {at.month} 月 {at.day} 日 {at.hour} 时 {at.minute} 分 {at.second} 秒",
        f"{zh_day}{at.hour}点{at.minute:02}分{at.second:02}秒",
        f"{numbers}年{numeral(at.month)}月{numeral(at.day)}日"
        f"{numeral(at.hour)}时{numeral(at.minute)}分{numeral(at.second)}秒",
        f"{day} {half}",
        f"{day} {halved(at.hour)[:2]} {half[2:]}",
        f"{day} {half[2:]} {'AM' if at.hour < 12 else 'PM'}",
        f"{day} {half[2:]} {'a.m.' if at.hour < 12 else 'p.m.'}",
        f"{zh_day} {half}",
        f"{day} {clock} 星期{weekday}",
        f"{zh_day}(星期{weekday}) {clock}",
        f"{day}（{weekday}）{clock}",
        f"周{weekday} {day} {clock}",
        f"{at:%Y-%m-%d} {('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[at.weekday()]} {clock}",
        f" '{day} {clock}",
        f'="{day} {clock}"',
        f"\u200e{day}\u200e {clock}\ufeff",
        spread(f"{day} {clock}"),
    ]


@given(moments)
def test_every_way_to_write_a_second_is_read_as_it_was_meant(at: datetime) -> None:
    for text in ways(at):
        written = read_time(text)
        assert (written.at, written.day_only) == (at, False), text


@given(whole_minutes)
def test_without_seconds_too(at: datetime) -> None:
    clocks = [f"{at.hour}:{at:%M}", f"{at.hour}时{at.minute}分", f"{at.hour}点{at:%M}", f"{at:%H%M}"]
    if at.minute == 0:
        clocks += [f"{at.hour}时", f"{at.hour}点整", f"{at.hour}点钟"]
    if at.minute in (15, 30, 45):
        clocks.append(f"{at.hour}点{ {15: '一刻', 30: '半', 45: '三刻'}[at.minute] }")
    for clock in clocks:
        assert read_time(f"{at:%Y-%m-%d} {clock}").at == at, clock
    if at.year > 2012:  # 2012 and before could be meant with two digits of another year
        assert read_time(f"{at:%Y%m%d%H%M}").at == at


@given(moments, st.integers(-14 * 4, 14 * 4), st.sampled_from(["", "UTC", "GMT"]))
def test_a_zone_that_is_written_is_kept(at: datetime, quarters: int, name: str) -> None:
    shift = timedelta(minutes=15 * quarters)
    sign, (hours, rest) = "-" if quarters < 0 else "+", divmod(abs(quarters) * 15, 60)
    for zone in (f"{sign}{hours:02}:{rest:02}", f" {sign}{hours:02}{rest:02}"):
        for text in (f"{at:%Y-%m-%dT%H:%M:%S}{name}{zone}", f"{at:%Y/%m/%d %H:%M:%S}.500{name}{zone}"):
            found = read_time(text).at
            assert found.utcoffset() == shift and found.replace(microsecond=0) == at.replace(
                tzinfo=timezone(shift)
            )
    for utc in (f"{at:%Y-%m-%dT%H:%M:%S}Z", f"{at:%Y-%m-%d %H:%M:%S} UTC", f"{at:%Y%m%dT%H%M%S}Z"):
        assert read_time(utc).at == at.replace(tzinfo=UTC)
    assert read_time(f"{at:%Y-%m-%d %H:%M:%S} 北京时间").in_utc(UTC) == at.replace(tzinfo=SHANGHAI)


@given(moments.filter(lambda at: at.year < 2100))
def test_a_spreadsheets_days_are_those_of_its_own_calendar(at: datetime) -> None:
    for base, kind in ((datetime(1899, 12, 30), str), (datetime(1904, 1, 1), CountedFrom1904)):  # noqa: DTZ001
        days = (at - base) / timedelta(days=1)
        if 10_000 <= days < 100_000:
            assert read_time(kind(repr(days))).at == at
            assert read_time(kind(f"{days:.9f}")).at == at
            assert read_time(kind(int(days))).day_only


@given(st.datetimes(datetime(2001, 9, 10), datetime(2033, 1, 1)))  # noqa: DTZ001
def test_seconds_since_1970_are_read_while_they_can_be_nothing_else(at: datetime) -> None:
    exact = at.replace(tzinfo=UTC)
    assert read_time(int(exact.timestamp())).at == exact.replace(microsecond=0)
    milliseconds = str(int(exact.timestamp())) + "250"
    assert read_time(milliseconds).at == exact.replace(microsecond=250_000)


@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001
def test_ten_digits_that_are_a_day_and_an_hour_are_refused_with_both_readings(at: datetime) -> None:
    with pytest.raises(UnreadableTime) as refused:
        read_time(f"{at:%Y%m%d%H}")
    assert f"{at:%Y-%m-%d %H}:00:00" in refused.value.problem


@pytest.mark.parametrize("digits", ["2611200905", "2026112009050", "2026112009.5"])
def test_a_year_of_two_digits_and_a_digit_left_out_are_no_seconds_since_1970(digits: str) -> None:
    """They would stand in 2034 and 2052."""
    with pytest.raises(UnreadableTime) as refused:
        read_time(digits)
    assert "2026-11-20 09:0" in refused.value.problem
    for counted in ("1795745100", "1795745100000", "1701010000"):
        assert read_time(counted).at.year in (2023, 2026)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026/11/7 9:05", "2026-11-07T09:05"),
        ("2026/1/7 9:05:06", "2026-01-07T09:05:06"),
        ("2026-11-07T09:05", "2026-11-07T09:05"),
        ("2026年11月7日 9时5分", "2026-11-07T09:05"),
        ("2026年11月7日 9时5分30秒", "2026-11-07T09:05:30"),
        ("2026/11/20 下午 2:21:56", "2026-11-20T14:21:56"),
        ("2026/11/20 上午9:00", "2026-11-20T09:00"),
        ("2026/11/20 9点30分", "2026-11-20T09:30"),
        ("2026/11/20 9点半", "2026-11-20T09:30"),
        ("2026-11-20 24:00", "2026-11-21T00:00"),
        ("２０２６－１１－２０　０９：００", "2026-11-20T09:00"),
        ("２０２６／１１／２０ 09:00", "2026-11-20T09:00"),
        ("20261120090000", "2026-11-20T09:00"),
        ("202611200900", "2026-11-20T09:00"),
        ("2026/11/20 9:00 星期五", "2026-11-20T09:00"),
        ("2026/11/20 9:00 周五", "2026-11-20T09:00"),
        ("2026/11/20 9:00（五）", "2026-11-20T09:00"),
        ("46346.375", "2026-11-20T09:00"),
        (46346.375, "2026-11-20T09:00"),
        ("46333.38", "2026-11-07T09:07:12"),
        ("2026-11-20 09:00:00.250", "2026-11-20T09:00:00.250"),
        ("2026-11-20 09:00:00,25", "2026-11-20T09:00:00.250"),
        ("2026年11月20日凌晨1点", "2026-11-20T01:00"),
        ("2026年11月20日早8点", "2026-11-20T08:00"),
        ("2026年11月20日晚8点", "2026-11-20T20:00"),
        ("2026年11月20日早上8:10", "2026-11-20T08:10"),
        ("2026年11月20日中午12:30", "2026-11-20T12:30"),
        ("2026年11月20日中午1点", "2026-11-20T13:00"),
        ("2026年11月20日傍晚6点", "2026-11-20T18:00"),
        ("2026年11月20日晚上8:30", "2026-11-20T20:30"),
        ("2026年11月20日下午14:21", "2026-11-20T14:21"),
        ("2026年11月20日上午12:30", "2026-11-20T00:30"),
        ("2026-11-20 12:30 PM", "2026-11-20T12:30"),
        ("二〇二六年十一月二十日上午九点半", "2026-11-20T09:30"),
        ("二○二六年十一月二十日 十点零五分", "2026-11-20T10:05"),
        ("2026-11-20T09:00+0800", "2026-11-20T09:00+08:00"),
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00+00:00"),
        ("1764209100", "2025-11-27T02:05+00:00"),
        (1764209100, "2025-11-27T02:05+00:00"),
        ("1764209100000", "2025-11-27T02:05+00:00"),
        ("1970-01-01 00:00:08", "1970-01-01T00:00:08"),
    ],
)
def test_times_as_they_are_written_here(text: Any, wanted: str) -> None:
    written = read_time(text)
    assert (written.at, written.day_only) == (datetime.fromisoformat(wanted), False)
    assert written.at.utcoffset() == datetime.fromisoformat(wanted).utcoffset()


@pytest.mark.parametrize(
    "text", ["2026-11-20", "2026/11/20", "2026年11月20日", "2026.11.20 星期五", "20261120", "46346", 46346]
)
def test_a_day_alone_is_a_day_and_no_time(text: Any) -> None:
    written = read_time(text)
    assert (written.at.date(), written.at.time(), written.day_only) == (date(2026, 11, 20), time(), True)
    assert time_or_none(text, SHANGHAI) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026112009", "2034-03-16"),  # seconds since 1970, or an hour
        (2026112009, "2034-03-16"),
        ("201112200900", "2020-11-12"),  # 2011-12-20 09:00, or 2020-11-12 20:09:00
        ("261120", ""),
        ("26112009", ""),
        ("090500", ""),
        ("12345", ""),
        ("4.6346375E+4", ""),
        ("13800138000", ""),
        ("上午9:00", "day"),
        ("9点30分", "day"),
        ("11月20日 9:00", "year"),
        ("11/20/2026 9:00", "year"),
        ("26/11/20 9:00", "year"),
        ("2026/11/20 9:00 星期四", "week"),
        ("2026年11月20日上午14:00", "上午"),
        ("2026年11月20日晚上12点", "晚上"),
        ("2026年11月20日晚上1点", "晚上"),
        ("2026年11月20日9时许", ""),
        ("2026-11-20 9:00-10:30", ""),
        ("2026-11-20 09:00-10:00", ""),
        ("2026-11-20 09-10", ""),
        ("2026/11/209:05", ""),
        ("2026-11-20 24:01", "time of day"),
        ("2026-11-20 09:60", "time of day"),
        ("2026-02-30 09:00", "no such day"),
        ("2026-13-40 08:10", "no such day"),
        ("2026-11-20 09:00 CST", ""),
        ("", ""),
        ("soon", ""),
        (True, ""),
        (None, ""),
        (float("nan"), ""),
        (float("inf"), ""),
        ("9" * 500, ""),
    ],
)
def test_what_is_no_time_or_could_be_several_is_refused(text: Any, why: str) -> None:
    with i18n.speaking("en"), pytest.raises(UnreadableTime) as refused:
        read_time(text)
    assert why in refused.value.problem
    assert time_or_none(text, SHANGHAI) is None


@given(
    st.text(max_size=40)
    | st.integers()
    | st.floats()
    | st.from_regex(r"[0-9年月日时分:/.\- TZ+下午半]{1,30}", fullmatch=True)
)
def test_nothing_that_is_written_breaks_the_reading(value: Any) -> None:
    with suppress(UnreadableTime):
        written = read_time(value)
        assert written.day_only in (True, False)
    with suppress(UnreadableTime):
        assert timedelta() <= time_of_day(value) <= timedelta(days=1)
    time_or_none(value, SHANGHAI)


@given(st.integers(0, 24 * 3600 - 1))
def test_a_time_of_day_alone(second: int) -> None:
    at = timedelta(seconds=second)
    hour, minute, rest = second // 3600, second // 60 % 60, second % 60
    for text in (
        f"{hour}:{minute:02}:{rest:02}",
        f"{hour}时{minute}分{rest}秒",
        f"{halved(hour)}:{minute:02}:{rest:02}",
        repr(second / 86400),
    ):
        if "e" not in text:
            assert time_of_day(text) == at, text
