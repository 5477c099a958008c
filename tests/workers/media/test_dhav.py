"""The clock inside .dav packets: what the recorder showed at the first picture, and nothing where that is not sure."""

import struct
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.registry.conventions.rules import Conventions
from tests.fixtures.media import SAMPLES
from workers.media import dhav
from workers.media.gpmf import Track
from workers.media.probe import Probe, TimeClaim, probe
from workers.media.sandbox import Sandbox
from workers.stages.tags.rules import time_claims

AT = datetime(2026, 11, 27, 9, 5, 0)  # noqa: DTZ001  a wall clock


def written(at: datetime) -> int:
    return (at.year - 2000) << 26 | at.month << 22 | at.day << 17 | at.hour << 12 | at.minute << 6 | at.second


def packet(date: int, kind: int = 0xFD, body: bytes = b"\0\0\x01picture") -> bytes:
    length = 24 + len(body) + 8
    head = struct.pack("<4s4BIIIHBB", b"DHAV", kind, 0, 0, 0, 0, length, date, 0, 0, 0)
    return head + body + struct.pack("<4sI", b"dhav", length)


def file_of(folder: Path, *packets: bytes) -> Path:
    path = folder / "a.dav"
    path.write_bytes(b"".join(packets))
    return path


@given(st.datetimes(AT.replace(year=2000), AT.replace(year=2063)))
def test_a_date_written_and_read_is_the_same(at: datetime) -> None:
    assert dhav.read_date(written(at)) == at.replace(microsecond=0)


@given(st.integers(0, 2**32 - 1))
def test_no_field_breaks_the_reading(date: int) -> None:
    at = dhav.read_date(date)
    assert at is None or written(at) == date


@pytest.mark.parametrize(
    ("packets", "at"),
    [
        ([packet(written(AT)), packet(written(AT.replace(second=1)))], AT),
        ([packet(written(AT))], AT),
        ([b"DAHUA" + bytes(1019), packet(written(AT)), packet(written(AT))], AT),
        ([packet(0, 0xF1), packet(written(AT.replace(day=1)), 0xF1), packet(written(AT))], AT),
        ([packet(0), packet(written(AT), 0xF0), packet(written(AT))], AT),
        ([packet(written(AT), body=b"DHAV" + bytes(30)), packet(written(AT))], AT),
        ([packet(written(AT)), packet(written(AT.replace(hour=17)))], None),
        ([packet(written(AT)), packet(written(AT.replace(minute=4)))], None),
        ([packet(0), packet(13 << 22)], None),
        ([b"DHAV"], None),
        ([b""], None),
    ],
)
def test_the_first_picture_or_sound_says_when(
    packets: list[bytes], at: datetime | None, tmp_path: Path
) -> None:
    assert dhav.began_at(file_of(tmp_path, *packets)) == at


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_whatever_stands_in_a_file_is_read_to_an_end(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, more: bytes
) -> None:
    dhav.began_at(file_of(tmp_path_factory.mktemp("dav"), b"DHAV", data, b"DHAV", more))


def test_a_length_that_is_none_does_not_hold_the_reader(tmp_path: Path) -> None:
    head = struct.pack("<4s4BIII", b"DHAV", 0xFD, 0, 0, 0, 0, 0, 0)
    assert dhav.began_at(file_of(tmp_path, *[head] * 10_000)) is None


@pytest.mark.parametrize(
    ("zone", "said"), [(None, "2026-11-27T09:05:00"), ("UTC", "2026-11-27T09:05:00+00:00")]
)
def test_it_is_the_wall_clock_of_the_recorders_model_and_the_start(zone: str | None, said: str) -> None:
    facts = Probe(size=1, times=[TimeClaim(source="container:dhav", at=AT.isoformat(), wall=True)])
    (claim,) = time_claims(facts, Track(), {}, Conventions(clock_zone=zone, stamp="end"))
    assert (claim.source, claim.at, claim.stamp) == ("container:dhav", said, "start")


if (SAMPLES / "cam.dav").is_file():

    def test_the_sample_says_when_it_was_filmed(box: Sandbox, private: Path) -> None:
        facts = probe(SAMPLES / "cam.dav", box, private)
        assert [(one.source, one.at) for one in facts.times] == [("container:dhav", "2026-11-27T09:05:00")]
