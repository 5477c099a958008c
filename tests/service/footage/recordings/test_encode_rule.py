"""Of what a browser video is made: the bureau's rows, read from above."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import EventKind
from schemas.recordings import Media
from service.footage.recordings.encode_rule import ANY, EncodeRow, When, fits, when

CODECS = ("h264", "hevc", "av1", "aac")
ROWS = st.lists(
    st.builds(
        EncodeRow,
        event_kind=st.sampled_from((ANY, *EventKind)),
        media=st.sampled_from((ANY, Media.video.value, Media.sound.value)),
        codec=st.sampled_from((ANY, *CODECS)),
        when=st.sampled_from([one.value for one in When]),
    ),
    max_size=6,
)
KINDS = st.frozensets(st.sampled_from(list(EventKind)))
MEDIA = st.sampled_from((None, *Media))
CODEC = st.sampled_from((None, *CODECS, "HEVC"))


@given(ROWS, KINDS, MEDIA, CODEC)
def test_rows_behind_the_first_that_fits_say_nothing(
    rows: list[EncodeRow], kinds: frozenset[str], media: Media | None, codec: str | None
) -> None:
    found = when(rows, event_kinds=kinds, media=media, codec=codec)
    alone = [
        place
        for place, row in enumerate(rows)
        if when([{**row, "when": "always"}], event_kinds=kinds, media=media, codec=codec) == When.always
    ]
    assert found == (rows[alone[0]]["when"] if alone else When.by_need)
    cut = rows[: alone[0] + 1] if alone else rows
    assert when(cut, event_kinds=kinds, media=media, codec=codec) == found


@given(ROWS, KINDS, MEDIA, CODEC)
def test_a_last_row_for_all_leaves_nothing_open(
    rows: list[EncodeRow], kinds: frozenset[str], media: Media | None, codec: str | None
) -> None:
    last = EncodeRow(event_kind=ANY, media=ANY, codec=ANY, when="on_demand")
    found = when([*rows, last], event_kinds=kinds, media=media, codec=codec)
    assert found == (When.on_demand if when(rows, event_kinds=kinds, media=media, codec=codec) == "by_need"
                     and not _fit_by_need(rows, kinds, media, codec)
                     else when(rows, event_kinds=kinds, media=media, codec=codec))  # fmt: skip


def _fit_by_need(rows: list[EncodeRow], kinds: Any, media: Any, codec: Any) -> bool:
    marked: list[EncodeRow] = [{**row, "when": "always"} for row in rows]
    return when(marked, event_kinds=kinds, media=media, codec=codec) == When.always


def test_what_is_linked_to_nothing_fits_only_rows_of_any_kind() -> None:
    rows = [EncodeRow(event_kind="coercion", media=ANY, codec=ANY, when="always")]
    assert when(rows, event_kinds=(), media="video", codec="hevc") == When.by_need
    assert when(rows, event_kinds={"coercion", "inspection"}, media="video", codec="hevc") == When.always


ALL = {"event_kind": "any", "media": "any", "codec": "any", "when": "always"}


@pytest.mark.parametrize(
    "value",
    [
        [], {}, "always", [[]], [{}], [ALL | {"when": "never"}], [ALL | {"media": "photo"}],
        [ALL | {"event_kind": "sealing"}], [ALL | {"codec": "HEVC"}], [ALL | {"codec": " "}], [ALL | {"codec": 7}],
        [ALL | {"more": "x"}], [ALL] * 201,
    ],
)  # fmt: skip
def test_no_other_rows_are_taken(value: Any) -> None:
    assert not fits(value) and fits([ALL])
