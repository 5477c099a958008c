"""Files that recorders seldom write, from arrival to what is said of them."""

import struct
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.accounts import Role
from schemas.jobs import JobKind
from schemas.recordings import Media, Recording, RecordingState
from service.footage.recordings.queries import read
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.settings import get_settings
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage
from tests.fixtures.photos import drawn, told
from tests.workers.media.test_dhav import packet, written

SMALL: dict[str, Any] = {"size": "160x120", "rate": 10}


def answer(bureau: Bureau, recording_id: UUID) -> dict[str, Any]:
    """What the API says of it."""
    auditor = Actor(bureau.actor().account_id, "auditor", Role.auditor, None)
    with bureau.session() as session:
        return read(session, auditor, session.get_one(Recording, recording_id))


def test_two_movies_in_one_file_both_count_and_play(bureau: Bureau, tmp_path: Path) -> None:
    first = footage(tmp_path / "a.mp4", seconds=2, **SMALL)
    both = tmp_path / "both.mp4"
    both.write_bytes(first.read_bytes() + footage(tmp_path / "b.mp4", seconds=3, **SMALL).read_bytes())
    recording_id = bureau.receive(both)
    run_all_jobs()
    said = answer(bureau, recording_id)
    assert said["state"] == RecordingState.ready
    assert said["recorded_s"] == pytest.approx(5, abs=0.2)
    assert {"movies_joined", "clock_restarted"} <= {tag["name"] for tag in said["tags"]}
    assert {"code": "movies_joined", "params": {"movies": 2}} in said["remarks"]
    assert {row["kind"] for row in said["renditions"]} >= {"video", "playback", "poster"}


def test_a_dav_file_is_of_when_its_packets_say(bureau: Bureau, tmp_path: Path) -> None:
    filmed = (now() - timedelta(days=1)).astimezone(get_settings().zone).replace(microsecond=0)
    recording_id = bureau.receive(dav(tmp_path, filmed))
    run_all_jobs((JobKind.intake, JobKind.tags))
    found = bureau.recording(recording_id)
    assert found.recorded_from == filmed and found.clock["source"] == "container:dhav"
    assert found.clock["doubts"] == []


def dav(folder: Path, filmed: datetime) -> Path:
    """Two seconds of H.264, a packet around each picture (no real recorder's)."""
    raw = folder / "a.h264"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=2", "-c:v", "libx264", "-bf", "0"]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *source, "-f", "h264", str(raw)], check=True)
    listing = ["ffprobe", "-v", "error", "-show_entries", "packet=pos,size", "-of", "csv=p=0", str(raw)]
    rows = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    data, made = raw.read_bytes(), b""
    shape = b"\x82\0\0\0" + struct.pack("<HH", 320, 240) + bytes((0x81, 0, 4, 10))
    for number, row in enumerate(rows):
        size, position = (int(part) for part in row.split(",")[:2])
        one = bytearray(
            packet(
                written(filmed + timedelta(seconds=number // 10)),
                0xFD if number == 0 else 0xFC,
                shape + data[position : position + size],
            )
        )
        struct.pack_into(
            "<IIIHB", one, 8, number, len(one), *struct.unpack_from("<I", one, 16), number % 10 * 100, 12
        )
        made += one
    path = folder / "a.dav"
    path.write_bytes(made)
    return path


def test_a_stream_without_times_says_so(bureau: Bureau, tmp_path: Path) -> None:
    bare = tmp_path / "a.h264"
    source = footage(tmp_path / "a.mp4", seconds=2, **SMALL)
    copied = ["-i", str(source), "-an", "-c", "copy", "-f", "h264", str(bare)]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *copied], check=True)
    recording_id = bureau.receive(bare)
    run_all_jobs((JobKind.intake, JobKind.tags))
    said = answer(bureau, recording_id)
    assert "rate_assumed" in {tag["name"] for tag in said["tags"]}
    assert said["recorded_s"] == pytest.approx(2, abs=0.1) and not said["sparse"]


def test_pictures_behind_each_other_are_a_film_whatever_they_are_called(
    bureau: Bureau, tmp_path: Path
) -> None:
    film = tmp_path / "a.mjpeg"
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=60", "-c:v", "mjpeg"]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *source, str(film)], check=True)
    recording_id = bureau.receive(told(film, **{"EXIF:Make": "DSJ"}), name="a.jpg")
    run_all_jobs((JobKind.intake, JobKind.walk, JobKind.tags))
    said = answer(bureau, recording_id)
    assert (said["media"], said["recorded_s"]) == (Media.video, pytest.approx(60, abs=0.1))
    assert "rate_assumed" in {tag["name"] for tag in said["tags"]}


def test_a_raw_photo_is_kept_as_one_and_not_shown(bureau: Bureau, tmp_path: Path) -> None:
    raw = told(
        drawn(tmp_path / "a.tif"), **{"EXIF:Make": "DSJ", "EXIF:DateTimeOriginal": "2026:11:27 10:05:00"}
    )
    recording_id = bureau.receive(told(raw, DNGVersion="1 4 0 0"), name="a.dng")
    run_all_jobs()
    said = answer(bureau, recording_id)
    assert (said["state"], said["media"]) == (RecordingState.unplayable, Media.photo)
    assert (said["reason"], said["reason_params"]) == ("photo_not_drawn", {"codec": "DNG"})
    assert "DNG" in said["reason_text"] and said["recorded_from"] is not None and said["sha256"]
