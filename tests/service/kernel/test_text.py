"""What looks alike is found alike, in documents and in the lists that have none."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select
from sqlmodel import Session

from service.kernel.folded import stands_in
from service.kernel.keys import fold as key_fold
from service.kernel.text import fold, spaced, words

ALIKE = [
    ("买买提·艾力", "买买提•艾力 买买提・艾力 买买提‧艾力 买买提･艾力 买买提∙艾力 买买提⋅艾力 买买提．艾力 买买提.艾力 买买提艾力"),
    ("示城管罚〔2026〕1号", "示城管罚〖2026〗1号 示城管罚「2026」1号 示城管罚『2026』1号 示城管罚[2026]1号 示城管罚【２０２６】１号 示城管罚(2026)1号"),
    ("“夜市”整治", "\"夜市\"整治 ‘夜市’整治 ＂夜市＂整治 夜市整治 〝夜市〟整治"),
    ("二〇二六年", "二○二六年 二◯二六年"),
    ("12～14号", "12~14号 12〜14号 12∼14号 12-14号"),
    ("买买提·艾力", "买买提⸳艾力 买买提ꞏ艾力 买买提ㆍ艾力 买买提◦艾力 买买提⚫艾力 买买提⸱艾力 买买提ᐧ艾力 买买提⚬艾力"),
    ("示城管罚〔2026〕1号", "示城管罚⟦2026⟧1号 示城管罚❨2026❩1号 示城管罚⦅2026⦆1号 示城管罚⁅2026⁆1号 示城管罚｟2026｠1号 示城管罚⌜2026⌟1号"),
    ("A—1", "A⁃1 A➖1 A⸺1 A⸻1 A᠆1 A⹀1 A﹘1 A⎯1"),
    ("油烟", "油\u2800烟 油\u3164烟 油\uffa0烟 油\U000e0100烟 油\ufff9烟 油\U0001d173烟"),
    ("A—1", "A-1 A–1 A－1 A─1 Ａ-１ a‑1"),
    ("占道，经营", "占道,经营 占道、经营 占道﹐经营"),
    ("8：30", "8:30 8∶30"),
    ("油烟", "油\u200b烟 油\u00ad烟 \ufeff油烟 油\u2066烟\u2069 油\ufe0f烟 油\u3000烟"),
]  # fmt: skip
PAIRS = [(said, other) for said, others in ALIKE for other in others.split(" ")]


@pytest.mark.parametrize(("said", "other"), PAIRS)
def test_what_looks_alike_folds_together(said: str, other: str) -> None:
    assert fold(said) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a.mp4", "amp4"), ("(2026)1", "20261"), ("3.5", "35"), ("1-2", "12"), ("一", "-")]
)
def test_what_differs_stays_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


# DerivedCoreProperties.txt of Unicode 16, Default_Ignorable_Code_Point; unchanged since Unicode 5.
IGNORABLE = [
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F),
    (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]  # fmt: skip
EVERY = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def test_all_of_their_kind_fold_together() -> None:
    quotes = "‚„⹂〝〞〟"
    brackets = {"Ps": "(", "Pe": ")"}
    for sign in EVERY:
        kind = unicodedata.category(sign)
        if sign in quotes or kind in ("Pi", "Pf"):
            assert (fold(sign), key_fold(sign)) == ("", ""), sign
        elif kind in brackets:
            assert (fold(sign), key_fold(sign)) == (brackets[kind], brackets[kind]), sign
        elif kind == "Pd":
            assert (fold(sign), key_fold(sign)) == ("-", "-"), sign
    for first, last in IGNORABLE:
        for code in range(first, last + 1):
            assert (fold(chr(code)), key_fold(chr(code))) == ("", ""), hex(code)


def test_what_is_written_in_another_form_of_unicode_folds_together() -> None:
    """But for accents that stand alone and are typed as quotation marks: their other form is a blank and a mark."""
    for sign in EVERY:
        once, key = fold(sign), key_fold(sign)
        assert unicodedata.normalize("NFKC", once) == once and unicodedata.normalize("NFKC", key) == key, sign
        if unicodedata.normalize("NFKC", sign)[:2] != " \u0301":
            other = unicodedata.normalize("NFKC", sign)
            assert fold(other) == once and key_fold(other) == key, sign


def test_no_letter_and_no_digit_is_lost() -> None:
    """But marks of direction and the like that Unicode counts among the letters."""
    unseen = {chr(code) for first, last in IGNORABLE for code in range(first, last + 1)}
    typed_as_quotes, dots = set("ʹʺʻʼʽˈˊˋ\u0374"), set("ᆞㆍꞏᐧ᳓ᐸᐳ᐀")
    for sign in EVERY:
        if unicodedata.category(sign)[0] in "LN" and sign not in unseen | typed_as_quotes | dots:
            assert fold(sign) and key_fold(sign), sign


@given(
    st.text(st.sampled_from("买提罚号a1.·•・，、〔「“”（○—～ \u200b\u3000") | st.characters(codec="utf-8"))
)
def test_folding_twice_changes_nothing_and_blanks_are_all_that_spaced_leaves(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert "".join(spaced(text).split()) == "".join(spaced(spaced(text)).split())
    assert all(fold(word) == word for word in words(text))


def test_words_are_parted_by_marks_too() -> None:
    assert words("占道经营，买买提；夜市、.mp4 ·") == ["占道经营", "买买提", "夜市", ".mp4"]
    assert words("买买提. .艾力 3. 道、经") == ["买买提", "艾力", "3.", "道,经"]


@pytest.mark.parametrize(("said", "other"), PAIRS)
def test_lists_find_it_as_documents_do(session: Session, said: str, other: str) -> None:
    for stored, sought in ((said, other), (other, said)):
        found = stands_in(fold(sought), literal("前"), literal(f"x{stored}后"))
        assert session.scalar(select(found)), (stored, sought)
    assert not session.scalar(select(stands_in("前x", literal("前"), literal("x"))))
