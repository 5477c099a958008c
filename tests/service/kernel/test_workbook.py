"""Tables out of the service: safe to open, and the same when they come back."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from service.kernel.paper.workbook import safe, write_csv, write_xlsx
from service.registry.importing.rules import read

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("http://x")']
COLUMNS = ["a", "b"]


def cells(content: bytes, kind: str) -> list[list]:
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    return [list(row) for row in load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)]


def written(kind: str, rows: Any) -> bytes:
    return write_csv(COLUMNS, rows) if kind == "csv" else write_xlsx("表", COLUMNS, rows)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_formula(kind: str, text: str) -> None:
    content = written(kind, [[text, "x"]])
    assert cells(content, kind)[1][0].startswith("'")
    if kind == "xlsx":
        cell = load_workbook(io.BytesIO(content)).active["A2"]
        assert cell.data_type == "s"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_numbers_keep_their_sign_and_times_are_the_bureaus(kind: str) -> None:
    content = written(kind, [[-5, datetime(2026, 3, 2, 0, 10, tzinfo=UTC)], [date(2026, 3, 2), None]])
    row = cells(content, kind)[1]
    assert row[0] in (-5, "-5")
    assert str(row[1]) == "2026-03-02 08:10:00"


def test_the_csv_carries_the_mark_that_a_chinese_excel_needs() -> None:
    assert write_csv(["证号"], []).startswith(b"\xef\xbb\xbf")


def test_characters_that_no_workbook_may_hold_are_left_out() -> None:
    assert (
        cells(write_xlsx("a/b:[c]*" * 9, COLUMNS, [["x\x00\x0b\ud800y", "z" * 40_000]]), "xlsx")[1][0] == "xy"
    )


def test_notes_stand_on_a_sheet_that_the_import_does_not_read() -> None:
    content = write_xlsx("t", ["a"], [["x"]], notes=[["k"], ["v"]], notes_title="notes")
    sheet = read(content, "", {"a": "a", "k": "k"})
    assert ([row.values for row in sheet.rows], sheet.unread) == ([{"a": "x"}], ("notes",))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=20)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5), st.sampled_from(["csv", "xlsx"]))
def test_what_was_written_is_read_again_as_it_was(rows: list[tuple[str, str]], kind: str) -> None:
    rows = [(first.strip(), second.strip()) for first, second in rows]
    rows = [row for row in rows if all(row)]
    content = write_csv(COLUMNS, rows) if kind == "csv" else write_xlsx("t", COLUMNS, rows)
    found = read(content, "", {"a": "a", "b": "b"}).rows
    plain = [row for row in rows if not any(text.startswith("'") or text.startswith("#") for text in row)]
    if len(plain) == len(rows) and rows:
        assert [(row.values["a"], row.values["b"]) for row in found] == rows


@given(st.text(max_size=10))
def test_safe_text_never_begins_like_a_formula(text: str) -> None:
    assert safe(text)[:1] not in set("=+-@\t\r\n＝＋－＠")
