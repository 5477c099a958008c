"""What office programs, and those who mean no good, send as a table."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.i18n import speaking
from service.kernel.written_times import UnreadableTime
from service.registry.importing.errors import ImportTooLarge, ImportUnreadable
from service.registry.importing.rules import MOST_ROWS, many, moment, number, read, truth

HEADERS = {"证号": "certificate_no", "姓名": "name", "中队": "squad"}
ROW = {"certificate_no": "012", "name": "队员 012", "squad": "one"}
TABLE = "证号,姓名,中队\r\n012,队员 012,one\r\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"]
)
@pytest.mark.parametrize("title", ["", "x\r\n", "2026年执法人员名单\r\n\r\n"])
def test_every_encoding_that_office_programs_write_is_read(encoding: str, title: str) -> None:
    sheet = read((title + TABLE).encode(encoding), "text/csv", HEADERS)
    assert [row.values for row in sheet.rows] == [ROW]
    assert sheet.rows[0].number == 2 + title.count("\n")


def test_the_encoding_is_that_of_the_whole_and_not_of_its_first_bytes() -> None:
    ascii_only = "certificate_no,name\r\n" + "012,x\r\n" * 5000
    for encoding in ("utf-8", "gb18030"):
        sheet = read((ascii_only + "013,买买提\r\n").encode(encoding), "text/csv", HEADERS)
        assert sheet.rows[-1].values["name"] == "买买提"


def test_one_broken_byte_does_not_make_every_name_another() -> None:
    content = (TABLE * 3).encode()
    with pytest.raises(ImportUnreadable):
        read(content[:-12] + b"\xe9" + content[-12:], "text/csv", HEADERS)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "empty"),
        (" \r\n\t", "empty"),
        ("\ufeff", "empty"),
        ("<html><body><table><tr><td>证号</td></tr></table></body></html>", "web page"),
        ("<table>\n<tr><td>证号</td>\n<td>姓名</td></tr>\n</table>", "web page"),
        ("\ufeff <!DOCTYPE html>\n<html>", "web page"),
        ('<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">', "web page"),
        ("MIME-Version: 1.0\nContent-Type: multipart/related", "web page"),
        ('<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>', "XML"),
        ("%PDF-1.7\n", "no table"),
        ("\x02\x03 certificate_no", "no table"),
    ],
)
@pytest.mark.parametrize("kind", ["", "text/csv", "application/json", "application/vnd.ms-excel"])
def test_what_is_no_table_says_what_it_is(content: str, word: str, kind: str) -> None:
    with speaking("en"), pytest.raises(ImportUnreadable) as refused:
        read(content.encode(), kind, HEADERS)
    assert word in refused.value.params["problem"]


@pytest.mark.parametrize(
    "header", ["证号*", "*证号", "证 号", "证号（必填）", "＊证号（必填，不可重复）", "证号(如 012)"]
)
def test_a_remark_beside_a_column_name_is_no_other_column(header: str) -> None:
    assert read(f"{header},姓名\n012,x\n".encode(), "", HEADERS).rows[0].values["certificate_no"] == "012"


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


@pytest.mark.parametrize("cell", ["#N/A", "#VALUE!", "########"])
def test_what_a_spreadsheet_wrote_in_place_of_a_value_spoils_its_row_only(cell: str) -> None:
    for content in (
        f"证号,姓名\n012,{cell}\n#13,z\n",
        f'[{{"证号": "012", "姓名": "{cell}"}}, {{"证号": "#13"}}]',
    ):
        rows = read(content.encode(), "", HEADERS).rows
        assert [bool(row.problem) for row in rows] == [True, False]


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"\x81\x00\xff\xff",
        b"[" * 200_000,
        b'[{"name": 1}, 2]',
        b'[{"name": NaN}]',
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


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("３０．１", "30.1"),
        ("−28800", "-28800"),
        ("－28,800", "-28800"),
        ("1,234.5", "1234.5"),
        ("30,1", "30,1"),
        ("x", "x"),
        (3, 3),
    ],
)
def test_a_number_is_read_however_it_is_written(written: object, read_as: object) -> None:
    assert number(written) == read_as


def test_several_names_in_a_cell_and_yes_and_no() -> None:
    assert many("012、013；014, 015") == ["012", "013", "014", "015"]
    assert (truth("是"), truth("否"), truth("maybe")) == (True, False, "maybe")


MORE = {**HEADERS, "所属中队": "squad", "所属单位": "squad", "到达时间": "arrived_at", "开始时间": "arrived_at", "抵达": "arrived_at"}  # fmt: skip


def rows_of(table: str) -> list[tuple[dict, str]]:
    with speaking("en"):
        return [(row.values, row.problem) for row in read(table.encode(), "text/csv", MORE).rows]


@pytest.mark.parametrize("own", ["中队", "squad", "中队*", "中队（必填）"])
def test_a_column_of_the_fields_own_name_is_read_and_the_other_names_are_said_to_be_ignored(own: str) -> None:
    sheet = read(
        f"证号,所属单位,{own},所属中队\n012,城管局,one,two\n013,城管局,,two\n".encode(), "text/csv", MORE
    )
    assert [row.values for row in sheet.rows] == [
        {"certificate_no": "012", "squad": "one"},
        {"certificate_no": "013"},
    ]
    assert sheet.ignored == ("所属单位", "所属中队")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("one", "one"), ("one", "ＯＮＥ"), ("one", ""), ("", "one"),
    ],
)  # fmt: skip
def test_two_other_names_that_say_the_same_are_one_column(one: str, other: str) -> None:
    ((values, problem),) = rows_of(f"证号,所属中队,所属单位\n012,{one},{other}\n")
    assert not problem and values["squad"].lower() == "one"


def test_times_written_differently_are_the_same() -> None:
    ((values, problem),) = rows_of("证号,开始时间,抵达\n012,2026/11/7 9:05,2026年11月7日9时5分\n")
    assert (values["arrived_at"], problem) == ("2026/11/7 9:05", "")


def test_a_contradiction_refuses_its_row_alone_and_names_both_columns() -> None:
    good, bad = rows_of("证号,所属中队,所属单位\n012,one,one\n013,one,two\n")
    assert not good[1]
    assert bad[1] == "“所属中队” says one and “所属单位” says two: one of them must go"


@pytest.mark.parametrize("second", ["中队", "中队*", " 中队 "])
def test_the_same_header_twice_is_refused_by_its_name(second: str) -> None:
    with speaking("en"), pytest.raises(ImportUnreadable) as refused:
        read(f"证号,中队,{second}\n012,one,one\n".encode(), "text/csv", MORE)
    assert refused.value.params["problem"] == "two columns have the same name: 中队"


def test_json_follows_the_same_rule_as_a_table() -> None:
    rows = '[{"证号": "012", "squad": "one", "所属单位": "城管局"}, {"证号": "013", "所属中队": "one", "所属单位": "two"}]'
    with speaking("en"):
        sheet = read(rows.encode(), "application/json", MORE)
    assert sheet.rows[0].values == {"certificate_no": "012", "squad": "one"} and "所属单位" in sheet.ignored
    assert "says one and" in sheet.rows[1].problem
