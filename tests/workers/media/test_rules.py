"""The pure parts: places, tracks, clocks, orientation, waveforms, messages."""

import re
import struct
from array import array
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import reasons
from workers.media import clock, gpmf, iso6709, orientation, peaks, sprite, timing
from workers.media.clock import Claim, Clock, Convention

ROOT = Path(__file__).parents[3]
ARRIVED = datetime(2024, 5, 13, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("+40.6892-074.0445+10.000/", (40.6892, -74.0445, 10.0)),
        ("+40.680-074.500/", (40.68, -74.5, None)),
        ("+2549.86+11456.00/", (25.831, 114.93333, None)),
        ("+254951.6+1145600/", (25.831, 114.93333, None)),
        ("+35.6586+139.7454+3776.24CRSWGS_84/", (35.6586, 139.7454, 3776.24)),
        ("+00.0000+000.0000/", None), ("+91.0+010.0/", None), ("+2599.86+11456.00/", None), ("", None), ("40,-74", None),
    ],
)  # fmt: skip
def test_places(text: str, place: tuple[Any, ...] | None) -> None:
    got = iso6709.parse(text)
    assert got is place is None or got == pytest.approx(place, abs=1e-4)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_place_written_and_read_is_the_same(lat: float, lon: float) -> None:
    got = iso6709.parse(iso6709.text(lat, lon))
    if got is not None:
        assert got[:2] == pytest.approx((lat, lon), abs=1e-3)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_place(text: str) -> None:
    iso6709.parse(text)


def klv(key: bytes, kind: str, size: int, repeats: int, data: bytes) -> bytes:
    return struct.pack(">4sBBH", key, ord(kind), size, repeats) + data + b"\0" * (-len(data) % 4)


def nested(key: bytes, data: bytes) -> bytes:
    return klv(key, "\0", 1, len(data), data)


def gopro(lat: float, lon: float, fix: int = 3) -> bytes:
    rows = b"".join(
        struct.pack(">5i", round((lat + i / 1e4) * 1e7), round(lon * 1e7), 98_500, 1234, 125)
        for i in range(18)
    )
    stream = klv(b"GPSF", "L", 4, 1, struct.pack(">I", fix)) + klv(b"GPSU", "c", 1, 16, b"240513014012.500")
    stream += klv(b"GPSP", "S", 2, 1, struct.pack(">H", 210))
    stream += klv(b"SCAL", "l", 4, 5, struct.pack(">5i", 10**7, 10**7, 1000, 1000, 100))
    stream += klv(b"GPS5", "l", 20, 18, rows)
    return nested(b"DEVC", klv(b"DVNM", "c", 1, 11, b"Hero7 Black") + nested(b"STRM", stream))


def test_a_gps5_track_is_read_with_its_precision_and_true_time() -> None:
    track = gpmf.read([(0.0, 1.0, gopro(25.831, 114.93)), (1.0, 1.0, gopro(25.84, 114.93))])
    assert len(track.points) == 36 and track.device == "Hero7 Black"
    first = track.points[0]
    assert (first.lat, first.lon, first.alt, first.fix) == pytest.approx((25.831, 114.93, 98.5, 3))
    assert (first.speed, first.dop) == pytest.approx((1.23, 2.1))
    assert track.started_at == datetime(2024, 5, 13, 1, 40, 12, 500000, tzinfo=UTC)
    assert track.points[18].t_s == 1.0


def test_a_gps9_track_is_read() -> None:
    row = struct.pack(">5i2iHH", 258310000, 1149300000, 98_500, 1234, 125, 8899, 6_012_500, 150, 3)
    stream = klv(b"TYPE", "c", 1, 9, b"lllllllSS")
    stream += klv(b"SCAL", "l", 4, 9, struct.pack(">9i", 10**7, 10**7, 1000, 1000, 100, 1, 1000, 100, 1))
    stream += klv(b"GPS9", "?", 32, 1, row)
    track = gpmf.read([(2.0, 1.0, nested(b"DEVC", nested(b"STRM", stream)))])
    assert [(p.lat, p.lon, p.fix, p.dop) for p in track.points] == [(25.831, 114.93, 3, 1.5)]
    assert track.started_at == datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=8899, seconds=6012.5 - 2)


def test_without_a_fix_there_is_no_place_and_no_time() -> None:
    track = gpmf.read([(0.0, 1.0, gopro(25.8, 114.9, fix=0)), (1.0, 1.0, gopro(0.0, 0.0) * 0)])
    assert track.points == [] and track.started_at is None


@given(st.binary(max_size=600))
def test_no_bytes_break_the_telemetry(data: bytes) -> None:
    gpmf.read([(0.0, 1.0, data), (1.0, 0.0, b"DEVC\0\1" + struct.pack(">H", len(data)) + data)])


