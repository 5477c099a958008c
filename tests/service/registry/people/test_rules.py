"""Duties as tables write them."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.registry.people.rules import clock, left_by, overlapping, shift


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "end", "begins", "ends"),
    [
        ("08:00", "16:00", "2026-03-02T08:00", "2026-03-02T16:00"),
        ("20:00", "08:00", "2026-03-02T20:00", "2026-03-03T08:00"),
        ("20:00", "次日8:00", "2026-03-02T20:00", "2026-03-03T08:00"),
        ("8:00", "次日8:00", "2026-03-02T08:00", "2026-03-03T08:00"),
        ("16：00", "24:00", "2026-03-02T16:00", "2026-03-03T00:00"),
        ("8时30分", "17时", "2026-03-02T08:30", "2026-03-02T17:00"),
        ("08:00:00", "08:00:00", "2026-03-02T08:00", "2026-03-03T08:00"),
        ("00:00", "00:00", "2026-03-02T00:00", "2026-03-03T00:00"),
    ],
)
@pytest.mark.parametrize(
    "day", ["2026-03-02", "2026/3/2", "2026年3月2日", "2026-03-02T00:00:00", date(2026, 3, 2)]
)
def test_a_day_and_two_clock_times_are_a_duty_also_over_midnight(
    day: date | str, start: str, end: str, begins: str, ends: str
) -> None:
    found = shift({"day": day, "starts_at": start, "ends_at": end})
    assert (found["starts_at"], found["ends_at"]) == (wall(begins), wall(ends))


def test_whole_times_stay_and_a_clock_time_may_end_a_whole_start() -> None:
    whole = {"starts_at": "2026-03-02 20:00", "ends_at": "2026-03-03 08:00"}
    assert shift(whole) == whole
    mixed = shift({"starts_at": "2026-03-02 20:00", "ends_at": "08:00"})
    assert mixed["ends_at"] == wall("2026-03-03T08:00")


@pytest.mark.parametrize("text", ["25:00", "8:75", "soon", "", "8", None, 8])
def test_what_is_no_clock_time_is_left_for_the_model_to_refuse(text: int | str | None) -> None:
    assert clock(text) is None
    assert shift({"day": "2026-03-02", "starts_at": text, "ends_at": "16:00"})["starts_at"] == text


MOMENTS = st.integers(0, 200).map(lambda n: datetime(2026, 3, 2) + timedelta(minutes=10 * n))  # noqa: DTZ001
SPANS = st.tuples(MOMENTS, st.integers(1, 60)).map(lambda s: (s[0], s[0] + timedelta(minutes=10 * s[1])))


@given(SPANS, st.lists(SPANS, max_size=6))
def test_two_duties_overlap_exactly_if_they_share_a_minute(span: Any, others: list[Any]) -> None:
    def minutes(one: Any) -> set[int]:
        return set(range(int((one[1] - one[0]).total_seconds()) // 600))

    def sharing(a: Any, b: Any) -> bool:
        shift_by = int((b[0] - a[0]).total_seconds()) // 600
        return bool(minutes(a) & {m + shift_by for m in minutes(b)})

    found = overlapping(span, others)
    assert (found is not None) == any(sharing(span, other) for other in others)
    if found:
        assert found == min(other for other in others if sharing(span, other))


@given(st.dates(), st.dates())
def test_the_leaving_date_is_the_first_day_without_the_officer(left: date, on: date) -> None:
    assert left_by(left, on) == (on >= left)
    assert not left_by(None, on)
