import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.finding.linking.positions import position, seconds


@given(st.integers(0, 359_999))
def test_what_is_shown_is_read_back_as_the_same(at_s: int) -> None:
    assert seconds(position(at_s)) == at_s


@pytest.mark.parametrize(
    ("written", "meant"), [("", None), ("90", 90), ("1:30", 90), ("1:02:03", 3723), (" 2：05 ", 125)]
)
def test_it_is_read_as_people_write_it(written: str, meant: int | None) -> None:
    assert seconds(written) == meant


@pytest.mark.parametrize("written", ["x", "1:", "1:75", "1:75:00", "-5", "1:2:3:4", "1e3"])
def test_what_is_no_position_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        seconds(written)
