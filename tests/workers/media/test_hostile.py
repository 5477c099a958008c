"""Files made to reach other files, the network or the machine. None may; each gets a verdict."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workers.media.conftest import H264, PICTURE, Canary
from workers.media import isobmff, sniff
from workers.media.formats import INPUT_GUARD_ARGS
from workers.media.probe import probe
from workers.media.renditions import render
from workers.media.sandbox import Limits, Sandbox, inside
from workers.media.verdict import judge

TEXTS = {
    "m3u8_sibling": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nsibling.mp4\n#EXT-X-ENDLIST\n",
    "m3u8_absolute": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{folder}/sibling.mp4\n#EXT-X-ENDLIST\n",
    "m3u8_file": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "m3u8_http": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "m3u8_concat": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nconcat:sibling.mp4|/etc/passwd\n#EXT-X-ENDLIST\n",
    "ffconcat_sibling": "ffconcat version 1.0\nfile sibling.mp4\n",
    "ffconcat_http": "ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.mp4\n",
    "mpd": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        "<BaseURL>http://127.0.0.1:{port}/sibling.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ),
    "svg": (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">'
        '<image xlink:href="http://127.0.0.1:{port}/x.png" width="64" height="64"/></svg>'
    ),
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", TEXTS)
def test_a_playlist_reaches_no_sibling_and_no_network(
    kind: str, clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path, canary: Canary
) -> None:
    clip("sibling.mp4", *PICTURE, *H264)
    (private / "sibling.mp4").write_bytes((tmp_path / "sibling.mp4").read_bytes())
    text = TEXTS[kind].replace("{port}", str(canary.port)).replace("{folder}", "/w")
    source = tmp_path / "video.mp4"
    source.write_text(text)
    assert sniff.refuse(text.encode()) in ("playlist", "picture", "xml")
    # The second wall: even a file that slipped past the sniffing opens nothing.
    facts = probe(source, box, private)
    assert facts.streams == [] and facts.measured_s is None
    assert judge(facts).outcome == "unplayable"
    done = box.run(
        ["ffmpeg", "-v", "error", *INPUT_GUARD_ARGS, "-i", inside(), "-f", "framecrc", "pipe:1"],
        private_dir=private,
        readonly=[source],
        limits=Limits(wall_s=20),
    )
    assert not done.ok and b"0," not in done.stdout
    assert canary.calls == 0


def mp4(clip: Callable[..., Path]) -> bytes:
    return clip("base.mp4", *PICTURE, *H264, "-movflags", "+faststart").read_bytes()


def _patched(data: bytes, box: bytes, offset: int, value: bytes) -> bytes:
    at = data.index(box) + 4 + offset
    return data[:at] + value + data[at + len(value) :]


def _huge_picture(data: bytes) -> bytes:
    return _patched(data, b"avc1", 24, struct.pack(">HH", 65535, 65535))


def _garbage_rotation(data: bytes) -> bytes:
    return _patched(data, b"tkhd", 40, b"\x80\x00\x00\x00\x7f\xff\xff\xff" * 4)


def _huge_claim(data: bytes) -> bytes:
    return _patched(data, b"mvhd", 16, b"\xff\xff\xff\xfe")


def _deep_atoms(data: bytes) -> bytes:
    nest = b""
    for _ in range(4000):
        nest = struct.pack(">I4s", len(nest) + 8, b"moov") + nest
    return data[: data.index(b"moov") - 4] + nest


def _endless_samples(data: bytes) -> bytes:
    return _patched(data, b"stts", 4, struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF))


def _long_samples(data: bytes) -> bytes:
    """Fifty pictures that claim to last years: nothing may be filled in between."""
    return _patched(data, b"stts", 12, struct.pack(">I", 0x7FFFFF00))


CRAFTED = [_huge_picture, _garbage_rotation, _huge_claim, _deep_atoms, _endless_samples, _long_samples]


@pytest.mark.parametrize("craft", CRAFTED, ids=lambda f: f.__name__[1:])
def test_a_crafted_movie_is_a_fact_and_costs_little(
    craft: Any, clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path
) -> None:
    source = tmp_path / "crafted.mp4"
    source.write_bytes(craft(mp4(clip)))
    facts = probe(source, box, private)
    verdict = judge(facts)
    assert verdict.outcome in ("whole", "partial", "unplayable")
    for stream in facts.streams:
        assert stream.rotation in (0, 90, 180, 270)
    if verdict.video is None:
        return
    made = render(source, facts, verdict, box, private)
    assert made.cpu_s < 20
    assert sum(f.stat().st_size for f in private.iterdir()) < 20_000_000


@pytest.mark.parametrize("name", ["-i.mp4", "$(touch owned).mp4", "%03d.mp4", "concat:a|b.mp4", "录像\n.mp4"])
def test_a_name_reaches_no_command(
    name: str, clip: Callable[..., Path], box: Sandbox, private: Path, tmp_path: Path
) -> None:
    plain = clip("base.mp4", *PICTURE, *H264)
    safe = tmp_path / name.replace("/", "_")
    plain.rename(safe)
    facts = probe(safe, box, private)
    assert judge(facts).outcome == "whole"
    assert not (tmp_path / "owned").exists() and list(private.iterdir()) == []


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "empty"), (b"PK\x03\x04aaaa", "zip"), (b"MZ\x90\x00", "program"), (b"\x7fELF\x02", "program"),
        (b"\x89PNG\r\n\x1a\n", "picture"), (b"\xff\xd8\xff\xe0", "picture"), (b"%PDF-1.7", "pdf"),
        (b"<!DOCTYPE html><html>", "html"), ("中文说明".encode(), "text"), ("中文说明".encode("gb18030"), "text"),
        (b"\x00\x00\x00\x18ftypheic", "picture"), (b"RIFF\0\0\0\0WEBPVP8 ", "picture"), (b"#!/bin/sh\n", "script"),
        (b"\x00\x00\x00\x18ftypisom", None), (b"RIFF\0\0\0\0AVI LIST", None), (b"\x1aE\xdf\xa3\x01", None),
        ((b"G" + b"\0" * 187) * 4, None), (b"\x00\x00\x00\x01moov", None), (bytes(range(256)), None),
    ],
)  # fmt: skip
def test_what_is_no_recording_is_refused_by_its_first_bytes(head: bytes, kind: str | None) -> None:
    assert sniff.refuse(head) == kind


def test_text_cut_in_the_middle_of_a_character_is_still_text() -> None:
    text = ("巡查笔记" * 600).encode()
    assert {sniff.refuse(text[:length]) for length in range(sniff.HEAD_BYTES - 3, sniff.HEAD_BYTES + 1)} == {
        "text"
    }


def test_cut_anywhere_the_boxes_are_read_without_an_error(clip: Callable[..., Path], tmp_path: Path) -> None:
    data, target = mp4(clip), tmp_path / "cut.mp4"
    moov = data.index(b"moov")
    for length in [*range(0, 64), *range(moov - 8, moov + 900, 7), len(data) - 1]:
        target.write_bytes(data[:length])
        isobmff.read(target)
        isobmff.samples(target, 1)
