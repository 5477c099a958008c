"""Reads the files that came with a recording, on one card, for those whose own time fits nothing."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from schemas.recordings import there_by_sql
from service.finding.linking.cards import CardFile
from service.finding.linking.evidence import Person, RecordingFacts
from service.finding.linking.numbers import number_of
from service.finding.linking.surroundings import ONE_CARD
from service.kernel.round_trip import Asked

POINTS = 20


def cards_asked(lost: Sequence[RecordingFacts]) -> Asked:
    known = [one for one in lost if one.recorder_id is not None and one.there_by is not None]
    return CARDS, {
        "ids": [one.id for one in known],
        "recorders": [one.recorder_id for one in known],
        "arrivals": [one.there_by for one in known],
        "card": ONE_CARD,
    }


# The files that came with each.
CARDS = text(
    f"""
    SELECT t.id AS lost, r.id, r.recorder_id, r.squad_id, {there_by_sql("r")} AS there_by, r.recorded_from, r.duration_s, r.officer_id,
           o.certificate_no, r.latitude, r.longitude, r.track, r.file_name,
           coalesce(r.recorded_from, r.claimed_from,
                    CAST(r.clock -> 'judged' -> CAST(r.clock ->> 'camera' AS int) ->> 'shown' AS timestamptz)) AS shown
    FROM unnest(CAST(:ids AS uuid[]), CAST(:recorders AS uuid[]), CAST(:arrivals AS timestamptz[]))
         AS t (id, recorder_id, arrival)
    JOIN recordings r ON r.recorder_id = t.recorder_id
     AND {there_by_sql("r")} BETWEEN t.arrival - CAST(:card AS interval) AND t.arrival + CAST(:card AS interval)
    LEFT JOIN officers o ON o.id = r.officer_id
    WHERE r.merged_into IS NULL AND r.state <> 'refused' AND (NOT r.archived OR r.first_received_at IS NOT NULL)
    ORDER BY there_by, r.id
    """
)


def card_file(row: Any) -> CardFile:
    return CardFile(
        row.id,
        row.recorder_id,
        row.squad_id,
        row.there_by,
        row.shown,
        row.recorded_from is not None,
        timedelta(seconds=row.duration_s or 0.0),
        Person(row.officer_id, row.certificate_no) if row.officer_id else None,
        points(row.track, row.latitude, row.longitude),
        number_of(row.file_name, row.certificate_no or ""),
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
