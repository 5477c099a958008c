import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.base import new_id
from schemas.links import Link, LinkState
from service.finding.linking.positions import part_meant, part_shown, position, seconds


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


@given(st.integers(0, 29), st.integers(1, 30))
def test_a_part_that_is_shown_as_the_player_counts_is_meant_so(since: int, lasting: int) -> None:
    """Of ten seconds, an hour's hole, and twenty more."""
    stretches = ((0.0, 10.0), (3610.0, 3630.0))
    until = min(30, since + lasting)
    start, end = part_meant(since, until, stretches)
    assert start is not None and end is not None and start < end
    link = Link(
        recording_id=new_id(),
        state=LinkState.confirmed,
        score=1,
        rule_version="-",
        part_start_s=start,
        part_end_s=end,
    )
    shown = part_shown(link, None, stretches)
    assert (shown["part_from"], shown["part_to"]) == (position(since), position(until))
    assert part_meant(None, None, stretches) == (None, None)
