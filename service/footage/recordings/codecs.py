"""What is in a file, by the names that browsers are asked with: RFC 6381, as MediaCapabilities and `canPlayType` read
them. From what the probe wrote down; where it does not know a level, one that covers the picture is named."""

from collections.abc import Mapping, Sequence
from typing import Any

Stream = Mapping[str, Any]

# profile_idc and the constraint flags
AVC = {
    "Baseline": "4200",
    "Constrained Baseline": "42E0",
    "Main": "4D40",
    "Extended": "5800",
    "High": "6400",
    "Progressive High": "6408",
    "Constrained High": "640C",
    "High 10": "6E00",
    "High 10 Intra": "6E10",
    "High 4:2:2": "7A00",
    "High 4:2:2 Intra": "7A10",
    "High 4:4:4 Predictive": "F400",
}
HEVC = {"Main": "1.6", "Main 10": "2.4", "Main Still Picture": "3.E", "Rext": "4.10"}
AV1 = {"Main": 0, "High": 1, "Professional": 2}
AAC = {"Main": 1, "LC": 2, "SSR": 3, "LTP": 4, "HE-AAC": 5, "LD": 23, "HE-AACv2": 29, "ELD": 39}
OTHER = {"mp3": "mp4a.6B", "opus": "opus", "vorbis": "vorbis", "flac": "flac", "ac3": "ac-3", "eac3": "ec-3", "vp8": "vp8"}  # fmt: skip
SPEAK_FOR_THEMSELVES = ("audio/mpeg", "audio/wav")  # what can be in them is said by their name
MACROBLOCK = 16
# pictures of so many macroblocks, and so many of them a second: level_idc (ITU-T H.264, table A-1)
AVC_LEVELS = (
    (1620, 40_500, 30),
    (3600, 108_000, 31),
    (5120, 216_000, 32),
    (8192, 245_760, 40),
    (8704, 522_240, 42),
    (22_080, 589_824, 50),
    (36_864, 983_040, 51),
    (36_864, 2_073_600, 52),
)
# luma samples: general_level_idc (ITU-T H.265, table A.8), seq_level_idx of AV1, level of VP9
LARGER = ((983_040, 93, 5, 31), (2_228_224, 123, 9, 41), (8_912_896, 156, 13, 52), (35_651_584, 186, 19, 62))


def codec(stream: Stream, *, copied: bool = False) -> str | None:
    """None of what no browser has a name for. `copied`: as it stands in the MP4 that it was copied into."""
    match stream.get("codec"):
        case "h264":
            sample = "avc3" if stream.get("tag") == "avc3" and not copied else "avc1"
            return f"{sample}.{AVC.get(stream.get('profile') or '', AVC['High'])}{_avc_level(stream):02X}"
        case "hevc":
            sample = "hev1" if stream.get("tag") != "hvc1" and not copied else "hvc1"
            profile = HEVC.get(
                stream.get("profile") or "", HEVC["Main 10" if _bits(stream) == 10 else "Main"]
            )
            return f"{sample}.{profile}.L{_level(stream, 0)}.B0"
        case "av1":
            main = AV1["Main"]
            return f"av01.{AV1.get(stream.get('profile') or '', main)}.{_level(stream, 1):02}M.{_bits(stream):02}"
        case "vp9":
            profile = (stream.get("profile") or "Profile 0")[-1]
            return f"vp09.0{profile}.{_level(stream, 2):02}.{_bits(stream):02}"
        case "aac":
            return f"mp4a.40.{AAC.get(stream.get('profile') or '', AAC['LC'])}"
        case name:
            return OTHER.get(name or "")


def mime(container: str, streams: Sequence[Stream], *, copied: bool = False) -> str | None:
    """`container`: as its bytes are served, "video/mp4". `copied`: into it, where sound that fits into no MP4 is AAC.
    None where one of its codecs has no name."""
    if copied and container.endswith("/mp4"):
        streams = [{**one, **_sound_of_mp4(one)} for one in streams]
    names = [codec(stream, copied=copied) for stream in streams]
    if container in SPEAK_FOR_THEMSELVES:
        return container
    named = [name for name in names if name]
    return f'{container}; codecs="{", ".join(named)}"' if named and len(named) == len(names) else None


def _sound_of_mp4(stream: Stream) -> Stream:
    if stream.get("kind") != "audio" or stream.get("codec") in ("aac", "mp3"):
        return {}
    return {"codec": "aac", "profile": "LC"}


def encoded(width: int, height: int, *, sound: bool) -> str:
    """Of the 720p video, or of sound that was encoded alone, as workers.media.graphs makes them."""
    picture = {"codec": "h264", "profile": "High", "width": width, "height": height, "fps": 30.0}
    names = [*([codec(picture)] if width and height else []), *(["mp4a.40.2"] if sound else [])]
    return f'{"video" if width else "audio"}/mp4; codecs="{", ".join(name for name in names if name)}"'


def _bits(stream: Stream) -> int:
    pixels = str(stream.get("pixel_format") or "")
    return next((bits for bits in (10, 12) if f"p{bits}" in pixels), 8)


def _avc_level(stream: Stream) -> int:
    level = stream.get("level")
    if level:
        return int(level)
    width, height = ((stream.get(name) or 0) + MACROBLOCK - 1 for name in ("width", "height"))
    blocks = (width // MACROBLOCK) * (height // MACROBLOCK)
    rate = blocks * min(stream.get("fps") or 30.0, 120.0)
    return next((idc for most, a_second, idc in AVC_LEVELS if blocks <= most and rate <= a_second), 52)


def _level(stream: Stream, of: int) -> int:
    """0 is a level of AV1's, and of no other."""
    level = stream.get("level")
    if level is not None and (level or of == 1) and of != 2:
        return int(level)
    pixels = (stream.get("width") or 0) * (stream.get("height") or 0)
    return next((levels for most, *levels in LARGER if pixels <= most), list(LARGER[-1][1:]))[of]
