"""What two lists of stretches have in common; the rest of the arithmetic is held by the rules of coverage."""

from hypothesis import given
from hypothesis import strategies as st

from service.kernel.intervals import clip, common, union

seconds = st.integers(0, 40).map(float)
stretches = st.lists(st.tuples(seconds, seconds), max_size=8).map(union)


@given(stretches, stretches)
def test_a_moment_is_common_if_it_is_in_both(
    some: list[tuple[float, float]], others: list[tuple[float, float]]
) -> None:
    found = common(some, others)
    for moment in range(41):
        inside = [any(start <= moment < end for start, end in one) for one in (some, others, found)]
        assert inside[2] == (inside[0] and inside[1])


@given(stretches, st.tuples(seconds, seconds).map(sorted))
def test_what_one_stretch_has_in_common_is_what_is_clipped(
    some: list[tuple[float, float]], one: list[float]
) -> None:
    start, end = one
    assert common(some, union([(start, end)])) == clip(some, start, end)
