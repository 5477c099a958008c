"""Strangers' words: what nobody sees is taken out, what can be read stays."""

import json
import unicodedata

import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st

from schemas.cases import CaseCreate
from schemas.events import EventUpdate
from schemas.plain_text import one_line, prose, storable
from service.kernel.database import transaction
from tests.fixtures.jobs import Bureau

ANY = st.text(st.characters(exclude_categories=()))
TURNS = "".join(map(chr, [0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]))


@given(ANY)
def test_a_line_is_one_and_shows_all_that_is_in_it(text: str) -> None:
    line = one_line(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in TURNS for c in line)
    assert one_line(line) == line == line.strip()
    line.encode()


@given(ANY)
def test_a_note_keeps_its_lines_and_nothing_else_unseen(text: str) -> None:
    note = prose(text)
    assert not any(
        (unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\n\t") or c in TURNS for c in note
    )
    assert prose(note) == note
    note.encode()


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp"))))
def test_what_can_be_read_stays_as_it_is(text: str) -> None:
    assert prose(text) == text and one_line(text) == text.strip()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("案卷\u202egpj.exe", "案卷gpj.exe"),
        ("one\r\ntwo\tthree", "one two three"),
        ("a\0b\x1bc\x85d", "abc d"),
        ("x\ud800y", "xy"),
        ("家庭 👨‍👩‍👧 现场", "家庭 👨‍👩‍👧 现场"),
        ("  ملف.mp4 ", "ملف.mp4"),
    ],
)
def test_lines(said: str, line: str) -> None:
    assert one_line(said) == line


JSON = st.recursive(ANY | st.integers() | st.none(), lambda one: st.lists(one) | st.dictionaries(ANY, one))


@given(JSON)
def test_a_json_value_can_be_stored_and_is_else_the_same(value: object) -> None:
    kept = json.dumps(storable(value))
    assert "\\u0000" not in kept.replace("\\\\", "")
    storable(value) is not None and str(storable(value)).encode()
    if "\\ud" not in json.dumps(value) and "\\u0000" not in json.dumps(value):
        assert storable(value) == value


@pytest.mark.parametrize("said", ["a\0b", "\ud800", "\udfff\ud800", "ok 👍 \\u0000 \\ud800"])
def test_what_no_table_holds_keeps_no_row_from_being_written(bureau: Bureau, said: str) -> None:
    statement = sqlalchemy.text("SELECT :value").bindparams(
        sqlalchemy.bindparam("value", {said: [said]}, type_=sqlalchemy.dialects.postgresql.JSONB)
    )
    with transaction() as session:
        read = session.scalar(statement.columns(value=sqlalchemy.dialects.postgresql.JSONB))
    assert read == storable({said: [said]})


def test_titles_are_lines_and_reasons_keep_theirs() -> None:
    made = CaseCreate(number=" 1\u202e\n2 ", title="a\tb\r\nc", squad="1")
    assert (made.number, made.title) == ("1 2", "a b c")
    changed = EventUpdate(title="x\u2067y", reason="one\r\ntwo\0")
    assert (changed.title, changed.reason) == ("xy", "one\ntwo")
