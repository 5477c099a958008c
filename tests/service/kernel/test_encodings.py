"""Bytes of unknown encoding become the text that was meant, or are said to be none."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.encodings import NoText, decoded, name_decoded

chinese = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=8)
lines = st.lists(st.tuples(chinese, st.from_regex(r"[A-Za-z0-9 .:-]{0,12}", fullmatch=True)), min_size=1)


@given(lines, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
def test_text_in_unicode_is_read_with_a_mark_and_without(table: list, encoding: str) -> None:
    text = "\r\n".join(",".join(cells) for cells in table) + "\r\n"
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "name", ["执法人员.csv", "买买提·艾力", "㐀〇⿰", "人民路一号", "联通", "现场照片１"]
)
def test_names_in_the_encoding_of_a_chinese_windows_are_read(name: str) -> None:
    assert name_decoded(name.encode("gb18030")) == decoded(name.encode("gb18030")) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_name_in_utf_8_stays_what_it_is(name: str) -> None:
    assert name_decoded(name.encode()) == name


def test_a_broken_byte_among_good_ones_is_told_with_its_place() -> None:
    good = "文件名,执法证号\r\n".encode() * 3
    with pytest.raises(NoText, match=r"utf-8, byte 72"):
        decoded(good + b"\xe6" + good)
    assert name_decoded(b"\xff.mp4") == "\ufffd.mp4"


@pytest.mark.parametrize("names", ["趙六,王小明", "執法證號,姓名\r\n000009,趙六", "林美玉"])
def test_big5_is_refused_and_not_read_as_other_names(names: str) -> None:
    with pytest.raises(NoText):
        decoded(b"certificate_no,name\r\n000009," + names.encode("big5"))


def test_a_rare_name_in_a_font_of_its_own_spoils_no_table() -> None:
    table = "证号,姓名,中队\r\n" + "000009,王小明,一中队\r\n" * 3 + "000010,王\ue815,一中队\r\n"
    assert decoded(table.encode("gb18030")) == table


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    with suppress(NoText):
        decoded(data)
    assert isinstance(name_decoded(data), str)
