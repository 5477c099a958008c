"""What an encode has written is cut into segments that never change, and each is looked at before it is listed."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.media import footage
from workers.media.probe import probe
from workers.media.renditions import render
from workers.media.sandbox import Sandbox
from workers.media.segments import (
    NEARLY_S,
    USUAL_S,
    Piece,
    TooLarge,
    bytes_of,
    fault_of,
    pieces_in,
    segments_of,
    written,
)
from workers.media.verdict import judge

DURATIONS = st.lists(st.floats(0.04, 12.0), max_size=60)


def pieces(durations: list[float]) -> list[Piece]:
    return [Piece(f"piece_{n:06d}.m4s", seconds) for n, seconds in enumerate(durations)]


@given(DURATIONS, st.integers(0, 60))
def test_what_is_listed_once_stays_as_it_is_and_nothing_is_lost(durations: list[float], so_far: int) -> None:
    all_of_it = pieces(durations)
    made = segments_of(all_of_it, whole=True)
    assert [piece for segment in made for piece in segment.pieces] == all_of_it
    assert [segment.number for segment in made] == list(range(1, len(made) + 1))
    early = segments_of(all_of_it[:so_far], whole=False)
    assert made[: len(early)] == early
    ends = 0.0
    for segment in made:
        assert segment.start_s == pytest.approx(ends)
        ends += segment.duration_s


@given(DURATIONS)
def test_no_segment_goes_on_where_it_could_have_ended(durations: list[float]) -> None:
    for segment in segments_of(pieces(durations), whole=True):
        before_last = segment.start_s + segment.duration_s - segment.pieces[-1].duration_s
        bounds = (1.0, 2.0, *(USUAL_S * n for n in range(1, math.ceil(before_last / USUAL_S) + 2)))
        passed = [one for one in bounds if segment.start_s + NEARLY_S < one <= before_last]
        assert not passed or len(segment.pieces) == 1


def test_whoever_waits_has_one_second_first_and_then_more() -> None:
    steady = pieces([1.0, 1.0, *[2.0] * 6])
    assert [segment.duration_s for segment in segments_of(steady, whole=False)] == [1, 1, 2, 4, 4]


def test_a_list_that_is_being_written_names_only_what_is_written_to_its_end() -> None:
    text = "#EXTM3U\n#EXTINF:2.000000,\npiece_000000.m4s\n#EXTINF:1.5,\n"
    assert pieces_in(text) == ([Piece("piece_000000.m4s", 2.0)], False)
    assert pieces_in(text + "piece_000001.m4s\n#EXT-X-ENDLIST\n")[1]
    assert pieces_in("") == ([], False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an encode of five seconds."""
    folder = tmp_path_factory.mktemp("segments")
    clip = footage(folder / "clip.mp4", "hevc_mp4", seconds=5.0, size="320x240", rate=15)
    clip.chmod(0o644)
    work = folder / "work"
    work.mkdir(mode=0o755)
    folder.chmod(0o755)
    box = Sandbox.here()
    facts = probe(clip, box, work)
    done = render(clip, facts, judge(facts), box, work)
    assert done.faults == []
    return work


def test_the_segments_of_an_encode_show_all_of_it_and_each_alone_is_good(
    made: Path, box: Sandbox, private: Path, tmp_path: Path
) -> None:
    found, whole = written(made)
    segments = segments_of(found, whole)
    assert whole and [round(one.duration_s) for one in segments] == [1, 1, 2, 1]
    head = bytes_of(made, ["head.mp4"])
    tmp_path.chmod(0o755)
    joined = head
    for segment in segments:
        data = bytes_of(made, [piece.name for piece in segment.pieces])
        joined += data
        path = tmp_path / f"{segment.number}.mp4"
        path.write_bytes(head + data)
        assert fault_of(path, segment.duration_s, True, box, private, None) is None
        assert "in place of" in str(fault_of(path, segment.duration_s + 1.0, True, box, private, None))
        path.write_bytes(head + data[: len(data) // 2])
        assert fault_of(path, segment.duration_s, True, box, private, None) is not None
        path.write_bytes(head + data[:-400] + b"\xff" * 400)
    whole_path = tmp_path / "whole.mp4"
    whole_path.write_bytes(joined)
    facts = probe(whole_path, box, private)
    assert facts.measured_s == pytest.approx(5.0, abs=0.2)


def test_a_segment_that_begins_without_a_key_frame_is_not_listed(
    made: Path, box: Sandbox, private: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "empty.mp4"
    path.write_bytes(bytes_of(made, ["head.mp4"]))
    assert fault_of(path, 1.0, True, box, private, None) is not None
    path.write_bytes(b"not a film at all" * 50)
    assert fault_of(path, 1.0, True, box, private, None) is not None


def test_a_link_among_the_pieces_leads_nowhere_and_none_is_endless(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "piece").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError):
        bytes_of(tmp_path, ["piece"])
    with pytest.raises(OSError):
        bytes_of(tmp_path / "x", ["../secret"])
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(TooLarge):
        bytes_of(tmp_path, ["large"])
