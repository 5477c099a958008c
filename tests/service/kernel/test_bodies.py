"""Forms are read as starlette reads them, and have so many fields and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.formparsers import FormParser

from service.kernel.bodies import MOST_FIELDS, fields
from service.kernel.errors import BodyTooLarge


def by_starlette(body: bytes) -> list[tuple[str, str]]:
    async def whole():  # type: ignore[no-untyped-def]
        yield body
        yield b""

    parsing = FormParser(Headers(), whole()).parse()
    try:
        parsing.send(None)
    except StopIteration as done:
        return done.value.multi_items()
    raise AssertionError


PIECES = st.sampled_from(
    ["a", "1", "执", "%E6%89%A7", "+", "%", "%4", "%zz", "=", "&", "%26", "%00", " ", "é"]
)


@given(st.lists(PIECES, max_size=20).map("".join))
def test_fields_are_those_that_starlette_would_find(text: str) -> None:
    body = text.encode()
    assert [(n, v) for n, v in fields(body) if n] == [(n, v) for n, v in by_starlette(body) if n]


@pytest.mark.parametrize("piece", [b"&", b"a&", b"a=1&", b"=&", b";&"])
def test_more_fields_than_a_form_has_are_refused(piece: bytes) -> None:
    assert len(fields(piece * (MOST_FIELDS - 1))) <= MOST_FIELDS
    with pytest.raises(BodyTooLarge):
        fields(piece * MOST_FIELDS)
