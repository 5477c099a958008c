"""From what ffmpeg's filters wrote down to time ranges: black, frozen, silent, dark, covered lens. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

Range = tuple[float, float]
Shown = Literal["black", "dark", "covered"]

# Luma of limited-range video: 16 black, 235 white. Percentiles (YLOW 10 %, YHIGH 90 %) leave out the burned-in
# time and officer number, which would hide a black picture from blackdetect.
BLACK_HIGH, BLACK_AVG = 32, 30
DARK_AVG = 48
COVERED_AVG, COVERED_SPREAD = 100, 20
MIN_S = {"black": 1.0, "frozen": 2.0, "silent": 2.0, "dark": 3.0, "covered": 3.0}
KEPT = (b"frame:", b"lavfi.signalstats.Y", b"lavfi.freezedetect.")
"""Beginnings of the lines that are needed; signalstats prints twenty others a frame."""


@dataclass(frozen=True)
class Frame:
    """One record of a `metadata=print` file: the time and the keys printed for it."""

    t: float
    values: dict[str, float]


class Quality(BaseModel):
    """Time ranges in seconds from the start, merged and in order; `every_s` is how often pictures were looked at."""

    every_s: float | None = None
    black: list[Range] = []
    frozen: list[Range] = []
    silent: list[Range] = []
    dark: list[Range] = []
    covered: list[Range] = []


def frames(lines: Iterable[str]) -> Iterator[Frame]:
    """The records of a file that `metadata=print` or `ametadata=print` wrote; broken lines are passed over."""
    t: float | None = None
    values: dict[str, float] = {}
    for line in lines:
        if line.startswith("frame:"):
            if t is not None:
                yield Frame(t, values)
            t, values = _number(line.rpartition("pts_time:")[2]), {}
        elif "=" in line:
            key, _, value = line.strip().partition("=")
            number = _number(value)
            if number is not None:
                values[key.removeprefix("lavfi.")] = number
    if t is not None:
        yield Frame(t, values)


def of_picture(
    records: list[Frame], every_s: float, duration_s: float, frozen: Iterable[Range] | None = None
) -> Quality:
    """`frozen`: where the records are pieced together and do not say it."""

    def where(kind: Shown) -> list[Range]:
        hits = ((f.t, f.t + every_s) for f in records if kind_of(f) == kind)
        return clean(hits, every_s * 1.6, MIN_S[kind], duration_s)

    if frozen is None:
        frozen = freezes(records, duration_s)
    return Quality(
        every_s=every_s,
        black=where("black"),
        dark=where("dark"),
        covered=where("covered"),
        frozen=clean(frozen, 0.5, MIN_S["frozen"], duration_s),
    )


def freezes(records: Iterable[Frame], end_s: float) -> Iterator[Range]:
    return _pairs(records, "freezedetect.freeze", end_s)


def kind_of(frame: Frame) -> Shown | None:
    """What is wrong with this picture by itself."""
    values = frame.values
    if "signalstats.YAVG" not in values:
        return None
    if _black(values):
        return "black"
    if _covered(values):
        return "covered"
    return "dark" if values["signalstats.YAVG"] <= DARK_AVG else None


def of_sound(records: list[Frame], duration_s: float) -> list[Range]:
    return clean(_pairs(records, "silence", duration_s), 0.1, MIN_S["silent"], duration_s)


def _black(v: dict[str, float]) -> bool:
    return v["signalstats.YHIGH"] <= BLACK_HIGH and v["signalstats.YAVG"] <= BLACK_AVG


def _covered(v: dict[str, float]) -> bool:
    """Something lies on the lens: little light and nothing to see in it, though not switched off."""
    spread = v["signalstats.YHIGH"] - v["signalstats.YLOW"]
    return spread <= COVERED_SPREAD and v["signalstats.YAVG"] <= COVERED_AVG


def _pairs(records: Iterable[Frame], prefix: str, duration_s: float) -> Iterator[Range]:
    """Ranges from `<prefix>_start` and `<prefix>_end`; one still open at the end lasts to the end."""
    start: float | None = None
    for record in records:
        if (end := record.values.get(f"{prefix}_end")) is not None and start is not None:
            yield start, end
            start = None
        if (opened := record.values.get(f"{prefix}_start")) is not None:
            start = opened
    if start is not None:
        yield start, duration_s


def clean(ranges: Iterable[Range], join_s: float, least_s: float, duration_s: float) -> list[Range]:
    """Sorted, cut to 0…duration, joined across gaps of at most `join_s`, those shorter than `least_s` left out."""
    merged: list[list[float]] = []
    for start, end in sorted(ranges):
        start, end = max(0.0, start), min(end, duration_s)
        if end <= start:
            continue
        if merged and start - merged[-1][1] <= join_s:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    # A whole clip shorter than the least length counts when it is like that from end to end.
    least = min(least_s, duration_s * 0.9)
    return [(round(a, 3), round(b, 3)) for a, b in merged if b - a >= max(least, 0.002) - 1e-9]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number and abs(number) < 1e12 else None
