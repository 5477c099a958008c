"""A recorder counts its files on whatever its clock does; other digits in their names are no order."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.finding.linking.numbers import in_order, number_of


def placed(*names: str, officer: str = "") -> list[int] | None:
    """In the order of the names: at which place each was filmed."""
    found = in_order({UUID(int=n): number_of(name, officer) for n, name in enumerate(names)})
    return [found[UUID(int=n)] for n in range(len(names))] if found else None


@pytest.mark.parametrize(
    ("names", "places"),
    [
        (("FILE0003.MP4", "FILE0001.MP4", "FILE0002.MP4"), [2, 0, 1]),
        (("20261127100500_000012.MP4", "20000101000010_000013.MP4"), [0, 1]),
        (("NO20261127-100500-000002F.MP4", "NO20261127-100000-000001F.MP4"), [1, 0]),
        (("MOVI9998.avi", "MOVI0001.avi", "MOVI9999.avi"), [0, 2, 1]),
        (("100MEDIA/DSC00010.MP4", "100MEDIA\\DSC00012.MP4"), [0, 1]),
        (("VID_20261127_100500.mp4", "VID_20261127_100900.mp4"), None),  # times
        (("R-01_000002_20261127100500.mp4", "R-01_000003_20261127100900.mp4"), None),  # officers
        (("R-01_20261127100500.mp4", "R-02_20261127100900.mp4"), None),
        (("FILE0001.MP4", "MOVI0002.MP4"), None),
        (("FILE0001.MP4", "FILE0001.MP4"), None),  # of two cards
        (("FILE0001.MP4", "现场.mp4"), None),
        (("FILE0001.MP4", "FILE0400.MP4"), None),  # not counted one by one
        (("FILE0001.MP4",), None),
        (("1764209100.mp4", "1764209400.mp4"), None),
    ],
)
def test_only_what_counts_is_an_order(names: tuple[str, ...], places: list[int] | None) -> None:
    assert placed(*names) == places


def test_the_officers_own_number_counts_nothing() -> None:
    assert placed("20261127_000002.mp4", "20261127_000003.mp4", officer="000002") is None


@given(st.permutations(range(8)), st.integers(1, 9999))
def test_a_counter_that_begins_again_goes_on(order: list[int], first: int) -> None:
    names = [f"FILE{(first + place - 1) % 9999 + 1:04}.MP4" for place in order]
    assert placed(*names) == order
