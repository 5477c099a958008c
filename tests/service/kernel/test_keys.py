"""One key however it is written; two keys that differ by more than writing stay two. The database agrees."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Text, cast, func, select
from sqlmodel import Session

from service.kernel.i18n import speaking
from service.kernel.keys import ByKey, KeyRounded, differs, fold, said

SAME = [
    ("000001", '="000001" \'000001 "000001" ０００００１ 000001\u200b \ufeff000001 0000\xad01 \u202a000001\u202c ’000001 “000001” =000001'),
    ("ZD1", "zd1 ＺＤ１ ｚｄ１ Zd1 ZD\u2060１ 'zd1'"),
    ("R-01", "r-01 R–01 R—01 R－01 R‑01 R−01 Ｒ－０１ R─01"),
    ("AB12", "АB12 ΑΒ12 аb12"),
    ("E〔2026〕1", "e〔2026〕1 Ｅ〔２０２６〕１ E[2026]1 E⟦2026⟧1 E❨2026❩1 E⦅2026⦆1 E⁅2026⁆1"),
    ("R-01", "R⁃01 R➖01 R⸺01 R⸻01 R〜01 R\u2800-01 R\u3164-01 R\U000e0100-01"),
    ("A·1", "A•1 A⸳1 Aꞏ1 Aㆍ1 A◦1 A⚫1 A・1"),
]  # fmt: skip
PAIRS = [(one, other) for one, others in SAME for other in others.split(" ")]
written = st.text(
    st.sampled_from(
        "0123abzAZ０１ａＺ-–—－⟦❩⸳ㆍ➖⸺<>~\u0338\u2800\"'“’= \t\u200b\ufeff\xad\xa0\u3000\u202e\ufe0fА一号〔¨´\u0301\u0308"
    )
    | st.characters(codec="utf-8", exclude_characters="\x00")
)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_one_key_however_it_is_written(one: str, other: str) -> None:
    assert fold(one) == fold(other) == fold(said(other))
    with speaking("en"):
        assert one == other or differs(one, other) != "other characters"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("000001", "00001"),
        ("000001", "000010"),
        ("R-01", "R01"),
        ("O1", "01"),
        ("1.0", "10"),
        ("A_1", "A-1"),
        ("A·1", "A1"),
        ("A.1", "A·1"),
        ("E(1)2", "E12"),
        ("E(1)", "E1"),
        ("R--1", "R-1"),
        ("一", "-"),
        ("1/2", "12"),
        ("A1", "A-1"),
    ],
)
def test_keys_that_look_different_are_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("delivered", "kept"),
    [
        ('="000009"', "000009"), ("'000009", "000009"), ("\u200b000009 ", "000009"), ("“ZD1”", "ZD1"), ("０００００９", "０００００９"),
        ("R–01", "R–01"), ('= "000009"', "000009"), (" a b ", "a b"), ("\u200b", ""), ('=""', ""),
    ],
)  # fmt: skip
def test_a_key_is_kept_as_delivered_without_its_wrapping(delivered: str, kept: str) -> None:
    assert said(delivered) == kept
    assert said(kept) == kept


@pytest.mark.parametrize(
    "number", ["4.11E+17", "4.11e+17", "4E+17", "４．１１Ｅ＋１７", '="4.11E+17"', " 4,11E+17 "]
)
def test_a_number_that_a_spreadsheet_rounded_is_no_key(number: str) -> None:
    with pytest.raises(KeyRounded):
        said(number)


@pytest.mark.parametrize("key", ["E17", "4.11E17", "1E5", "4E-17", "E+17"])
def test_a_key_with_an_e_in_it_is_one(key: str) -> None:
    assert said(key) == key


@given(written)
def test_folding_and_unwrapping_twice_change_nothing(key: str) -> None:
    assert fold(fold(key)) == fold(key)
    try:
        kept = said(key)
    except KeyRounded:
        return
    assert said(kept) == kept and fold(kept) == fold(key)


def test_the_database_folds_as_the_program_does(session: Session) -> None:
    @settings(max_examples=15)
    @given(st.lists(written, min_size=30, max_size=60))
    def agrees(keys: list[str]) -> None:
        asked = select(func.key_fold(func.unnest(cast(keys, ARRAY(Text)))))
        assert list(session.scalars(asked)) == [fold(key) for key in keys]

    agrees()
    assert session.scalar(select(func.key_fold(None))) is None


def test_rows_are_found_by_any_writing_of_their_key() -> None:
    rows = ByKey([("000001", 1), (None, 2), ("ZD1", 3)])
    assert (rows["０００００１"], rows.get("zd1"), rows.get("x"), rows.get(None), '="ZD1"' in rows) == (
        1,
        3,
        None,
        None,
        True,
    )


@pytest.mark.parametrize(
    ("other", "how"),
    [
        ("000001\u200b", "a zero-width space"), ("\ufeff000001", "a byte-order mark"), ("0000\xad01", "a soft hyphen"),
        ("\u202e000001", "a mark of writing direction"), ("000001\u2060", "a character that cannot be seen"),
        ("０００００１", "full-width characters"), ("'000001", "quotation marks"), ("000 001", "spaces"),
    ],
)  # fmt: skip
def test_what_differs_is_named(other: str, how: str) -> None:
    with speaking("en"):
        assert differs("000001", other) == how
        assert differs("E(1)·2", "E⟦1⟧⸳2") == "other brackets, another middle dot"
        assert differs("R-01", "r–01") == "another dash, another letter case"
