"""XLSX tables as office programs write them, and as those who mean no good do."""

import io
import re
import zipfile
from datetime import date, datetime, time
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from service.kernel.i18n import speaking
from service.kernel.paper.workbook import XLSX
from service.registry.importing import xls, xlsx
from service.registry.importing.errors import ImportTooLarge, ImportUnreadable
from service.registry.importing.rules import moment, read
from tests.service.registry.importing.tables import saved, workbook

HEADERS = {
    "证号": "certificate_no",
    "姓名": "name",
    "中队": "squad",
    "离职日期": "left_on",
    "领用时间": "held_from",
}
MINIMAL = {
    "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
SHEET = '<?xml version="1.0"?>{doctype}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'
INLINE = '<c t="inlineStr"><is><t>{}</t></is></c>'


def zipped(rows: str, doctype: str = "", **parts: str) -> bytes:
    """A workbook written by hand: what no office program would write."""
    return packed({**MINIMAL, **parts, "xl/worksheets/sheet1.xml": SHEET.format(rows=rows, doctype=doctype)})


def packed(parts: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return held.getvalue()


def values(data: bytes, content_type: str = "") -> list[dict]:
    return [row.values for row in read(data, content_type, HEADERS).rows]


@pytest.mark.parametrize("content_type", ["", XLSX, "text/csv", "application/octet-stream"])
def test_a_workbook_is_known_by_its_bytes_whatever_it_is_called(content_type: str) -> None:
    assert values(workbook(["证号", "姓名"], ["012", "队员 012"]), content_type) == [
        {"certificate_no": "012", "name": "队员 012"}
    ]


def test_numbers_dates_and_times_become_the_text_that_a_person_sees() -> None:
    data = workbook(
        ["证号", "姓名", "离职日期", "领用时间"],
        [12.0, True, date(2026, 3, 2), datetime.fromisoformat("2026-03-02T08:10:00")],
        [
            12.5,
            None,
            datetime.fromisoformat("2026-03-02"),
            datetime.fromisoformat("2026-03-02T08:09:59.999997"),
        ],
        [123456789012345, "x", time(8, 10), None],
    )
    first, second, third = values(data)
    assert first == {
        "certificate_no": "12",
        "name": "true",
        "left_on": "2026-03-02T00:00:00",
        "held_from": "2026-03-02T08:10:00",
    }
    assert second == {
        "certificate_no": "12.5",
        "left_on": "2026-03-02T00:00:00",
        "held_from": "2026-03-02T08:10:00",
    }
    assert third == {"certificate_no": "123456789012345", "name": "x", "left_on": "08:10:00"}


def test_a_title_merged_headers_blank_rows_and_columns_are_passed_over() -> None:
    data = workbook(
        ["一中队执法人员名单", None, None, None],
        [None, None, None, None],
        ["人员", None, "中队", None],
        ["证号", "姓名", None, None],
        ["012", "队员 012", "one", None],
        [None, None, None, None],
        ["013", "队员 013", "two", None],
        merge="A1:D1",
    )
    sheet = read(data, "", HEADERS)
    assert [row.values["squad"] for row in sheet.rows] == ["one", "two"]
    assert [row.number for row in sheet.rows] == [5, 7], "as the spreadsheet numbers them"
    assert sheet.ignored == ()


def test_a_cell_merged_over_several_rows_is_said_of_each_of_them() -> None:
    data = workbook(
        ["人员", None, "中队"],
        ["证号", "姓名", None],
        ["012", "队员 012", "one"],
        ["013", "队员 013", None],
        [None, None, None],
        ["014", "队员 014", "two"],
        merge="C3:C5",
    )
    assert [row.get("squad") for row in values(data)] == ["one", "one", "two"]


def test_merged_cells_without_number_or_end_are_refused() -> None:
    rows = "".join(f"<row>{INLINE.format(name)}</row>" for name in ("证号", *["1"] * 40))
    merged = "".join('<mergeCell ref="A2:A1048576"/>' for _ in range(60_000))
    with pytest.raises(ImportUnreadable):
        read(zipped(f"{rows}</sheetData><mergeCells>{merged}</mergeCells><sheetData>"), "", HEADERS)


def test_a_formula_that_was_never_calculated_spoils_its_row_and_one_that_was_does_not() -> None:
    rows = (
        f"<row>{INLINE.format('证号')}{INLINE.format('姓名')}</row>"
        "<row><c><v>12</v></c><c><f>A2+1</f></c></row>"
        "<row><c><v>13</v></c><c><f>A2+1</f><v></v></c></row>"
        '<row r="7"><c r="A7"><v>14</v></c><c r="B7"><f>A2+1</f><v>15</v></c></row>'
        '<row><c><v>15</v></c><c t="str"><f>""</f><v></v></c></row>'
    )
    found = read(zipped(rows), "", HEADERS).rows
    assert [bool(row.problem) for row in found] == [True, True, False, False]
    assert found[2].values == {"certificate_no": "14", "name": "15"}


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (10, "000000", "000010"),
        (10, "000", "010"),
        (1234567, "000000", "1234567"),
        (0, "0000", "0000"),
        (1234, "000-000", "001-234"),
        (7, '"R-"000', "R-007"),
        (7, r"\R\-00", "R-07"),
        (12, "[$-804]0000;@", "0012"),
        (10.0, "General", "10"),
        (10, "0", "10"),
        (10, "0.00", "10"),
        (10.5, "0000", "10.5"),
        (-5, "0000", "-5"),
        (30, '0"秒"', "30"),
        (0.5, "00%", "0.5"),
        (10, "@", "10"),
        (10, "000000_ ", "000010"),  # as Excel writes what lines up with numbers in brackets
        (10, "000000_);(000000)", "000010"),
        (10, "000000;@", "000010"),
        (10, "#00000", "00010"),
        (10, "???000", "010"),
        (10, "*0000000", "000010"),
        (1234, "000,000", "001234"),
        (1234, "#,##0", "1234"),
        (10, "0000!-00", "0000-10"),  # ! is what a Chinese Excel writes for a backslash
        (7, "!R000", "R007"),
        (7, '000" 号"', "007 号"),
    ],
)
def test_a_number_has_the_zeros_in_front_that_its_cell_shows(value: float, code: str, shown: str) -> None:
    book = Workbook()
    book.active.append(["证号"])
    book.active.append([value])
    book.active["A2"].number_format = code
    assert values(saved(book)) == [{"certificate_no": shown}]


