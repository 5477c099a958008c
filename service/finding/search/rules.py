"""How text and filters become the tokens of the search index. Pure.

A document has one array of int4 tokens. Text gives a token per two neighbouring characters (Chinese words have
two, so every substring of two and more is found) and per three (so that longer words are not sought among all that
share their common parts). Filters (squad, state, day …) give hashed tokens in the same
array, so that one index scan intersects words and filters. Tokens only preselect: every query checks the real
columns again, hence a collision costs a row read and never a wrong hit.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2s
from itertools import pairwise
from math import ceil, cos, floor, radians

from service.finding.search.errors import FilterUnreadable, QueryTooShort
from service.kernel.asked import few
from service.kernel.geo import EARTH_M
from service.kernel.text import fold
from service.registry.cases.rules import case_number_fold, names_case, pieces, simplified

MAX_RADIUS_M = 50_000


def grams(folded: str) -> set[int]:
    """A token for each two and each three neighbouring UTF-16 units, as int4. Whatever lies within a text has its
    grams within the text's."""
    units = folded.encode("utf-16-le")
    one = struct.unpack(f"<{len(units) // 2}H", units)
    found = {(b << 16 | a) - ((b & 0x8000) << 17) for a, b in pairwise(one)}
    found.update(_triples(one))
    return found


def needle_grams(folded: str) -> set[int]:
    """The fewest grams that preselect a query's word: its threes, which are much rarer than its twos."""
    units = folded.encode("utf-16-le")
    one = struct.unpack(f"<{len(units) // 2}H", units)
    return set(_triples(one)) if len(one) > 2 else grams(folded)


def _triples(units: tuple[int, ...]) -> list[int]:
    # Any mixing does: a collision only costs the look at a row.
    return [
        (((a * 40_503 + b) * 48_271 + c) * 2_654_435_761 >> 8 & 0xFFFFFFFF) - 0x80000000
        for a, b, c in zip(units, units[1:], units[2:], strict=False)
    ]


def tokens(text: str) -> set[int]:
    """The text tokens of a document's field, or of a query's word (of two characters and more)."""
    return grams(fold(text))


@lru_cache(65_536)
def key_token(name: str, value: object) -> int:
    """The token of a filter's value, in the upper sixteenths of int4 that text hardly uses (private use)."""
    digest = blake2s(f"{name}\x00{value}".encode(), digest_size=4).digest()
    return struct.unpack("<i", struct.pack("<I", 0xE0000000 | int.from_bytes(digest, "little") >> 4))[0]


# ---- words ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Word:
    """One word of a query: any of its spellings must stand in the document's text. Folded."""

    spellings: tuple[str, ...]

    @property
    def indexed(self) -> bool:
        return min(map(len, self.spellings)) > 1


def words(query: str) -> tuple[Word, ...]:
    """The words of a query, all of which must be found. A single character beside longer words is checked too;
    alone it is refused, since nothing could be looked up for it.

    A case number without brackets or in traditional characters is looked for in its proper spelling as well."""
    found = []
    for piece in few(pieces(query)):
        case = case_number_fold(piece)
        spelled = case + "号" if piece.endswith(("号", "號")) else case
        proper = spelled if names_case(piece) else simplified(piece)
        found.append(Word(tuple(dict.fromkeys((piece, proper)))))
    if found and not any(word.indexed for word in found):
        raise QueryTooShort()
    return tuple(found)


# ---- time and place -------------------------------------------------------------------------------


def day_tokens(moment: datetime | None) -> list[int]:
    """A recording's start: its day, month and year (UTC)."""
    if moment is None:
        return []
    day = moment.astimezone(UTC).date().isoformat()
    return [key_token("time", day[:length]) for length in (10, 7, 4)]


def range_tokens(since: datetime | None, until: datetime | None) -> list[int]:
    """One of these is in every document that starts within [since, until); empty: the range is too wide or open."""
    if since is None or until is None or until <= since:
        return []
    since, last = since.astimezone(UTC), until.astimezone(UTC) - timedelta(microseconds=1)
    if (last - since).days <= 7:
        days = (last.date() - since.date()).days + 1
        return [key_token("time", str(since.date() + timedelta(days=n))) for n in range(days)]
    months = range(since.year * 12 + since.month - 1, last.year * 12 + last.month)
    if len(months) <= 36:
        return [key_token("time", f"{n // 12:04}-{n % 12 + 1:02}") for n in months]
    years = range(since.year, last.year + 1)
    return [key_token("time", f"{year:04}") for year in years] if len(years) <= 40 else []


@dataclass(frozen=True)
class Near:
    lat: float
    lon: float
    radius_m: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise FilterUnreadable(field="near", problem="lat -90…90, lon -180…180")
        if not 0 < self.radius_m <= MAX_RADIUS_M:
            raise FilterUnreadable(field="near", problem=f"0 < radius ≤ {MAX_RADIUS_M} m")

    @classmethod
    def parse(cls, text: str) -> "Near":
        """`lat,lon` or `lat,lon,radius_m` (200 m without)."""
        try:
            lat, lon, radius = ([float(part) for part in text.split(",")] + [200.0])[:3]
        except ValueError as error:
            raise FilterUnreadable(field="near", problem="lat,lon,radius_m") from error
        return cls(lat, lon, radius)

    def box(self) -> tuple[float, float, float, float]:
        """south, north, west, east: degrees that contain the circle (west and east may pass ±180)."""
        d_lat = self.radius_m / EARTH_M * 57.29578 * 1.001
        d_lon = d_lat / max(cos(radians(min(89.9, abs(self.lat) + d_lat))), 1e-4)
        return self.lat - d_lat, self.lat + d_lat, self.lon - d_lon, self.lon + d_lon


_CELLS = {"place2": 0.01, "place1": 0.1}  # degrees: about 1 km and 11 km


def place_tokens(lat: float | None, lon: float | None) -> list[int]:
    if lat is None or lon is None:
        return []
    return [
        key_token(name, f"{floor(lat / size)},{_wrap(floor(lon / size), size)}")
        for name, size in _CELLS.items()
    ]


def near_tokens(near: Near) -> list[int]:
    """One of these cells holds every point of the circle; empty: too many cells (near the poles)."""
    south, north, west, east = near.box()
    for name, size in _CELLS.items():
        rows = range(floor(south / size), floor(north / size) + 1)
        columns = range(floor(west / size), floor(east / size) + 1)
        if len(rows) * len(columns) <= 144:
            return [key_token(name, f"{row},{_wrap(column, size)}") for row in rows for column in columns]
    return []


def _wrap(column: int, size: float) -> int:
    around = ceil(round(360 / size))
    return (column + around // 2) % around - around // 2


def all_tokens(texts: Iterable[str], keys: Iterable[tuple[str, object]]) -> set[int]:
    found = {key_token(name, value) for name, value in keys}
    for text in texts:
        found |= grams(text)
    return found
