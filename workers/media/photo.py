"""Photos 现场照片: what a camera wrote into them, and pictures of them for a page.

They never reach ffmpeg. ExifTool reads what they say and libvips decodes them (HEIC and AVIF by libheif), each in the
sandbox and each only where the first bytes are those of the kind. What a sensor saw (DNG and the makers' own raw
formats) and what libvips holds unfit for what comes from outside is kept and not drawn."""

import json
import mmap
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Literal

from schemas.plain_text import one_line
from schemas.reasons import Reason
from workers.media import isobmff
from workers.media.apart import Bounds, Exceeded, apart
from workers.media.jpeg import size_of
from workers.media.probe import TAG_MAX, Place, Probe, StreamFacts, TimeClaim
from workers.media.sandbox import AllowanceSpent, Limits, Outcome, Sandbox, SandboxUnavailable, inside
from workers.media.verdict import PICTURE_MAX, Verdict

Kind = Literal["jpeg", "png", "heic", "avif", "webp", "tiff", "other"]
DRAWN = ("jpeg", "png", "heic", "avif", "webp", "tiff")
STREAM = "photo"  # the kind of its only stream
POSTER_PX, PICTURE_PX = 640, 4096
MOST_PIXELS = 250_000_000
MOST_BYTES = 500 * 2**20
BEHIND = Bounds(cpu_s=10)
NOT_FOUND = 127  # what a shell answers for a program that is not there
READ_LIMITS = Limits(wall_s=60, cpu_s=20, memory_bytes=2**30, file_bytes=2**20, stdout_bytes=2**20)
DRAW_LIMITS = Limits(wall_s=120, cpu_s=60, memory_bytes=2**30, file_bytes=64 * 2**20)

# only the loaders that libvips itself holds fit for what comes from outside
VIPS = ("env", "VIPS_BLOCK_UNTRUSTED=1", "VIPS_CONCURRENCY=2", "vipsthumbnail")

CFA, LINEAR_RAW = 32803, 34892
# of what libvips warns of: colours and words beside the picture, of which none is missing
HARMLESS = re.compile(r"profile|iCCP|sRGB|nclx|unknown (field|tag|chunk)|exif|xmp|iptc", re.IGNORECASE)
BEHIND_MAX = 64  # so many marks of a movie are looked at
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_TIFF = (
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
)  # the raw formats of most makers too: ExifTool tells them apart
_OTHER = (
    b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM", b"\0\0\0\x0cJXL \r\n", b"\0\0\0\x0cjP  \r\n",
)  # fmt: skip
# degrees clockwise to show it upright, after a horizontal flip where mirrored
_ORIENTATIONS = {1: (0, False), 2: (0, True), 3: (180, False), 4: (180, True), 5: (270, True), 6: (90, False),
                 7: (90, True), 8: (270, False)}  # fmt: skip
