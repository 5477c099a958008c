"""Clocks in sentences."""

from datetime import datetime
from urllib.parse import quote

from schemas.recorders import Recorder
from schemas.recording_clock import OffsetBasis
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy, moment, number
from service.kernel.words import Word
from service.registry.clocks.rules import Basis, Kind, Unused

# What measured a recorder's clock.
CLOCK_SOURCES = {
    "dock": Word(
        lazy("Dock"),
        icon="plug",
        meaning=lazy("The recorder's clock against the server's, read in the dock."),
    ),
    "sidecar": Word(
        lazy("Station's record"),
        icon="file-text",
        meaning=lazy("The recorder's clock against the station's, as its record names both."),
    ),
    "gps": Word(
        lazy("Satellites"),
        icon="satellite",
        meaning=lazy("The time that the camera wrote into the file, against that of the satellites."),
    ),
    "burned_in": Word(
        lazy("Picture and satellites"),
        icon="scan-text",
        meaning=lazy("The time burned into the picture, against that of the satellites."),
    ),
    "hand": Word(lazy("By hand"), icon="pen-line", meaning=lazy("A person compared the clocks.")),
}

UNUSED = {
    Unused.withdrawn: lazy("It was withdrawn."),
    Unused.contradicted: lazy("It contradicts the measurements around it, which agree with each other."),
}

CLAIM_SOURCES = {
    "gps": lazy("the satellites"),
    "burned_in": lazy("the time in the picture"),
    "declared": lazy("what was declared on upload"),
    "sidecar": lazy("the sidecar file"),
    "filename": lazy("the file name"),
    "container": lazy("the file's header"),
    "stream": lazy("the file's header"),
}
_UNITS = ((86400, lazy("{n} d")), (3600, lazy("{n} h")), (60, lazy("{n} min")))


def length(seconds: float) -> str:
    """Without a sign, in two units at the most: 4.2 s, 2 min 10 s, 8 h 1 min, 24 d 3 h."""
    left = abs(seconds)
    if left < 60:
        return _("{n} s").format(n=f"{left:.1f}" if left < 59.95 and left % 1 >= 0.05 else f"{left:.0f}")
    whole, parts = round(left), []
    for size, unit in _UNITS:
        if whole >= size:
            parts.append(str(unit).format(n=whole // size))
            whole %= size
    if whole:
        parts.append(_("{n} s").format(n=whole))
    return " ".join(parts[:2])


def rough_length(seconds: float) -> str:
    """How late something is or how long it waits: as `length` below two days, then in whole days: 1,053 d."""
    days = int(abs(seconds) // 86400)
    return length(seconds) if days < 2 else _("{n} d").format(n=number(days))


def off(seconds: float) -> str:
    """“12 s fast”, “8 h slow”, “right”."""
    if abs(seconds) < 0.05:
        return _("exact")
    return (_("{time} fast") if seconds > 0 else _("{time} slow")).format(time=length(seconds))


def doubt(seconds: float) -> str:
    return f"± {length(seconds)}"


def signed(seconds: float) -> str:
    return f"{'+' if seconds > 0 else '−' if seconds < 0 else ''}{length(seconds)}"


def drift(rate: tuple[float, float]) -> str:
    return _("{rate} s a day, ± {doubt}").format(rate=f"{rate[0]:+.1f}", doubt=f"{rate[1]:.1f}")


def basis_sentence(basis: Basis | OffsetBasis | None) -> str | None:
    """Where a correction comes from; from a recording's `clock["basis"]` as well."""
    if basis is None:
        return None
    said = basis.as_json() if isinstance(basis, Basis) else basis
    near = [
        _("{source} on {time}").format(
            source=CLOCK_SOURCES[one["source"]].label, time=moment(datetime.fromisoformat(one["at"]))
        )
        for one in said.get("near", [])
    ]
    first, last = (near or ["–"])[0], (near or ["–"])[-1]
    match Kind(said["kind"]):
        case Kind.between if first != last:
            return _("Between two measurements that agree: {first}; {last}.").format(first=first, last=last)
        case Kind.between:
            return _("Measured: {last}.").format(last=last)
        case Kind.after:
            return _("After the last measurement: {last}; the doubt grows with every day.").format(last=last)
        case Kind.before:
            return _("Before the first measurement: {first}; the doubt grows with every day.").format(
                first=first
            )
        case Kind.jump:
            return _(
                "The clock was set between {first} and {last}; nobody knows when, so the doubt reaches to both."
            ).format(first=first, last=last)


def claim_source(name: str | None) -> str | None:
    word = (name or "").partition(":")[0]
    return str(CLAIM_SOURCES[word]) if word in CLAIM_SOURCES else None


def recorder_path(recorder: Recorder) -> str:
    return f"/recorders/{quote(recorder.serial, safe='')}"
