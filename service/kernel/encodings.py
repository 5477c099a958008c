"""Text in whatever encoding a program in China wrote it. Pure.

Told by the whole text: a first line of ASCII says nothing of the names below it.
"""

import re
from contextlib import suppress

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_MOSTLY = 0.9
_SELDOM = 60
_USUAL = re.compile(r"[\t\r\n -~·—-…、-】一-龥！-～]")
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_GB_2312 = re.compile(rb"[\xa1-\xa3\xb0-\xf7][\xa1-\xfe]")  # signs and Han, nearly all of a Chinese text
_RARELY = 0.2
_ODD = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


class NoText(ValueError):
    """`encoding` is what the bytes seem to be in, `place` the first that do not fit."""

    def __init__(self, encoding: str, place: int) -> None:
        super().__init__(f"{encoding}, byte {place}")
        self.encoding = encoding


def decoded(data: bytes) -> str:
    """UTF-8 and UTF-16, with a mark or without, else GB 18030 (which holds GBK and GB 2312). Big5 is refused: read as
    GB 18030 it gives other names."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data[len(mark) :], encoding, len(mark))
    if wide := _wide(data):
        return wide
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _seems_utf_8(data):  # one broken byte among good ones: as GB 18030 every name would be another
            raise NoText("utf-8", error.start) from error
    text = _decode(data, "gb18030")
    if place := _seems_big5(data):
        raise NoText("big5", place - 1)
    return text


def sent(raw: bytes) -> str:
    """A name or a few words as some client sent them: UTF-8, or the GB 18030 of a Chinese Windows. UnicodeDecodeError
    if it is neither."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def name_decoded(raw: bytes) -> str:
    """The same of a file's name; what is in neither encoding is replaced, for the bytes it names are sound."""
    try:
        return sent(raw)
    except UnicodeDecodeError:
        return raw.decode(errors="replace")


def _decode(data: bytes, encoding: str, before: int = 0) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NoText(encoding, before + error.start) from error


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: commas and line ends have a zero byte, mostly on one side; "" if it is none."""
    if len(data) % 2 or data.count(0) * _SELDOM < len(data):
        return ""
    encoding = "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
    with suppress(UnicodeDecodeError):
        text = data.decode(encoding)
        if not _ODD.search(text) and len(_USUAL.findall(text)) >= _MOSTLY * len(text):
            return text
    return ""


def _seems_utf_8(data: bytes) -> bool:
    fitting = sum(len(found) for found in _UTF_8.findall(data))
    return fitting >= _MOSTLY * len(_BEYOND_ASCII.findall(data))


def _seems_big5(data: bytes) -> int:
    """Where its first sign outside GB 2312 ends; 0 if it is none. Much of Big5 lies outside, and nothing of it is
    wrong as such."""
    try:
        data.decode("big5")
    except UnicodeDecodeError:
        return 0
    outside = [found for found in _PAIR.finditer(data) if not _GB_2312.fullmatch(found[0])]
    return outside[0].start() + 1 if len(outside) > max(1, _RARELY * len(_PAIR.findall(data))) else 0
