"""Whatever stands in what is logged, nobody else's line comes of it."""

import io
import logging
import re
import sys
from types import TracebackType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.logs import BESIDE, LONGEST, MOST_LINES, OneLine, Output, visible

FORGED = "x\n2026-11-28 23:59:59,000 INFO service.access admin signed in"
BEGINS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ ")
Exc = tuple[type[BaseException], BaseException, TracebackType | None]


def lines_of(message: str, *args: object, exc_info: Exc | None = None) -> list[str]:
    record = logging.LogRecord("a.name", logging.INFO, __file__, 1, message, args, exc_info)
    return OneLine().format(record).split("\n")


def raised(error: Exception) -> Exc:
    try:
        raise error
    except Exception:
        kind, value, trace = sys.exc_info()
        assert kind is not None and value is not None
        return kind, value, trace


@pytest.mark.parametrize(
    "words",
    [FORGED, FORGED.replace("\n", "\r"), "\x1b[2K\x1b[1Aaway", "\x9b2J", "a\u2028b\u2029c\x85d", "\u202egpj.exe", "\x00\x07\x08\x7f", "\ud800", "\ufeff\ufff9"],
)  # fmt: skip
def test_a_record_is_one_line_and_everything_in_it_is_seen(words: str) -> None:
    for line in (*lines_of("%s %s", "GET", words), *lines_of(words)):
        assert BEGINS.match(line) and line.isprintable(), line
        assert len([line]) == 1 and line.splitlines() == [line]


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_makes_a_second_record(one: str, other: str) -> None:
    first, *beside = lines_of("%s", one, exc_info=raised(ValueError(other)))
    assert BEGINS.match(first) and first.splitlines() == [first]
    assert beside and all(line.startswith(BESIDE) and line.splitlines() == [line] for line in beside)


def test_a_traceback_stays_readable_and_has_an_end() -> None:
    error = ValueError("a\nb" * LONGEST)
    error.add_note("\n".join("n" * 1000))
    _first, *beside = lines_of("broke", exc_info=raised(error))
    assert any("in raised" in line for line in beside)
    assert len(beside) == MOST_LINES + 1 and beside[-1].endswith("more")
    assert len(visible("x" * 10**6)) == LONGEST + 1


def test_a_record_that_cannot_be_written_is_told_of_on_one_line_too() -> None:
    handler = Output()
    handler.stream = io.StringIO()
    handler.handle(
        logging.LogRecord("a.name", logging.INFO, __file__, 1, FORGED + " %d", ("no number",), None)
    )
    assert handler.stream.getvalue().count("\n") == 1


def test_text_that_people_write_stays_as_it_is() -> None:
    for words in ("示城管罚〔2024〕5号 油烟", "C:\\new\\table", "a'b\"c", "é ü ئۇيغۇر"):
        assert visible(words) == words
