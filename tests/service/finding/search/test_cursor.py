from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.finding.search.criteria import SearchFilters
from service.finding.search.cursor import Position, read_cursor, write_cursor
from service.finding.search.errors import CursorUnreadable

FILTERS = SearchFilters(q="油烟", tag=("night",))
POSITION = Position(datetime(2024, 6, 3, 14, 5, 9, 123456, tzinfo=UTC), UUID(int=7))


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_is_read_as_it_was_written(moment: datetime, recording_id: UUID) -> None:
    position = Position(moment, recording_id)
    assert read_cursor(write_cursor(position, FILTERS), FILTERS) == position


@given(st.integers(0, 200), st.characters())
def test_a_changed_cursor_is_an_error(place: int, character: str) -> None:
    cursor = write_cursor(POSITION, FILTERS)
    place %= len(cursor)
    if character != cursor[place]:
        with pytest.raises(CursorUnreadable):
            read_cursor(cursor[:place] + character + cursor[place + 1 :], FILTERS)


@given(st.text())
def test_any_other_text_is_an_error(text: str) -> None:
    with pytest.raises(CursorUnreadable):
        read_cursor(text, FILTERS)


def test_a_cursor_of_another_search_is_an_error() -> None:
    with pytest.raises(CursorUnreadable):
        read_cursor(write_cursor(POSITION, FILTERS), SearchFilters(q="噪音", tag=("night",)))