@given(st.integers(0, 600), st.integers(0, 600), st.integers(0, 255))
def test_no_damage_breaks_the_telemetry(cut: int, at: int, value: int) -> None:
    data = bytearray(gopro(25.831, 114.93))
    data[at % len(data)] = value
    for point in gpmf.read([(0.0, 1.0, bytes(data[: len(data) - cut]))]).points:
        assert -90 <= point.lat <= 90 and -180 <= point.lon <= 180


def judged(
    at: str,
    convention: Convention | None = None,
    duration: float = 600,
    source: str = "container:creation_time",
    offset: float = 0,
) -> Clock:
    return clock.judge(
        [Claim(source=source, at=at)],
        duration,
        ARRIVED,
        convention,
        (lambda _shown: offset) if offset else None,
    )


@pytest.mark.parametrize(
    ("at", "finding"),
    [
        ("1970-01-01T00:00:00Z", "epoch"), ("1904-01-01T00:00:00Z", "epoch"), ("1980-01-06T00:00:10Z", "epoch"),
        ("2033-05-01T00:00:00Z", "future"), ("1999-05-01T00:00:00Z", "too_early"), ("rubbish", "unreadable"),
        ("2024-05-13", "unreadable"), ("2023-05-13T09:00:00Z", "far_from_arrival"), ("2024-05-13T01:40:00Z", "ok"),
        ("2000-01-01 00:00:08", "epoch"), ("1980-01-01 00:00:08", "epoch"), ("2010-01-01 00:02:00", "epoch"),
        ("2015-01-01T00:00:08Z", "epoch"), ("2015-01-01 00:00:08", "epoch"), ("2023-01-01 00:14:59", "epoch"),
        ("2015-01-01 08:00:08", "epoch"),  # midnight of UTC, shown here
        ("2015-01-01 00:20:00", "far_from_arrival"), ("2023-01-01 09:30:00", "far_from_arrival"),
        ("2024-01-01 00:05:00", "far_from_arrival"),  # the last New Year's Eve was filmed, too
    ],
)  # fmt: skip
def test_a_clock_that_cannot_be_right_is_doubted(at: str, finding: str) -> None:
    got = judged(at)
    assert got.judged[0].finding == finding
    assert (got.recorded_from is None) == (finding not in ("ok", "far_from_arrival"))
    assert (finding in got.doubts) == (finding != "ok")


def test_wall_clock_time_written_as_utc_is_read_by_the_models_convention() -> None:
    plain, local = (
        judged("2024-05-13T09:40:00Z"),
        judged("2024-05-13T09:40:00Z", Convention(zone="local_as_utc")),
    )
    assert plain.recorded_from == datetime(2024, 5, 13, 9, 40, tzinfo=UTC)
    assert local.recorded_from == datetime(2024, 5, 13, 1, 40, tzinfo=UTC)
    assert local.recorded_to == datetime(2024, 5, 13, 1, 50, tzinfo=UTC)


ZONED = "container:com.apple.quicktime.creationdate"
HEADER = "container:creation_time"


def test_the_cameras_own_time_comes_before_that_of_the_export() -> None:
    for claims in (
        [(HEADER, "2024-05-13T01:00:00Z"), (ZONED, "2024-05-12T09:40:00+0800")],
        [(ZONED, "2024-05-12T09:40:00+0800"), (HEADER, "2024-05-13T01:00:00Z")],
        [("stream:creation_time", "2024-05-13T01:00:00Z"), ("filename:guessed", "2024-05-13T01:01:00+00:00"),
         ("stream:creation_time", "2024-05-12T09:40:00+08:00")],
    ):  # fmt: skip
        got = clock.judge([Claim(source=source, at=at) for source, at in claims], 5, ARRIVED)
        assert got.recorded_from == datetime(2024, 5, 12, 1, 40, tzinfo=UTC)
    alone = clock.judge([Claim(source=s, at=at) for s, at in claims if "guessed" not in s], 5, ARRIVED)
    assert alone.doubts == [] and {one.finding for one in alone.judged} == {"ok", "exported"}


@pytest.mark.parametrize(
    "said", ["2024-05-12T09:40:00", "2024-05-12T09:40:00+08:00", "2024-05-12T01:40:00+00:00"]
)
def test_when_a_photo_was_taken_comes_before_what_its_name_seems_to_say(said: str) -> None:
    """And a name that its recorder's model reads before both: the bureau has said so."""
    for word, right in (("filename:guessed", "2024-05-12T01:40:00"), ("filename", "2024-05-12T03:00:00")):
        for order in (1, -1):
            claims = [
                Claim(source="container:exif_datetimeoriginal", at=said),
                Claim(source=word, at="2024-05-12T03:00:00+00:00"),
            ][::order]
            got = clock.judge(claims, 0, ARRIVED)
            assert got.recorded_from == datetime.fromisoformat(right).replace(tzinfo=UTC)
            assert got.doubts == ["claims_disagree"]


