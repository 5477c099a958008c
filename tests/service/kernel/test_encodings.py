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


FOREIGN = [
    ("big5", "編號,姓名\r\n000009,陳志明"), ("shift_jis", "山田太郎"), ("shift_jis", "番号,氏名\r\n000009,さとう花子"),
    ("euc_kr", "김철수,이영희"), ("euc_kr", "번호,이름,소속\r\n000009,박민준,단속팀"), ("cp949", "홍길동"),
    ("euc_jp", "番号,なまえ\r\n000009,さとうはなこ"),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "text"), FOREIGN)
def test_what_another_country_writes_is_refused_under_its_name(encoding: str, text: str) -> None:
    with pytest.raises(NoText) as refused:
        decoded(b"certificate_no,name\r\n" + text.encode(encoding))
    assert refused.value.foreign
    assert refused.value.encoding == encoding.replace("cp949", "euc_kr")


SIMPLE = "王小明 张伟 李娜 刘洋 陈静 买买提·艾力 阿依古丽 欧阳锋 占道经营 油烟扰民 一中队 人民路12号 城管罚〔2026〕3号 高刚 包保 韩光辉 关卡"
TRADITIONAL = "趙六 陳志明 執法證號 姓名 張國強 黃麗華 環境監察大隊 臺灣 廣東 龍岡區"


@given(st.lists(st.sampled_from((SIMPLE + " " + TRADITIONAL).split()), min_size=1))
def test_no_chinese_table_is_taken_for_a_foreign_one(names: list[str]) -> None:
    table = "certificate_no,name\r\n" + "\r\n".join(f"000009,{name}" for name in names)
    assert decoded(table.encode("gb18030")) == table


def test_a_rare_name_in_a_font_of_its_own_spoils_no_table() -> None:
    table = "证号,姓名,中队\r\n" + "000009,王小明,一中队\r\n" * 3 + "000010,王\ue815,一中队\r\n"
    assert decoded(table.encode("gb18030")) == table


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    with suppress(NoText):
        decoded(data)
    assert isinstance(name_decoded(data), str)
