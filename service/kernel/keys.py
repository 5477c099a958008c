"""Keys: the numbers and codes by which people and other programs name officers, recorders, squads, events.

A key is kept as it was delivered (`said`) and known again by its fold, in whatever table, form or file name it comes.
The database folds by the same rule (`FUNCTION`), in the column `folded` beside each key: whoever writes, it is there.
Two rows of one fold cannot both be made; of those from before, all but one are `double_of` that one.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, ValuesView
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, select
from sqlmodel import Session

from service.kernel.errors import Conflict, Invalid, ServiceError
from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n
from service.kernel.text import CLOSING, DASHES, DOTS, OPENING, QUOTES, STROKES, UNSEEN

T = TypeVar("T")

# Letters of other alphabets that nobody can tell from Latin ones.
_LOOK = "АВЕКМНОРСТХУІЈЅаеорсхуіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEKMHOPCTXYIJSaeopcxyijsABEZHIKMNOPTYXo"
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIGNS = (
    OPENING + CLOSING + DOTS + STROKES,
    "(" * len(OPENING) + ")" * len(CLOSING) + "·" * len(DOTS) + "-" * len(STROKES),
)
_FROM, _TO = _SIGNS[0] + _LOOK[0] + _CAPITALS, _SIGNS[1] + (_LOOK[1] + _CAPITALS).lower()
# Patterns of Python's and of PostgreSQL's, which holds neither NUL nor half characters.
_unseen = [f"\\U{a:08x}-\\U{b:08x}" for a, b in UNSEEN if a and a != 0xD800]
_DROPPED = "[" + QUOTES + "".join(_unseen) + "\\U00000001-\\U0000001f]+"
_NEVER_STORED = re.compile("[\x00\ud800-\udfff]")
_hidden = "".join(chr(code) for a, b in UNSEEN for code in range(a, b + 1) if not chr(code).isspace())
_HIDDEN = re.compile(f"[{re.escape(_hidden)}]+")
_AROUND = re.compile(f"^=*[{QUOTES}]*=*[{QUOTES}]*|[{QUOTES}]+$")
_ROUNDED = re.compile(r"[+-]?\d{1,3}(?:[.,]\d+)?[eE]\+\d{1,3}")

_alike = str.maketrans(_FROM, _TO)
_dropped = re.compile(_DROPPED)


def fold(key: str) -> str:
    """Equal for all ways to write one key: width, letter case, the kind of dash, bracket and middle dot, quotes, `="…"`,
    white space and what cannot be seen make no difference; zeros do. Folding twice changes nothing."""
    text = _dropped.sub("", _NEVER_STORED.sub("", key))
    if not text.isascii():
        text = _dropped.sub("", unicodedata.normalize("NFKC", text)).translate(_alike)
        return unicodedata.normalize("NFKC", text).lstrip("=")
    return text.translate(_alike).lstrip("=")


FUNCTION = f"""
    CREATE OR REPLACE FUNCTION key_fold(key text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ltrim(normalize(translate(
        regexp_replace(normalize(regexp_replace(key, '{_DROPPED.replace("'", "''")}', '', 'g'), NFKC),
                       '{_DROPPED.replace("'", "''")}', '', 'g'),
        '{_FROM}', '{_TO}'), NFKC), '=')
"""


def said(key: str) -> str:
    """As it was meant: without what a spreadsheet puts around it (`="…"`, a ' before it), quotes around it, blanks at
    its ends and what cannot be seen."""
    text = _HIDDEN.sub("", key).strip()
    while (less := _AROUND.sub("", text).strip()) != text:
        text = less
    if _ROUNDED.fullmatch(unicodedata.normalize("NFKC", text)):
        raise KeyRounded(number=text)
    return text


def plain(text: str) -> str:
    """In half width, with one kind of dash and without what cannot be seen; letters stay as they are."""
    text = unicodedata.normalize("NFKC", _HIDDEN.sub("", text))
    return text.translate(str.maketrans(DASHES, "-" * len(DASHES)))


def said_or_none(key: str | None) -> str | None:
    return said(key) or None if key else None


class KeyRounded(ServiceError):
    """As a spreadsheet writes a long number into a text file: its last digits are gone."""

    status, type = 400, "key-rounded"
    sentence = _n("{number} is so long that the spreadsheet lost its last digits: make the column text")


class WrittenOtherwise(Conflict):
    """`number`: as it stands here; `how`: what differs in what was sent."""

    type = "number-written-otherwise"
    sentence = _n("There is {number} already: what was sent is the same, written with {how}.")


NOT_NEW = (WrittenOtherwise, KeyRounded)
"""What else a key is refused for, beside being taken."""


def new_key(
    session: Session, column: Any, key: str, taken: ServiceError, seen: Select[Any] | None = None
) -> str:
    """The key of a row to be made, as it is kept; `taken`: what is said where one has the very same. `seen`: the rows
    that the asker may see; of another, how it is written is not told."""
    kept = said(key)
    if not kept:
        raise Invalid(field=column.key, problem=_("it is empty"))
    found = session.scalars(select(column).where(known(column.class_, [kept]))).first()
    if found is not None:
        if seen is not None and session.scalars(seen.where(known(column.class_, [kept]))).first() is None:
            raise taken
        raise taken if found == key else WrittenOtherwise(number=found, how=differs(found, key))
    return kept


def known(table: Any, keys: Iterable[str]) -> ColumnElement[bool]:
    """The rows that these keys name, however they are written."""
    return and_(table.folded.in_({fold(key) for key in keys} - {""}), table.double_of.is_(None))


class ByKey(Generic[T]):
    """Rows by their keys, found however the key is written. Of two with one key the later counts."""

    def __init__(self, rows: Iterable[tuple[str | None, T]] = ()) -> None:
        self._rows = {fold(key): row for key, row in rows if key}

    def get(self, key: str | None) -> T | None:
        return self._rows.get(fold(key)) if key else None

    def __getitem__(self, key: str) -> T:
        return self._rows[fold(key)]

    def __contains__(self, key: str) -> bool:
        return fold(key) in self._rows

    def values(self) -> ValuesView[T]:
        return self._rows.values()


class ByEither(ByKey[T]):
    """Rows by their keys, else by their names, for tables that say either. A name that several have is none, and what is
    one's key and another's name is for whoever reads the table to refuse: see `meant`."""

    def __init__(self, rows: Iterable[tuple[str | None, str, T]]) -> None:
        rows = list(rows)
        self._meant: dict[str, list[T]] = {}
        for key, name, row in rows:
            for word in {fold(key or ""), fold(name)} - {""}:
                self._meant.setdefault(word, []).append(row)
        named = ((name, row) for _key, name, row in rows if len(self.meant(name)) == 1)
        super().__init__([*named, *((key, row) for key, _name, row in rows)])

    def meant(self, said: str) -> list[T]:
        """All that it may mean."""
        return self._meant.get(fold(said), [])


# ---- what differs, in words ----------------------------------------------------------------------------

_NAMED = {
    "\u200b": _n("a zero-width space"),
    "\ufeff": _n("a byte-order mark"),
    "\xad": _n("a soft hyphen"),
    "\xa0": _n("a no-break space"),
}
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def differs(key: str, other: str) -> str:
    """How two keys of one fold are written differently, in the caller's language."""
    found = []
    apart = set(key) ^ set(other)
    found += [_(name) for sign, name in _NAMED.items() if sign in apart]
    if apart & set(_DIRECTIONS):
        found.append(_("a mark of writing direction"))
    hidden = {sign for sign in apart if _HIDDEN.match(sign)} - set(_NAMED) - set(_DIRECTIONS)
    if hidden:
        found.append(_("a character that cannot be seen"))
    steps = {
        _("full-width characters"): lambda text: unicodedata.normalize("NFKC", text),
        _("quotation marks"): lambda text: re.sub(f"[{QUOTES}=]", "", text),
        _("spaces"): lambda text: re.sub(r"\s", "", text),
        _("another dash"): _one_kind(STROKES),
        _("other brackets"): _one_kind(OPENING + CLOSING),
        _("another middle dot"): _one_kind(DOTS),
        _("letters of another alphabet"): lambda text: text.translate(str.maketrans(*_LOOK)),
        _("another letter case"): lambda text: text.translate(str.maketrans(_CAPITALS, _CAPITALS.lower())),
    }
    for name in steps:
        one, two = _HIDDEN.sub("", key), _HIDDEN.sub("", other)
        for step in (step for other_name, step in steps.items() if other_name != name):
            one, two = step(one), step(two)
        if one != two:
            found.append(name)
    return _(", ").join(found) or _("other characters")


def _one_kind(signs: str) -> Callable[[str], str]:
    alike = {
        ord(sign): like
        for sign, like in zip(*_SIGNS, strict=True)
        if sign in signs and unicodedata.is_normalized("NFKC", sign)  # of another width is said as such
    }
    return lambda text: text.translate(alike)
