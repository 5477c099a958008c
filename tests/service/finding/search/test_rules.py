from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.finding.search.errors import FilterUnreadable, QueryTooLong, QueryTooShort
from service.finding.search.rules import (
    Near,
    day_tokens,
    key_token,
    near_tokens,
    needle_grams,
    place_tokens,
    range_tokens,
    tokens,
    words,
)
from service.kernel.geo import distance_m
from service.kernel.text import fold
from service.registry.cases.rules import case_number_fold

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CASE = "赣蓉江城管罚(2024)123"


@given(st.text(), st.data())
def test_every_part_of_a_text_has_its_tokens_in_the_texts(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    start = data.draw(st.integers(0, len(folded)))
    needle = folded[start : data.draw(st.integers(start, len(folded)))]
    if fold(needle) == needle:
        assert needle_grams(needle) <= tokens(needle) <= tokens(text)


@given(
    st.text(
        st.sampled_from(
            '油烟排查赣蓉江罚〔〕［］（）()【】〖「』２０２４abcＡＢ -－—R7号　𠮷😀·•・‧“”"、，○〇\u200b'
        ),
        min_size=2,
    ),
    st.data(),
)
def test_every_raw_part_is_within_the_folded_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    needle = text[start : data.draw(st.integers(start, len(text)))]
    assert fold(needle) in fold(text)
    assert tokens(needle) <= tokens(text)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_folded_text_can_be_stored_and_has_no_white_space(text: str) -> None:
    folded = fold(text)
    assert "\x00" not in folded
    assert not any(character.isspace() for character in folded)
    folded.encode()


@given(st.text(min_size=2).map(fold).filter(lambda word: len(word) > 1))
def test_text_tokens_are_int4(word: str) -> None:
    assert needle_grams(word)
    assert all(-(2**31) <= token < 2**31 for token in tokens(word) | {key_token("tag", word)})


@pytest.mark.parametrize(
    "written",
    [
        "赣蓉江城管罚〔2024〕123号", "赣蓉江城管罚[2024]123号", "赣蓉江城管罚（２０２４）１２３号", "赣蓉江城管罚【2024】第123号",
        "赣蓉江城管罚 〔2024〕 123 号", "赣蓉江城管罚〔2024〕123", "赣蓉江城管罚字［2024］第0123号", "赣蓉江城管罚2024123号",
        "赣蓉江城管罚2024-123", "赣蓉江城管罚2024年第123号", "赣蓉江城管罚〖2024〗123号", "赣蓉江城管罚「2024」第 123 号",
        "赣蓉江城管罚『２０２４』123号。", "案号：赣蓉江城管罚〔2024〕123号", "案件编号 赣蓉江城管罚〔2024〕123号",
        "行政处罚决定书文号：赣蓉江城管罚〔2024〕第123号", "“赣蓉江城管罚〔2024〕123号”", "（赣蓉江城管罚〔2024〕123号）",
        "赣蓉江城管罚\u200b〔2024\xad〕123号",
        "赣蓉江城管罚〔2024年〕123号", "赣蓉江城管罚〔2024年度〕第123号", "赣蓉江城管罚〔二〇二四〕123号", "赣蓉江城管罚〔二○二四年〕123号",
        "赣蓉江城管罚〔二零二四〕第一百二十三号", "赣蓉江城管罚〔二0二四〕一二三号", "赣蓉江城管罚二〇二四年第123号",
        "赣蓉江城管罚〔二千零二十四年〕123号", "赣蓉江城管罚〔贰零贰肆〕123号", "贛蓉江城管罰〔2024〕123號", "赣蓉江城管罚〔2024〕123號",
        "案號：贛蓉江城管罰字〔2024〕第123號", "赣蓉江城管罚〔2024〕No.123", "赣蓉江城管罚〔2024〕№123", "赣蓉江城管罚〔2024〕NO：123号",
        "赣蓉江城管罚〔2024〕第No.123号", "赣蓉江城管罚〔2024〕#123", "赣蓉江城管罚〔2024〕字第123号", "赣蓉江城管罚⟦2024⟧123号",
        "赣蓉江城管罚❨2024❩⸺123号", "赣蓉江城管罚〔2024〕⁃123号", "赣·蓉江城管罚⸳〔2024〕123号",
    ],
)  # fmt: skip
def test_a_case_number_is_the_same_however_written(written: str) -> None:
    assert case_number_fold(written) == CASE


@pytest.mark.parametrize(
    "other",
    [
        "赣蓉江城管罚〔2024〕124号", "赣蓉江城管罚〔2023〕123号", "赣蓉江城管强〔2024〕123号", "A-17/3", "",
        "赣蓉江城管罚〔2024〕1-23号", "赣蓉江城管罚〔2024〕12.3号", "赣蓉江城管罚〔2024〕123号之一", "赣蓉江城管罚〔2024〕1230号",
        "赣蓉江城管罚〔二〇二三〕123号", "赣蓉江城管罚〔2024〕一百二十号", "赣蓉江城管罚〔2024〕一百二三号", "赣蓉江城管罚〔2024〕百二十三号",
        "赣蓉江城管罚〔2024〕十二三号", "赣蓉江三城管罚〔2024〕123号", "赣蓉江城管罚〔2024〕I23号", "赣蓉江城管处〔2024〕123号",
        "赣蓉江城管罰〔2024〕124號", "赣蓉江城管罚〔2024〕No.124", "赣蓉江城管罚〔二〇二四〕一千零二十三号",
    ],
)  # fmt: skip
def test_other_case_numbers_stay_others(other: str) -> None:
    assert case_number_fold(other) != CASE


@given(st.text())
def test_folding_a_case_number_twice_changes_nothing(text: str) -> None:
    once = case_number_fold(text)
    assert case_number_fold(once).removesuffix("号") == once.removesuffix("号")


@given(st.integers(1, 9999), st.integers(1, 9999))
def test_a_count_in_chinese_digits_is_the_same_count_and_no_other(number: int, other: int) -> None:
    said = in_chinese(number)
    assert case_number_fold(f"城管罚〔二〇二六〕{said}号") == f"城管罚(2026){number}"
    assert (said == in_chinese(other)) == (number == other)


def in_chinese(number: int) -> str:
    """1024 → 一千零二十四, as it is written out."""
    said, nil = "", ""
    for unit, value in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = number // value % 10
        if digit:
            said += (
                nil + ("" if (digit, unit, said) == (1, "十", "") else "零一二三四五六七八九"[digit]) + unit
            )
        nil = "零" if said and not digit else ""
    return said


@pytest.mark.parametrize("query", ["示城管罰", "罰〔2026〕12號", "示城管罰〔二〇二六年〕№ 12 號"])
def test_a_query_in_traditional_characters_finds_the_case_in_simplified_ones(query: str) -> None:
    body = case_number_fold("示城管罚〔2026〕12号") + "号"
    assert all(any(one in body for one in word.spellings) for word in words(query)), words(query)


def test_words_are_split_folded_and_said_once() -> None:
    spelled = [word.spellings for word in words(" 油烟　排查\tＲ-07  油烟 ")]
    assert spelled == [("油烟",), ("排查",), ("r-07",)]


@pytest.mark.parametrize(
    "written",
    [
        "赣蓉江城管罚〔2024〕123号", "赣蓉江城管罚〔2024〕 123 号", "赣蓉江城管罚 〔 2024 〕 123 号", "赣蓉江城管罚〖２０２４〗 123号",
        "案号： 赣蓉江城管罚〔2024〕 123 号", "案件编号：　赣蓉江城管罚〔2024〕123号", "赣蓉江城管罚\u3000〔2024〕\xa0123\xa0号",
    ],
)  # fmt: skip
def test_a_case_number_is_one_word_whatever_blanks_it_is_set_with(written: str) -> None:
    assert [word.spellings for word in words(written)] == [(CASE + "号",)]
    assert [word.spellings for word in words(f"油烟，{written}、排查")] == [
        ("油烟",), (CASE + "号",), ("排查",),
    ]  # fmt: skip


@pytest.mark.parametrize("written", ["案号：赣蓉江城管罚〔2024〕123号", "赣蓉江城管罚字〔2024〕 第 0123 号"])
def test_a_case_number_with_more_around_it_is_sought_in_its_proper_spelling_too(written: str) -> None:
    (word,) = words(written)
    assert word.spellings[1] == CASE + "号"


def test_a_name_before_a_case_number_stays_a_word_of_its_own() -> None:
    assert [word.spellings[0] for word in words("买买提•艾力 〔2024〕 12 号")] == ["买买提艾力", "(2024)12号"]


def test_a_case_number_without_brackets_is_also_looked_for_with_them() -> None:
    (word,) = words("赣蓉江城管罚2024123号")
    assert word.spellings == ("赣蓉江城管罚2024123号", "赣蓉江城管罚(2024)123号")


@pytest.mark.parametrize("query", ["油", "〔", "a b", "１"])
def test_single_characters_alone_are_refused(query: str) -> None:
    with pytest.raises(QueryTooShort):
        words(query)


def test_a_single_character_beside_a_word_is_kept() -> None:
    assert [word.spellings for word in words("赣蓉江城管罚 号")] == [("赣蓉江城管罚",), ("号",)]


@pytest.mark.parametrize("query", ["", "  ", "\x00", "\ud800", "\u200b"])
def test_nothing_asked_is_no_word(query: str) -> None:
    assert words(query) == ()


@pytest.mark.parametrize("query", ["长" * 201, " ".join(f"词语{n}" for n in range(11))])
def test_endless_queries_are_refused(query: str) -> None:
    with pytest.raises(QueryTooLong):
        words(query)


@given(
    MOMENTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=1200)), st.floats(0, 1, exclude_max=True)
)
def test_every_start_within_a_range_has_one_of_its_tokens(
    since: datetime, length: timedelta, share: float
) -> None:
    inside = since + length * share
    if inside < since + length:
        assert set(range_tokens(since, since + length)) & set(day_tokens(inside))


@given(
    st.floats(-90, 90), st.floats(-180, 180), st.floats(1, 50_000), st.floats(-0.6, 0.6), st.floats(-0.6, 0.6)
)  # fmt: skip
def test_every_point_of_a_circle_has_one_of_its_tokens(
    lat: float, lon: float, radius: float, north: float, east: float
) -> None:
    near = Near(lat, lon, radius)
    other_lat, other_lon = max(-90.0, min(90.0, lat + north)), (lon + east + 180) % 360 - 180
    cells = near_tokens(near)
    if cells and distance_m(lat, lon, other_lat, other_lon) <= radius:
        assert set(cells) & set(place_tokens(other_lat, other_lon))


def test_cells_serve_where_the_bureau_works() -> None:
    assert 0 < len(near_tokens(Near(25.83, 114.93, 500))) <= 9
    assert 0 < len(near_tokens(Near(25.83, 114.93, 50_000))) <= 144


@pytest.mark.parametrize(
    "text", ["", "25.8", "a,b", "25.8,114.9,0", "91,0", "0,181", "25.8,114.9,60000", "nan,1", "1,2,nan"]
)
def test_a_place_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(FilterUnreadable):
        Near.parse(text)
