"""What a file is, measured: containers claim, samples tell. Nothing here decides; see verdict.py."""

import json
import re
from pathlib import Path
from threading import Event
from typing import Any

from pydantic import BaseModel

from schemas.plain_text import one_line
from workers.media import dhav, iso6709, isobmff, jpeg, orientation, sniff, timing
from workers.media.apart import Apart, Bounds, Exceeded
from workers.media.formats import NOT_LISTED, WITHOUT_TIMES, guard_args
from workers.media.sandbox import AllowanceSpent, Limits, Outcome, Sandbox, inside

MEDIA_KINDS = ("video", "audio")
TAG_MAX = 300
STREAMS_MAX = 64
TRIED_OUT = {"video": 2, "audio": 4}  # of each kind so many streams: more are no recording's
DECODED_PACKETS = 48
BEGINNINGS = re.compile(
    rb"FLV\x01[\x00-\x05]\x00{3}\x09|\x30\x26\xb2\x75\x8e\x66\xcf\x11|RIFF.{4}(?:AVI |WAVE)"
    rb"|\x1aE\xdf\xa3.{0,60}(?:matroska|webm)|\x00\x00[\x00-\x04].ftyp[ -~]{4}",
    re.DOTALL,
)
DAY = re.compile(r"(\d{4})[-_: ./](\d\d)[-_: ./](\d\d)")
CLOCK = re.compile(r"(\d\d)[-_: ./](\d\d)[-_: ./](\d\d)")
LEAD_S = 0.5
BEHIND = 1024 * 1024
PROBE_LIMITS = Limits(wall_s=120, cpu_s=60, file_bytes=1024 * 1024, stdout_bytes=8 * 1024 * 1024)
SCAN_LIMITS = Limits(wall_s=7200, cpu_s=3600, file_bytes=1024 * 1024)
TABLES = Bounds(cpu_s=20, memory_bytes=768 * 1024 * 1024)


class Place(BaseModel):
    lat: float
    lon: float
    alt: float | None = None


class TimeClaim(BaseModel):
    """A time that the file itself claims; `at` is its text as found, `source` where it stood. `wall`: what the
    recorder's clock showed at the first picture, by its own zone."""

    source: str
    at: str
    wall: bool = False


class StreamFacts(BaseModel):
    """One stream. Sizes are coded sizes before rotation; `rotation` is degrees clockwise to show it upright,
    after a horizontal flip where `mirrored`. `measured_s` comes from its samples, `claimed_s` from headers.
    `stretches`: where its samples lie without a hole, seconds from the first one; `usual_s`: from one to the next;
    `sparse`: that is longer than a hole; `clock_restarted`: their times begin anew, and the parts lie end to end;
    `rate_assumed`: the file gives them no times, and they are counted by `fps`."""

    index: int
    kind: str
    codec: str | None = None
    tag: str | None = None
    profile: str | None = None
    level: int | None = None
    width: int | None = None
    height: int | None = None
    sample_aspect: float = 1.0
    pixel_format: str | None = None
    transfer: str | None = None
    fps: float | None = None
    variable_rate: bool | None = None
    rotation: int = 0
    mirrored: bool = False
    channels: int | None = None
    sample_rate: int | None = None
    language: str | None = None
    default: bool = False
    cover_art: bool = False
    start_s: float | None = None
    claimed_s: float | None = None
    measured_s: float | None = None
    first_key_s: float | None = None
    samples: int | None = None
    missing_samples: int = 0
    stretches: list[timing.Stretch] | None = None
    usual_s: float | None = None
    sparse: bool = False
    clock_restarted: bool = False
    rate_assumed: bool = False
    decodable: bool = False
    encrypted: bool = False
    track_id: int | None = None

    @property
    def upright(self) -> tuple[int, int]:
        """(width, height) in square pixels as shown."""
        width, height = round((self.width or 0) * self.sample_aspect), self.height or 0
        return (height, width) if self.rotation in (90, 270) else (width, height)


