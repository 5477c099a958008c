"""Reads the files that came with a recording, on one card, for those whose own time fits nothing."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from service.finding.linking.cards import ONE_CARD, SAME_HOURS, CardFile
from service.finding.linking.evidence import Person, RecordingFacts
from service.kernel.round_trip import Asked

POINTS = 20


def cards_asked(lost: Sequence[RecordingFacts]) -> Asked:
    known = [one for one in lost if one.recorder_id is not None and one.received_at is not None]
    return CARDS, {
        "ids": [one.id for one in known],
        "recorders": [one.recorder_id for one in known],
        "arrivals": [one.received_at for one in known],
        "times": [one.start for one in known],
        "card": ONE_CARD,
        "about": SAME_HOURS,
    }


# The files that came with each, of those without a time where it has none, else of those about its hour.
CARDS = text(
    """
    SELECT t.id AS lost, r.id, r.recorder_id, r.squad_id, r.received_at, r.recorded_from, r.duration_s, r.officer_id,
           o.certificate_no, r.latitude, r.longitude, r.track,
           coalesce(r.recorded_from, r.claimed_from,
                    CAST(r.clock -> 'judged' -> CAST(r.clock ->> 'camera' AS int) ->> 'shown' AS timestamptz)) AS shown
    FROM unnest(CAST(:ids AS uuid[]), CAST(:recorders AS uuid[]), CAST(:arrivals AS timestamptz[]),
                CAST(:times AS timestamptz[])) AS t (id, recorder_id, arrival, filmed)
    JOIN recordings r ON r.recorder_id = t.recorder_id
     AND r.received_at BETWEEN t.arrival - CAST(:card AS interval) AND t.arrival + CAST(:card AS interval)
     AND CASE WHEN t.filmed IS NULL THEN r.recorded_from IS NULL
              ELSE r.recorded_from BETWEEN t.filmed - CAST(:about AS interval) AND t.filmed + CAST(:about AS interval) END
    LEFT JOIN officers o ON o.id = r.officer_id
    WHERE r.merged_into IS NULL AND r.state <> 'refused'
    ORDER BY r.received_at, r.id
    """
)


def card_file(row: Any) -> CardFile:
    return CardFile(
        row.id,
        row.recorder_id,
        row.squad_id,
        row.received_at,
        row.shown,
        row.recorded_from is not None,
        timedelta(seconds=row.duration_s or 0.0),
        Person(row.officer_id, row.certificate_no) if row.officer_id else None,
        points(row.track, row.latitude, row.longitude),
    )


def points(
    rows: Sequence[Any] | None, latitude: float | None, longitude: float | None
) -> tuple[tuple[float, float, float], ...]:
    """Where a file was at which of its seconds, thinned; one place without a moment is that of its beginning."""
    known = [row for row in rows or [] if isinstance(row, (list, tuple)) and len(row) >= 3]
    if not known:
        return ((latitude, longitude, 0.0),) if latitude is not None and longitude is not None else ()
    thinned = known[:: max(1, len(known) // POINTS)]
    return tuple((float(row[0]), float(row[1]), float(row[2] or 0.0)) for row in thinned)
