"""Several movies behind each other in one file: seen one after the other, or said that only the first is."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.media.conftest import H264, PICTURE, SOUND
from workers.media import movies
from workers.media.probe import Probe, probe
from workers.media.renditions import render
from workers.media.sandbox import Sandbox
from workers.media.verdict import judge
from workers.stages.examined import recorded

ONE_SECOND = (
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=320x240:rate=25:duration=1",
    "-f",
    "lavfi",
    "-i",
    "sine=duration=1",
)


def behind(*parts: Path) -> Path:
    both = parts[0].with_name(f"both{parts[0].suffix}")
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    both.chmod(0o644)
    return both


def measured(path: Path, box: Sandbox, private: Path) -> Probe:
    return movies.measure(path, probe(path, box, private), box, private)


FORMS = {
    "mp4": (*H264, "-c:a", "aac"),
    "mov": (*H264, "-c:a", "aac"),
    "flv": (*H264, "-c:a", "aac", "-ar", "44100"),
    "asf": ("-c:v", "mpeg4", "-c:a", "mp3"),
}


@pytest.mark.parametrize("suffix", FORMS)
def test_all_movies_of_a_file_are_seen_one_after_the_other(
    suffix: str, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    first = clip(f"a.{suffix}", *PICTURE, *SOUND, *FORMS[suffix])
    both = behind(first, clip(f"b.{suffix}", *ONE_SECOND, *FORMS[suffix]), first)
    facts = measured(both, box, private)
    verdict = judge(facts)
    got = recorded(facts, verdict)
    assert (facts.movies, facts.joined, verdict.outcome, verdict.path) == (3, True, "whole", "encode")
    assert "movies_joined" in {remark.code for remark in verdict.remarks}
    assert got["recorded_s"] == pytest.approx(5, abs=0.25) and len(got["stretches"]) == 1
    joined = movies.join(both, movies.ranges(both), facts, box, private)
    assert joined is not None
    made = render(joined, facts, verdict, box, private, stretches=got["stretches"])
    assert made.faults == [] and made.duration_s == pytest.approx(5, abs=0.25)


@pytest.mark.parametrize(
    "other",
    [
        ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=1", "-f", "lavfi", "-i", "sine=duration=1"),
        ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=1"),
    ],
)  # fmt: skip
def test_of_movies_that_differ_only_the_first_is_seen_and_that_is_said(
    other: tuple[str, ...], clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    both = behind(clip("a.mp4", *PICTURE, *SOUND, *FORMS["mp4"]), clip("b.mp4", *other, *FORMS["mp4"]))
    facts = measured(both, box, private)
    verdict = judge(facts)
    assert (verdict.outcome, facts.joined) == ("partial", False)
    assert [(reason.code, reason.params) for reason in verdict.reasons] == [("several_movies", {"movies": 2})]
    assert recorded(facts, verdict)["recorded_s"] == pytest.approx(2, abs=0.1)


def box_of(kind: bytes, body: int = 4) -> bytes:
    return (8 + body).to_bytes(4) + kind + bytes(body)


@pytest.mark.parametrize("whole_first", [True, False])
def test_movies_in_fragments_are_no_exception(
    whole_first: bool, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    whole = clip("a.mp4", *PICTURE, *SOUND, *FORMS["mp4"])
    pieces = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
    parts = [whole, clip("b.mp4", *ONE_SECOND, *FORMS["mp4"], *pieces)]
    both = behind(*(parts if whole_first else parts[::-1]))
    facts = measured(both, box, private)
    assert judge(facts).outcome == "whole" and facts.joined
    assert recorded(facts, judge(facts))["recorded_s"] == pytest.approx(3, abs=0.2)


LAYOUTS = {
    "index_last": ([b"ftyp", b"free", b"mdat", b"moov"], [b"ftyp", b"mdat", b"moov"]),
    "index_first": ([b"ftyp", b"moov", b"mdat"], [b"ftyp", b"moov", b"free", b"mdat"]),
    "no_ftyp_index_last": ([b"wide", b"mdat", b"moov"], [b"wide", b"mdat", b"moov"]),
    "no_ftyp_index_first": ([b"moov", b"mdat"], [b"moov", b"mdat"]),
}


@given(st.sampled_from(sorted(LAYOUTS)), st.lists(st.booleans(), min_size=1, max_size=6))
def test_each_movie_is_found_where_it_begins(
    tmp_path_factory: pytest.TempPathFactory, layout: str, which: list[bool]
) -> None:
    parts = [b"".join(box_of(kind) for kind in LAYOUTS[layout][one]) for one in which]
    path = tmp_path_factory.mktemp("movies") / "a.mp4"
    path.write_bytes(b"".join(parts))
    begins = [sum(map(len, parts[:number])) for number in range(len(parts) + 1)]
    assert movies.ranges(path) == list(itertools.pairwise(begins))


def test_a_file_can_name_no_protocol_for_a_part_is_read_by_the_one_around_it() -> None:
    assert "file,subfile" in movies.PART_GUARD_ARGS and "-format_whitelist" in movies.PART_GUARD_ARGS


def edited(path: Path, name: str, *edits: tuple[int, int]) -> Path:
    """With these edits (duration, media time) in every track."""
    data = path.read_bytes()
    parts = data.split(b"elst")
    assert len(parts) > 1
    changed = parts[0]
    for part in parts[1:]:
        count = int.from_bytes(part[4:8])
        assert count == len(edits)
        said = b"".join(
            duration.to_bytes(4) + at.to_bytes(4, signed=True) + part[16:20] for duration, at in edits
        )
        changed += b"elst" + part[:8] + said + part[8 + 12 * count :]
    target = path.with_name(name)
    target.write_bytes(changed)
    target.chmod(0o644)
    return target


@pytest.mark.parametrize("begin", [2**30, 90_000_000])
def test_an_edit_list_that_points_beyond_the_footage_hides_none_of_it(
    begin: int, clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    sound = clip("a.mp4", *PICTURE, *SOUND, *FORMS["mp4"])
    path = edited(sound, "beyond.mp4", (2000, begin))
    facts = measured(path, box, private)
    verdict = judge(facts)
    assert (verdict.outcome, facts.joined, facts.movies) == ("whole", True, 1)
    assert {remark.code for remark in verdict.remarks} == {"edited_away"}
    got = recorded(facts, verdict)
    assert got["recorded_s"] == pytest.approx(2, abs=0.1) and len(got["stretches"]) == 1
    joined = movies.join(path, movies.ranges(path), facts, box, private)
    assert joined is not None
    made = render(joined, facts, verdict, box, private, stretches=got["stretches"])
    assert made.faults == [] and made.duration_s == pytest.approx(2, abs=0.25)


def test_an_edit_list_that_cuts_is_obeyed(clip: Callable[..., Path], box: Sandbox, private: Path) -> None:
    path = edited(clip("a.mp4", *PICTURE, *H264, "-bf", "0"), "cut.mp4", (1000, 0))
    facts = measured(path, box, private)
    assert not facts.edited_away and not facts.joined
    assert recorded(facts, judge(facts))["recorded_s"] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("suffix", "codecs"),
    [("wav", (*SOUND, "-c:a", "pcm_s16le")), ("wmv", (*PICTURE, *SOUND, "-c:v", "wmv2", "-c:a", "wmav2"))],
)
def test_what_cannot_be_laid_end_to_end_is_said(
    suffix: str, codecs: tuple[str, ...], clip: Callable[..., Path], box: Sandbox, private: Path
) -> None:
    first = clip(f"a.{suffix}", *codecs)
    verdict = judge(measured(behind(first, first), box, private))
    assert (verdict.outcome, [reason.code for reason in verdict.reasons]) == ("partial", ["several_movies"])
