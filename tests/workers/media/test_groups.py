"""The digest of a group of pictures is that of its pictures, and not of the container that they lie in."""

import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.media import SAMPLES
from tests.workers.media.conftest import SOUND
from tests.workers.media.test_trial import spoil
from workers.media import movies
from workers.media.groups import Group, groups_of, groups_of_movies, packed, unpacked
from workers.media.probe import probe
from workers.media.sandbox import Sandbox

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=4")
X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast")
CODECS = {
    "b_frames": (*X264, "-g", "25", "-bf", "2"),
    "slices": (*X264, "-g", "20", "-x264-params", "slices=3:aud=1"),
    "open": (*X264, "-g", "25", "-x264-params", "open-gop=1:bframes=2"),
    "hevc": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=25"),
    "hevc_open": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=25:open-gop=1:bframes=2"),
    "mpeg2": ("-c:v", "mpeg2video", "-g", "12"),
}  # fmt: skip


def found(source: Path, box: Sandbox, private: Path) -> list[Group]:
    facts = probe(source, box, private)
    groups = groups_of(source, facts, facts.of_kind("video")[0], box, private)
    assert groups
    return groups


def copied(source: Path, name: str) -> Path:
    target = source.with_name(name)
    tag = ["-tag:v", "hvc1"] if name.endswith("mp4") and "hevc" in source.name else []
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source), "-map", "0:v", "-map", "0:a?"]
    subprocess.run([*argv, "-c", "copy", *tag, str(target)], check=True)
    target.chmod(0o644)
    return target


@pytest.mark.parametrize("name", ["a.h264", "a.mjpeg", "a.mpjpeg"])
def test_groups_of_a_stream_without_times_lie_where_its_rate_puts_them(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    codec = CODECS["b_frames"] if name == "a.h264" else ("-c:v", "mjpeg")
    groups = found(clip(name, *PICTURE, *codec, "-f", name[2:]), box, private)
    shown = [sum(one.samples for one in groups[:number]) / 25 for number in range(len(groups))]
    assert len(groups) > 3 and [one.start_s for one in groups] == pytest.approx(shown)


@pytest.mark.parametrize("codec", CODECS)
def test_a_copy_has_the_digests_of_what_it_was_copied_from(
    codec: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip(f"{codec}.mp4", *PICTURE, *SOUND, *CODECS[codec], "-c:a", "aac")
    here, digests = source, []
    for name in ("", f"{codec}_1.ts", f"{codec}_2.mkv", f"{codec}_3.mp4", f"{codec}_4.ts"):
        here = copied(here, name) if name else source
        digests.append([(one.samples, one.sha256) for one in found(here, box, private)])
    assert len(digests[0]) >= 3 and sum(samples for samples, _ in digests[0]) == 100
    assert all(one == digests[0] for one in digests[1:])
    assert len(set(digests[0])) == len(digests[0])


@pytest.mark.parametrize("name", ["a.avi", "a.mkv", "a.mov"])
def test_of_pictures_that_need_no_other_several_make_a_group(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    groups = found(clip(name, *PICTURE, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"), box, private)
    assert [one.samples for one in groups] == [8] * 12 + [4]


def test_one_changed_byte_changes_the_digest_of_its_group_alone(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.mp4", *PICTURE, *X264, "-g", "25", "-bf", "0")
    sound = found(source, box, private)
    spoilt = found(spoil(source, lambda number, key: number == 60, 30), box, private)
    assert [a.sha256 == b.sha256 for a, b in zip(sound, spoilt, strict=True)] == [True, True, False, True]


def test_bytes_and_times_are_those_of_the_file(
    clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    source = clip("a.mp4", *PICTURE, *X264, "-g", "25", "-bf", "0")
    groups = found(source, box, private)
    assert [one.start_s for one in groups] == pytest.approx([0, 1, 2, 3])
    for one, after in pairwise(groups):
        assert one.offset + one.length == after.offset
    size = source.stat().st_size
    assert all(0 < one.offset < one.offset + one.length <= size for one in groups)


@pytest.mark.parametrize("suffix", ["mp4", "flv"])
def test_of_movies_behind_each_other_each_has_its_groups_where_they_lie(
    suffix: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    """Also where the sound lies before the picture in the file, and the picture's first group is not the movie's."""
    make = (*PICTURE, *SOUND, *X264, "-g", "25", "-bf", "0", "-c:a", "aac", "-ar", "44100", "-shortest")
    first = clip(f"a.{suffix}", *make, "-map", "1", "-map", "0")
    second = clip(f"b.{suffix}", *make, "-map", "1", "-map", "0", "-vf", "hue=h=90")
    both = first.with_name(f"both.{suffix}")
    both.write_bytes(first.read_bytes() + second.read_bytes() + first.read_bytes())
    both.chmod(0o644)
    facts = movies.measure(both, probe(both, box, private), box, private)
    assert facts.joined
    groups = groups_of_movies(both, movies.ranges(both), facts, facts.of_kind("video")[0], box, private)
    one, other = found(first, box, private), found(second, box, private)
    assert groups is not None and [g.sha256 for g in groups] == [g.sha256 for g in (*one, *other, *one)]
    sizes = [first.stat().st_size, first.stat().st_size + second.stat().st_size]
    offsets = [
        g.offset + behind for part, behind in zip((one, other, one), (0, *sizes), strict=True) for g in part
    ]
    assert [g.offset for g in groups] == offsets
    begins = [groups[n].start_s for n in (0, len(one), len(one) + len(other))]
    assert begins == sorted(begins) and begins[2] - begins[1] == pytest.approx(begins[1], abs=0.15)
    assert [g.start_s - begins[n] for n in range(3) for g in groups[n * 3 : n * 3 + 3]] == (
        pytest.approx([0, 1, 2] * 3, abs=0.05)
    )
    assert all(g.offset + g.length <= both.stat().st_size for g in groups)


@given(st.lists(st.builds(Group, st.floats(0, 1e6), st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 10**6), st.binary(min_size=32, max_size=32)), max_size=20))  # fmt: skip
def test_what_is_packed_comes_out_the_same(groups: list[Group]) -> None:
    assert unpacked(packed(groups)) == groups


if (SAMPLES / "concat_reset.ts").is_file():

    def test_the_parts_of_a_file_whose_clock_began_anew_follow_one_another(
        box: Sandbox, private: Path
    ) -> None:
        groups = found(SAMPLES / "concat_reset.ts", box, private)
        starts = [one.start_s for one in groups]
        assert starts == sorted(starts) and 5 <= starts[-1] < 10
        assert sum(one.samples for one in groups) == 100
