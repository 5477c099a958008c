"""The one pass over a recording, composed with ffmpeg-python. Composes only: sandbox.py runs the result. Pure."""

import math
from dataclasses import dataclass
from typing import Any

import ffmpeg

from workers.media import orientation
from workers.media.formats import guard
from workers.media.laying import Laid, move_expression, select_expression
from workers.media.probe import Probe, StreamFacts
from workers.media.sandbox import inside
from workers.media.verdict import Verdict

SHORT_SIDE, LONG_SIDE = 720, 2560
FPS_CAP = 30
HDR = ("smpte2084", "arib-std-b67")  # PQ, HLG
KEYFRAME_S = 2
KEYFRAMES_AT = (
    f"expr:gte(t,if(lt(n_forced,{KEYFRAME_S}),n_forced,{KEYFRAME_S}*(n_forced-1)))"  # 0, 1, 2, 4, 6 s
)
STILLS = 8
TILES, TILE_COLUMNS, TILE_HEIGHT = 100, 10, 90
MEASURE_HEIGHT = 360
SILENCE_DB, SILENCE_S = -50, 2
FREEZE_NOISE, FREEZE_S = 0.001, 2
HUGE = 9_000_000  # pixels, more than 4K: several decoded at once would take the memory of everything else
WAVE_SAMPLES, WAVE_RATES = 32_000_000, (1000, 8000)  # of the sound that a picture of it is drawn from
FILLED_S = 3600  # of silence where there is no sound, and as much as there are bytes for
SILENCE_BYTES_S = 500
AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

PLAYABLE, POSTER, SPRITE, PEAKS_PCM = "playable.mp4", "poster.jpg", "sprite.jpg", "peaks.s16"
PIECES, HEAD, PIECE_PATTERN = "pieces.m3u8", "head.mp4", "piece_%06d.m4s"
STILL_PATTERN = "still_%03d.jpg"
STILL_LOG, SPRITE_LOG, SILENCE_LOG, PACKETS = "stills.txt", "sprite.txt", "silence.txt", "packets.txt"


Node = Any  # a stream, filter or output of ffmpeg-python, which brings no types


@dataclass(frozen=True)
class Plan:
    """The numbers of one pass. Sizes in pixels, times in seconds. `laid`: what is to be laid end to end."""

    video: StreamFacts | None
    audio: StreamFacts | None
    duration_s: float
    width: int
    height: int
    fps_cap: int | None
    still_every_s: float
    sprite_every_s: float
    tile: tuple[int, int]
    sprite_rows: int
    measure_size: tuple[int, int]
    measure_every_s: float
    peaks_rate: int
    laid: Laid | None
    container: str | None
    threads: int  # of the decoder and of the encoder, each; 0: ffmpeg decides


def plan(probe: Probe, verdict: Verdict, threads: int = 0, laid: Laid | None = None) -> Plan:
    by_index = {stream.index: stream for stream in probe.streams}
    video = by_index.get(verdict.video) if verdict.video is not None else None
    audio = by_index.get(verdict.audio) if verdict.audio is not None else None
    if video and audio and not _fillable(probe, audio):
        audio = None
    duration = max(laid.length_s if laid else probe.measured_s or 0.0, 0.04)
    width, height = fit(*video.upright) if video else (0, 0)
    shape = (width / height) if height else 16 / 9
    sprite_every = max(duration / TILES, min(1.0, duration / 10))
    tiles = min(TILES, math.ceil(duration / sprite_every) + 1)
    return Plan(
        video=video,
        audio=audio,
        duration_s=duration,
        width=width,
        height=height,
        fps_cap=FPS_CAP if video and (video.fps or 0) > FPS_CAP + 1 else None,
        still_every_s=duration / STILLS,
        sprite_every_s=sprite_every,
        tile=(_even(TILE_HEIGHT * shape), TILE_HEIGHT),
        sprite_rows=math.ceil(tiles / TILE_COLUMNS),
        measure_size=_bounded(width, height, MEASURE_HEIGHT),
        measure_every_s=0.2 if duration <= 600 else 0.5 if duration <= 7200 else 1.0,
        peaks_rate=8000 if duration <= 3600 else 4000,
        laid=laid,
        container=probe.container,
        threads=1 if video and (video.width or 0) * (video.height or 0) > HUGE else threads,
    )


