"""Reads the clock that a camera burned into its picture: a few frames, and tesseract, both in the sandbox.

First the whole upper and lower edge of two frames, to find the line with the time; then only that line, enlarged, in
frames all over the recording. What was read has to advance as the recording does (burned_in_rules.agree).
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import ffmpeg

from service.footage.stretches import length, recorded_at, seconds
from service.kernel.intervals import clip
from workers import memory
from workers.media.burned_in_rules import BurnedIn, Reading, agree, looks_like_time, parse, positions
from workers.media.formats import guard
from workers.media.graphs import Node
from workers.media.probe import Probe
from workers.media.sandbox import Limits, Outcome, Sandbox, inside
from workers.media.verdict import Verdict

WIDTH = 1280  # of the edges as tesseract sees them
EDGE = 0.2  # of the height, above and below: where cameras write
LETTERS = 42  # height of the enlarged line's letters
TESSERACT = "tesseract"
NOT_FOUND = 127
LIMITS = Limits(wall_s=180, cpu_s=120, file_bytes=64 * 1024**2, stdout_bytes=4 * 1024**2)
FRAMES_HELD = 24  # by each decoder at most
# "local": what is much brighter than its surroundings, as letters are that are meant to be read on anything;
# "bright": white or yellow letters; "grey": as it is, for all others. Dark on light, as tesseract likes it.
LOOKS = ("local", "bright", "grey")
BRIGHTER = 38


class TesseractMissing(RuntimeError):
    """The program is not installed here."""


@dataclass(frozen=True)
class Line:
    """Where the time stands, in shares of the frame."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Looked:
    """`read` is None where no time was found that frames agree on."""

    read: BurnedIn | None
    looked_at: int
    cancelled: bool = False


def read_clock(
    source: Path,
    probe: Probe,
    verdict: Verdict,
    box: Sandbox,
    private: Path,
    cancel: Event | None = None,
    stretches: Sequence[Sequence[float]] | None = None,
) -> Looked:
    """The camera's clock at the first frame. `stretches`: where there are frames, None: all along. Raises
    TesseractMissing and SandboxUnavailable."""
    video = next((stream for stream in probe.streams if stream.index == verdict.video), None)
    places = _places(probe, stretches)
    if video is None or not video.decodable or not places or not all(video.upright):
        return Looked(None, 0)
    alone = replace(box, env={"OMP_THREAD_LIMIT": "1"})
    reader = _Reader(
        source, probe.container, probe.lead_s, video.index, video.upright, alone, private, cancel
    )
    for line in reader.find_lines([places[1], places[-2]]):
        readings, text = reader.read_line(line, places)
        if (found := agree(readings, len(places))) is not None:
            return Looked(found.model_copy(update={"text": text}), len(places))
    return Looked(None, len(places), cancelled=cancel is not None and cancel.is_set())


def _places(probe: Probe, stretches: Sequence[Sequence[float]] | None) -> list[float]:
    """Seconds into the recording. Of a file whose clock began anew only the first part can be sought by its time."""
    if not stretches:
        return list(positions(probe.measured_s or 0.0))
    end = probe.parts[1][0] if len(probe.parts) > 1 else float("inf")
    first = min((s.start_s or 0.0 for s in probe.of_kind("video")), default=0.0)
    shown = clip(seconds(stretches), 0.0, max(0.0, end - first))
    return [recorded_at(shown, place) for place in positions(length(shown))]


