"""Small files that ask for much get what their bytes are worth, and each ends with a reason."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.jobs import JobKind
from tests.fixtures import costly
from tests.workers.media.conftest import H264, PICTURE
from workers import memory
from workers.allowed import ALLOWED, BYTES_A_SECOND
from workers.media import gpmf, graphs, isobmff
from workers.media.apart import Bounds, Exceeded, apart
from workers.media.probe import Probe, StreamFacts, probe
from workers.media.renditions import limits_for, most_bytes, render
from workers.media.sample_tables import SampleTables
from workers.media.sandbox import Allowance, AllowanceSpent, Limits, Sandbox
from workers.media.verdict import judge
from workers.stages.examined import recorded

MIB = 2**20


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def make(data: bytes) -> Path:
        path = tmp_path / "costly.mp4"
        path.write_bytes(data)
        path.chmod(0o644)
        return path

    return make


def track_of(path: Path) -> gpmf.Track:
    stream = StreamFacts(index=0, kind="data", tag="gpmd", track_id=1)
    return gpmf.track(path, Probe(size=path.stat().st_size, streams=[stream]))


def test_bytes_that_many_samples_share_are_read_once(file: Callable[[bytes], Path]) -> None:
    path = file(costly.with_telemetry(costly.telemetry(18), samples=240))
    assert len(isobmff.samples(path, 1)) == 1
    assert len(track_of(path).points) == 18


def test_a_scale_as_long_as_it_likes_costs_no_more_than_a_row_has_fields(
    file: Callable[[bytes], Path],
) -> None:
    """Thirteen hours, when each row was held against all of it."""
    path = file(costly.with_telemetry(costly.telemetry(65_535 // 20, scales=65_535), samples=240))
    assert len(track_of(path).points) == 65_535 // 20


@pytest.mark.parametrize("wide", [1, 4, 8])
def test_rows_too_narrow_for_a_place_end_where_rows_end(wide: int) -> None:
    payload = costly.telemetry(60_000, wide=wide)
    assert gpmf.read([(float(n), 1.0, payload) for n in range(40)]).points == []


def test_a_track_is_thinned_and_keeps_the_point_that_stands_for_it(file: Callable[[bytes], Path]) -> None:
    payload = costly.telemetry(3000)
    tables = [
        costly.table(b"stts", [(8, 1000)]),
        costly.sizes(len(payload), 8),
        costly.table(b"stsc", [(1, 8, 1)]),
        costly.table(b"stco", [(costly.MEDIA,)]),
    ]
    track = track_of(file(costly.mp4([costly.trak(1, tables=tables)], payload * 8)))
    assert gpmf.POINTS_KEPT / 2 < len(track.points) <= gpmf.POINTS_KEPT
    assert track.middle is not None and track.middle.lat == pytest.approx(25.831)


@pytest.mark.parametrize("compact", [True, False])
def test_samples_without_bytes_are_no_telemetry(compact: bool, file: Callable[[bytes], Path]) -> None:
    """534 bytes that were gigabytes in memory."""
    count = 50_000_000 if compact else 2_000
    path = file(costly.samples_of_nothing(count, compact=compact))
    assert apart(lambda: isobmff.samples(path, 1), Bounds(cpu_s=5, memory_bytes=64 * MIB)) == []
    facts = apart(lambda: isobmff.read(path), Bounds(cpu_s=5, memory_bytes=64 * MIB))
    assert facts is not None and facts.tracks[0].samples <= 2_000


@pytest.mark.parametrize(("bits", "data", "expected"), [(4, b"\x12\x30", [1, 2, 3]), (8, b"\1\2\3", [1, 2, 3]),
                                                        (16, b"\0\1\0\2\1\0", [1, 2, 256]), (3, b"\1", [])])  # fmt: skip
def test_compact_sizes_are_those_that_stand_there(bits: int, data: bytes, expected: list[int]) -> None:
    stbl = costly.compact_sizes(bits, 3, data) + costly.table(b"stts", [(3, 10)])
    tables = SampleTables.read(stbl, (0, len(stbl)))
    assert (list(tables.sizes), tables.count) == (expected, len(expected))


def test_a_table_takes_the_memory_of_its_bytes(tmp_path: Path) -> None:
    """Pairs as Python makes them took twelve times as much."""
    stts = costly.full(b"stts", (500_000).to_bytes(4), b"\0\0\0\1\0\0\0\1" * 500_000)
    tracemalloc.start()
    try:
        tables = SampleTables.read(stts, (0, len(stts)))
        assert sum(count for count, _ in tables.deltas) == 500_000
        assert tracemalloc.get_traced_memory()[1] < 4 * len(stts)
    finally:
        tracemalloc.stop()


def test_tables_that_ask_for_too_much_make_a_verdict(
    file: Callable[[bytes], Path], box: Sandbox, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.media.probe.TABLES", Bounds(cpu_s=5, memory_bytes=8 * MIB))
    # A block of more than 32 MiB is asked of the system, however much lies free in the heap of whoever forked.
    facts = probe(file(costly.many_lengths(6_000_000)), box, private)
    assert facts.exceeded == "memory"
    assert [reason.code for reason in judge(facts).reasons] == ["limit_exceeded"]


def test_of_many_tracks_the_first_are_looked_at_and_all_of_it_has_one_allowance(
    file: Callable[[bytes], Path], box: Sandbox, private: Path
) -> None:
    """841 seconds, when each of 64 tracks was tried by itself."""
    path = file(costly.pictures(64, 2000, 2000))
    allowance = Allowance(cpu_s=2, wall_s=60)
    facts = probe(path, replace(box, allowance=allowance), private)
    assert facts.exceeded == "cpu_time" and allowance.cpu_s > -4
    assert judge(facts).outcome == "unplayable"
    few = probe(file(costly.pictures(8, 64, 64)), box, private)
    assert few.exceeded is None and judge(few).video == 0


def test_more_streams_than_any_recording_has_are_not_opened(
    file: Callable[[bytes], Path], box: Sandbox, private: Path
) -> None:
    facts = probe(file(costly.pictures(1000, 16, 16)), box, private)
    assert judge(facts).outcome == "unplayable"
    assert len(facts.streams) <= 64


def test_an_allowance_is_that_of_all_runs_together(box: Sandbox, private: Path) -> None:
    allowance = Allowance(cpu_s=3, wall_s=60)
    bounded = replace(box, allowance=allowance)
    loop = ["sh", "-c", "while :; do :; done"]
    assert bounded.run(loop, private_dir=private, limits=Limits(cpu_s=1)).ended == "cpu_time", "its own limit"
    with pytest.raises(AllowanceSpent, match="cpu_time"):
        bounded.run(loop, private_dir=private)
    with pytest.raises(AllowanceSpent, match="cpu_time"):
        bounded.run(["true"], private_dir=private)
    with pytest.raises(AllowanceSpent, match="wall_time"):
        replace(box, allowance=Allowance(cpu_s=9, wall_s=0.3)).run(["sleep", "9"], private_dir=private)


def test_more_words_than_are_read_end_a_run(box: Sandbox, private: Path) -> None:
    limits = Limits(stdout_bytes=100_000)
    assert box.run(["yes"], private_dir=private, limits=limits).ended == "stdout_size"


SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=6", "-c:a", "aac")


@pytest.fixture
def m4a(clip: Callable[..., Path]) -> bytes:
    """Without its edit list, which would show nothing beyond six seconds."""
    return clip("sound.m4a", *SOUND).read_bytes().replace(b"edts", b"free")


@pytest.mark.parametrize(
    "lengths",
    [
        pytest.param(
            [(120, 1024), (1, 1024 + 47_657 * 44100), (200, 1024)], id="two pieces half a day apart"
        ),
        pytest.param([(400, 30 * 44100)], id="a packet every half minute"),
    ],
)
def test_silence_is_no_sound_and_no_room_is_taken_for_it(
    lengths: list[tuple[int, int]], m4a: bytes, file: Callable[[bytes], Path], box: Sandbox, private: Path
) -> None:
    """13.6 kB that took all of the scratch and 3.5 GB of memory."""
    path = file(costly.with_lengths(m4a, lengths))
    facts = probe(path, box, private)
    verdict = judge(facts)
    columns = recorded(facts, verdict)
    assert verdict.audio is not None and not columns["sparse"]
    assert columns["recorded_s"] <= 600
    assert most_bytes(facts, columns["recorded_s"], picture=False) < 64 * MIB
    made = render(path, facts, verdict, box, private, stretches=columns["stretches"])
    assert made.duration_s <= 600 and made.cpu_s < 30


def test_the_picture_of_a_sound_is_drawn_from_little(m4a: bytes, file: Callable[[bytes], Path]) -> None:
    for hours in (0.01, 1, 4, 24):
        facts = Probe(
            size=10**9, measured_s=hours * 3600, streams=[StreamFacts(index=0, kind="audio", channels=1)]
        )
        plan = graphs.plan(facts, judge(facts).model_copy(update={"audio": 0}))
        (kept,) = [part for part in " ".join(graphs.compose(plan)).split("[") if "showwavespic" in part] or [
            ""
        ]
        assert kept
        rate = max(1000, min(8000, int(graphs.WAVE_SAMPLES / plan.duration_s)))
        assert f"aresample={rate}" in " ".join(graphs.compose(plan))
        assert rate * plan.duration_s * 2 < 200 * MIB


@given(st.integers(1, 10**12), st.floats(0, 10**9), st.booleans())
def test_room_is_bounded_by_the_bytes_that_came(size: int, seconds: float, picture: bool) -> None:
    facts = Probe(size=size, streams=[StreamFacts(index=0, kind="video", samples=10**9)])
    assert most_bytes(facts, seconds, picture) <= 24 * MIB + 64 * MIB + 16 * size
    assert limits_for(facts, seconds, picture).wall_s <= 300 + size / 800, "a picture has forty bytes"


@given(st.sampled_from(sorted(ALLOWED)), st.integers(0, 10**12), st.floats(0, 10**9))
def test_what_a_file_claims_buys_it_nothing_that_it_has_no_bytes_for(
    kind: JobKind, size: int, film_s: float
) -> None:
    allowed = ALLOWED[kind]
    assert allowed.cpu_s(0, film_s) == allowed.base_s
    assert (
        allowed.cpu_s(size, film_s) <= allowed.base_s + size / BYTES_A_SECOND + allowed.gib_s * size / 2**30
    )
    assert allowed.cpu_s(size, film_s) <= allowed.cpu_s(size + 1, film_s + 1)


def test_a_small_file_holds_no_stage_for_a_minute_and_a_film_of_four_hours_has_its_time() -> None:
    small = {kind: allowed.cpu_s(300_000, 43_000) for kind, allowed in ALLOWED.items()}
    assert max(small.values()) <= 60 and sum(small.values()) <= 200
    hours = 4 * 3600
    for bytes_a_second in (25_000, 500_000, 2_000_000):  # a still scene … 1080p at 16 Mbit/s
        size = hours * bytes_a_second
        assert ALLOWED[JobKind.renditions].cpu_s(size, hours) >= hours * min(
            20, bytes_a_second / BYTES_A_SECOND
        )
        assert ALLOWED[JobKind.walk].cpu_s(size, hours) >= hours


@given(st.integers(2**28, 2**42), st.integers(0, 200))
def test_memory_is_shared_by_all_who_work(machine: int, workers: int) -> None:
    share = memory.share_of(machine, workers)
    assert memory.LEAST <= share <= memory.MOST
    assert share == memory.LEAST or share * max(1, workers) <= machine


def test_a_brand_of_zero_bytes_is_a_name_without_letters(clip: Callable[..., Path]) -> None:
    path = clip("x.mp4", *PICTURE, *H264)
    data = path.read_bytes()
    path.write_bytes(data[:8] + b"\0\0\0\0" + data[12:])
    facts = isobmff.read(path)
    assert facts is not None and facts.brand == ""


def test_damage_in_a_child_is_told_like_damage_here(tmp_path: Path) -> None:
    with pytest.raises((FileNotFoundError, Exceeded)):
        apart(lambda: isobmff.read(tmp_path / "none"), Bounds())
