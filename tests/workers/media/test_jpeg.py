"""Whether JPEGs behind each other are a film or one photo, by their headers alone."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workers.media.jpeg import MOVING, is_film


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def picture(width: int = 64, height: int = 48, before: bytes = b"") -> bytes:
    frame = b"\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x01\x01\x11\0"
    scanned = segment(0xDA, b"\x01\x01\0\0\x3f\0") + b"\x12\xff\0\x34\xff\xd0\x56" + b"\xff\xd9"
    return b"\xff\xd8" + before + segment(0xC0, frame) + scanned


THUMBNAIL = segment(0xE1, b"Exif\0\0" + picture(16, 12))
SEVERAL = segment(0xE2, b"MPF\0II*\0")
PHOTO = picture(before=THUMBNAIL)


@pytest.mark.parametrize(
    ("data", "film"),
    [
        (picture() * MOVING, True),
        (PHOTO * MOVING, True),
        ((picture() + b"\0" * 700) * MOVING, True),
        ((picture() + b"\r\n") * MOVING + picture()[:40], True),
        (picture(), False),
        (PHOTO, False),
        (PHOTO + picture(32, 24) * MOVING, False),  # its previews
        (PHOTO * 2, False),  # two lenses
        (picture(before=SEVERAL) * MOVING, False),
        (PHOTO + b"\0\0\0\x18ftypmp42" + picture() * MOVING, False),
        (picture()[:-2] * MOVING, False),
        (b"\xff\xd8\xff", False),
        (b"", False),
        (b"x" + picture() * MOVING, False),
    ],
)
def test_a_photo_with_pictures_behind_it_is_no_film_and_a_film_no_photo(
    data: bytes, film: bool, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    assert is_film(path) is film


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([picture(), PHOTO, SEVERAL, b"\xff", b"\xff\xd8\xff", b"\xff\xd9", b"\0"])))
def test_whatever_follows_it_can_be_told(tmp_path: Path, parts: list[bytes]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"".join(parts))
    assert is_film(path) in (True, False)