def _fillable(probe: Probe, audio: StreamFacts) -> bool:
    """Between its pieces sound is filled with silence. A few of them in the months of a time lapse would be filled for
    hours."""
    heard = sum(end - start for start, end in audio.stretches or ())
    gaps = max(0.0, (probe.measured_s or 0.0) - heard)
    return audio.stretches is None or gaps <= FILLED_S + probe.size / SILENCE_BYTES_S


def fit(width: int, height: int) -> tuple[int, int]:
    """The rendition's size: short side at most 720, never enlarged, both even."""
    return _bounded(width, height, SHORT_SIDE)


def _bounded(width: int, height: int, short: int) -> tuple[int, int]:
    if not width or not height:
        return 2, 2
    scale = min(1.0, short / min(width, height), LONG_SIDE / max(width, height))
    return _even(width * scale), _even(height * scale)


def _even(size: float) -> int:
    return max(2, int(size + 1e-6) // 2 * 2)


def compose(plan: Plan, looks: bool = True) -> list[str]:
    """The argv of the pass over `/in/0`; outputs land in the working directory under the names above. `looks`: with
    pictures, sprite, waveform and what is measured; else the file for browsers alone.

    Standard output carries the measured frames in the form that quality.frames() reads, and without looks ffmpeg's own
    progress."""
    source = ffmpeg.input(inside(), **guard(plan.container), noautorotate=None, threads=plan.threads)
    outputs: list[Node] = []
    sound = None
    if plan.audio:
        parts = _sound(source, plan.audio, plan).asplit()
        sound = parts[0]
        outputs.append(_peaks(parts[1], plan))
    if plan.video:
        outputs[:0] = _picture(source, plan.video, sound, plan)
    elif plan.audio:
        outputs[:0] = _sound_only(sound, plan.audio, plan)
    if not looks:
        return _argv(plan, outputs[:1], "-nostats", "-progress", "pipe:1")
    return _argv(plan, outputs)


def compose_looks(plan: Plan, keys_only: bool = False) -> list[str]:
    """The same pictures and measurements without the encode. `keys_only`: of key frames alone, and beside them PACKETS
    lists every packet of the picture."""
    only = {"skip_frame": "nokey"} if keys_only and plan.video else {}
    source = ffmpeg.input(inside(), **guard(plan.container), **only, noautorotate=None, threads=plan.threads)
    outputs: list[Node] = []
    if plan.video:
        seen = _laid_out(source, plan.video, plan)
        if plan.measure_every_s <= plan.still_every_s:
            seen = _every(seen, plan.measure_every_s)
        shown = _small(seen, plan.video, plan).split()
        measured = _measured(_every(shown[1], plan.measure_every_s), plan)
        outputs += [_stills(shown[0], plan), _sprite(measured, plan)]
        if keys_only:
            packets = source[str(plan.video.index)]
            outputs.append(packets.output(PACKETS, f="framecrc", c="copy", copyinkf=None))
    if plan.audio:
        sound = _sound(source, plan.audio, plan)
        if not plan.video:
            parts = sound.asplit()
            sound, drawn = parts[0], parts[1]
            outputs.append(_drawn(drawn, plan))
        outputs.append(_peaks(sound, plan))
    return _argv(plan, outputs)


def compose_stretch(plan: Plan, from_s: float, first_s: float, end_s: float) -> list[str]:
    """Measures every due frame of a stretch that begins with the key frame at `from_s`: the first of them is the first
    from `first_s` on, the last comes before `end_s`. Times in the log count from `from_s`."""
    assert plan.video, "only pictures are looked at again"
    source = ffmpeg.input(
        inside(),
        **guard(plan.container),
        noautorotate=None,
        threads=plan.threads,
        noaccurate_seek=None,
        ss=f"{from_s:.6f}",
    )
    within = source[str(plan.video.index)].filter(
        "trim", start=round(first_s - from_s, 6), end=round(end_s - from_s, 6)
    )
    if plan.fps_cap:
        within = _every(within, 1 / (plan.fps_cap + 1))
    seen = _small(_every(within, plan.measure_every_s), plan.video, plan)
    return _argv(plan, [_measured(seen, plan).output("-", f="null", vsync="passthrough")])


def _argv(plan: Plan, outputs: list[Node], *told: str) -> list[str]:
    joined = ffmpeg.merge_outputs(*outputs) if len(outputs) > 1 else outputs[0]
    # What is laid out anew needs the times as the file has them, before ffmpeg mends them in its own way.
    as_they_are = ["-copyts"] if plan.laid else []
    return ["ffmpeg", "-hide_banner", "-v", "error", "-y", *told, *as_they_are, *joined.get_args()]


def _picture(source: Node, video: StreamFacts, sound: Node | None, plan: Plan) -> list[Node]:
    shown = _small(_laid_out(source, video, plan), video, plan).split()
    encoded = {
        "c:v": "libx264",
        "preset": "veryfast",
        "crf": 26,
        "profile:v": "high",
        "force_key_frames": KEYFRAMES_AT,
        "vsync": "vfr",
        "threads": plan.threads,
        **_container(),
        "t": round(plan.duration_s + 1, 3),
    }
    if video.transfer in HDR:
        encoded |= {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}
    if video.variable_rate or plan.laid:
        encoded["enc_time_base:v"] = "1/90000"
    streams = [shown[0]]
    if plan.audio:
        streams.append(sound)
        encoded |= aac(plan.audio)
    # Everything else hangs on the small picture, not on the source: measured cheaper.
    measured = _measured(_every(shown[2], plan.measure_every_s), plan)
    return [
        ffmpeg.output(*streams, _written(plan), **encoded),
        _stills(shown[1], plan),
        _sprite(measured, plan),
    ]


def _laid_out(source: Node, video: StreamFacts, plan: Plan) -> Node:
    picture = source[str(video.index)]
    if plan.laid:
        picture = picture.filter("select", select_expression(plan.laid))
        picture = picture.filter("setpts", move_expression(plan.laid))
    if plan.fps_cap:
        # Drops, never repeats: the fps filter would fill a gap of a year with pictures.
        picture = _every(picture, 1 / (plan.fps_cap + 1))
    return picture


def _small(picture: Node, video: StreamFacts, plan: Plan) -> Node:
    """Upright, and of the rendition's size and colours."""
    for name, *arguments in orientation.filters(video.rotation, video.mirrored):
        picture = picture.filter(name, *arguments)
    scaled = _for_any_screen(picture.filter("scale", plan.width, plan.height), video)
    return scaled.filter("format", "yuv420p").filter("setsar", 1)


def _stills(shown: Node, plan: Plan) -> Node:
    return (
        _every(shown, plan.still_every_s, steady=True)
        .filter("signalstats")
        .filter("metadata", mode="print", file=STILL_LOG)
        .output(STILL_PATTERN, f="image2", vsync="passthrough", **{"q:v": 3, "frames:v": STILLS + 1})
    )


def _measured(seen: Node, plan: Plan) -> Node:
    return (
        seen.filter("scale", *plan.measure_size, flags="fast_bilinear")
        .filter("signalstats")
        .filter("freezedetect", noise=FREEZE_NOISE, duration=FREEZE_S)
        # To standard output: it is the progress too. ffmpeg's own starts only when every output has begun, and
        # the sprite begins at the end.
        .filter("metadata", mode="print", file="-", direct=1)
    )


def _sprite(measured: Node, plan: Plan) -> Node:
    return (
        _every(measured, plan.sprite_every_s, steady=True)
        .filter("metadata", mode="print", key="lavfi.signalstats.YAVG", file=SPRITE_LOG)
        .filter("scale", *plan.tile)
        .filter("tile", f"{TILE_COLUMNS}x{plan.sprite_rows}")
        .output(SPRITE, f="image2", update=1, vsync="passthrough", **{"q:v": 5})
    )


def _for_any_screen(picture: Node, video: StreamFacts) -> Node:
    """High dynamic range would look grey and flat on a screen that is not made for it."""
    if video.transfer not in HDR:
        return picture
    meant = {"tin": video.transfer, "pin": "bt2020", "min": "bt2020nc", "rin": "limited"}
    linear = picture.filter("zscale", **meant, t="linear", npl=100).filter("format", "gbrpf32le")
    toned = linear.filter("zscale", p="bt709").filter("tonemap", tonemap="hable", desat=0)
    return toned.filter("zscale", t="bt709", m="bt709", r="limited")


def _every(stream: Node, seconds: float, steady: bool = False) -> Node:
    """At most one frame in `seconds`; `steady` keeps to a grid from the first frame on, so that none drift."""
    due = (
        f"gte(t-start_t,selected_n*{seconds:.6f})"
        if steady
        else f"gte(t-prev_selected_t,{seconds * 0.99:.6f})"
    )
    return stream.filter("select", f"isnan(prev_selected_t)+{due}")


def _sound(source: Node, audio: StreamFacts, plan: Plan) -> Node:
    # Gaps are filled with silence, else sound after a gap would come too early.
    heard = source[str(audio.index)]
    if plan.laid:
        heard = heard.filter("aselect", select_expression(plan.laid))
        heard = heard.filter("asetpts", move_expression(plan.laid))
    return heard.filter("aresample", **{"async": 1000, "first_pts": 0})


def _peaks(sound: Node, plan: Plan) -> Node:
    """What waveform and silence are read from."""
    return (
        sound.filter("silencedetect", noise=f"{SILENCE_DB}dB", duration=SILENCE_S)
        .filter("ametadata", mode="print", file=SILENCE_LOG)
        .output(PEAKS_PCM, f="s16le", ac=1, ar=plan.peaks_rate)
    )


def _sound_only(sound: Node, audio: StreamFacts, plan: Plan) -> list[Node]:
    parts = sound.asplit()
    playable = ffmpeg.output(
        parts[0], _written(plan), **aac(audio), **_container(), t=round(plan.duration_s + 1, 3)
    )
    return [playable, _drawn(parts[1], plan)]


def _drawn(sound: Node, plan: Plan) -> Node:
    """A picture of the sound."""
    least, most = WAVE_RATES
    return (
        # The picture is drawn when all of the sound is there: it is kept small, and in few pieces.
        sound.filter("aresample", max(least, min(most, int(WAVE_SAMPLES / plan.duration_s))))
        .filter("aformat", sample_fmts="s16p", channel_layouts="mono")
        .filter("asetnsamples", n=65536, p=0)
        .filter("showwavespic", s="1280x720", colors="#4a7ebb")
        .output(POSTER, f="image2", update=1, **{"q:v": 3, "frames:v": 1})
    )


def aac(audio: StreamFacts) -> dict:
    channels = min(audio.channels or 2, 2)
    rate = audio.sample_rate if audio.sample_rate in AAC_RATES else 48000
    return {"c:a": "aac", "b:a": f"{64 * channels}k", "ac": channels, "ar": rate}


def _container() -> dict:
    # Tags stay behind: a copy for the browser must not carry place and device further than the index does.
    return {"f": "tee", "flags": "+global_header", "map_metadata": -1, "map_chapters": -1}


def _written(plan: Plan) -> str:
    """The same packets twice: the file that is kept, and pieces that can be watched while it is made. A piece begins at
    each key frame, of sound alone every second."""
    pieces = (
        f"f=hls:hls_time={0.5 if plan.video else 1}:hls_segment_type=fmp4:hls_playlist_type=event",
        "hls_flags=temp_file+independent_segments",
        f"hls_fmp4_init_filename={HEAD}:hls_segment_filename={PIECE_PATTERN}",
    )
    return f"[f=mp4:movflags=+faststart]{PLAYABLE}|[{':'.join(pieces)}]{PIECES}"
