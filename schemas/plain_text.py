"""What comes from a file, a sidecar, a table or a request, as text that can be kept and shown. Pure.

The one place that takes out what nobody can see and some parts choke on: NUL and half characters, which no table holds;
controls; the marks that turn the direction of all that follows, so that "gpj.exe" reads "exe.jpg".
"""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

BREAKS = "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_HALF = "\ud800-\udfff"
_TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROLS = "\x00-\x1f\x7f-\x9f"
_UNSTORABLE = re.compile(f"[\x00{_HALF}]")
UNSEEN = re.compile(f"[{_CONTROLS}{_HALF}{_TURNS}\u2028\u2029\ufeff\ufff9-\ufffb]")
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNSEEN_BESIDE_BREAKS = re.compile(UNSEEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0e-\x1f"))
_RUN = re.compile(f"[{BREAKS}]+")


def one_line(text: str) -> str:
    """A name, a title, a number: breaks and tabs become a blank, nothing unseen is left, nor blanks around it."""
    if UNSEEN.search(text) is None:
        return text.strip()
    return UNSEEN.sub("", _RUN.sub(" ", text)).strip()


def prose(text: str) -> str:
    """A note: lines and tabs stay."""
    if UNSEEN.search(text) is None:
        return text
    return _UNSEEN_BESIDE_BREAKS.sub("", _LINE_BREAK.sub("\n", text))


def storable(value: Any) -> Any:
    """A JSON value without what PostgreSQL cannot hold; all else as it is."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, dict):
        return {storable(key): storable(one) for key, one in value.items()}
    return [storable(one) for one in value] if isinstance(value, list | tuple) else value


def _said(clean: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)


Line = Annotated[str, _said(one_line)]
Lines = Annotated[str, _said(prose)]
