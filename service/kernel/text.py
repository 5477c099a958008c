"""The one spelling under which text is compared. Pure."""

import re
import unicodedata

_OPENING, _CLOSING = "〔［【[｛{〈《<＜﹙﹝❲", "〕］】]｝}〉》>＞﹚﹞❳"
_FOLDED = str.maketrans(
    dict.fromkeys(_OPENING, "(") | dict.fromkeys(_CLOSING, ")") | dict.fromkeys("‐‑‒–—―−﹣", "-")
)
_DROPPED = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]+")
_PLAIN = re.compile(r"[一-鿿a-z0-9().,:_/-]*")


def fold(text: str) -> str:
    """NFKC (full width → half width), lower case, one kind of bracket and dash, no white space or control
    characters. Folding twice changes nothing. Traditional characters stay as they are."""
    text = _DROPPED.sub("", text).translate(_FOLDED).lower()
    if _PLAIN.fullmatch(text):
        return text
    for _ in range(2):  # case folding can undo NFKC and the other way round: twice reaches the fixed point
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = _DROPPED.sub("", text).translate(_FOLDED)
    return text
