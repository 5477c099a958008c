"""Several movies behind each other in one file, as recorders leave them that only append, and `cat a.mp4 b.mp4`.

Players show the first of them, and so does ffmpeg in MP4, MOV, FLV and ASF. Where all are of one make, each is read by
itself and copied into a transport stream, in which parts may lie behind each other: then they are like any recording
whose clock began anew.
"""

import mmap
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from workers.media import isobmff
from workers.media.apart import Bounds, apart
from workers.media.formats import INPUT_GUARD_ARGS
from workers.media.probe import Probe, StreamFacts, probe
from workers.media.sandbox import Limits, Sandbox, inside
from workers.media.timing import HOLE_S

MOVIES_MAX = 50
LOOKED_FOR_S, LOOKED_THROUGH_A_SECOND = 15, 100 * 2**20
JOINED = "joined.ts"
COPIED = {
    "video": ("h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video"),
    "audio": ("aac", "mp3", "mp2", "ac3"),
}
# only here, and only around the one file that the sandbox sees: no container that is opened can name a protocol
PART_GUARD_ARGS = tuple("file,subfile" if argument == "file" else argument for argument in INPUT_GUARD_ARGS)
_HEADS = (
    re.compile(rb"FLV\x01[\x00-\x05]\x00\x00\x00\x09\x00\x00\x00\x00"),
    re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
)
BESIDE = ("free", "skip", "udta", "uuid", "mdat", "moof", "mfra", "sidx", "meta")  # these begin no movie
Range = tuple[int, int]


def ranges(path: Path, cancel: Event | None = None) -> list[Range]:
    """(from, to) of each movie, in bytes; one where nothing else can be told. Raises Exceeded."""
    seconds = LOOKED_FOR_S + path.stat().st_size // LOOKED_THROUGH_A_SECOND
    return apart(lambda: _ranges(path), Bounds(cpu_s=seconds), cancel)


def _ranges(path: Path) -> list[Range]:
    size = path.stat().st_size
    if (iso := isobmff.read(path)) is not None:
        begins = _begins(iso.boxes)
    else:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            head = next((head for head in _HEADS if head.match(data)), None)
            begins = [found.start() for found in head.finditer(data)] if head else [0]
    return list(zip(begins, [*begins[1:], size], strict=True))


def _begins(boxes: Sequence[tuple[str, int, int]]) -> list[int]:
    """A movie begins with its `ftyp`; of one without, behind what the movie before needs."""
    begins, start = [0], 0
    seen: set[str] = set()
    for kind, body, length in boxes:
        complete = {"moov", "mdat"} <= seen
        if (kind == "ftyp" and "moov" in seen) or (complete and kind not in BESIDE):
            begins.append(start)
            seen = set()
        seen.add(kind)
        start = body + length
    return begins


def part_of(begin: int, end: int) -> str:
    """The address of a part of the one file that the sandbox sees."""
    return f"subfile,,start,{begin},end,{end},,:{inside()}"


def join(
    path: Path,
    found: Sequence[Range],
    facts: Probe,
    sandbox: Sandbox,
    private: Path,
    cancel: Event | None = None,
    *,
    known: bool = True,
) -> Path | None:
    """All movies in one transport stream; None where one of them cannot be copied into it. Unless they are `known`
    to be of the make of `facts`, each is looked at, and one of another make is None, too."""
    joined, part = private / JOINED, private / "part.ts"
    video = _first(facts, "video")
    # where its headers stand beside the stream, and not in it
    in_band = ["-bsf:v", "dump_extra"] if video is not None and video.codec == "mpeg4" else []
    with joined.open("wb") as file:
        for begin, end in found:
            argv = ["ffmpeg", "-nostdin", "-v", "error", "-y", *PART_GUARD_ARGS]
            argv += ["-ignore_editlist", "1"] if facts.edited_away else []
            argv += [
                "-i",
                part_of(begin, end),
                "-map",
                "0:v:0?",
                "-map",
                "0:a:0?",
            ]
            argv += ["-c", "copy", *in_band, "-map_metadata", "-1", "-f", "mpegts", part.name]
            limits = Limits(
                wall_s=300 + (end - begin) / 2_000_000, cpu_s=1200, file_bytes=2 * (end - begin) + 2**22
            )
            outcome = sandbox.run(argv, private_dir=private, readonly=[path], limits=limits, cancel=cancel)
            if not outcome.ok or not part.is_file():
                return None
            if not known and not _same_kinds(facts, probe(part, sandbox, private, cancel)):
                return None
            with part.open("rb") as copied:
                shutil.copyfileobj(copied, file, 2**20)
            part.unlink()
    joined.chmod(0o644)
    return joined


def measure(
    path: Path,
    facts: Probe,
    sandbox: Sandbox,
    private: Path,
    cancel: Event | None = None,
    hole_s: float = HOLE_S,
) -> Probe:
    """`facts` of a file as it was probed, with what is known of the movies behind the first: all of them where they
    can be laid end to end (`joined`), else how many there are."""
    found = ranges(path, cancel)
    if len(found) < 2 and not facts.edited_away:
        return facts
    facts = facts.model_copy(update={"movies": len(found)})
    if len(found) > MOVIES_MAX:
        return facts
    first = facts
    if (facts.error is not None or facts.edited_away) and (
        alone := join(path, found[:1], facts, sandbox, private, cancel)
    ) is not None:
        # together they cannot be opened, or nothing is shown of them
        first = probe(alone, sandbox, private, cancel).model_copy(update={"edited_away": facts.edited_away})
    if not _all_copied(first):
        return facts
    joined = join(path, found, first, sandbox, private, cancel, known=False)
    if joined is None:
        return facts
    whole = probe(joined, sandbox, private, cancel, hole_s)
    joined.unlink()
    if whole.error is not None or not _same_kinds(first, whole):
        return facts
    streams = [_as_first(stream, first) for stream in whole.streams]
    # what the first says of the place stays where it is, in the file itself
    streams += [
        stream.model_copy(update={"index": len(streams) + stream.index})
        for stream in facts.streams
        if stream.kind == "data"
    ]
    return facts.model_copy(
        update={
            "streams": streams, "parts": whole.parts, "measured_s": whole.measured_s, "measured_by": "packets",
            "claimed_s": None, "joined": True, "error": None, "container": facts.container or first.container,
        }
    )  # fmt: skip


def _first(facts: Probe, kind: str) -> StreamFacts | None:
    return next(iter(facts.of_kind(kind)), None)


def _all_copied(facts: Probe) -> bool:
    shown = [stream for kind in COPIED if (stream := _first(facts, kind)) is not None]
    return bool(shown) and all(stream.codec in COPIED[stream.kind] for stream in shown)


def _same_kinds(facts: Probe, other: Probe) -> bool:
    """Whether one decoder, once begun, shows both."""
    for kind in COPIED:
        first, then = _first(facts, kind), _first(other, kind)
        if (first is None) != (then is None):
            return False
        if first and then and (_form(first) != _form(then) or not then.decodable):
            return False
    return True


def _form(stream: StreamFacts) -> tuple[object, ...]:
    return (
        stream.codec,
        stream.width,
        stream.height,
        stream.pixel_format,
        stream.sample_rate,
        stream.channels,
    )


def _as_first(stream: StreamFacts, facts: Probe) -> StreamFacts:
    """A transport stream does not say how the picture is to be turned."""
    first = _first(facts, stream.kind)
    if first is None:
        return stream
    kept = ("rotation", "mirrored", "sample_aspect", "transfer", "tag", "profile", "language")
    return stream.model_copy(update={name: getattr(first, name) for name in kept})
