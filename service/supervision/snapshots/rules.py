"""Months, and the fingerprint of frozen rows. Pure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from schemas.coverage import SnapshotRow
from service.kernel.errors import Invalid


def month_of(text: str) -> date:
    """2024-06 → its first day."""
    try:
        if len(text) != 7:
            raise ValueError(text)
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise Invalid(field="month", problem=text) from error


def name_of(month: date) -> str:
    return month.isoformat()[:7]


def canonical(row: SnapshotRow) -> str:
    """One row as JSON that is the same wherever it is written: sorted keys, no spaces, no escapes."""
    return json.dumps(
        {
            "about": row.about,
            "subject_id": str(row.subject_id),
            "basis": row.basis,
            "squad_id": str(row.squad_id),
            "row": row.row,
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )


def fingerprint(rows: Iterable[SnapshotRow]) -> str:
    """SHA-256 over the rows in order (about, subject, basis), each as canonical JSON in UTF-8 with a line end."""
    digest = hashlib.sha256()
    for row in sorted(rows, key=lambda one: (one.about, str(one.subject_id), one.basis)):
        digest.update(canonical(row).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def quantile(values: Sequence[float], share: float) -> float:
    """The first of the sorted values that reaches `share` of them, as percentile_disc of SQL."""
    ordered = sorted(values)
    place = -(-round(share * len(ordered) * 1_000_000) // 1_000_000)
    return ordered[max(place, 1) - 1]


def same(one: Any, other: Any) -> bool:
    """Equal figures: sums of the same numbers in another order differ in the last digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) or isinstance(other, float):
        if not isinstance(one, int | float) or not isinstance(other, int | float):
            return False
        return abs(one - other) <= 1e-9 * max(1.0, abs(one), abs(other))
    return one == other
