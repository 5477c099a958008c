"""Cells that hold a key, as spreadsheets and databases write them into a table. Pure."""

import re
from collections.abc import Iterable
from typing import Any

from service.kernel.i18n import gettext as _
from service.kernel.keys import said
from service.registry.importing.xlsx import Dated

# What a spreadsheet makes of 3-5 and shows in its place.
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DAY = re.compile(rf"\d{{1,2}}月\d{{1,2}}日|\d{{1,2}}-(?:{_MONTHS})|(?:{_MONTHS})-\d{{2}}", re.IGNORECASE)
_DECIMAL = re.compile(r"\d{2,}\.0+")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
# A spreadsheet keeps fifteen digits and writes zeros for the rest.
_ENDS_IN_NILS = re.compile(r"\d{15}0+")
_LONG = re.compile(r"\d{16,}")
_NOTHING = frozenset(("null", "(null)", "<null>", "[null]", "\\n", "nan", "nat"))  # of databases' exports


def no_key(value: Any, *, several: bool = False) -> str:
    """Why a cell cannot hold the key that was meant, in a sentence; "" where it can. `several`: it may hold a list."""
    if isinstance(value, list):
        return next((problem for one in value if (problem := no_key(one))), "")
    if isinstance(value, Dated) or (isinstance(value, str) and _DAY.fullmatch(value.strip())):
        return _("the spreadsheet made a day or a time of it: make the column text and type it anew")
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return _("it was written as a decimal number: make the column text")
    if isinstance(value, str) and not several and _THOUSANDS.fullmatch(value.strip()):
        return _("it was written with marks of thousands: make the column text")
    return ""


def maybe_rounded(column: Iterable[Any]) -> frozenset[str]:
    """Those of its cells of more than fifteen digits, where all of them end as a spreadsheet writes a number whose last
    digits it lost. One that ends otherwise tells that the column was text."""
    found = frozenset(
        text for cell in column if isinstance(cell, str) and _LONG.fullmatch(text := cell.strip())
    )
    return found if all(map(_ENDS_IN_NILS.fullmatch, found)) else frozenset()


def key_said(value: Any) -> Any:
    """KeyRounded where its last digits are lost. Empty where a database wrote that there is none."""
    if isinstance(value, str):
        text = said(value)
        return "" if text.casefold() in _NOTHING else text
    return [text for one in value if (text := key_said(one))] if isinstance(value, list) else value
