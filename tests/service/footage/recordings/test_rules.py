"""The state of a recording, what is encoded first, and byte ranges: whatever the combination."""

from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.claims import Claims
from schemas.jobs import JobKind
from schemas.originals import MediaState
from schemas.recordings import RecordingState
from service.footage.recordings.rules import (
    WALKED,
    Known,
    Standing,
    byte_range,
    encode_cost_s,
    encode_priority,
    looks_priority,
    missing_claims,
    standing,
)

failures = st.dictionaries(st.sampled_from(list(JobKind)), st.just({"detail": "x"}))
known = st.builds(
    Known,
    media_state=st.one_of(st.none(), st.sampled_from(list(MediaState))),
    reason=st.sampled_from([None, "truncated", "encrypted"]),
    playable=st.booleans(),
    encoded=st.booleans(),
    coming=st.booleans(),
    failed=failures,
    photo=st.booleans(),
)
LOOKED = (MediaState.ready, MediaState.partial)


@given(known)
def test_what_is_not_a_recording_stays_refused_and_what_cannot_play_unplayable(what: Known) -> None:
    state = standing(what).state
    assert (state == RecordingState.refused) == (what.media_state == MediaState.refused)
    if what.media_state == MediaState.unplayable:
        assert state == RecordingState.unplayable


@given(known)
def test_a_state_that_is_not_good_says_why(what: Known) -> None:
    found = standing(what)
    if found.state == RecordingState.partial and what.media_state != MediaState.partial:
        assert found.reason is not None
    if found.state == RecordingState.ready:
        assert what.media_state == MediaState.ready and found.reason is None


def without(what: Known, *kinds: JobKind) -> Known:
    return replace(what, failed={kind: why for kind, why in what.failed.items() if kind not in kinds})


@given(known)
def test_a_failed_encode_takes_away_nothing_that_is_there(what: Known) -> None:
    if what.encoded or what.photo:
        assert standing(what) == standing(without(what, JobKind.renditions))


@given(known)
def test_looking_again_in_vain_takes_away_nothing_that_is_there(what: Known) -> None:
    if what.media_state in LOOKED:
        assert standing(what) == standing(without(what, JobKind.looks))
        if what.photo:
            assert standing(what) == standing(without(what, JobKind.playable))


@given(known)
def test_nothing_is_processing_for_want_of_an_encode_that_nobody_asked_for(what: Known) -> None:
    looked = replace(without(what, *JobKind), media_state=MediaState.ready, coming=False)
    assert standing(looked) == Standing(RecordingState.ready)


@given(known)
def test_what_plays_without_an_encode_is_waited_for(what: Known) -> None:
    looked = replace(without(what, *JobKind), media_state=MediaState.ready, coming=True)
    wanted = RecordingState.ready if what.playable else RecordingState.processing
    assert standing(looked).state == wanted


@pytest.mark.parametrize("playable", [True, False])
def test_a_failed_encode_of_what_was_seen_is_partial(playable: bool) -> None:
    failed = {JobKind.renditions: {"detail": "x"}, JobKind.tags: {"detail": "y"}}
    for media in LOOKED:
        found = standing(Known(media, playable=playable, failed=failed))
        assert (found.state, found.reason) == (RecordingState.partial, "renditions_failed")
    assert standing(Known(MediaState.examined, failed=failed)).state == RecordingState.processing


@pytest.mark.parametrize("why", ["output_missing", "encoder_failed"])
def test_what_shows_nothing_and_does_not_play_is_unplayable(why: str) -> None:
    failed = {JobKind.looks: {"detail": "x", "because": why}}
    dark = standing(Known(MediaState.examined, failed=failed))
    assert (dark.state, dark.reason) == (RecordingState.unplayable, "renditions_failed")
    plays = standing(Known(MediaState.examined, playable=True, failed=failed))
    assert (plays.state, plays.reason) == (RecordingState.partial, "looks_failed")


def test_what_can_neither_be_looked_at_nor_encoded_is_unplayable() -> None:
    failed = {
        kind: {"detail": "x", "because": "limit_exceeded"} for kind in (JobKind.looks, JobKind.renditions)
    }
    dark = standing(Known(MediaState.examined, failed=failed))
    assert (dark.state, dark.reason) == (RecordingState.unplayable, "renditions_failed")


@pytest.mark.parametrize("playable", [True, False])
def test_what_could_not_be_looked_at_is_partial_and_says_so(playable: bool) -> None:
    found = standing(Known(MediaState.examined, playable=playable, failed={JobKind.looks: {"detail": "x"}}))
    assert (found.state, found.reason) == (RecordingState.partial, "looks_failed")


def test_footage_of_a_case_is_looked_at_first_and_any_before_the_walk_of_what_came_later() -> None:
    case = looks_priority(linked=True, linked_to_case=True)
    linked = looks_priority(linked=True, linked_to_case=False)
    assert 0 < case < linked < looks_priority(linked=False, linked_to_case=False) < WALKED


@given(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2**40))
def test_footage_of_a_case_is_never_behind_other_footage(
    linked: bool, direct: bool, other_direct: bool, size: int
) -> None:
    case = encode_priority(linked=True, linked_to_case=True, direct=direct, size=size)
    other = encode_priority(linked=linked, linked_to_case=False, direct=other_direct, size=0)
    assert 0 <= case < other <= 9


def test_what_is_small_and_plays_already_goes_last() -> None:
    rest = {"linked": False, "linked_to_case": False}
    small = encode_priority(direct=True, size=2**20, **rest)
    assert (
        small
        > encode_priority(direct=True, size=2**30, **rest)
        > encode_priority(direct=False, size=1, **rest)
    )


@given(st.floats(0.1, 1e5), st.integers(1, 8000), st.integers(1, 8000), st.floats(1, 240))
def test_longer_footage_never_costs_less(seconds: float, width: int, height: int, fps: float) -> None:
    assert 0 < encode_cost_s(seconds, width, height, fps) <= encode_cost_s(seconds * 2, width, height, fps)


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_a_second_receipt_adds_to_claims_and_never_contradicts(
    first: dict[str, str], second: dict[str, str]
) -> None:
    merged = dict(missing_claims(cast(Claims, first), cast(Claims, second)))
    assert all(merged[key] == value for key, value in first.items() if value)
    assert set(merged) <= set(first) | set(second)


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 1000))
def test_a_range_lies_within_the_bytes(first: int, last: int, size: int) -> None:
    try:
        found = byte_range(f"bytes={first}-{last}", size)
    except ValueError:
        assert first >= size
        return
    if found is not None:
        start, length = found
        assert start == first and length > 0 and start + length <= size


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-", (0, 10)),
        ("bytes=-3", (7, 3)),
        ("bytes=-30", (0, 10)),
        ("bytes=9-99", (9, 1)),
        ("bytes=5-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=-", None),
    ],
)
def test_ranges_as_browsers_write_them(header: str | None, expected: tuple[int, ...] | None) -> None:
    assert byte_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_outside_of_the_bytes_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        byte_range(header, 10)