@given(st.datetimes(datetime(2024, 5, 1), datetime(2024, 5, 13)), st.sampled_from(["filename", ZONED]))  # noqa: DTZ001
def test_wall_clocks_that_agree_tell_how_the_header_is_meant(wall: datetime, source: str) -> None:
    """Whichever way the header was meant, it says the same time as the other witness, and casts no doubt."""
    zoned = f"{wall.replace(microsecond=0).isoformat()}+08:00"
    true = datetime.fromisoformat(zoned)
    as_utc, as_wall = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (true.astimezone(UTC), wall))
    for header in (as_utc, as_wall):
        for zone in ("utc", "local_as_utc"):
            for order in (1, -1):
                claims = [Claim(source=HEADER, at=header), Claim(source=source, at=zoned)][::order]
                got = clock.judge(claims, 60, ARRIVED, Convention(zone=zone))
                assert (got.recorded_from, got.doubts) == (true, [])


def test_a_header_that_agrees_in_no_way_still_contradicts() -> None:
    claims = [
        Claim(source=HEADER, at="2024-05-12T03:00:00Z"),
        Claim(source="filename", at="2024-05-13T01:40:00+00:00"),
    ]
    assert clock.judge(claims, 60, ARRIVED).doubts == ["claims_disagree"]


def test_satellites_do_not_tell_how_the_cameras_own_clock_is_meant() -> None:
    """Eight hours between them are the clock's error, which corrects its other recordings."""
    claims = [
        Claim(source="gps", at="2024-05-13T01:40:00+00:00"),
        Claim(source=HEADER, at="2024-05-13T09:40:00Z"),
    ]
    got = clock.judge(claims, 60, ARRIVED)
    assert got.claimed_from == datetime(2024, 5, 13, 9, 40, tzinfo=UTC)


def test_eight_hours_ahead_is_recognised_and_not_corrected_in_silence() -> None:
    got = judged("2024-05-14T01:30:00Z")
    assert got.recorded_from is None
    assert got.judged[0].hint == "eight_hours" and "eight_hours" in got.doubts


def test_a_model_that_writes_the_end_and_a_clock_that_runs_ahead_are_allowed_for() -> None:
    got = judged("2024-05-13T01:50:30Z", Convention(stamp="end"), offset=30)
    assert got.recorded_from == datetime(2024, 5, 13, 1, 40, tzinfo=UTC)
    assert got.claimed_from == datetime(2024, 5, 13, 1, 40, 30, tzinfo=UTC)


def test_the_picture_settles_what_the_camera_claimed_and_tells_what_is_wrong_with_the_rest() -> None:
    picture = Claim(source="burned_in", at="2024-05-13T09:40:00")
    others = {
        "2024-05-13T01:40:20Z": None,  # the same
        "2024-05-13T01:50:00Z": "names_end",
        "2024-05-12T17:40:00Z": "zone_off",
        "2024-05-13T00:17:00Z": None,  # wrong, and nobody knows how
    }
    for at, hint in others.items():
        got = clock.judge([Claim(source="container:creation_time", at=at), picture], 600, ARRIVED)
        assert got.claimed_from == got.recorded_from == datetime(2024, 5, 13, 1, 40, tzinfo=UTC)
        assert (got.judged[0].hint, got.doubts) == (hint, [hint] if hint else [])


def test_satellites_give_the_time_and_the_picture_what_the_camera_claimed() -> None:
    claims = [
        Claim(source="gps", at="2024-05-13T01:40:00+00:00"),
        Claim(source="burned_in", at="2024-05-13T09:41:30", untrusted=True),
    ]
    got = clock.judge(claims, 60, ARRIVED, offset_of=lambda _shown: 500)
    assert got.recorded_from == datetime(2024, 5, 13, 1, 40, tzinfo=UTC)
    assert got.claimed_from == datetime(2024, 5, 13, 1, 41, 30, tzinfo=UTC)
    assert "untrusted_clock" in got.doubts


def test_a_reset_clock_whose_offset_is_known_is_believed() -> None:
    reset = (datetime(1970, 1, 1, tzinfo=UTC) - datetime(2024, 5, 13, tzinfo=UTC)).total_seconds()
    got = judged("1970-01-01T01:40:00Z", offset=reset)
    assert got.recorded_from == datetime(2024, 5, 13, 1, 40, tzinfo=UTC)
    assert got.judged[0].finding == "ok"


