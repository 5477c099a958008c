"""What office programs, and those who mean no good, send as a table."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.written_times import UnreadableTime
from service.registry.importing.errors import ImportTooLarge, ImportUnreadable
from service.registry.importing.rules import MOST_ROWS, many, moment, read, truth

HEADERS = {"证号": "certificate_no", "姓名": "name", "中队": "squad"}
ROW = {"certificate_no": "012", "name": "队员 012", "squad": "one"}
TABLE = "证号,姓名,中队\r\n012,队员 012,one\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"])
def test_every_encoding_that_office_programs_write_is_read(encoding: str) -> None:
    sheet = read(TABLE.encode(encoding), "text/csv", HEADERS)
    assert [row.values for row in sheet.rows] == [ROW]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_and_padding_and_english_headers(delimiter: str) -> None:
    table = TABLE.replace(",", delimiter).replace("证号", " Certificate_No ")
    assert read(table.encode(), "", HEADERS).rows[0].values == ROW


def test_json_as_a_list_or_under_items_and_unknown_columns_are_named() -> None:
    for content in (b'[{"name": "x", "colour": 1}]', b'{"items": [{"name": "x", "colour": 1}]}'):
        sheet = read(content, "application/json", HEADERS)
        assert (sheet.rows[0].values, sheet.ignored) == ({"name": "x"}, ("colour",))


def test_an_empty_cell_says_nothing_and_an_empty_line_is_no_row() -> None:
    sheet = read("证号,姓名\n012,\n,\n\n013,x\n".encode(), "text/csv", HEADERS)
    assert [row.values for row in sheet.rows] == [
        {"certificate_no": "012"},
        {"certificate_no": "013", "name": "x"},
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"\x81\x00\xff\xff",
        b"[" * 200_000,
        b'[{"name": 1}, 2]',
        b'{"name": "x"}',
        b'"certificate_no\n',
        b"name,name\nx,y\n",
        b"name\nx,y\n",
        b"name\n" + b'"' + b"x" * 200_000 + b'"\n',
    ],
)
def test_hostile_files_are_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(ImportUnreadable):
        read(content, "", HEADERS)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(ImportTooLarge):
        read(b"name\n" + b"x\n" * (MOST_ROWS + 1), "text/csv", HEADERS)


@given(st.binary(max_size=300), st.sampled_from(["", "text/csv", "application/json"]))
def test_any_bytes_are_read_or_refused_and_never_break(content: bytes, kind: str) -> None:
    with contextlib.suppress(ImportUnreadable, ImportTooLarge):
        read(content, kind, HEADERS)


@pytest.mark.parametrize(
    "text",
    ["2024-06-03 08:10", "2024/6/3 8:10", "2024年6月3日 8:10", "2024年6月3日8时10分", "2024-06-03T08:10:00"],
)
def test_times_as_they_are_written_here(text: str) -> None:
    assert moment(text).isoformat() == "2024-06-03T08:10:00"


def test_a_zone_stays_with_its_time_and_what_is_no_time_is_refused() -> None:
    assert moment("2024-06-03T08:10:00+08:00").isoformat() == "2024-06-03T08:10:00+08:00"
    for said in ("2024-13-40 08:10", "2026112009"):
        with pytest.raises(UnreadableTime):
            moment(said)


def test_what_says_nothing_is_left_for_the_model_to_refuse() -> None:
    assert (moment(""), moment(None)) == ("", None)


def test_numbers_of_json_are_read_like_those_of_a_spreadsheet() -> None:
    content = b'[{"certificate_no": 12, "name": [7, "x", true], "squad": 46346.375}, {"squad": 4.11e17}, {"squad": 9007199254740993}]'
    first, lost, exact = read(content, "application/json", HEADERS).rows
    assert first.values == {"certificate_no": "12", "name": ["7", "x", True], "squad": "46346.375"}
    assert "411000000000000000" in lost.problem
    assert (exact.values, exact.problem) == ({"squad": "9007199254740993"}, "")


def test_several_names_in_a_cell_and_yes_and_no() -> None:
    assert many("012、013；014, 015") == ["012", "013", "014", "015"]
    assert (truth("是"), truth("否"), truth("maybe")) == (True, False, "maybe")
