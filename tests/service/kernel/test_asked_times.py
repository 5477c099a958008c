"""Times and days that a request asks for are read as everywhere, in the bureau's zone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.asked_times import bound, day_asked, time_asked
from service.kernel.clock import day_start
from service.kernel.errors import Invalid
from service.kernel.i18n import speaking
from service.kernel.written_times import UnreadableTime

NOON = datetime(2026, 11, 7, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-07T09:05:00+08:00", "2026-11-07T01:05:00Z", "2026-11-07 09:05", "2026/11/7 9:05", "2026年11月7日 9时5分",
        "2026年11月7日 上午9点5分", "２０２６／１１／７　９：０５", "2026-11-07 9:05 星期六", "20261107090500",
    ],
)  # fmt: skip
def test_one_time_is_one_time_however_it_is_written(said: str) -> None:
    assert time_asked(said) == NOON
    assert bound(said, "from", end=False) == bound(said, "to", end=True) == NOON


@pytest.mark.parametrize(
    "said", ["2026-11-07", "2026/11/7", "2026年11月7日", "20261107", "２０２６－１１－０７"]
)
def test_a_day_means_all_of_it(said: str) -> None:
    start = day_start(date(2026, 11, 7))
    assert day_asked(said) == date(2026, 11, 7)
    assert time_asked(said) == bound(said, "from", end=False) == start
    assert bound(said, "to", end=True) == start + timedelta(days=1)


@pytest.mark.parametrize(
    "said",
    ["soon", "2026-13-01", "7.11.2026", "2026112009", "46346.375", "46346", "1764209100", "11月7日", "9:05"],
)
def test_what_is_no_time_is_refused_with_a_sentence(said: str) -> None:
    for read in (time_asked, day_asked):
        with pytest.raises(UnreadableTime) as refused:
            read(said)
        assert refused.value.problem
    with speaking("en"), pytest.raises(Invalid) as invalid:
        bound(said, "from", end=False)
    assert invalid.value.params["problem"]


def test_an_hour_is_no_day_and_the_ends_of_the_calendar_are_no_times() -> None:
    with pytest.raises(UnreadableTime):
        day_asked("2026-11-07 09:05")
    for said in ("0001-01-01 00:00", "9999-12-31"):
        with pytest.raises((UnreadableTime, Invalid)):
            time_asked(said) if " " in said else bound(said, "to", end=True)
    assert bound(" ", "from", end=False) is None


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_a_program_writes_is_read_to_the_microsecond(moment: datetime) -> None:
    assert time_asked(moment.isoformat()) == moment
