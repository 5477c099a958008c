"""What looks alike is found alike, in documents and in the lists that have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select
from sqlmodel import Session

from service.kernel.folded import stands_in
from service.kernel.text import fold, spaced, words

ALIKE = [
    ("买买提·艾力", "买买提•艾力 买买提・艾力 买买提‧艾力 买买提･艾力 买买提∙艾力 买买提⋅艾力 买买提．艾力 买买提.艾力 买买提艾力"),
    ("示城管罚〔2026〕1号", "示城管罚〖2026〗1号 示城管罚「2026」1号 示城管罚『2026』1号 示城管罚[2026]1号 示城管罚【２０２６】１号 示城管罚(2026)1号"),
    ("“夜市”整治", "\"夜市\"整治 ‘夜市’整治 ＂夜市＂整治 夜市整治 〝夜市〟整治"),
    ("二〇二六年", "二○二六年 二◯二六年"),
    ("12～14号", "12~14号 12〜14号 12∼14号"),
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
    ("one", "other"), [("a.mp4", "amp4"), ("(2026)1", "20261"), ("3.5", "35"), ("1-2", "12")]
)
def test_what_differs_stays_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


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
