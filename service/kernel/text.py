"""The one spelling under which text is compared. Pure."""

import re
import unicodedata
from itertools import chain

_SIGNS = (
    range(0x21, 0x3100),
    range(0xFD00, 0xFF70),
)  # of no others Unicode says that they are brackets or dashes


def _of(*categories: str) -> str:
    signs = (chr(code) for part in _SIGNS for code in part)
    return "".join(sign for sign in signs if unicodedata.category(sign) in categories)


_LOW_QUOTES = "‚„⹂〝〞〟"  # brackets by Unicode
QUOTES = "\"'`´′″‵ʹʺʻʼʽˈˊˋ՚׳״❛❜❝❞❟❠" + _LOW_QUOTES + _of("Pi", "Pf")
OPENING = "<≪˂ᐸ⌜⌞" + "".join(sign for sign in _of("Ps") if sign not in _LOW_QUOTES)
CLOSING = ">≫˃ᐳ⌝⌟" + "".join(sign for sign in _of("Pe") if sign not in _LOW_QUOTES)
_WAVES = "~∼∽⁓〜〰"  # one of them is a dash by Unicode, and each is typed for the others
DASHES = "⁃➖─━−˗⎯⏤╌╍\U00010ead" + "".join(sign for sign in _of("Pd") if sign not in _WAVES)
STROKES = DASHES + _WAVES
DOTS = "·•‧∙⋅⸱⸳⸰・･ᆞㆍꞏ᛫ᐧ●◦⚫⚬∘⦁⬤⏺◉᳓\U00010101\U0001f784"  # between the parts of a name: any of them, or none
_CIRCLES = "○◯⚪⭘⭕"  # as 〇 is written where it is not found on the keyboard
# What nobody sees: white space, controls, marks of direction and order, joiners, selectors, fillers, and all else that
# Unicode calls ignorable. And half characters, which no table can hold.
UNSEEN = (
    *((code, code) for code in range(0x3001) if chr(code).isspace()),
    *((0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160)),
    *((0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F)),
    *((0x2800, 0x2800), (0x3164, 0x3164), (0xD800, 0xDFFF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D159, 0x1D159)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
_HAN = "〇㐀-鿿豈-\ufaff\U00020000-\U0003ffff"
NAME_DOT = f"(?<=[{_HAN}])[.]+(?=[{_HAN}])"  # 买买提.艾力; not a.mp4
_NAME_DOT = re.compile(NAME_DOT)
_PLAIN = re.compile(r"[一-鿿a-z0-9().,:_/-]*")

_EDGE_DOT = re.compile(f"^[.]+(?=[{_HAN}])|(?<=[{_HAN}])[.]+$")  # of a word cut from a name
_MARKS = re.compile(r"[,;。！!？?]+")
_unseen = "".join(chr(code) for code in chain.from_iterable(range(a, b + 1) for a, b in UNSEEN))
LIKE: dict[str, str] = (
    dict.fromkeys(OPENING, "(")
    | dict.fromkeys(CLOSING, ")")
    | dict.fromkeys(STROKES, "-")
    | dict.fromkeys(_CIRCLES, "〇")
    | dict.fromkeys("∶꞉ː˸׃։ꓽ", ":")
    | dict.fromkeys("⁄∕╱⟋⧸", "/")
    | {"、": ","}
)
"""A character → the one that stands for all that look like it."""
_dropped = LIKE | dict.fromkeys(_unseen + QUOTES + DOTS, "")
_FOLDED = str.maketrans(_dropped)
_SPACED = str.maketrans(_dropped | {c: " " for c in _unseen if c.isspace()})
DROPPED = (
    "[" + QUOTES + DOTS + "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in UNSEEN if a and a != 0xD800) + "]+"
)
"""What is left out, as a pattern of Python's and of PostgreSQL's, which never hold NUL and half characters."""


def fold(text: str) -> str:
    """NFKC (full width → half width), lower case, one kind of bracket and dash; no quotes, no dots inside a name, no
    white space or what cannot be seen. Folding twice changes nothing. Traditional characters stay as they are."""
    return _NAME_DOT.sub("", _alike(text, _FOLDED))


def spaced(text: str) -> str:
    """The same with its white space left in, each as a blank."""
    return _alike(text, _SPACED)


def words(query: str) -> list[str]:
    """Each folded, parted by white space, and by marks unless that leaves single characters alone; said once."""
    found = dict[str, None]()
    for said in spaced(query).split():
        parts = [_EDGE_DOT.sub("", fold(part)) for part in _MARKS.split(said)]
        found |= dict.fromkeys(parts if max(map(len, parts)) > 1 else [fold(said)])
    return [word for word in found if word]


def _alike(text: str, table: dict[int, str]) -> str:
    text = text.translate(table).lower()
    if _PLAIN.fullmatch(text):
        return text
    for _ in range(2):  # case folding can undo NFKC and the other way round: twice reaches the fixed point
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = text.translate(table)
    return text