@dataclass(frozen=True)
class _Reader:
    source: Path
    container: str | None
    lead_s: float
    stream: int
    size: tuple[int, int]
    box: Sandbox
    private: Path
    cancel: Event | None

    def find_lines(self, places: Sequence[float]) -> list[Line]:
        """Lines that look like a time, the likeliest first."""
        found: list[Line] = []
        looks = ("local", "grey")
        names = self._pictures(places, looks, Line(0, 0, 1, 1))
        for number in range(len(looks)):
            made = [name for name in names[number :: len(looks)] if (self.private / name).exists()]
            words = list(_words(self._tesseract(made, "11", "tsv")))
            for line in _time_lines(words):
                if not any(_same(line, known) for known in found):
                    found.append(line)
            if found:
                break
        return found[:3]

    def read_line(self, line: Line, places: Sequence[float]) -> tuple[list[Reading], str]:
        names = self._pictures(places, list(LOOKS), line)
        pages = self._tesseract(names, "7", "txt").split("\f")
        readings, text = [], ""
        for number, page in enumerate(pages[: len(names)]):
            if (read := parse(" ".join(page.split()))) is not None:
                text = text or " ".join(page.split())
                readings.append(Reading(places[number // len(LOOKS)], *read))
        return readings, text[:100]

    def _pictures(self, places: Sequence[float], looks: Sequence[str], line: Line) -> list[str]:
        """Names of PNG files, for each place one in each look: of the line, or of both edges if it is the whole
        frame. Those that could not be made are missing."""
        names: list[str] = []
        width, height = self.size
        at_once = max(1, int(0.75 * memory.share() / (FRAMES_HELD * width * height * 1.5)))
        for first in range(0, len(places), at_once):
            names += self._drawn(first, places[first : first + at_once], looks, line)
        return names

    def _drawn(self, first: int, places: Sequence[float], looks: Sequence[str], line: Line) -> list[str]:
        outputs, names = [], []
        for n, place in enumerate(places, first):
            # ffmpeg counts from where the file begins, be it with sound alone
            picture = ffmpeg.input(inside(), ss=place + self.lead_s, **guard(self.container))[
                str(self.stream)
            ]
            picture = _edges(picture) if line == Line(0, 0, 1, 1) else _enlarged(picture, line, self.size)
            parts = picture.filter("format", "gray").filter_multi_output("split", len(looks))
            for m, look in enumerate(looks):
                names.append(f"{n}-{m}.png")
                (self.private / names[-1]).unlink(missing_ok=True)  # of another line
                seen = _seen(parts[m], look)
                outputs.append(seen.output(names[-1], **{"frames:v": 1, "f": "image2", "update": 1}))
        argv = (
            ffmpeg.merge_outputs(*outputs).global_args("-nostdin", "-v", "error", "-threads", "1").compile()
        )
        self._run([*argv, "-y"])
        return names

    def _tesseract(self, names: Sequence[str], layout: str, form: str) -> str:
        present = [name for name in names if (self.private / name).exists()]
        if len(present) != len(names) or not names:
            return ""
        (self.private / "list.txt").write_text("".join(f"{name}\n" for name in names), encoding="ascii")
        (self.private / "list.txt").chmod(0o644)
        done = self._run([TESSERACT, "list.txt", "-", "--psm", layout, "--dpi", "150", form])
        if done.code == NOT_FOUND:
            raise TesseractMissing
        return done.stdout.decode("utf-8", "replace")

    def _run(self, argv: list[str]) -> Outcome:
        limits = replace(LIMITS, memory_bytes=memory.share())
        return self.box.run(
            argv, private_dir=self.private, readonly=[self.source], limits=limits, cancel=self.cancel
        )


def _seen(picture: Node, look: str) -> Node:
    if look == "local":
        picture = picture.filter("gblur", sigma=0.7)
        pair = picture.filter_multi_output("split", 2)
        around = pair[1].filter("avgblur", sizeX=18, sizeY=18)
        brighter = ffmpeg.filter([pair[0], around], "blend", all_mode="subtract")
        return brighter.filter("lutyuv", y=f"if(gt(val,{BRIGHTER}),16,235)")
    return picture.filter("lutyuv", y="if(gt(val,215),16,235)") if look == "bright" else picture


def _edges(picture: Node) -> Node:
    wide = picture.filter("scale", WIDTH, -2, flags="bicubic").filter_multi_output("split", 2)
    above = wide[0].filter("crop", "iw", f"ih*{EDGE}", 0, 0)
    below = wide[1].filter("crop", "iw", f"ih*{EDGE}", 0, f"ih*{1 - EDGE}")
    return ffmpeg.filter([above, below], "vstack")


def _enlarged(picture: Node, line: Line, size: tuple[int, int]) -> Node:
    """The line with a margin, its letters LETTERS high, and never wider than what reads fast."""
    width, height = size
    margin = 0.45 * line.height * height
    left, top = max(0.0, line.x * width - 2 * margin), max(0.0, line.y * height - margin)
    wide = min(width - left, line.width * width + 4 * margin)
    high = min(height - top, line.height * height + 2 * margin)
    scale = min(LETTERS / max(1.0, line.height * height), 2400 / max(1.0, wide))
    cut = picture.filter("crop", int(wide), int(high), int(left), int(top))
    return cut.filter("scale", max(16, int(wide * scale)), max(16, int(high * scale)), flags="lanczos")


@dataclass(frozen=True)
class _Word:
    page: int
    left: int
    top: int
    width: int
    height: int
    text: str
    page_height: int


def _words(tsv: str) -> Iterator[_Word]:
    page_height = 1
    for row in csv.DictReader(io.StringIO(tsv), delimiter="\t", quoting=csv.QUOTE_NONE):
        try:
            page, left, top, width, height = (
                int(row[name]) for name in ("page_num", "left", "top", "width", "height")
            )
            level = row["level"]
        except (KeyError, TypeError, ValueError):
            continue
        if level == "1":
            page_height = height or 1
        elif level == "5" and (row.get("text") or "").strip():
            yield _Word(page, left, top, width, height, row["text"].strip(), page_height)


def _time_lines(words: Sequence[_Word]) -> Iterator[Line]:
    """Words side by side at one height make a line, whatever tesseract took for blocks."""
    for page in sorted({word.page for word in words}):
        left = sorted((word for word in words if word.page == page), key=lambda word: word.left)
        while left:
            first = max(left, key=lambda word: sum(c.isdigit() for c in word.text))
            row = [word for word in left if _beside(word, first)]
            left = [word for word in left if word not in row]
            if row and looks_like_time(" ".join(word.text for word in row)):
                yield _placed(row)
            if not row or not any(c.isdigit() for c in first.text):
                break


def _beside(word: _Word, first: _Word) -> bool:
    """At its height and of about its size: not the letters of a line above that lies close."""
    apart = abs(word.top + word.height / 2 - first.top - first.height / 2)
    return apart <= 0.5 * first.height and 0.3 * first.height <= word.height <= 1.6 * first.height


def _placed(row: Sequence[_Word]) -> Line:
    digits = [word for word in row if any(c.isdigit() for c in word.text)] or row
    left, right = min(w.left for w in row), max(w.left + w.width for w in row)
    top, bottom = min(w.top for w in digits), max(w.top + w.height for w in digits)
    half = digits[0].page_height / 2
    share = EDGE / half  # of the frame's height, for a pixel
    above = (top + bottom) / 2 < half
    y = top * share if above else 1 - EDGE + (top - half) * share
    return Line(left / WIDTH, y, (right - left) / WIDTH, (bottom - top) * share)


def _same(a: Line, b: Line) -> bool:
    return abs(a.y - b.y) < max(a.height, b.height) and a.x < b.x + b.width and b.x < a.x + a.width
