"""File names and sidecars: the examples read what they say, and nothing a stranger writes breaks the reading."""

import json
import re
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.claims import FileFacts
from service.registry.conventions.examples import EXAMPLES
from service.registry.conventions.rules import (
    Conventions,
    Facts,
    check_settings,
    read_file_name,
    read_moment,
    sidecar_keys,
)
from service.registry.conventions.sidecars import read_sidecar, read_sidecar_by_any

SHANGHAI = ZoneInfo("Asia/Shanghai")
KNOWN = [Conventions.of(example["conventions"]) for example in EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["code"])
def test_examples_read_what_they_show(example: dict) -> None:
    conventions = Conventions.of(example["conventions"])
    for name, facts in example.get("names", {}).items():
        assert read_file_name(name, conventions, SHANGHAI).as_json() == facts
    for text, files in example.get("sidecars", {}).items():
        found = read_sidecar(text.encode(), "list.json", conventions, SHANGHAI)
        assert {name: facts.as_json() for name, facts in found} == files


moments = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)).map(lambda m: m.replace(microsecond=0))  # noqa: DTZ001


@given(moments, st.sampled_from(["Asia/Shanghai", "utc", "America/New_York"]))
def test_every_way_to_write_a_time_means_the_same(moment: datetime, zone_name: str) -> None:
    zone = ZoneInfo("UTC") if zone_name == "utc" else ZoneInfo(zone_name)
    wanted = moment.replace(tzinfo=zone).astimezone(UTC)
    for text in (
        moment.strftime("%Y%m%d%H%M%S"), moment.strftime("%Y-%m-%d_%H-%M-%S"), moment.strftime("%Y/%m/%d %H:%M:%S"),
        moment.isoformat(), moment.strftime("%Y年%m月%d日 %H:%M:%S"),
    ):  # fmt: skip
        assert read_moment(text, zone) == wanted, text
    parts = {"dwYear": moment.year, "dwMonth": moment.month, "dwDay": moment.day}
    parts |= {"dwHour": moment.hour, "dwMinute": moment.minute, "dwSecond": moment.second}
    assert read_moment(parts, zone) == wanted


