"""The day that the bench rehearses is the bureau's that it is said to be."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from tests.bench import day
from tests.bench.day import TooLittleRoom, _room, film_s, films_of, needed_bytes
from tests.bench.scale import FULL, QUICK, Scale

SOURCES = {False: Path("h264.mp4"), True: Path("hevc.mp4")}


def test_a_hundred_officers_dock_fifty_recorders_in_two_waves() -> None:
    films = films_of(FULL, SOURCES)
    assert len({film.officer for film in films}) == 100
    assert Counter(Counter(film.recorder for film in films).values()) == {2: 50}
    assert Counter(film.wave for film in films) == {0: 50, 1: 50}
    assert Counter(film.squad for film in films) == {str(squad): 20 for squad in range(1, 6)}
    assert sum(film.seconds for film in films) == 200 * 3600 / FULL.day_part
    hevc = [film for film in films if film.hevc]
    assert len(hevc) == 10 and len([film for film in hevc if film.asked]) in (3, 4)
    assert all(film.hevc for film in films if film.asked)


@pytest.mark.parametrize("scale", [FULL, QUICK])
def test_nobody_films_twice_at_once(scale: Scale) -> None:
    films = sorted(films_of(scale, SOURCES), key=lambda film: (film.recorder, film.began))
    for one, next_ in pairwise(films):
        if one.recorder == next_.recorder:
            assert (next_.began - one.began).total_seconds() >= one.seconds
    assert any(film.asked for film in films) and len({film.squad for film in films}) == 5


def test_a_disk_that_is_too_small_is_said_before_anything_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert needed_bytes(FULL) > film_s(FULL) * FULL.day_films * 10**6
    monkeypatch.setattr(day, "ROOM_BESIDE", 10**18)
    with pytest.raises(TooLittleRoom, match=r"needs [\d.]+ GB free in .*; there are [\d.]+ GB"):
        _room(FULL, tmp_path)