class Probe(BaseModel):
    """Everything that is known of a file before a verdict. Durations in seconds; `measured_by` says how
    `measured_s` was found: `sample_tables` (MP4/MOV), `packets` (each read once), or None when unknown.
    `parts`: more than one where the clock in the file begins anew (timing.Epochs). `movies`: how many lie behind each
    other in the file; of a photo, how many behind it. `joined`: all of them can be laid end to end (movies.py), and
    `streams` are those of all, else of the first. `edited_away`: the file's edit list points beyond its footage, which is
    read without it (`joined`). `unlisted`: the container, where it is known and not opened here."""

    size: int
    container: str | None = None
    brand: str | None = None
    claimed_s: float | None = None
    measured_s: float | None = None
    measured_by: str | None = None
    parts: list[timing.Part] = [(0.0, 0.0)]
    streams: list[StreamFacts] = []
    times: list[TimeClaim] = []
    make: str | None = None
    model: str | None = None
    software: str | None = None
    timecode: str | None = None
    location: Place | None = None
    iso_file: bool = False
    has_moov: bool = False
    moov_first: bool = False
    fragmented: bool = False
    encrypted: bool = False
    truncated: bool = False
    overrun: str | None = None
    movies: int = 1
    joined: bool = False
    edited_away: bool = False
    unlisted: str | None = None
    tags: dict[str, str] = {}
    error: str | None = None
    """ffprobe's last line when it could not open the file."""
    exceeded: str | None = None
    """Which limit ended the looking."""

    def of_kind(self, kind: str) -> list[StreamFacts]:
        return [s for s in self.streams if s.kind == kind and not s.cover_art]

    @property
    def lead_s(self) -> float:
        """So long before the first picture the sound begins; 0 where that is only how containers begin their streams."""
        sounds = [stream.start_s or 0.0 for stream in self.of_kind("audio") if stream.measured_s]
        pictures = [stream.start_s or 0.0 for stream in self.of_kind("video") if stream.measured_s]
        lead = min(pictures) - min(sounds) if sounds and pictures else 0.0
        return round(lead, 3) if lead > LEAD_S else 0.0

    @property
    def telemetry(self) -> StreamFacts | None:
        """The GoPro GPMF stream, if there is one."""
        return next((s for s in self.streams if s.kind == "data" and s.tag == "gpmd"), None)


def probe(
    path: Path,
    sandbox: Sandbox,
    private_dir: Path,
    cancel: Event | None = None,
    hole_s: float = timing.HOLE_S,
) -> Probe:
    """Probe `path`. A file that cannot be read is a Probe with `error`, one that asks for more than may be spent on it
    (`sandbox.allowance`) has `exceeded`; only SandboxUnavailable is raised. MP4/MOV costs the same whatever its size;
    other kinds are read once."""
    facts = Probe(size=path.stat().st_size)
    if facts.size == 0:
        facts.error = "empty"
        return facts
    try:
        _look(facts, path, sandbox, private_dir, cancel, hole_s)
    except (AllowanceSpent, Exceeded) as ended:
        facts.exceeded = ended.limit
    return facts


def _look(
    facts: Probe, path: Path, sandbox: Sandbox, private_dir: Path, cancel: Event | None, hole_s: float
) -> None:
    iso = None
    facts.container = "mjpeg" if jpeg.is_film(path) else None
    if isobmff.is_one(path):
        with Apart(lambda: isobmff.read(path, hole_s), TABLES, cancel) as tables:  # while ffprobe starts
            report, outcome = _ffprobe(facts, path, sandbox, private_dir, cancel)
            iso = tables.result()
    else:
        report, outcome = _ffprobe(facts, path, sandbox, private_dir, cancel)
    if iso:
        facts.iso_file, facts.brand, facts.has_moov = True, iso.brand, iso.has_moov
        facts.moov_first, facts.fragmented = iso.moov_first, iso.fragmented
        facts.encrypted, facts.truncated, facts.overrun = iso.encrypted, iso.truncated, iso.overrun
        facts.edited_away = any(track.edited_away for track in iso.tracks)
        facts.movies = iso.movies + (iso.overrun == "garbage" and _begins_there(path, iso.end))
    if not report.get("streams"):
        facts.error = _last_line(outcome)
        if outcome.ended not in ("exit", "cancelled"):
            facts.exceeded = outcome.ended
        if unlisted := NOT_LISTED.search(outcome.stderr):
            facts.unlisted = unlisted[1]
        if iso:
            _streams_of_tables(facts, iso)
        return
    _read_format(facts, report.get("format", {}))
    if facts.container == "dhav" and (began := dhav.began_at(path)) is not None:
        facts.times.append(TimeClaim(source="container:dhav", at=began.isoformat(), wall=True))
    decoded = {frame.get("stream_index") for frame in report.get("frames", [])}
    facts.streams = [_stream(raw) for raw in report["streams"][:STREAMS_MAX]]
    for raw, stream in zip(report["streams"], facts.streams, strict=False):
        _claim_time(facts, f"stream:{stream.index}", raw.get("tags", {}))
        facts.timecode = facts.timecode or _text(raw.get("tags", {}).get("timecode"))
    _measure(facts, iso, path, sandbox, private_dir, cancel, hole_s)
    left = dict(TRIED_OUT)
    for stream in facts.streams:
        stream.decodable = stream.index in decoded
        if stream.kind not in left or stream.cover_art:
            continue
        left[stream.kind] -= 1
        if stream.codec and not stream.decodable and stream.samples != 0 and left[stream.kind] >= 0:
            stream.decodable = _decodes(facts, path, stream, sandbox, private_dir, cancel)