def test_a_style_that_the_workbook_has_not_breaks_nothing() -> None:
    rows = f'<row>{INLINE.format("证号")}</row><row><c s="99999"><v>12</v></c></row>'
    assert values(zipped(rows)) == [{"certificate_no": "12"}]


def strict(data: bytes) -> bytes:
    """As Excel saves a "Strict Open XML Spreadsheet"."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            content = re.sub(
                rb"http://schemas\.openxmlformats\.org/(spreadsheetml|officeDocument|drawingml)/2006/",
                rb"http://purl.oclc.org/ooxml/\1/",
                old.read(name),
            )
            new.writestr(name, content)
    return held.getvalue()


def test_a_strict_workbook_is_read_like_any_other() -> None:
    book = Workbook()
    book.active.append(["证号", "姓名", "领用时间"])
    book.active.append([10, "队员 012", datetime.fromisoformat("2026-11-20T09:00:00")])
    book.active["A2"].number_format = "000000"
    found = strict(saved(book))
    assert values(found) == [
        {"certificate_no": "000010", "name": "队员 012", "held_from": "2026-11-20T09:00:00"}
    ]


def test_an_iso_date_of_a_strict_workbook_is_a_time() -> None:
    rows = f'<row>{INLINE.format("领用时间")}</row><row><c t="d"><v>2026-11-20T09:00:00</v></c></row>'
    assert values(strict(zipped(rows))) == [{"held_from": "2026-11-20T09:00:00"}]


def test_days_are_counted_as_the_workbook_says() -> None:
    """Also where the column was never told that it holds times, or by one of the Chinese formats without a code."""
    for epoch, number in ((WINDOWS_EPOCH, 46346.375), (MAC_EPOCH, 44884.375)):
        book = Workbook()
        book.epoch = epoch
        book.active.append(["领用时间", "证号"])
        book.active.append([number, 12])
        [found] = values(saved(book))
        assert moment(found["held_from"]) == datetime.fromisoformat("2026-11-20T09:00:00")
        assert found["certificate_no"] == "12"


def test_only_the_first_sheet_is_read_and_the_others_are_named() -> None:
    sheet = read(workbook(["证号"], ["012"], more=("说明", "old")), "", HEADERS)
    assert (len(sheet.rows), sheet.unread) == (1, ("说明", "old"))


def test_a_sheet_that_nobody_sees_is_not_the_first() -> None:
    sheet = read(workbook(["证号"], ["012"], hidden="字典"), "", HEADERS)
    assert [row.values for row in sheet.rows] == [{"certificate_no": "012"}]


def test_numbers_too_long_and_failed_formulas_spoil_their_row_only() -> None:
    sheet = read(
        workbook(["证号", "姓名"], [360_123_199_001_011_232, "x"], ["013", "#N/A"], ["014", "z"]), "", HEADERS
    )
    assert ["certificate_no" in sheet.rows[0].problem, "name" in sheet.rows[1].problem] == [True, True]
    assert sheet.rows[2].problem == ""


def test_a_wrong_extent_hides_no_row() -> None:
    data = workbook(["证号"], ["012"], ["013"])
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b'ref="A1:A3"', b'ref="A1"')
            new.writestr(name, content)
    assert len(values(held.getvalue())) == 2


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (xls.MAGIC + b"\0" * 600, ".xls"),
        (xls.MAGIC + b"\0" * 100 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 100, "password"),
        (b"PK\x03\x04 and then nothing", "XLSX"),
        (workbook(["证号"])[:-40], "XLSX"),
        (
            packed(
                {"[Content_Types].xml": "<Types/>", "_rels/.rels": "<Relationships/>", "xl/workbook.bin": "x"}
            ),
            "XLSX",
        ),
        (
            packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}),
            "XLSX",
        ),
        (zipped("", **{"xl/workbook.xml": "<workbook"}), "XLSX"),
        (zipped("<row><c t='inlineStr'><is><t>x</t></is></row>"), "XLSX"),
    ],
)
def test_what_is_no_workbook_is_refused_in_a_sentence(data: Any, word: str) -> None:
    with speaking("en"), pytest.raises(ImportUnreadable) as refused:
        read(data, "", HEADERS)
    assert word in refused.value.params["problem"]


def test_a_csv_that_is_called_a_workbook_says_so() -> None:
    with pytest.raises(ImportUnreadable):
        read("证号\n012\n".encode(), XLSX, HEADERS)


def test_a_bomb_is_refused_before_it_is_unpacked_or_parsed() -> None:
    with pytest.raises(ImportUnreadable):  # 200 MB of nothing
        read(zipped("", **{"xl/media/x.xml": "0" * 200_000_000}), "", HEADERS)
    with pytest.raises(ImportUnreadable):  # one row with a million cells
        read(zipped(f"<row>{'<c/>' * 1_000_000}</row>"), "", HEADERS)
    with pytest.raises(ImportUnreadable):  # rows without end
        read(zipped("<row/>" * 1_200_000), "", HEADERS)
    with pytest.raises(ImportUnreadable):  # wide beyond reason, honestly
        read(workbook(["证号"] + [f"c{n}" for n in range(300)], ["012"]), "", HEADERS)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", ["1000000000", "1e300", "nan"])
def test_a_row_number_beyond_all_sheets_fills_no_memory(number: str) -> None:
    """openpyxl makes up every row that a number leaves out."""
    rows = f'<row>{INLINE.format("证号")}</row><row r="{number}">{INLINE.format("012")}</row>'
    with pytest.raises(ImportUnreadable):
        read(zipped(rows), "", HEADERS)


@pytest.mark.timeout(120)
def test_empty_cells_far_to_the_right_keep_nobody_waiting() -> None:
    """And every cell to the left of one."""
    with pytest.raises(ImportUnreadable):
        read(zipped('<row><c r="ZZZ1"/></row>' * 9000), "", HEADERS)


@pytest.mark.timeout(120)
def test_a_sheet_under_another_name_is_bounded_like_any_other() -> None:
    moved = {name: part.replace("sheet1.xml", "sheet1.png") for name, part in MINIMAL.items()}
    bomb = SHEET.format(doctype="", rows=f'<row r="900000000">{INLINE.format("012")}</row>')
    with pytest.raises(ImportUnreadable):
        read(zipped("", **moved, **{"xl/worksheets/sheet1.png": bomb}), "", HEADERS)


def test_more_rows_than_an_import_holds_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImportTooLarge):
        xlsx.rows_of(workbook(*(["x"] for _ in range(40))), 20)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_are_never_expanded(doctype: str) -> None:
    content = zipped(f"<row>{INLINE.format('证号')}</row><row>{INLINE.format('&a;')}</row>", doctype)
    with pytest.raises(ImportUnreadable):
        read(content, "", HEADERS)
    padding = f"<row>{INLINE.format('x' * 400_000)}</row>"  # large enough to be looked through first
    with pytest.raises(ImportUnreadable):
        read(zipped(padding + f"<row>{INLINE.format('&a;')}</row>", doctype), "", HEADERS)
