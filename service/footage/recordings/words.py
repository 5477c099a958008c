"""What is stored as codes, said in sentences of the caller's language."""

from typing import Any

from schemas.claims import SaidAlso
from schemas.originals import Original
from schemas.reasons import MESSAGES
from schemas.recording_clock import RecordingClock
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy, moment, number
from service.kernel.settings import get_settings
from service.kernel.words import Word
from service.kernel.written_times import time_or_none

STATES = {
    "announced": Word(
        lazy("Announced"),
        icon="clock",
        tone="warn",
        meaning=lazy("A station lists it; its bytes have not been received."),
    ),
    "receiving": Word(
        lazy("Receiving"), icon="cloud-upload", tone="info", meaning=lazy("Bytes are still arriving.")
    ),
    "processing": Word(
        lazy("Processing"),
        icon="loader",
        tone="info",
        meaning=lazy("Received and kept; being hashed, probed and looked through."),
    ),
    "ready": Word(
        lazy("Ready"),
        icon="circle-check",
        tone="good",
        meaning=lazy("Looked through and checked; it plays now, or as soon as somebody asks."),
    ),
    "partial": Word(
        lazy("Partly ready"),
        icon="circle-alert",
        tone="warn",
        meaning=lazy("It can be used, but something is missing."),
    ),
    "unplayable": Word(
        lazy("Not playable"),
        icon="film",
        tone="bad",
        meaning=lazy("Kept, hashed and in custody, but it cannot be shown as video."),
    ),
    "refused": Word(
        lazy("Refused"),
        icon="ban",
        tone="bad",
        meaning=lazy("Kept in quarantine. Do not erase the original from the device."),
    ),
}

LOCKS = {
    "locked": Word(
        lazy("Locked"), icon="lock", tone="seal", meaning=lazy("The store refuses to change or delete it.")
    ),
    "not_locked": Word(
        lazy("Not locked"),
        icon="lock-open",
        tone="warn",
        meaning=lazy("This store cannot lock; the file is read-only, its fingerprint proves it unchanged."),
    ),
    "pending": Word(
        lazy("Lock to come"), icon="clock", meaning=lazy("It is locked as soon as its fingerprint is known.")
    ),
}

RECEIPTS = {
    "accepted": Word(lazy("Received"), icon="circle-check", tone="good"),
    "same_bytes": Word(lazy("Same bytes as before"), icon="copy", tone="info"),
    "hash_mismatch": Word(lazy("Fingerprint differs"), icon="circle-x", tone="bad"),
    "refused": Word(lazy("Refused, in quarantine"), icon="ban", tone="bad"),
}

DOUBTS = {
    "no_claim": lazy("The file names no time at all."),
    "no_true_claim": lazy("None of the times that the file names can be true."),
    "claims_disagree": lazy("The times that this file names contradict each other."),
    "eight_hours": lazy("The camera seems to write local time as UTC, eight hours off."),
    "unreadable": lazy("A time of this file cannot be read."),
    "epoch": lazy("The camera's clock was reset, as after a flat battery."),
    "too_early": lazy("The camera names a time before such cameras existed."),
    "future": lazy("The camera's time lies after the arrival of the bytes."),
    "far_from_arrival": lazy("The camera's time lies far from the arrival of the bytes."),
    "zone_off": lazy("A time of this file is hours off the clock in the picture; the picture counts."),
    "names_end": lazy(
        "A time of this file is that of its end, by the clock in the picture; the picture counts."
    ),
    "untrusted_clock": lazy("The camera itself marked its clock as not to be trusted."),
}