def _ffprobe(
    facts: Probe, path: Path, sandbox: Sandbox, private_dir: Path, cancel: Event | None
) -> tuple[dict, Outcome]:
    argv = ["ffprobe", "-v", "error", *guard_args(facts.container)]
    argv += ["-show_format", "-show_streams", "-show_frames"]
    # One call: frames prove that the first samples decode, and cost less than a second start of ffmpeg.
    argv += ["-show_entries", "frame=stream_index:stream:stream_tags:stream_side_data:format:format_tags"]
    argv += ["-read_intervals", f"%+#{DECODED_PACKETS}", "-max_streams", str(STREAMS_MAX), "-of", "json"]
    argv += [inside()]
    outcome = sandbox.run(argv, private_dir=private_dir, readonly=[path], limits=PROBE_LIMITS, cancel=cancel)
    try:
        return json.loads(outcome.stdout), outcome
    except json.JSONDecodeError:
        return {}, outcome


def _last_line(outcome: Outcome) -> str:
    lines = outcome.stderr.strip().splitlines()
    return (lines[-1].replace(inside(), "file") if lines else outcome.ended)[:TAG_MAX]


def _read_format(facts: Probe, raw: dict[str, Any]) -> None:
    named = ((_text(str(key).lower()), _text(value)) for key, value in raw.get("tags", {}).items())
    tags = {key: text for key, text in named if key and text}
    facts.tags = dict(list(tags.items())[:100])
    facts.container = raw.get("format_name")
    facts.claimed_s = _number(raw.get("duration"))
    _claim_time(facts, "container", tags)
    facts.make = _first(
        tags, "com.apple.quicktime.make", "com.android.manufacturer", "make", "make-eng", "manufacturer"
    )
    facts.model = _first(tags, "com.apple.quicktime.model", "com.android.model", "model", "model-eng")
    facts.software = _first(tags, "com.apple.quicktime.software", "firmware", "software", "encoder")
    facts.timecode = _first(tags, "timecode")
    found = _first(tags, "com.apple.quicktime.location.iso6709", "location", "location-eng", "xyz")
    place = iso6709.parse(found) if found else None
    if place:
        facts.location = Place(lat=place[0], lon=place[1], alt=place[2])


def _claim_time(facts: Probe, source: str, tags: dict[str, Any]) -> None:
    # in two fields, as broadcast WAV has it: by the recorder's own clock
    day, clock = DAY.fullmatch(str(tags.get("date"))), CLOCK.fullmatch(str(tags.get("creation_time")))
    if day and clock:
        at = f"{'-'.join(day.groups())}T{':'.join(clock.groups())}"
        facts.times.append(TimeClaim(source=f"{source}:date", at=at, wall=True))
        return
    for key, value in tags.items():
        name = str(key).lower()
        if name in ("creation_time", "com.apple.quicktime.creationdate", "date") and (text := _text(value)):
            facts.times.append(TimeClaim(source=f"{source}:{name}", at=text))