_ASKED = (
    "File:FileType", "File:ImageWidth", "File:ImageHeight", "PNG:ImageWidth", "PNG:ImageHeight",
    "QuickTime:ImageWidth", "QuickTime:ImageHeight", "RIFF:ImageWidth", "RIFF:ImageHeight", "EXIF:ImageWidth",
    "EXIF:ImageHeight", "IFD0:SubfileType", "IFD0:PhotometricInterpretation", "EXIF:Orientation",
    "EXIF:Make", "EXIF:Model", "EXIF:Software", "EXIF:DateTimeOriginal", "EXIF:OffsetTimeOriginal", "EXIF:OffsetTime",
    "EXIF:CreateDate", "EXIF:OffsetTimeDigitized", "EXIF:ExposureTime", "EXIF:FNumber", "EXIF:ISO", "EXIF:FocalLength",
    "Composite:GPSLatitude", "Composite:GPSLongitude", "Composite:GPSAltitude",
)  # fmt: skip
_SIZES = ("ImageWidth", "ImageHeight")
# Any of these is a camera's; a picture that a program made has none.
_OF_CAMERAS = (
    "Make", "Model", "DateTimeOriginal", "ExposureTime", "FNumber", "ISO", "FocalLength", "GPSLatitude"
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """Pictures for a page, upright, JPEG. `fault`: why there are none; `damaged`: what the decoder complained of."""

    poster: Path | None = None
    picture: Path | None = None
    size: tuple[int, int] | None = None
    fault: Reason | None = None
    damaged: bool = False
    cancelled: bool = False


def kind_of(head: bytes) -> Kind | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(_TIFF):
        return "tiff"
    if head[4:8] == b"ftyp":
        brand, length = head[8:12], int.from_bytes(head[:4])
        if brand == b"crx ":  # Canon's
            return "other"
        if brand == b"avif" or (brand in (b"mif1", b"msf1") and b"avif" in head[16 : min(length, 256)]):
            return "avif"
        return "heic" if brand in _HEIC else None
    return "other" if head.startswith(_OTHER) else None


def examine(path: Path, kind: Kind, sandbox: Sandbox, private: Path, cancel: Event | None = None) -> Probe:
    """What it says of itself. One that nothing can read is a Probe with `error`; only SandboxUnavailable is raised."""
    facts = Probe(size=path.stat().st_size, container=kind, movies=0)
    if facts.size > MOST_BYTES:
        facts.error = "too large"
        return facts
    argv = [
        "exiftool",
        "-config",
        "",
        "-json",
        "-n",
        "-G0",
        "-fast",
        *(f"-{name}" for name in _ASKED),
        inside(),
    ]
    try:
        outcome = _run(sandbox, argv, private, [path], READ_LIMITS, cancel)
    except AllowanceSpent as spent:
        facts.exceeded = spent.limit
        return facts
    said = _said(outcome)
    if outcome.ended not in ("exit", "cancelled"):
        facts.exceeded = outcome.ended
    if said is None:
        facts.error = outcome.stderr.strip()[-TAG_MAX:] or outcome.ended
        return facts
    facts.container = form = _form(kind, said)
    width, height = (_int(said.get(name)) or _int(said.get(f"Exif{name}")) for name in _SIZES)
    # the matrix of a HEIC is its decoder's, what its EXIF says beside it is for those that know no matrix
    turned = 1 if kind in ("heic", "avif") else _int(said.get("Orientation")) or 1
    rotation, mirrored = _ORIENTATIONS.get(turned, (0, False))
    facts.streams = [
        StreamFacts(
            index=0, kind=STREAM, codec=form, width=width, height=height, rotation=rotation, mirrored=mirrored,
            samples=1, decodable=form in DRAWN,
        )
    ]  # fmt: skip
    facts.make, facts.model, facts.software = (
        _text(said.get(name)) for name in ("Make", "Model", "Software")
    )
    facts.times = times(said)
    lat, lon = said.get("GPSLatitude"), said.get("GPSLongitude")
    if isinstance(lat, int | float) and isinstance(lon, int | float) and _is_place(lat, lon):
        alt = said.get("GPSAltitude")
        facts.location = Place(lat=lat, lon=lon, alt=alt if isinstance(alt, int | float) else None)
    facts.tags = {name.lower(): text for name in _OF_CAMERAS if (text := _text(said.get(name)))}
    try:
        facts.movies = 0 if movie_behind(path, kind, cancel) is None else 1
    except Exceeded as exceeded:
        facts.exceeded = exceeded.limit
    return facts


def _form(kind: Kind, said: dict[str, Any]) -> str:
    """DNG, NEF, ARW and others are a TIFF that begins with a thumbnail or with what the sensor saw, and not all can be
    told by name without their ending."""
    told = (_text(said.get("FileType")) or "").lower()
    if kind == "tiff" and told in ("", "tiff", "btf"):
        raw = said.get("SubfileType") == 1 or said.get("PhotometricInterpretation") in (CFA, LINEAR_RAW)
        return "raw" if raw else "tiff"
    return told or "raw" if kind in ("tiff", "other") else kind


def movie_behind(path: Path, kind: str, cancel: Event | None = None) -> int | None:
    """Where it begins: phones put a second or two of film behind a photo, in the same file. Raises Exceeded."""
    if kind not in ("heic", "avif", "jpeg"):
        return None
    return apart(lambda: _movie_behind(path, kind), BEHIND, cancel)


def _movie_behind(path: Path, kind: str) -> int | None:
    if kind in ("heic", "avif"):
        found = isobmff.read(path)
        start, seen = 0, set[str]()
        for name, body, length in found.boxes if found else ():
            if name in ("mpvd", "moov") or (name == "ftyp" and name in seen):
                return start
            seen.add(name)
            start = body + length
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        place = 0
        for _ in range(BEHIND_MAX):
            place = data.find(b"ftyp", place + 1)
            if place < 4:
                return None
            (length,) = struct.unpack_from(">I", data, place - 4)
            after = place - 4 + length
            if 16 <= length <= 1024 and data[after + 4 : after + 8] in isobmff.FIRST_BOXES:
                return place - 4
    return None


def by_camera(facts: Probe) -> bool:
    """Whether a camera made it: it names one, or says when, where or how it was exposed. Screenshots, drawings and
    what a messenger stripped say nothing of this."""
    return facts.error is None and bool(facts.tags)


def times(said: dict[str, Any]) -> list[TimeClaim]:
    """EXIF has wall clock times, and beside them, where the camera knew it, how far they are from UTC."""
    found = []
    for name, offset in (("DateTimeOriginal", "OffsetTimeOriginal"), ("CreateDate", "OffsetTimeDigitized")):
        text = _text(said.get(name))
        if text is None or not any(digit in text for digit in "123456789"):
            continue
        day, _space, clock = text.partition(" ")
        zone = _text(said.get(offset)) or _text(said.get("OffsetTime")) or ""
        if clock and "+" not in clock and "-" not in clock and not clock.endswith("Z"):
            clock += zone
        found.append(
            TimeClaim(source=f"container:exif_{name.lower()}", at=f"{day.replace(':', '-')}T{clock}")
        )
        break
    return found


def judge(facts: Probe) -> Verdict:
    if facts.exceeded:
        return Verdict(
            outcome="unplayable", reasons=[Reason(code="limit_exceeded", params={"limit": facts.exceeded})]
        )
    stream = next(iter(facts.streams), None)
    remarks = [Reason(code="movie_behind_photo")] if facts.movies else []
    if facts.error is None and stream is not None and facts.container not in DRAWN:
        not_drawn = Reason(code="photo_not_drawn", params={"codec": (facts.container or "?").upper()})
        return Verdict(outcome="unplayable", reasons=[not_drawn], remarks=remarks)
    if facts.error is not None or stream is None or not stream.width or not stream.height:
        detail = facts.error or "no size"
        return Verdict(outcome="unplayable", reasons=[Reason(code="unreadable", params={"detail": detail})])
    if max(stream.width, stream.height) > PICTURE_MAX * 2 or stream.width * stream.height > MOST_PIXELS:
        params: dict[str, str | int | float] = {"width": stream.width, "height": stream.height}
        return Verdict(outcome="unplayable", reasons=[Reason(code="too_large_picture", params=params)])
    return Verdict(outcome="whole", remarks=remarks)


def draw(path: Path, facts: Probe, sandbox: Sandbox, private: Path, cancel: Event | None = None) -> Drawn:
    """The whole picture, no larger than pages show, and a small one of it."""
    made: list[Path] = []
    damaged = False
    path = _alone(path, facts, private)
    for name, edge in (("picture.jpg", PICTURE_PX), ("poster.jpg", POSTER_PX)):
        source = [path] if not made else []
        # upright by what EXIF says; never enlarged; without what it says of place and camera
        argv = [*VIPS, inside() if source else made[0].name, "--size", f"{edge}x{edge}>"]
        argv += ["-o", f"/w/{name}[Q=88,strip]"]
        outcome = _run(sandbox, argv, private, source, DRAW_LIMITS, cancel)
        if outcome.ended == "cancelled":
            return Drawn(cancelled=True)
        target = private / name
        if outcome.ended != "exit":
            return Drawn(fault=Reason(code="limit_exceeded", params={"limit": outcome.ended}))
        if not outcome.ok or not target.is_file() or size_of(target) is None:
            return Drawn(fault=Reason(code="photo_undecodable", params={"codec": facts.container or "?"}))
        damaged = damaged or bool(source and _complaints(outcome.stderr))
        made.append(target)
    size = size_of(made[0])
    if fault := _unlike(facts, size):
        return Drawn(fault=fault)
    return Drawn(poster=made[1], picture=made[0], size=size, damaged=damaged)


def _alone(path: Path, facts: Probe, private: Path) -> Path:
    """libheif takes what lies behind for a part of the photo."""
    end = movie_behind(path, facts.container or "") if facts.movies and facts.container != "jpeg" else None
    if end is None:
        return path
    alone = private / "alone"
    with path.open("rb") as source, alone.open("wb") as target:
        target.write(source.read(min(end, MOST_BYTES)))
    alone.chmod(0o644)
    return alone


def _complaints(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.strip() and not HARMLESS.search(line)]


def _run(
    sandbox: Sandbox, argv: list[str], private: Path, inputs: list[Path], limits: Limits, cancel: Event | None
) -> Outcome:
    """A program that is not there is a fault of this machine and never of the photo."""
    outcome = sandbox.run(argv, private_dir=private, readonly=inputs, limits=limits, cancel=cancel)
    if outcome.code == NOT_FOUND:
        raise SandboxUnavailable("libvips-tools or libimage-exiftool-perl is not installed.")
    return outcome


def _unlike(facts: Probe, size: tuple[int, int] | None) -> Reason | None:
    """Whether what was made has another shape than what was measured, upright or turned by HEIC's own matrix."""
    width, height = facts.streams[0].width or 0, facts.streams[0].height or 0
    if size is None or not width or not height:
        return None
    shape, made = sorted((width, height)), sorted(size)
    if abs(shape[0] * made[1] - shape[1] * made[0]) <= 2 * max(shape):
        return None
    return Reason(
        code="dimensions_differ", params={"got": f"{size[0]}×{size[1]}", "expected": f"{width}×{height}"}
    )


def _is_place(lat: float, lon: float) -> bool:
    """0,0 is how a camera without a fix writes it."""
    return abs(lat) <= 90 and abs(lon) <= 180 and (abs(lat) > 1e-6 or abs(lon) > 1e-6)


def _said(outcome: Outcome) -> dict[str, Any] | None:
    """Tags without their groups, the first of each name. How large a picture is its EXIF may say of another."""
    try:
        rows = json.loads(outcome.stdout)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        return None
    found: dict[str, Any] = {}
    for key, value in rows[0].items():
        group, _, name = str(key).rpartition(":")
        found.setdefault(f"Exif{name}" if group == "EXIF" and name in _SIZES else name, value)
    return found


def _text(value: object) -> str | None:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    return one_line(str(value)[: 10 * TAG_MAX])[:TAG_MAX] or None


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None
