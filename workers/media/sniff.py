"""Is this plausibly a recording? Decided from the first bytes alone, before any program opens the file. Pure."""

import codecs
import re

HEAD_BYTES = 4096

_MAGIC = (
    (b"%PDF-", "pdf"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"),
    (b"MZ", "program"), (b"\x7fELF", "program"), (b"\xca\xfe\xba\xbe", "program"), (b"\xcf\xfa\xed\xfe", "program"),
    (b"\x89PNG\r\n", "picture"), (b"\xff\xd8\xff", "picture"), (b"GIF87a", "picture"), (b"GIF89a", "picture"),
    (b"BM", "picture"), (b"II*\x00", "picture"), (b"MM\x00*", "picture"), (b"8BPS", "picture"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office document"), (b"SQLite format 3\x00", "database"),
    (b"#!", "script"), (b"{\\rtf", "document"), (b"\x00\x00\x01\x00", "picture"), (b"wOF", "font"),
)  # fmt: skip
_TEXT = (
    (re.compile(rb"^\s*#EXT"), "playlist"),
    (re.compile(rb"^\s*ffconcat"), "playlist"),
    (re.compile(rb"^\s*\[playlist\]", re.I), "playlist"),
    (re.compile(rb"<MPD[\s>]|<SmoothStreamingMedia|<smil[\s>]|<asx[\s>]", re.I), "playlist"),
    (re.compile(rb"^v=0\r?\no=", re.I), "playlist"),
    (re.compile(rb"<svg[\s>]", re.I), "picture"),
    (re.compile(rb"<!doctype html|<html[\s>]", re.I), "html"),
    (re.compile(rb"^\s*<\?xml"), "xml"),
)
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif"}


def refuse(head: bytes) -> str | None:
    """The kind of a file that is no recording ("zip", "html", "picture", "text", "empty" …), else None.

    Unknown binary data is not refused: it may be a vendor's own container, which is kept as unplayable.
    """
    if not head:
        return "empty"
    if is_media(head):
        return None
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
        return "picture"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF":
        return "picture" if head[8:12] == b"WEBP" else None
    for pattern, kind in _TEXT:
        if pattern.search(head[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")):
            return kind
    return "text" if _is_text(head) else None


def is_media(head: bytes) -> bool:
    """Whether a file that begins so is surely one with pictures or sound."""
    if head[4:8] in (b"moov", b"mdat", b"wide", b"moof", b"styp") or (
        head[4:8] == b"ftyp" and head[8:12] not in _HEIF
    ):
        return True
    if head[:4] in (b"\x1aE\xdf\xa3", b"OggS", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x30\x26\xb2\x75"):
        return True
    if head[:3] in (b"FLV", b"ID3") or head[:5] == b"#!AMR":
        return True
    return any(
        len(head) > offset + 2 * step and all(head[offset + i * step] == 0x47 for i in range(3))
        for offset, step in ((0, 188), (4, 192), (0, 204))
    )


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return head[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-8", "gb18030"):
        try:
            # not final: the head may end in the middle of a character
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        odd = sum(1 for c in text if not (c.isprintable() or c in "\r\n\t\f"))
        return odd * 50 < max(1, len(text))
    return False
