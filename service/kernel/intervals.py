"""Interval arithmetic: half-open (start, end) pairs of moments, or of seconds. Exact, and pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

T = TypeVar("T", datetime, float)


def union(stretches: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """In order, apart from each other, none empty."""
    merged: list[tuple[T, T]] = []
    for start, end in sorted(one for one in stretches if one[0] < one[1]):
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def clip(stretches: Iterable[tuple[T, T]], start: T, end: T | None) -> list[tuple[T, T]]:
    """What of each lies inside; `end` None: no end."""
    inside: list[tuple[T, T]] = []
    for since, until in stretches:
        since = max(since, start)
        if end is not None and until > end:
            until = end
        if since < until:
            inside.append((since, until))
    return inside


def common(some: Sequence[tuple[T, T]], others: Sequence[tuple[T, T]]) -> list[tuple[T, T]]:
    """What lies in both, each of which is in order and apart."""
    found: list[tuple[T, T]] = []
    place = 0
    for start, end in some:
        while place < len(others) and others[place][1] <= start:
            place += 1
        for since, until in others[place:]:
            if since >= end:
                break
            found.append((max(start, since), min(end, until)))
    return found


def gaps(recorded: Sequence[tuple[T, T]], start: T, end: T) -> list[tuple[T, T]]:
    """What of (start, end) is not in `recorded`, which is a `union`."""
    missing: list[tuple[T, T]] = []
    here = start
    for since, until in recorded:
        if since >= end:
            break
        if since > here:
            missing.append((here, since))
        here = max(here, until)
    if here < end:
        missing.append((here, end))
    return missing