def _stream(raw: dict[str, Any]) -> StreamFacts:
    disposition = raw.get("disposition", {})
    tag = raw.get("codec_tag_string", "")
    stream = StreamFacts(
        index=raw["index"],
        kind=raw.get("codec_type", "unknown"),
        codec=raw.get("codec_name") if raw.get("codec_name") not in (None, "unknown") else None,
        tag=tag if tag.isprintable() and not tag.startswith("[") else None,
        profile=raw.get("profile") if raw.get("profile") != "unknown" else None,
        level=_level(raw.get("level")),
        width=raw.get("width") or None,
        height=raw.get("height") or None,
        pixel_format=raw.get("pix_fmt"),
        transfer=raw.get("color_transfer") or None,
        fps=_ratio(raw.get("avg_frame_rate")),
        channels=raw.get("channels"),
        sample_rate=int(_number(raw.get("sample_rate")) or 0) or None,
        language=_text(raw.get("tags", {}).get("language")),
        default=bool(disposition.get("default")),
        cover_art=bool(disposition.get("attached_pic") or disposition.get("still_image")),
        start_s=_number(raw.get("start_time")),
        claimed_s=_number(raw.get("duration")),
    )
    aspect = _ratio(raw.get("sample_aspect_ratio"), ":")
    stream.sample_aspect = aspect if aspect and 0.1 <= aspect <= 10 else 1.0
    for side in raw.get("side_data_list", []):
        if "displaymatrix" in side:
            stream.rotation, stream.mirrored = orientation.read(side["displaymatrix"])
    return stream


def _measure(
    facts: Probe,
    iso: isobmff.Isobmff | None,
    path: Path,
    sandbox: Sandbox,
    private: Path,
    cancel: Event | None,
    hole_s: float,
) -> None:
    tracks = iso.tracks if iso else []
    if iso and not iso.fragmented and len(tracks) == len(facts.streams):
        facts.measured_by = "sample_tables"
        for stream, track in zip(facts.streams, tracks, strict=True):
            stream.track_id, stream.encrypted = track.id, track.encrypted
            stream.claimed_s = track.claimed_s
            stream.measured_s, stream.samples = track.presented_s, track.samples
            stream.missing_samples = track.missing_samples
            if track.span is not None and stream.kind in MEDIA_KINDS:
                _lay_out(stream, track.span)
            if stream.kind == "video":
                fps, stream.variable_rate = timing.rate((d / track.timescale, n) for n, d in track.deltas)
                stream.fps = fps or stream.fps
    else:
        _scan(facts, path, sandbox, private, cancel, hole_s)
        for stream, track in zip(facts.streams, tracks, strict=False):
            stream.track_id, stream.encrypted = track.id, track.encrypted
    facts.measured_s = _overall(facts)


def _lay_out(stream: StreamFacts, spread: timing.Spread) -> None:
    stream.stretches, stream.usual_s, stream.sparse = spread.stretches, spread.usual_s, spread.sparse
    stream.clock_restarted = spread.restarted


def _lay_out_by_rate(stream: StreamFacts, samples: int, fps: float, hole_s: float) -> None:
    """Of a bare stream nobody knows when its pictures were taken, nor whether some are missing: they are counted at
    the rate that it names, or ffmpeg's usual one."""
    stream.rate_assumed, stream.usual_s = True, 1 / fps
    stream.measured_s = samples / fps
    stream.sparse = 1 / fps > hole_s
    stream.stretches = [(0.0, round(stream.measured_s, 3))]


def _overall(facts: Probe) -> float | None:
    """The picture's span, and what the sound goes on after it where that is more than a second. A recording begins with
    its first picture: what is heard before it is no footage (`Probe.lead_s`)."""

    def spans(kind: str) -> list[tuple[float, float]]:
        streams = [stream for stream in facts.of_kind(kind) if stream.measured_s]
        return [(one.start_s or 0.0, (one.start_s or 0.0) + (one.measured_s or 0.0)) for one in streams]

    pictures, sounds = spans("video"), spans("audio")
    shown = pictures or sounds
    if not shown:
        return None
    start, end = min(begin for begin, _ in shown), max(end for _, end in shown)
    after = max((end for _, end in sounds), default=end)
    return (after if after > end + 1 else end) - start


