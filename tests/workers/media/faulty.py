"""Films in which a fault stands where it was put, as recorders of many kinds would write them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.media.quality import Quality, Range

RATE, SIZE = 25, "320x180"
KINDS = ("black", "frozen", "dark", "covered", "silent")
PICTURES = {
    "street": f"testsrc2=size={SIZE}:rate={RATE},scroll=horizontal=0.004:vertical=0.002",
    "desk": f"testsrc2=size={SIZE}:rate={RATE}",
    "zoom": f"mandelbrot=size={SIZE}:rate={RATE}:end_pts=2000:start_scale=0.5",
}
X264, MPEG2 = "-c:v libx264 -preset superfast", "-c:v mpeg2video -b:v 2000k"
ENCODERS = {
    "h264": ("mp4", X264),
    "h264_rate": ("mp4", f"{X264} -b:v 900k -maxrate 900k -bufsize 900k"),
    "h264_filled": (
        "ts",
        f"{X264} -b:v 900k -minrate 900k -maxrate 900k -bufsize 450k -x264-params nal-hrd=cbr",
    ),
    "hevc": ("mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none"),
    "mpeg4": ("avi", "-c:v mpeg4 -b:v 1200k"),
    "mpeg2": ("ts", MPEG2),
    "mpeg2_filled": ("mpg", f"{MPEG2} -minrate 2000k -maxrate 2000k -bufsize 1000k"),
    "vp9": ("webm", "-c:v libvpx-vp9 -b:v 900k -deadline realtime -cpu-used 8"),
    "av1": ("mkv", "-c:v libsvtav1 -preset 12"),
    "mjpeg": ("avi", "-c:v mjpeg -q:v 5"),
}


@dataclass(frozen=True)
class Fault:
    """`hung`: a picture that stands still under the noise of the sensor, which is no freeze."""

    kind: str
    start_s: float
    end_s: float


def film(
    clip: Callable[..., Path],
    faults: Sequence[Fault],
    *,
    picture: str = "street",
    grain: int = 0,
    encoder: str = "h264",
    group_s: float = 2,
    b_frames: int = 0,
    cuts: bool = False,
    seconds: float = 40,
    more: Sequence[str] = (),
) -> Path:
    suffix, options = ENCODERS[encoder]
    seen = [_filter(fault) for fault in faults if fault.kind in ("black", "dark", "covered", "hung")]
    seen += [f"noise=alls={grain}:allf=t"] * bool(grain)
    seen += [_still(fault) for fault in faults if fault.kind == "frozen"]
    quiet = [f"volume=enable='{_within(fault)}':volume=0" for fault in faults if fault.kind == "silent"]
    group = round(group_s * RATE)
    coded = [*options.split(), "-g", str(group)]
    if encoder.startswith("h264"):
        coded += ["-bf", str(b_frames), "-sc_threshold", "40" if cuts else "0"]
    if encoder == "hevc":
        coded[-3] += f":keyint={group}:bframes={b_frames}:scenecut={40 if cuts else 0}"
    return clip(
        f"{encoder}.{suffix}",
        *("-f", "lavfi", "-i", f"{PICTURES[picture]},trim=duration={seconds}"),
        *("-f", "lavfi", "-i", f"sine=frequency=300:duration={seconds}"),
        *("-vf", ",".join([*seen, "format=yuv420p", "setsar=1"]), "-af", ",".join([*quiet, "anull"])),
        *(*coded, "-t", str(seconds), *more),
    )


def _within(fault: Fault) -> str:
    return f"between(t,{fault.start_s},{fault.end_s - 0.001})"


def _still(fault: Fault) -> str:
    return f"select='not(between(t,{fault.start_s + 0.001},{fault.end_s - 0.5 / RATE}))',fps={RATE}"


def _filter(fault: Fault) -> str:
    if fault.kind == "hung":
        return _still(fault)
    if fault.kind == "dark":
        return f"lutyuv=y='16+(val-16)*0.15':enable='{_within(fault)}'"
    colour = "black" if fault.kind == "black" else "0x3a2a22"
    return f"drawbox=color={colour}:t=fill:w=iw:h=ih:enable='{_within(fault)}'"


def common(some: Sequence[Range], others: Sequence[Range]) -> float:
    return sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in some for b in others)


@dataclass
class Agreement:
    """Of what a whole decode found: how much was found, and how much of what was found is true."""

    wanted_s: float = 0.0
    got_s: float = 0.0
    both_s: float = 0.0
    wanted: int = 0
    got: int = 0
    found: int = 0
    true: int = 0

    def add(self, reference: Quality, measured: Quality) -> None:
        for kind in KINDS:
            wanted, got = getattr(reference, kind), getattr(measured, kind)
            self.wanted_s += sum(end - start for start, end in wanted)
            self.got_s += sum(end - start for start, end in got)
            self.both_s += common(wanted, got)
            self.wanted, self.got = self.wanted + len(wanted), self.got + len(got)
            self.found += sum(common([one], got) >= 0.5 * (one[1] - one[0]) for one in wanted)
            self.true += sum(common([one], wanted) >= 0.5 * (one[1] - one[0]) for one in got)

    @property
    def recall(self) -> tuple[float, float]:
        """(of seconds, of ranges)."""
        return self.both_s / max(self.wanted_s, 1e-9), self.found / max(self.wanted, 1)

    @property
    def precision(self) -> tuple[float, float]:
        return self.both_s / max(self.got_s, 1e-9), self.true / max(self.got, 1)
