"""Months, fingerprints and quantiles, by properties."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.coverage import SnapshotRow
from service.kernel.errors import Invalid
from service.kernel.months import months_on, next_month
from service.supervision.snapshots.rules import fingerprint, month_of, name_of, quantile, same

MONTHS = st.dates(date(2001, 1, 1), date(2099, 12, 31)).map(lambda day: day.replace(day=1))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(MONTHS)
def test_months_follow_each_other(month: date) -> None:
    assert months_on(next_month(month), -1) == month and next_month(month).day == 1
    assert month_of(name_of(month)) == month


@pytest.mark.parametrize("text", ["2024", "2024-00", "2024-6", "24-06-0", "٢٠٢٤-٠٦", ""])
def test_what_is_no_month_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        month_of(text)


def rows_of(contents: Any) -> list[SnapshotRow]:
    squad, month = uuid4(), uuid4()
    return [
        SnapshotRow(
            snapshot_id=month,
            about="event",
            subject_id=uuid4(),
            basis="counted",
            squad_id=squad,
            row={"x": one},
        )
        for one in contents
    ]


@given(st.lists(JSON, min_size=1, max_size=4), JSON)
def test_the_fingerprint_knows_every_change_and_no_order(contents: list[Any], other: Any) -> None:
    rows = rows_of(contents)
    assert fingerprint(rows) == fingerprint(list(reversed(rows)))
    assert fingerprint(rows) != fingerprint(rows[1:])
    kept = rows[0].row
    rows_before = fingerprint(rows)
    rows[0].row = {"x": other}
    assert (fingerprint(rows) == rows_before) == (
        repr(kept["x"]) == repr(other) or same_json(kept["x"], other)
    )


def same_json(one: Any, other: Any) -> bool:
    import json

    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_the_first_value_that_reaches_the_share(values: list[int], share: float) -> None:
    found = quantile(values, share)
    assert found in values
    assert sum(one <= found for one in values) >= share * len(values)
    assert sum(one < found for one in values) < share * len(values)


def test_sums_in_another_order_are_the_same_and_other_sums_are_not() -> None:
    assert same({"a": [0.1 + 0.2, 1]}, {"a": [0.3, 1]})
    assert not same({"a": 1.0}, {"a": 1.001}) and not same({"a": 1}, {"b": 1}) and not same([1], [1, 2])
    assert not same({"a": None}, {"a": 0.0})