def _scan(
    facts: Probe, path: Path, sandbox: Sandbox, private_dir: Path, cancel: Event | None, hole_s: float
) -> None:
    """Read every packet once, for files whose tables cannot tell."""
    epochs = timing.Epochs()
    leading = next((s.index for kind in MEDIA_KINDS for s in facts.of_kind(kind)), None)
    spans = {s.index: timing.Span(hole_s, epochs, leads=s.index == leading) for s in facts.streams}
    pending, end = b"", 0

    def on_stdout(chunk: bytes) -> None:
        nonlocal pending, end
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            end = max(end, _packet(spans, line))

    argv = ["ffprobe", "-v", "error", *guard_args(facts.container)]
    argv += ["-show_entries", "packet=stream_index,pts_time,dts_time,duration_time,size,pos,flags"]
    argv += ["-of", "csv=p=0", inside()]
    outcome = sandbox.run(
        argv,
        private_dir=private_dir,
        readonly=[path],
        limits=SCAN_LIMITS,
        on_stdout=on_stdout,
        cancel=cancel,
    )
    end = max(end, _packet(spans, pending))
    if end and _begins_again(path, end):
        facts.movies = max(2, facts.movies)
    if outcome.ended != "exit":
        facts.error = outcome.ended
    facts.measured_by = "packets"
    facts.parts = epochs.parts
    for stream in facts.streams:
        span = spans[stream.index]
        span.finish()
        stream.samples, stream.measured_s = span.samples, span.measured_s
        if span.first_s is not None:
            stream.start_s = span.first_s
            if stream.kind in MEDIA_KINDS:
                _lay_out(stream, span.spread(lasting=stream.kind == "video"))
        if stream.kind == "video":
            fps, stream.variable_rate = span.rate()
            stream.first_key_s = span.first_key_s
            if span.first_s is None and span.samples and stream.fps:
                _lay_out_by_rate(stream, span.samples, stream.fps, hole_s)
            stream.rate_assumed = stream.rate_assumed or facts.container in WITHOUT_TIMES
            stream.fps = fps or stream.fps


def _packet(spans: dict[int, timing.Span], line: bytes) -> int:
    """Where in the file it ends."""
    parts = line.strip().split(b",")
    if len(parts) < 7 or not parts[0].isdigit() or int(parts[0]) not in spans:
        return 0
    pts, dts, duration, size, position = (_number(part) for part in parts[1:6])
    spans[int(parts[0])].add(pts, dts, duration, parts[6].startswith(b"K"))
    return int(position + size) if position is not None and size is not None else 0


def _begins_again(path: Path, end: int) -> bool:
    """Whether another file begins behind the last packet that could be read."""
    with path.open("rb") as file:
        file.seek(end)
        return BEGINNINGS.search(file.read(BEHIND)) is not None


def _begins_there(path: Path, place: int) -> bool:
    with path.open("rb") as file:
        file.seek(place)
        return sniff.is_media(file.read(sniff.HEAD_BYTES))


def _decodes(
    facts: Probe, path: Path, stream: StreamFacts, sandbox: Sandbox, private_dir: Path, cancel: Event | None
) -> bool:
    """Whether one frame of this stream can be decoded within its first packets."""
    frames = "-frames:v" if stream.kind == "video" else "-frames:a"
    argv = ["ffmpeg", "-v", "error", *guard_args(facts.container), "-i", inside()]
    argv += ["-map", f"0:{stream.index}"]
    argv += [frames, "1", "-f", "framecrc", "pipe:1"]
    outcome = sandbox.run(argv, private_dir=private_dir, readonly=[path], limits=PROBE_LIMITS, cancel=cancel)
    return any(line[:1].isdigit() for line in outcome.stdout.splitlines())


def _streams_of_tables(facts: Probe, iso: isobmff.Isobmff) -> None:
    """ffprobe opens no encrypted file; the tables still tell what is in it."""
    kinds = {"vide": "video", "soun": "audio"}
    facts.claimed_s = iso.claimed_s
    for index, track in enumerate(iso.tracks):
        facts.streams.append(
            StreamFacts(
                index=index,
                kind=kinds.get(track.handler, "data"),
                tag=track.sample_entry or None,
                claimed_s=track.claimed_s,
                samples=None if iso.fragmented else track.samples,
                encrypted=track.encrypted,
                track_id=track.id,
            )
        )


def _first(tags: dict[str, str], *names: str) -> str | None:
    return next((tags[name] for name in names if tags.get(name)), None)


def _text(value: object) -> str | None:
    """A tag as text of one line and of bounded length; bytes that are none are dropped."""
    return one_line(value[: 10 * TAG_MAX])[:TAG_MAX] or None if isinstance(value, str) else None


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return None
    return number if abs(number) < 1e12 else None


def _level(value: object) -> int | None:
    """As the codec numbers its levels; ffprobe says a negative one where it does not know."""
    number = _number(value)
    return int(number) if number is not None and 0 <= number < 256 else None


def _ratio(value: object, sign: str = "/") -> float | None:
    above, _, below = str(value).partition(sign)
    up, down = _number(above), _number(below)
    return up / down if up and down else None