def test_satellites_are_believed_before_the_camera_and_the_contradiction_is_told() -> None:
    claims = [
        Claim(source="container:creation_time", at="2024-05-13T03:00:00Z"),
        Claim(source="gps", at="2024-05-13T01:40:00+00:00"),
    ]
    got = clock.judge(claims, 60, ARRIVED)
    assert got.chosen == 1 and got.doubts == ["claims_disagree"]
    assert got.recorded_from == datetime(2024, 5, 13, 1, 40, tzinfo=UTC)


def test_times_without_a_zone_are_the_bureaus() -> None:
    for text in ("20240513094000", "2024-05-13 09:40:00", "20240513_094000", "2024-05-13T09:40:00+0800"):
        assert judged(text, source="filename").recorded_from == datetime(2024, 5, 13, 1, 40, tzinfo=UTC)


def test_no_claim_is_said() -> None:
    got = clock.judge([], 60, ARRIVED)
    assert got.recorded_from is None and got.doubts == ["no_claim"]


@given(
    st.text(max_size=45),
    st.floats(0, 1e6),
    st.sampled_from(["utc", "local_as_utc"]),
    st.sampled_from(["start", "end"]),
)
def test_no_claim_breaks_the_clock_nor_lies_in_the_future(
    at: str, duration: float, zone: clock.Zone, stamp: clock.Stamp
) -> None:
    got = judged(at, Convention(zone=zone, stamp=stamp), duration)
    if got.recorded_to is not None:
        assert got.recorded_to <= ARRIVED + clock.CLOCKS_APART + timedelta(seconds=1)


@given(
    st.datetimes(),
    st.sampled_from(["Z", "+08:00", "-12:00", ""]),
)
def test_any_date_is_judged(at: datetime, zone: str) -> None:
    judged(at.isoformat() + zone, Convention(zone="local_as_utc", stamp="end"), offset=-3600)


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=4, max_size=4))
def test_any_matrix_is_a_right_angle(matrix: list[int]) -> None:
    rotation, mirrored = orientation.snap(*matrix)
    assert rotation in (0, 90, 180, 270) and isinstance(mirrored, bool)
    assert len(orientation.filters(rotation, mirrored)) <= 3


def test_peaks_cover_the_whole_sound(tmp_path: Path) -> None:
    samples = array("h", [0] * 5000 + [32767] + [0] * 4999)
    (tmp_path / "a.s16").write_bytes(samples.tobytes() + b"\x01")
    got = peaks.peaks(tmp_path / "a.s16", 8000, buckets=100)
    assert len(got["max"]) == 100 and got["duration_s"] == 1.25
    assert [i for i, value in enumerate(got["max"]) if value > 0] == [50]


@given(st.integers(0, 5000), st.integers(1, 200))
def test_peaks_are_never_more_than_asked(count: int, buckets: int) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.NamedTemporaryFile() as file:
        file.write(array("h", range(count)).tobytes())
        file.flush()
        got = peaks.peaks(Path(file.name), 8000, buckets)
    assert len(got["min"]) == len(got["max"]) <= buckets
    assert not count or got["max"][-1] == round((count - 1) / 32768, 3)


def test_cues_follow_one_another_without_a_hole() -> None:
    text = sprite.vtt([0.1, 1.0, 2.0], 3.5, (160, 90), 2, "sprite.jpg")
    assert "00:00:00.000 --> 00:00:01.000\nsprite.jpg#xywh=0,0,160,90" in text
    assert "00:00:02.000 --> 00:00:03.500\nsprite.jpg#xywh=0,90,160,90" in text


def test_b_frames_and_jitter_are_no_variable_rate() -> None:
    span = timing.Span()
    for i in range(0, 90, 3):
        for at in (i + 2, i, i + 1):
            span.add(round(at / 30, 3), None, 0.033, at == 0)
    span.finish()
    fps, varies = span.rate()
    assert fps == pytest.approx(30, abs=0.2) and varies is False
    assert span.measured_s == pytest.approx(3.0, abs=0.01)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 10), st.booleans()), max_size=60))
def test_any_packets_make_a_span(packets: list[tuple[float, float, bool]]) -> None:
    span = timing.Span()
    for at, duration, key in packets:
        span.add(at, None, duration, key)
    span.finish()
    span.rate()
    assert span.measured_s is None or span.measured_s >= 0


def test_every_reason_in_use_has_its_sentence_and_every_sentence_a_use() -> None:
    folders = [ROOT / "workers", ROOT / "service"]
    code = "".join(file.read_text() for folder in folders for file in folder.rglob("*.py"))
    used = set(re.findall(r'code="(\w+)"', code)) | {
        f"{kind}_{end}"
        for kind in ("audio", "video")
        for end in ("encrypted", "undecodable", "codec_unknown")
    }
    assert used - set(reasons.MESSAGES) == set()
    assert {name for name in reasons.MESSAGES if name not in used and f'"{name}"' not in code} == set()
