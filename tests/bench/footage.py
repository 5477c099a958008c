"""The recordings that the benchmarks work on: made by ffmpeg once, kept in build/bench."""

import hashlib
import shutil
import struct
import subprocess
from pathlib import Path

from schemas.base import new_id
from tests.bench.report import BUILD

BOX = 8 + 16
"""Size, the word `free`, and 16 bytes that differ: the same footage, other bytes."""


def clip(seconds: int) -> Path:
    """1080p30 with moving patterns, noise and a tone, at 8 Mbit/s."""
    source = f"testsrc2=size=1920x1080:rate=30:duration={seconds},noise=alls=12:allf=t+u,format=yuv420p"
    options = [
        *("-f", "lavfi", "-i", source),
        *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"),
        *("-c:v", "libx264", "-preset", "superfast", "-g", "60"),
        *("-b:v", "8M", "-maxrate", "8M", "-bufsize", "16M"),
        *("-c:a", "aac", "-b:a", "128k", "-ac", "1"),
    ]
    return _made(f"clip-{seconds}s", options)


def hevc_clip(seconds: int) -> Path:
    """The same pictures as newer cameras write them, which few browsers play."""
    source = f"testsrc2=size=1920x1080:rate=30:duration={seconds},noise=alls=12:allf=t+u,format=yuv420p"
    options = [
        *("-f", "lavfi", "-i", source),
        *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"),
        *("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1"),
        *("-x265-params", "log-level=error:keyint=60:min-keyint=60:vbv-maxrate=8000:vbv-bufsize=16000"),
        *("-b:v", "8M", "-c:a", "aac", "-b:a", "128k", "-ac", "1"),
    ]
    return _made(f"hevc-{seconds}s", options)


def long_clip(size: int, seconds: int) -> Path:
    """At least `size` bytes: a clip of so many seconds over and over, its streams copied."""
    part = clip(seconds)
    times = -(-size // part.stat().st_size)
    return _made(f"long-{times}", ["-stream_loop", str(times - 1), "-i", str(part), "-c", "copy"])


def _made(name: str, options: list[str]) -> Path:
    BUILD.mkdir(parents=True, exist_ok=True)
    # The sandbox's user reads it in place.
    known = hashlib.sha256("\n".join(options).encode()).hexdigest()[:8]
    path = BUILD / f"{name}-{known}.mp4"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *options, "-f", "mp4", str(unfinished)]
        subprocess.run(command, check=True, timeout=900)
        unfinished.rename(path)
    return path


def never_seen(source: Path, target: Path) -> Path:
    """The same footage in bytes that no store has seen, by a box that players pass over."""
    shutil.copyfile(source, target)
    with target.open("ab") as file:
        file.write(free_box())
    return target


def renew(path: Path) -> None:
    """Makes what `never_seen` made into another one, in place."""
    with path.open("r+b") as file:
        file.seek(-BOX, 2)
        file.write(free_box())


def free_box() -> bytes:
    return struct.pack(">I4s", BOX, b"free") + new_id().bytes
