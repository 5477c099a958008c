"""What ffmpeg may open, and as what. Given on every input of every ffmpeg and ffprobe call, before `-i`.

`-protocol_whitelist file` alone still lets a playlist named video.mp4 read a sibling file: only the list of
real containers closes that. No playlists (hls, dash, concat), no pictures (image2, svg), no text formats. What cameras
and dictation machines write belongs here: a sound file of a container that is missing is not damaged (`NOT_LISTED`).
"""

import re

CONTAINERS = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo",
    "flv", "asf", "h264", "hevc", "wav", "mp3", "aac", "amr", "ogg",
    "dhav", "dv", "mxf", "m4v", "ivf", "flac", "aiff", "caf", "w64", "ac3", "dss", "mjpeg", "mpjpeg",
)  # fmt: skip

NOT_LISTED = re.compile(r"\[([\w,]+) @ \w+\] Format not on whitelist")
"""What ffmpeg says of a container that it knows and that is not among these; which it is."""

INPUT_GUARD = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINERS)}
"""The same as keyword arguments of `ffmpeg.input`."""

INPUT_GUARD_ARGS = tuple(part for key, value in INPUT_GUARD.items() for part in (f"-{key}", value))

UNTOLD = ("mjpeg",)  # ffmpeg takes the first picture of such a file for a photo: it has to be told what it is
WITHOUT_TIMES = (
    "mjpeg",
    "mpjpeg",
)  # nothing in them says how fast their pictures follow: ffmpeg assumes a rate


def guard(container: str | None) -> dict[str, str]:
    """INPUT_GUARD for a file that is known to be of this container."""
    return {**INPUT_GUARD, "f": container} if container in UNTOLD else INPUT_GUARD


def guard_args(container: str | None) -> tuple[str, ...]:
    """INPUT_GUARD_ARGS for a file that is known to be of this container."""
    return (*INPUT_GUARD_ARGS, "-f", container) if container in UNTOLD else INPUT_GUARD_ARGS