# Words of English that reasons carry as parameters.
PARAMETERS = {
    "video": lazy("picture"),
    "photo": lazy("photo"),
    "audio": lazy("sound"),
    "text": lazy("a text"),
    "html": lazy("a web page"),
    "xml": lazy("an XML file"),
    "zip": lazy("an archive"),
    "rar": lazy("an archive"),
    "7z": lazy("an archive"),
    "gzip": lazy("an archive"),
    "picture": lazy("a picture"),
    "playlist": lazy("a playlist"),
    "program": lazy("a program"),
    "script": lazy("a program"),
    "document": lazy("a document"),
    "office document": lazy("a document"),
    "pdf": lazy("a document"),
    "bzip2": lazy("an archive"),
    "xz": lazy("an archive"),
    "database": lazy("a database"),
    "font": lazy("a font"),
    "garbage": lazy("other bytes behind it"),
    "cpu_time": lazy("computing time"),
    "all_cpu_time": lazy("computing time of all stages and tries together"),
    "wall_time": lazy("time"),
    "memory": lazy("memory"),
    "output_size": lazy("the size of what is made"),
    "stdout_size": lazy("the size of what is told"),
    "cancelled": lazy("waiting"),
    "crash": lazy("crashes"),
}


# What ffprobe calls them → what is printed on cameras and in data sheets.
FORMATS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "MP4 / MOV",
    "matroska,webm": "MKV / WebM",
    "mpegts": "MPEG-TS",
    "mpeg": "MPEG-PS",
    "avi": "AVI",
    "asf": "ASF / WMV",
    "flv": "FLV",
    "wav": "WAV",
    "mp3": "MP3",
    "h264": "H.264",
    "hevc": "H.265 (HEVC)",
    "mpeg4": "MPEG-4",
    "mpeg2video": "MPEG-2",
    "mjpeg": "Motion JPEG",
    "mpjpeg": "Motion JPEG",
    "jpeg": "JPEG",
    "png": "PNG",
    "heic": "HEIC",
    "avif": "AVIF",
    "webp": "WebP",
    "tiff": "TIFF",
    "dng": "DNG",
    "aac": "AAC",
    "mp2": "MP2",
    "ac3": "AC-3",
    "pcm_s16le": "PCM",
    "pcm_alaw": "G.711 A-law",
    "pcm_mulaw": "G.711 µ-law",
    "adpcm_ima_wav": "ADPCM",
}


def format_name(name: str | None) -> str | None:
    return FORMATS.get(name, name) if name else name


def reason_sentence(code: str | None, params: dict[str, Any] | None = None) -> str | None:
    """A code without a sentence is shown as it is: better than silence."""
    if code is None:
        return None
    message = MESSAGES.get(code)
    if message is None:
        return code
    try:
        return _(message) % {name: _parameter(name, value) for name, value in (params or {}).items()}
    except KeyError:
        return _(message)


def _parameter(name: str, value: Any) -> str:
    if name in ("codec", "container"):
        return str(format_name(str(value)))
    return str(PARAMETERS.get(str(value), value))


# What further arrivals of the same bytes say (service.footage.recordings.arrivals).
SAID = {
    "recorder": lazy("Recorder"),
    "officer": lazy("Officer"),
    "event": lazy("Event"),
    "case": lazy("Case"),
    "start": lazy("Start"),
    "end": lazy("End"),
}


def said_also(one: SaidAlso) -> str:
    value = one["value"]
    if one["name"] in ("start", "end"):
        at = time_or_none(value, get_settings().zone)
        value = moment(at, "second") if at else value
    return f"{SAID[one['name']]} {value}"


def far_apart(original: Original | None) -> str:
    """Of sparse footage, as the beginning of a sentence or the whole of a remark."""
    streams = (original.media.get("probe") or {}).get("streams", []) if original else []
    step = next((stream["usual_s"] for stream in streams if stream.get("usual_s")), None)
    if not step:
        return _("Sparse: few pictures, far apart")
    return _("Sparse: at most one picture in {n} seconds").format(n=number(round(step, 1)))


def doubts(clock: RecordingClock) -> list[str]:
    return [str(DOUBTS.get(code, code)) for code in clock.get("doubts", [])]


def doubt_sentence(clock: RecordingClock) -> str | None:
    return next(iter(doubts(clock)), None)
