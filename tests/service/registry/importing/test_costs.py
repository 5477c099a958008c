"""Tables that cost far more than their bytes: refused or ended, while sound ones of every size pass."""

import io
import time
import zipfile
from typing import Any

import psutil
import pytest

from service.registry.importing import reading, rules
from service.registry.importing.errors import ImportTooCostly, ImportTooLarge, ImportUnreadable
from service.registry.importing.reading import bounds_of, read_table
from service.registry.importing.rules import MOST_CELLS, MOST_ROWS, read, truth
from tests.service.registry.importing.test_xlsx import HEADERS, INLINE, MINIMAL, SHEET, workbook

BLANK = "<row/>" * 1_048_000


def packed(*sheets: str) -> bytes:
    """Sheets of an archive packed as hard as it goes: the first is the workbook's, the others only lie beside it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, part in MINIMAL.items():
            archive.writestr(name, part)
        for number, rows in enumerate(sheets, 1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", SHEET.format(doctype="", rows=rows))
    return held.getvalue()


@pytest.mark.parametrize(
    "rows",
    [
        BLANK,
        f"<row>{INLINE.format('证号')}</row>" + BLANK,
        "<row><c/><c/></row>" * 300_000,
        "".join(f'<row r="{n}"><c r="GR{n}"/></row>' for n in range(1, 30_000)),
    ],
    ids=["blank rows", "a header and blank rows", "empty cells", "far to the right"],
)
def test_more_than_may_be_imported_is_counted_before_it_is_read(rows: str) -> None:
    data = packed(rows)
    begun = psutil.Process().cpu_times()
    with pytest.raises(ImportUnreadable):
        read(data, "", HEADERS)
    spent = psutil.Process().cpu_times()
    assert spent.user - begun.user < 20


def test_a_style_in_the_very_last_row_and_many_texts_are_no_attack() -> None:
    last = (
        f"<row>{INLINE.format('证号')}</row><row>{INLINE.format('012')}</row>" + '<row r="1048576"><c/></row>'
    )
    assert [row.values for row in read(packed(last), "", HEADERS).rows] == [{"certificate_no": "012"}]
    wide = workbook(["证号", *(f"c{n}" for n in range(29))], *(["012", *(["x"] * 29)] for _ in range(40)))
    assert len(read(wide, "", HEADERS).rows) == 40


def test_what_unpacks_to_far_more_than_it_is_ends_by_its_cpu_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts beside the sheet are looked at too: each alone is within its bounds."""
    monkeypatch.setattr(reading, "BASE_CPU_S", 1)
    texts = "<row>" + "<c><v/></c>" * 20 + "</row>"
    data = packed(*[texts * 90_000] * 3)
    assert len(data) < 400_000
    begun = time.monotonic()
    with pytest.raises(ImportTooCostly):
        read_table(data, "", HEADERS)
    assert time.monotonic() - begun < 30


def test_a_sound_table_has_time_for_its_size_and_a_small_one_never_much() -> None:
    assert bounds_of(16_000).cpu_s == 20
    assert bounds_of(6_000_000).cpu_s == 80
    assert bounds_of(rules.MOST_BYTES).cpu_s == 180
    assert all(bounds_of(size).memory_bytes <= 2**30 for size in (0, 10**9))


def test_what_is_read_in_a_child_is_what_is_read_here() -> None:
    for data, kind in (
        (workbook(["证号", "姓名"], ["012", "甲"], ["013", None]), ""),
        ("证号,姓名\n012,甲\n".encode("gb18030"), "text/csv"),
        (b'[{"certificate_no": 12, "name": ["a", {"b": null}]}]', "application/json"),
    ):
        assert read_table(data, kind, HEADERS) == read(data, kind, HEADERS)
    with pytest.raises(ImportUnreadable) as refused:
        read_table(b"%PDF-1.4", "text/csv", HEADERS)
    assert refused.value.params["problem"]


def test_cells_of_a_csv_are_counted_like_those_of_a_workbook() -> None:
    cells = b"," * (MOST_CELLS // 1000 + 10)
    with pytest.raises(ImportTooLarge):
        read(b"name" + b",\n".join([cells] * 1001), "text/csv", {"name": "name"})
    assert MOST_CELLS >= 30 * MOST_ROWS


@pytest.mark.parametrize(
    "name", ["*" * 100_000 + "x", "(" * 100_000, "（必填" * 40_000, "a" + "\u0301\u0316" * 60_000]
)
def test_a_header_cell_without_end_is_no_name_and_keeps_nobody_waiting(name: str) -> None:
    begun = time.monotonic()
    sheet = read(f"name,{name}\nx,y\n".encode(), "text/csv", {"name": "name"})
    assert sheet.columns == {"name"}
    assert time.monotonic() - begun < 10


def test_a_text_longer_than_a_spreadsheet_holds_refuses_its_row() -> None:
    long = "n" * (rules.LONGEST_CELL + 1)
    for data, kind in (
        (f"name\n{long}\nok\n".encode(), "text/csv"),
        (f'[{{"name": "{long}"}}, {{"name": "ok"}}]'.encode(), ""),
    ):
        first, second = read(data, kind, {"name": "name"}).rows
        assert "name" in first.problem and not second.problem
    assert truth(long) == long


def test_an_open_document_table_is_named_for_what_it_is() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    with pytest.raises(ImportUnreadable) as refused:
        read(held.getvalue(), "", HEADERS)
    assert ".ods" in str(refused.value.params["problem"])


def test_no_more_tables_are_read_at_once_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Barrier, Thread

    seen: list[int] = []
    inside = [0]

    def counted(*arguments: Any, **options: Any) -> Any:
        inside[0] += 1
        seen.append(inside[0])
        time.sleep(0.05)
        inside[0] -= 1

    monkeypatch.setattr(reading, "run_bounded", counted)
    gate = Barrier(6)

    def one() -> None:
        gate.wait()
        read_table(b"a\n", "text/csv", {})

    threads = [Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 6 and max(seen) <= reading.AT_ONCE
