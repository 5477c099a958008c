"""The old binary Excel file says what it would say as .xlsx, and none can fill the memory."""

import io
import struct
from collections.abc import Callable
from datetime import datetime, time
from typing import Any

import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.i18n import speaking
from service.kernel.written_times import CountedFrom1904
from service.registry.importing import xls
from service.registry.importing.errors import ImportTooLarge, ImportUnreadable
from service.registry.importing.rules import moment, read
from service.registry.importing.xlsx import Lost

HEADERS = {"证号": "certificate_no", "姓名": "name", "到达时间": "arrived_at", "中队": "squad"}


def workbook(*rows: list[Any], fill: Callable[[Any, Any], None] | None = None, mac: bool = False) -> bytes:
    """A cell is a value, or a value and the format that shows it."""
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = mac
    sheet = book.add_sheet("第一张")
    for number, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            value, code = cell if isinstance(cell, tuple) else (cell, "general")
            if value is not None:
                sheet.write(number, column, value, xlwt.easyxf(num_format_str=code))
    if fill:
        fill(book, sheet)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def values(data: bytes) -> list[dict[str, Any]]:
    return [row.values for row in read(data, "application/vnd.ms-excel", HEADERS).rows]


def test_a_table_of_all_kinds_of_cells_is_read() -> None:
    data = workbook(
        ["2026年执法名单"],
        [],
        ["证号", "姓名", "到达时间"],
        [(10, "000000"), "买买提·艾力", (datetime(2026, 11, 7, 9, 5), "yyyy/m/d h:mm")],  # noqa: DTZ001
        [(10, '000"-"000'), 3.5, (46333.37847222, "yyyy-mm-dd hh:mm:ss")],
        [12, True, "2026年11月7日 9时5分"],
        ["013", None, (46333.378472, "general")],
    )
    found = values(data)
    assert [row.get("certificate_no") for row in found] == ["000010", "000-010", "12", "013"]
    assert [row.get("name") for row in found] == ["买买提·艾力", "3.5", "true", None]
    assert [moment(row["arrived_at"]) for row in found] == [datetime(2026, 11, 7, 9, 5)] * 4  # noqa: DTZ001


def test_the_rows_are_numbered_as_the_spreadsheet_numbers_them() -> None:
    sheet = read(workbook(["证号"], [], ["012"]), "", HEADERS)
    assert [row.number for row in sheet.rows] == [3]


def test_what_the_spreadsheet_lost_refuses_the_row() -> None:
    def broken(_book: Any, sheet: Any) -> None:
        sheet.row(2).set_cell_error(0, 0x2A)  # #N/A

    data = workbook(["证号"], [4.11e17], fill=broken)
    with speaking("en"):
        first, second = read(data, "", HEADERS).rows
    assert "lost its last digits" in first.problem and "#N/A" in second.problem
    assert isinstance(second.values["certificate_no"], Lost)


def test_days_counted_from_1904_mean_the_day_that_was_written() -> None:
    (row,) = values(workbook(["到达时间"], [44871.378472], mac=True))
    assert isinstance(row["arrived_at"], CountedFrom1904)
    assert moment(row["arrived_at"]) == datetime(2026, 11, 7, 9, 5)  # noqa: DTZ001


def test_times_without_a_day_and_hours_beyond_one_are_told_apart() -> None:
    data = workbook(["姓名"], [(time(8, 10), "h:mm")], [(1.5, "[h]:mm")])
    assert [row["name"] for row in values(data)] == ["08:10:00", "36:00:00"]


def test_a_cell_merged_downwards_fills_its_rows_and_further_sheets_are_named() -> None:
    def merge(book: Any, sheet: Any) -> None:
        sheet.write_merge(1, 2, 1, 1, "one")
        book.add_sheet("第二张").write(0, 0, "x")

    sheet = read(workbook(["证号", "中队"], ["012"], ["013"], fill=merge), "", HEADERS)
    assert [row.values["squad"] for row in sheet.rows] == ["one", "one"]
    assert sheet.unread == ("第二张",)


@pytest.mark.parametrize("how", [1, 2])
def test_a_sheet_that_nobody_sees_is_no_table(how: int) -> None:
    """It holds the words of drop-down lists; .xlsx reads it so, too."""

    def further(book: Any, sheet: Any) -> None:
        sheet.visibility = how
        book.add_sheet("名单").write(0, 0, "证号")
        book.get_sheet(1).write(1, 0, "012")
        book.add_sheet("说明").write(0, 0, "x")
        book.add_sheet("选项").visibility = how
        book.active_sheet = 1

    sheet = read(workbook(["一中队"], ["二中队"], fill=further), "", HEADERS)
    assert [row.values for row in sheet.rows] == [{"certificate_no": "012"}]
    assert sheet.unread == ("说明",)


def test_where_nobody_sees_any_sheet_the_first_is_read() -> None:
    def hide(_book: Any, sheet: Any) -> None:
        sheet.visibility = 1

    assert values(workbook(["证号"], ["012"], fill=hide)) == [{"certificate_no": "012"}]


def test_more_columns_than_a_table_has_are_refused() -> None:
    with pytest.raises(ImportUnreadable):
        values(workbook(["证号"] + [f"c{n}" for n in range(250)], ["012"]))


# ---- strangers' files ------------------------------------------------------------------------------------


def stream_of(data: bytes) -> tuple[bytes, int]:
    """The records, which lie in one piece in what xlwt writes, and where."""
    start = data.index(struct.pack("<HHHH", 0x809, 16, 0x600, 0x5))
    return data[start:], start


def test_a_file_behind_a_password_says_so() -> None:
    data = bytearray(workbook(["证号"], ["012"]))
    _records, start = stream_of(bytes(data))
    place = start + 20
    (length,) = struct.unpack_from("<H", data, place + 2)
    struct.pack_into("<HH", data, place, 0x2F, length)
    with speaking("en"), pytest.raises(ImportUnreadable) as refused:
        values(bytes(data))
    assert "password" in refused.value.params["problem"]


@pytest.mark.parametrize("name", ["MOST_CELLS", "MOST_STRINGS", "MOST_OTHERS"])
def test_a_file_of_more_than_a_table_needs_is_refused_before_it_is_read(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = workbook(["证号"], *([f"{n:03}"] for n in range(40)))
    monkeypatch.setattr(xls, name, 20)
    monkeypatch.setattr(xls, "open_workbook", None)
    with pytest.raises(ImportUnreadable):
        values(data)


SOUND = workbook(["证号", "姓名"], *([f"{n:03}", "队员"] for n in range(30)))


@given(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_is_read_or_refused_in_a_sentence(place: int, junk: bytes) -> None:
    data = SOUND[:8] + (SOUND[8:place] + junk + SOUND[place + len(junk) :])
    try:
        values(data)
    except (ImportUnreadable, ImportTooLarge) as error:
        assert error.params.get("problem", "too large")


@pytest.mark.parametrize("length", [8, 100, 511, 512, 600, 1024, 2000, len(SOUND) // 2])
def test_a_file_cut_off_is_read_or_refused_in_a_sentence(length: int) -> None:
    with pytest.raises(ImportUnreadable):
        values(SOUND[:length])
