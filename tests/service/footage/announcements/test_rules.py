"""Which file is which, when it is due, where list and bytes disagree."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.claims import Claims
from service.footage.announcements.rules import File, choose, due_at, mismatches, papers, same_file

NOON = datetime(2024, 6, 3, 4, tzinfo=UTC)
texts = st.sampled_from(["", "A", "B"])
files = st.builds(
    File,
    name=st.sampled_from(["", "0001.MP4", "0001.mp4", "0002.MP4"]),
    file_id=texts,
    recorder=texts,
    size=st.sampled_from([None, 10, 20]),
    start=st.sampled_from([None, NOON, NOON + timedelta(hours=5)]),
)


@given(files, files)
def test_being_the_same_file_has_no_direction(one: File, other: File) -> None:
    assert same_file(one, other) == same_file(other, one)


@given(files, files)
def test_another_recorder_or_another_id_is_another_file(one: File, other: File) -> None:
    if one.recorder and other.recorder and one.recorder != other.recorder:
        assert not same_file(one, other)
    if one.file_id and other.file_id and one.file_id != other.file_id:
        assert not same_file(one, other)


@given(st.lists(files, max_size=5), files)
def test_one_file_is_chosen_only_where_one_fits_best(listed: list[File], arrived: File) -> None:
    named = [(uuid4(), file) for file in listed]
    chosen = choose(named, arrived)
    if chosen is not None:
        assert same_file(dict(named)[chosen], arrived)
    if len([file for file in listed if same_file(file, arrived)]) == 1:
        assert chosen is not None


@pytest.mark.parametrize(
    ("arrived", "fits"),
    [
        (File("0001.mp4", recorder="R-07", size=10), True),
        (File("0001.MP4", recorder="R-07", size=99), True),  # shown as a contradiction, not taken for another
        (File("0001.MP4", recorder="R-08", size=10), False),
        (File("0001.MP4", size=10), True),  # nobody said which recorder, but the size agrees
        (File("0001.MP4"), False),
        (
            File("0001.MP4", recorder="R-07", size=99, start=NOON + timedelta(days=1)),
            False,
        ),  # names begin anew
        (File("else.MP4", recorder="R-07", size=10), False),
    ],
)
def test_names_are_trusted_only_with_a_recorder_or_a_size(arrived: File, fits: bool) -> None:
    assert same_file(File("0001.MP4", recorder="R-07", size=10, start=NOON), arrived) is fits


def test_the_deadline_counts_from_the_collection_then_from_the_end_then_from_the_list() -> None:
    hour = timedelta(hours=1)
    assert due_at(24, NOON, NOON - hour, NOON + hour) == NOON + 24 * hour
    assert due_at(24, None, NOON - hour, NOON + hour) == NOON + 23 * hour
    assert due_at(24, None, None, NOON + hour) == NOON + 25 * hour


def test_a_collection_claimed_for_later_puts_no_deadline_off() -> None:
    far = NOON.replace(year=2090)
    assert due_at(24, far, far, NOON) == due_at(24, None, far, NOON) == NOON + timedelta(hours=24)


def test_a_list_and_the_bytes_disagree_only_where_both_say_something() -> None:
    assert mismatches({"size": 10, "md5": "ab"}, 10, "AB") == []
    assert mismatches({}, 10, "ab") == [] and mismatches({"size": 10, "md5": "ab"}, None, None) == []
    assert [one.tag.name for one in mismatches({"size": 11, "md5": "ac"}, 10, "ab")] == [
        "size_differs",
        "md5_differs",
    ]


def test_a_sidecar_of_another_recorder_says_nothing() -> None:
    claims: Claims = {"announced": {"facts": {"recorder": "R-07", "officer": "012"}}}
    assert papers(claims, {"recorder": "R-08", "officer": "099"})["officer"] == "012"
    assert papers(claims, {"recorder": "R-07", "case": "5"}) == {
        "recorder": "R-07",
        "officer": "012",
        "case": "5",
    }
    assert papers({}, {"officer": "099"}) == {"officer": "099"}
