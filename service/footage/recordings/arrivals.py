"""What several arrivals of the same bytes say together. Pure but for the bureau's zone.

Who says something first is believed; a later arrival fills what nobody had said, whoever said it: the uploader, the
sidecar or the file's name. What contradicts an earlier word is kept beside it and shown, never applied. What is only
guessed from a name says nothing against anybody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from schemas.claims import CLAIMABLE, Claims, SaidAlso, Source
from service.kernel.settings import get_settings
from service.kernel.text import fold
from service.kernel.written_times import time_or_none

SAME_TIME = timedelta(minutes=2)  # a station, a name and a person agree so far
SOURCES: tuple[Source, ...] = ("declared", "sidecar", "file_name")
# Where each source holds what is said once: by whom, with what, for what, when.
NAMES: dict[str, dict[Source, str]] = {
    **{name: dict.fromkeys(SOURCES, name) for name in CLAIMABLE},
    "start": {"declared": "recorded_at", "sidecar": "start", "file_name": "start"},
    "end": {"sidecar": "end", "file_name": "end"},
}
ONCE = frozenset(key for keys in NAMES.values() for key in keys.values())
DEVICE_CLOCK = ("device_time", "device_time_at")
Held = dict[str, Any]


@dataclass(frozen=True)
class Arrival:
    """`claims`: as said with it; what its own sidecar and its own name say among them."""

    receipt: str
    file_name: str
    claims: Claims


def together(own: Claims, arrivals: Iterable[Arrival]) -> Claims:
    """`own`: what the first says. `arrivals`: in their order; the first may be among them."""
    found = _copied(own)
    also: list[SaidAlso] = []
    for one in arrivals:
        more = _copied(one.claims)
        for name in NAMES:
            said = _said(more, name)
            if said is None:
                continue
            value, source = said
            held = _said(found, name)
            if held is None and (name != "event" or "event_put_right" not in own):
                _part(found, source)[NAMES[name][source]] = value
                also.append(_noted(one, name, value, source, filled=True))
            elif held is not None and _differ(name, held[0], value):
                also.append(_noted(one, name, value, source, filled=False))
        _fill_rest(found, more)
    if also:
        found["also"] = _each_once(also)
    return cast(Claims, {key: value for key, value in found.items() if value != {}})


def alone(claims: Claims) -> Claims:
    """`claims` without what later arrivals filled in: whoever reads all of them anew begins with this."""
    found = _copied(claims)
    for one in found.pop("also", ()):
        key = NAMES[one["name"]][one["source"]]
        part = _part(found, one["source"])
        if one["filled"] and str(part.get(key)) == one["value"]:
            del part[key]
    return cast(Claims, {key: value for key, value in found.items() if value != {}})


def _copied(claims: Claims) -> Held:
    return {key: dict(value) if isinstance(value, dict) else value for key, value in claims.items()}


def _part(held: Held, source: Source) -> Held:
    if source == "declared":
        return held
    if not isinstance(held.get(source), dict) or held[source].get("guessed"):
        held[source] = {}  # a guess gives way to what is said
    return cast(Held, held[source])


def _said(held: Held, name: str) -> tuple[str, Source] | None:
    for source, key in NAMES[name].items():
        part = held if source == "declared" else held.get(source)
        value = part.get(key) if isinstance(part, dict) and not part.get("guessed") else None
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip(), source
    return None


def _fill_rest(found: Held, more: Held) -> None:
    """Facts that name nobody and nothing. What the device's clock showed goes with when that was."""
    if not found.get(DEVICE_CLOCK[0]) and more.get(DEVICE_CLOCK[0]):
        found.update({key: more[key] for key in DEVICE_CLOCK if key in more})
    for source in SOURCES[1:]:
        facts = more.get(source) or {}
        if facts.get("guessed"):
            found.setdefault(source, dict(facts))
            continue
        for key, value in facts.items():
            if key not in ONCE and value and not (found.get(source) or {}).get(key):
                _part(found, source)[key] = value


def _differ(name: str, held: str, value: str) -> bool:
    if name not in ("start", "end"):
        return fold(held) != fold(value)
    zone = get_settings().zone
    one, other = time_or_none(held, zone), time_or_none(value, zone)
    return held != value if one is None or other is None else abs(one - other) > SAME_TIME


def _noted(one: Arrival, name: str, value: str, source: Source, *, filled: bool) -> SaidAlso:
    return {
        "receipt": one.receipt,
        "file_name": one.file_name,
        "name": name,
        "value": value,
        "source": source,
        "filled": filled,
    }


def _each_once(also: Iterable[SaidAlso]) -> list[SaidAlso]:
    found: dict[tuple[str, str, bool], SaidAlso] = {}
    for one in also:
        found.setdefault((one["name"], fold(one["value"]), one["filled"]), one)
    return list(found.values())
