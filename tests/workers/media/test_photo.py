"""Photos: what a camera wrote into them, the pictures made of them, and what must not harm anybody."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.photos import drawn, junk, told
from workers.media import photo
from workers.media.jpeg import size_of
from workers.media.sandbox import Sandbox, SandboxUnavailable

KINDS = ("jpeg", "png", "heic")


def examined(path: Path, box: Sandbox, private: Path) -> Any:
    kind = photo.kind_of(path.read_bytes()[:64])
    assert kind is not None
    return photo.examine(path, kind, box, private)


@pytest.mark.parametrize("kind", KINDS)
def test_a_camera_says_who_it_is_when_and_where(
    kind: str, photos: dict[str, Path], box: Sandbox, private: Path
) -> None:
    facts = examined(photos[kind], box, private)
    assert photo.by_camera(facts)
    assert (facts.container, facts.make, facts.model) == (kind, "Apple", "iPhone 15")
    assert [(one.source, one.at) for one in facts.times] == [
        ("container:exif_datetimeoriginal", "2026-11-27T10:05:00+08:00")
    ]
    assert (facts.location.lat, facts.location.lon) == pytest.approx((25.82962, 114.93413))
    [stream] = facts.streams
    assert (stream.kind, stream.width, stream.height) == ("photo", 640, 480)
    assert photo.judge(facts).outcome == "whole"


@pytest.mark.parametrize("kind", KINDS)
def test_its_pictures_are_upright_no_larger_than_pages_show_and_say_nothing_of_place(
    kind: str, photos: dict[str, Path], box: Sandbox, private: Path
) -> None:
    done = photo.draw(photos[kind], examined(photos[kind], box, private), box, private)
    assert done.fault is None and not done.damaged and done.picture and done.poster
    upright = (640, 480) if kind == "heic" else (480, 640)  # of HEIC the matrix counts, and this has none
    assert done.size == size_of(done.picture) == upright
    assert max(size_of(done.poster) or ()) == photo.POSTER_PX
    said = subprocess.run(
        ["exiftool", "-json", "-EXIF:All", str(done.picture)], capture_output=True, check=True
    )
    assert list(json.loads(said.stdout)[0]) == ["SourceFile"]


@pytest.mark.parametrize("kind", ["webp", "tiff", "avif"])
def test_what_cameras_rarely_write_is_a_photo_like_any_other(
    kind: str, rare_photos: dict[str, Path], box: Sandbox, private: Path
) -> None:
    facts = examined(rare_photos[kind], box, private)
    assert photo.by_camera(facts) and photo.judge(facts).outcome == "whole"
    assert (facts.container, facts.make, facts.times[0].at) == (kind, "Apple", "2026-11-27T10:05:00+08:00")
    assert (facts.streams[0].width, facts.streams[0].height) == (640, 480)
    done = photo.draw(rare_photos[kind], facts, box, private)
    assert done.fault is None and not done.damaged
    assert done.size == ((640, 480) if kind == "avif" else (480, 640))


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ({"DNGVersion": "1 4 0 0"}, "DNG"),
        ({"IFD0:SubfileType#": "1", "IFD0:Make": "NIKON CORPORATION"}, "RAW"),
        ({"IFD0:PhotometricInterpretation#": "32803", "IFD0:Make": "PENTAX"}, "RAW"),
    ],
)
def test_what_a_sensor_saw_is_kept_and_its_thumbnail_never_shown_for_it(
    said: dict[str, str], form: str, tmp_path: Path, box: Sandbox, private: Path
) -> None:
    raw = tmp_path / "a.tif"
    drawn(raw)
    for words in ({"EXIF:Model": "X", "EXIF:DateTimeOriginal": "2026:11:27 10:05:00"}, said):
        told(raw, **words)
    facts = examined(raw, box, private)
    assert photo.by_camera(facts) and facts.times
    verdict = photo.judge(facts)
    assert (verdict.outcome, verdict.reasons[0].code) == ("unplayable", "photo_not_drawn")
    assert verdict.reasons[0].params == {"codec": form}


def test_a_movie_behind_a_photo_is_said_and_the_photo_shown(
    tmp_path: Path, photos: dict[str, Path], h264_mp4: Path, box: Sandbox, private: Path
) -> None:
    film = h264_mp4.read_bytes()
    boxed = (8 + len(film)).to_bytes(4) + b"mpvd" + film
    for number, (kind, behind) in enumerate((("jpeg", film), ("heic", film), ("heic", boxed))):
        both = tmp_path / f"both-{number}.{kind}"
        both.write_bytes(photos[kind].read_bytes() + behind)
        both.chmod(0o644)
        facts = examined(both, box, private)
        verdict = photo.judge(facts)
        assert verdict.outcome == "whole"
        assert [remark.code for remark in verdict.remarks] == ["movie_behind_photo"]
        done = photo.draw(both, facts, box, private)
        assert done.fault is None and done.size is not None and not done.damaged
        alone = photo.judge(examined(photos[kind], box, private))
        assert alone.remarks == []


@pytest.mark.parametrize("behind", [b"ftyp", b"\0\0\0\x18ftypisom", b"\0\0\0\x0cftypisomfree" + bytes(40)])
def test_the_word_alone_makes_no_movie(
    behind: bytes, tmp_path: Path, photos: dict[str, Path], box: Sandbox, private: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(photos["jpeg"].read_bytes() + behind)
    path.chmod(0o644)
    assert photo.judge(examined(path, box, private)).remarks == []


def test_a_large_one_is_made_smaller(tmp_path: Path, box: Sandbox, private: Path) -> None:
    path = told(drawn(tmp_path / "large.jpg", "6000x3000"))
    done = photo.draw(path, examined(path, box, private), box, private)
    assert done.size == (2048, 4096)


@pytest.mark.parametrize(
    "said",
    [
        {"EXIF:Make": "DSJ"},
        {"EXIF:DateTimeOriginal": "2026:11:27 10:05:00"},
        {"EXIF:FNumber": "1.8"},
        {"EXIF:GPSLatitude": "25.8", "EXIF:GPSLatitudeRef": "N", "EXIF:GPSLongitude": "114.9", "EXIF:GPSLongitudeRef": "E"},
    ],
)  # fmt: skip
def test_whatever_only_a_camera_says_makes_it_a_photo(
    said: dict[str, str], tmp_path: Path, box: Sandbox, private: Path
) -> None:
    assert photo.by_camera(examined(told(drawn(tmp_path / "a.jpg"), **said), box, private))


@pytest.mark.parametrize(
    "said", [{}, {"EXIF:Software": "Paint"}, {"XMP:Title": "x", "IFD0:ModifyDate": "2026:11:27 10:05:00"}]
)
def test_a_picture_that_no_camera_made_is_none(
    said: dict[str, str], tmp_path: Path, box: Sandbox, private: Path
) -> None:
    path = drawn(tmp_path / "a.png")
    assert not photo.by_camera(examined(told(path, **said) if said else path, box, private))


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({"DateTimeOriginal": "2026:11:27 10:05:00"}, "2026-11-27T10:05:00"),
        ({"DateTimeOriginal": "2026:11:27 10:05:00", "OffsetTimeOriginal": "+08:00"}, "2026-11-27T10:05:00+08:00"),
        ({"DateTimeOriginal": "2026:11:27 10:05:00", "OffsetTime": "-03:30"}, "2026-11-27T10:05:00-03:30"),
        ({"DateTimeOriginal": "2026:11:27 10:05:00+09:00", "OffsetTime": "+08:00"}, "2026-11-27T10:05:00+09:00"),
        ({"CreateDate": "2026:11:27 10:05:00", "OffsetTimeDigitized": "+08:00"}, "2026-11-27T10:05:00+08:00"),
        ({"DateTimeOriginal": "0000:00:00 00:00:00", "CreateDate": "2026:11:27 10:05:00"}, "2026-11-27T10:05:00"),
        ({"DateTimeOriginal": "    :  :     :  :  "}, None),
        ({"DateTimeOriginal": 20261127, "CreateDate": None}, "20261127T"),
        ({}, None),
    ],
)  # fmt: skip
def test_exif_times_are_read_with_what_stands_beside_them(said: dict[str, Any], at: str | None) -> None:
    assert [one.at for one in photo.times(said)] == ([] if at is None else [at])


def test_a_cut_off_photo_is_shown_as_far_as_it_goes_and_said_to_be_damaged(
    tmp_path: Path, photos: dict[str, Path], box: Sandbox, private: Path
) -> None:
    path = tmp_path / "cut.jpg"
    data = photos["jpeg"].read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    path.chmod(0o644)
    done = photo.draw(path, examined(path, box, private), box, private)
    assert done.fault is None and done.damaged and done.size == (480, 640)


@pytest.mark.parametrize("kind", KINDS)
def test_junk_behind_a_sound_head_harms_nothing_and_is_never_called_another_picture(
    kind: str, tmp_path: Path, photos: dict[str, Path], box: Sandbox, private: Path
) -> None:
    path = junk(photos[kind], tmp_path)
    facts = examined(path, box, private)
    done = photo.draw(path, facts, box, private)
    if kind == "jpeg":  # a garbled picture is one, as far as anybody can tell
        assert done.size == (480, 640)
    else:
        assert done.damaged or (done.fault is not None and done.picture is None)


def test_a_picture_too_large_to_be_real_is_never_decoded(
    tmp_path: Path, photos: dict[str, Path], box: Sandbox, private: Path
) -> None:
    data = bytearray(photos["png"].read_bytes())
    data[16:24] = (60_000).to_bytes(4) * 2
    path = tmp_path / "bomb.png"
    path.write_bytes(data)
    path.chmod(0o644)
    verdict = photo.judge(examined(path, box, private))
    assert (verdict.outcome, verdict.reasons[0].code) == ("unplayable", "too_large_picture")


def test_a_program_that_is_missing_is_not_the_photos_fault(box: Sandbox, private: Path) -> None:
    with pytest.raises(SandboxUnavailable):
        photo._run(box, ["no-such-program"], private, [], photo.READ_LIMITS, None)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe1", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\0\0\0\x1cftypheic", "heic"),
        (b"\0\0\0\x1cftypmif1", "heic"),
        (b"\0\0\0\x1cftypavif", "avif"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "avif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic\0\0\0\x08avif", "heic"),
        (b"\0\0\0\x1cftypmsf1", "heic"),
        (b"\0\0\0\x1cftypcrx ", "other"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
        (b"RIFF\0\0\0\0AVI LIST", None),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"FUJIFILMCCD-RAW 0201", "other"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "other"),
        (b"\0\0\0\x1cftypisom", None),
        (b"GIF89a", None),
        (b"<svg ", None),
        (b"", None),
    ],
)
def test_the_first_bytes_say_which_decoder_may_see_it(head: bytes, kind: str | None) -> None:
    assert photo.kind_of(head) == kind


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff\xd9", b"\xff\xd8" + b"\xff" * 40 + b"\xff\xd9", b"GIF89a" * 9]
)
def test_what_is_no_whole_jpeg_has_no_size(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert size_of(path) is None
