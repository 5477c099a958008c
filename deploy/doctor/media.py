"""What reads recordings: programs, the sandbox round them, and the children in which tables and tracks are read."""

import shutil
import subprocess
from collections.abc import Iterator
from functools import partial

from deploy.doctor.findings import Finding, broken, ok, warning
from service.kernel.i18n import gettext as _
from service.kernel.settings import Settings

NEEDED = {
    "encoders": ("libx264", "aac", "mjpeg", "png"),
    "decoders": ("h264", "hevc", "mpeg4", "mpeg2video", "mjpeg", "aac", "mp3", "ac3", "mp2"),
    "filters": (
        *("scale", "fps", "split", "select", "tile", "transpose", "thumbnail", "aresample", "astats"),
        *("blackdetect", "freezedetect", "silencedetect", "signalstats", "metadata"),
    ),
    "muxers": ("mp4", "image2", "null", "tee", "hls", "framecrc"),
}
ALLOWED_BYTES = 64 * 2**20
TAKEN_BYTES = 4 * ALLOWED_BYTES
FOR_THE_DEMO = {"encoders": ("libx265", "libmp3lame"), "filters": ("drawtext",), "muxers": ("avi", "mpegts")}


def ffmpeg(settings: Settings) -> Iterator[Finding]:
    if not (program := shutil.which("ffmpeg")) or not shutil.which("ffprobe"):
        yield broken("ffmpeg", _("is not installed"), _("Run `apt-get install ffmpeg`."))
        return
    lacking = [name for kind, names in NEEDED.items() for name in _lacking(program, kind, names)]
    for_demo = [name for kind, names in FOR_THE_DEMO.items() for name in _lacking(program, kind, names)]
    told = subprocess.run([program, "-version"], capture_output=True, text=True).stdout
    version = told.split("version ", 1)[-1].split(" ", 1)[0]
    if lacking:
        yield broken("ffmpeg", _lacks(version, lacking), _("Install Debian's ffmpeg."))
    elif for_demo:
        yield warning("ffmpeg", _lacks(version, for_demo), _("Only the demo's footage needs them."))
    else:
        yield ok("ffmpeg", _("{version} with all codecs and filters needed").format(version=version))


def _lacks(version: str, names: list[str]) -> str:
    return _("{version} lacks {names}").format(version=version, names=", ".join(names))


def tesseract(settings: Settings) -> Iterator[Finding]:
    if program := shutil.which("tesseract", path="/usr/bin:/bin"):
        told = subprocess.run([program, "--version"], capture_output=True, text=True)
        yield ok("tesseract", (told.stdout or told.stderr).splitlines()[0].removeprefix("tesseract "))
    else:
        yield warning(
            "tesseract",
            _("is not installed: times burned into pictures stay unread"),
            _("Run `apt-get install tesseract-ocr`."),
        )


def photos(settings: Settings) -> Iterator[Finding]:
    tools = {"vipsthumbnail": "libvips-tools", "exiftool": "libimage-exiftool-perl"}
    lacking = [package for tool, package in tools.items() if not shutil.which(tool, path="/usr/bin:/bin")]
    if lacking:
        yield broken(
            "photos",
            _("{names} is not installed: photos wait").format(names=", ".join(lacking)),
            _("Run `apt-get install {names}`.").format(names=" ".join(lacking)),
        )
    else:
        yield ok("photos", _("libvips decodes them, ExifTool reads what they say"))


def _lacking(program: str, kind: str, names: tuple[str, ...]) -> list[str]:
    told = subprocess.run([program, "-hide_banner", f"-{kind}"], capture_output=True, text=True).stdout
    # " V..... libx264   …": the name is the second word; a muxer may list several, by commas.
    there = {
        name for line in told.splitlines() if len(line.split()) > 1 for name in line.split()[1].split(",")
    }
    return [name for name in names if name not in there]


def sandbox(settings: Settings) -> Iterator[Finding]:
    from workers.media.sandbox import Sandbox, SandboxUnavailable

    try:
        wrong = Sandbox.here().check()
    except SandboxUnavailable as error:
        wrong = str(error)
    if wrong:
        yield broken(
            "sandbox", wrong, _("Media waits until bubblewrap can start: allow unprivileged user namespaces.")
        )
    else:
        yield ok("sandbox", _("ffmpeg runs in it, without network, on one folder"))


def readers(settings: Settings) -> Iterator[Finding]:
    """Both kinds of children are tried: what a stranger's bytes may cost must be refused by this very kernel."""
    from service.kernel.bounded import Bounds, OutOfBounds, run_bounded
    from workers.media import apart

    lacking = []
    for name, try_it in (
        (
            _("tracks"),
            lambda: apart.apart(partial(take, TAKEN_BYTES), apart.Bounds(memory_bytes=ALLOWED_BYTES)),
        ),
        (
            _("tables"),
            lambda: run_bounded(take, TAKEN_BYTES, bounds=Bounds(5, 30.0, memory_bytes=ALLOWED_BYTES)),
        ),
    ):
        try:
            try_it()
        except (apart.Exceeded, OutOfBounds) as ended:
            if "memory" in ended.args:
                continue
        except OSError as error:
            yield broken(
                "readers", str(error), _("Let the service start processes (ulimit -u, TasksMax): files wait.")
            )
            return
        lacking.append(name)
    if lacking:
        yield broken(
            "readers",
            _("memory is not bounded here: {names}").format(names=", ".join(lacking)),
            _("Run it on a kernel that keeps RLIMIT_DATA and RLIMIT_AS (Linux 4.7 or newer)."),
        )
    else:
        yield ok("readers", _("memory and processor are bounded for tables and tracks"))


def take(memory_bytes: int) -> int:
    return len(bytearray(memory_bytes))