@given(moments, st.integers(-14, 14))
def test_a_zone_that_is_said_wins(moment: datetime, hours: int) -> None:
    text = f"{moment.isoformat()}{'-' if hours < 0 else '+'}{abs(hours):02d}:00"
    assert read_moment(text, SHANGHAI) == moment.replace(tzinfo=UTC) - timedelta(hours=hours)
    assert read_moment(f"{moment.isoformat()}Z", SHANGHAI) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ("2026/11/7 9:05", "2026-11-07T01:05:00+00:00"),
        ("2026/1/7 9:05:06", "2026-01-07T01:05:06+00:00"),
        ("2026年11月7日 9时5分", "2026-11-07T01:05:00+00:00"),
        ("46333.38", "2026-11-07T01:07:12+00:00"),
        ("2026-11-27 10:05:00", "2026-11-27T02:05:00+00:00"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_sidecar_tells_the_start_as_its_spreadsheet_writes_it(said: str, start: str, as_json: bool) -> None:
    record = {"文件名": "S2.MP4", "执法证号": "000002", "开始时间": said, "案件编号": ""}
    if as_json:
        number = json.loads(said) if re.fullmatch(r"[\d.]+", said) else said
        data, name = json.dumps([record | {"开始时间": number}]).encode(), "list.json"
    else:
        lines = [",".join(record), ",".join(record.values())]
        data, name = "\r\n".join(lines).encode("gb18030"), "list.csv"
    [(key, facts)] = read_sidecar_by_any(data, name, KNOWN, SHANGHAI)
    assert (key, facts.as_json()) == ("s2.mp4", {"officer": "000002", "start": start})


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("title", ["", "执法记录清单\n", "清单,2026年11月\n\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_list_is_read_in_every_encoding_and_under_its_title(
    encoding: str, title: str, separator: str
) -> None:
    table = title + "文件名,执法证号,开始时间\nS2.MP4,000002,2026/11/7 9:05\nS3.MP4,000003,昨天\n".replace(
        ",", separator
    )
    found = read_sidecar_by_any(table.encode(encoding), "list.csv", KNOWN, SHANGHAI)
    assert {key: facts.as_json() for key, facts in found} == {
        "s2.mp4": {"officer": "000002", "start": "2026-11-07T01:05:00+00:00"},
        "s3.mp4": {"officer": "000003", "unread": ["昨天"]},
    }


def test_a_list_that_was_cut_off_tells_what_is_whole() -> None:
    table = "文件名,执法证号,备注\nS2.MP4,000002,完整\nS3.MP4,000003,断了".encode("gb18030")[:-1]
    found = read_sidecar_by_any(table, "list.csv", KNOWN, SHANGHAI)
    assert found[0][1].as_json() == {"officer": "000002", "note": "完整"}


@pytest.mark.parametrize(
    "header",
    [
        "文件名,执法证号,开始时间", "文件名称,人员编号,录制开始时间", "录像文件名,执法人员编号,拍摄开始时间", "文件名,证号,录像开始时间",
        "文件名,证件号,拍摄时间", "file,officer,recorded_from",
    ],
)  # fmt: skip
def test_the_usual_headers_of_a_list_are_known(header: str) -> None:
    table = f"{header}\nS2.MP4,000002,2026/11/7 9:05\n"
    ((_name, facts),) = read_sidecar_by_any(table.encode("gb18030"), "list.csv", KNOWN, SHANGHAI)
    assert facts.as_json() == {"officer": "000002", "start": "2026-11-07T01:05:00+00:00"}


@pytest.mark.parametrize(
    "name",
    [
        "r-01_000002_20261127100500.mp4",
        "Ｒ－０１_000002_20261127100500.MP4",
        "R–01_000002_20261127100500.mp4",
    ],
)
def test_a_models_pattern_reads_a_name_however_it_is_written(name: str) -> None:
    model = Conventions.of({"filename_patterns": [r"(?P<recorder>R-\d+)_(?P<officer>\d{6})_(?P<at>\d{14})"]})
    facts = read_file_name(name, model, SHANGHAI)
    assert (facts.recorder.upper(), facts.officer, facts.start) == (
        "R-01",
        "000002",
        datetime(2026, 11, 27, 2, 5, tzinfo=UTC),
    )
    exact = Conventions.of({"filename_patterns": [r"^(?P<recorder>[a-z]+)$", r"^(?P<officer>[A-Z]+)$"]})
    assert read_file_name("AB", exact, SHANGHAI) == Facts(
        officer="AB"
    )  # one that fits as written comes first


def test_stamp_of_the_end_and_a_clock_in_utc() -> None:
    conventions = Conventions.of(
        {"clock_zone": "utc", "stamp": "end", "filename_patterns": [r"(?P<at>\d{14})"]}
    )
    facts = read_file_name("dir\\20240506013000.mp4", conventions, SHANGHAI)
    assert facts == Facts(end=datetime(2024, 5, 6, 1, 30, tzinfo=UTC))


@given(st.text(max_size=600))
def test_no_file_name_breaks_the_reading(name: str) -> None:
    for conventions in KNOWN:
        read_file_name(name, conventions, SHANGHAI)
    assert all("/" not in key and "\\" not in key for key in sidecar_keys(name))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["FileName", "StartTime", "UserID", "Remark", "文件名", "data"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.binary(max_size=400) | values.map(lambda value: json.dumps(value).encode()))
def test_no_sidecar_breaks_the_reading(data: bytes) -> None:
    for name in ("a.json", "a.csv", "a"):
        for key, facts in read_sidecar_by_any(data, name, KNOWN, SHANGHAI):
            assert key and facts.as_json() and "\0" not in json.dumps(facts.as_json())


def test_deep_nesting_is_no_sidecar() -> None:
    assert read_sidecar_by_any(b"[" * 100_000, "a.json", KNOWN, SHANGHAI) == []


def test_sidecar_named_for_its_video() -> None:
    for name in ("DCIM/X.mp4.json", "x.JSON"):
        [(key, facts)] = read_sidecar_by_any(
            b'{"UserID": "1", "StartTime": "20240506093000"}', name, KNOWN, SHANGHAI
        )
        assert key in sidecar_keys("X.MP4") and facts.officer == "1"


@pytest.mark.parametrize(
    ("stored", "wrong"),
    [
        ({"clock_zone": "Mars/Olympus"}, "clock_zone"),
        ({"stamp": "middle"}, "stamp"),
        ({"container_clock": "x"}, "container_clock"),
        ({"filename_patterns": ["("]}, "filename_patterns"),
        ({"filename_patterns": [r"(?P<at>\d+)(?=_)"]}, "filename_patterns"),
        ({"filename_patterns": ["\ud800"]}, "filename_patterns"),
        ({"filename_patterns": ["(?:(?:a{100}){100}){100}"]}, "filename_patterns"),
        ({"filename_patterns": [5]}, "filename_patterns"),
        ({"filename_patterns": 5}, "filename_patterns"),
        ({"clock_zone": 8}, "clock_zone"),
        ({"sidecar": 5}, "sidecar"),
        ({"sidecar": {"start": 5}}, "sidecar"),
        ({"flags": [1]}, "flags"),
        ({"flags": {"1": "unheard-of"}}, "flags"),
        ({"time_lapse": "no"}, "time_lapse"),
        ({"time_lapse": 1}, "time_lapse"),
    ],
)
def test_wrong_settings_are_named(stored: dict, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        Conventions.of(stored)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("slip", [r"^(?:\d+)+x$", r"^(?P<officer>(?:\d|\d\d)+)x$", r"(?:.*.*)*x$"])
def test_no_pattern_of_an_administrator_holds_a_worker(slip: str) -> None:
    conventions = Conventions.of({"filename_patterns": [slip]})
    assert not read_file_name("1" * 250 + ".mp4", conventions, SHANGHAI)


@pytest.mark.parametrize(
    ("stored", "wrong"),
    [
        ({"clock": "utc"}, "clock"),
        ({"sidecar": {"begin": "StartTime"}}, "sidecar"),
        ({"filename_patterns": [r"(?P<device>\d+)"]}, "filename_patterns"),
    ],
)
def test_settings_that_nothing_reads_are_named(stored: dict, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        check_settings(stored)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("clock_zone", "container_clock", "stamp", "filename_patterns", "sidecar", "flags"),
                *("time_lapse", "other"),
            ]
        ),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
            ),
            max_leaves=4,
        ),
    )
)
def test_any_settings_are_read_or_named(stored: dict) -> None:
    with suppress(ValueError):
        Conventions.of(stored)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_example_of_the_readme_reads_what_it_shows(page: str) -> None:
    text = (Path(__file__).parents[4] / page).read_text()
    model = json.loads(re.search(r"recorder-models -d '(\{.*?\})'\n", text, re.DOTALL)[1])
    check_settings(model["conventions"])
    found = read_file_name("DSJ001_360701_20240506093000.mp4", Conventions.of(model["conventions"]), SHANGHAI)
    assert (found.recorder, found.officer) == ("DSJ001", "360701")
    assert found.start == datetime(2024, 5, 6, 1, 30, tzinfo=UTC)


def test_facts_are_kept_under_the_names_of_their_type() -> None:
    assert {part.name for part in fields(Facts)} == FileFacts.__annotations__.keys()
