"""Figures, rows and lists as the API answers them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from schemas.coverage import EventCoverage
from schemas.recordings import Recording
from service.finding.linking.routes import link_read
from service.registry.clocks.routes import clock_read
from service.registry.events.routes import event_reads
from service.registry.recorders.queries import RatioRow
from service.registry.recorders.routes import recorder_read
from service.supervision.coverage.figures import BY_NAME, SPECS, About, Figure
from service.supervision.coverage.late import LateChange
from service.supervision.coverage.queries import Board, Row
from service.supervision.coverage.rows import EventRow, LinkRow, RecorderRow, Rows
from service.supervision.coverage.selection import Filters
from service.supervision.coverage.timeline import Timeline
from service.supervision.coverage.words import DEFINITIONS

_NOT_SHOWN = {"event_id", "basis"}


def definitions() -> list[dict[str, Any]]:
    """Every figure of the list, in its order, in the caller's language."""
    found = []
    for spec in SPECS:
        words = DEFINITIONS[spec.name]
        found.append(
            {
                "name": spec.name,
                "number": spec.number,
                "title": str(words.title),
                "counted": spec.counted,
                "about": spec.about,
                "unit": spec.unit,
                "better": spec.better,
                "by": sorted(spec.by) if spec.counted else [],
                "numerator": str(words.numerator),
                "denominator": str(words.denominator),
                "note": str(words.note),
            }
        )
    return found


def board_json(board: Board) -> dict[str, Any]:
    return {
        "as_of": board.as_of,
        "counted_at": board.counted_at,
        "by": list(board.by),
        **filters_json(board.filters),
        "rows": [row_json(row) for row in board.rows],
        "total": row_json(board.total),
        "absent": list(board.absent),
        "not_yet_counted": [spec.name for spec in SPECS if not spec.counted],
        "rule_changes": [
            {
                "day": one.day,
                "version": one.version,
                "published_on": one.published_on,
                "inside": one.inside,
                "backdated": one.backdated,
            }
            for one in board.rule_changes
        ],
        "definitions": definitions(),
    }


def filters_json(filters: Filters) -> dict[str, Any]:
    """`to` is the last day looked at."""
    return {
        "basis": filters.basis,
        "from": filters.since,
        "to": filters.until - timedelta(days=1) if filters.until else None,
    }


def row_json(row: Row) -> dict[str, Any]:
    return {
        "keys": {key.dimension: {"value": key.value, "label": key.label} for key in row.keys},
        "figures": {name: figure_json(figure) for name, figure in row.figures.items()},
        "standings": row.standings,
    }


def figure_json(figure: Figure) -> dict[str, Any]:
    return {
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "share": figure.share,
        "unit": BY_NAME[figure.name].unit,
        "n": figure.n,
        "small": figure.small,
        "excluded": figure.excluded,
        "reasons": figure.reasons,
        "matter_versions": list(figure.matter_versions),
        "rule_version": figure.rule_version,
        "p50_s": figure.p50,
        "p95_s": figure.p95,
    }


def rows_json(session: Session, rows: Rows) -> dict[str, Any]:
    return {"about": rows.about, "items": _items(session, rows), "next": rows.next}


def _items(session: Session, rows: Rows) -> list[dict[str, Any]]:
    match rows.about:
        case About.event:
            return event_items(session, rows.items)
        case About.recording:
            return [recording_json(one) for one in rows.items]
        case About.link:
            return link_items(session, rows.items)
        case About.change:
            return [change_json(one) for one in rows.items]
        case About.duty_day:
            return [duty_json(one) for one in rows.items]
        case _:
            return [recorder_json(one) for one in rows.items]


def event_items(session: Session, rows: Sequence[EventRow]) -> list[dict[str, Any]]:
    reads = event_reads(session, [row.event for row in rows])
    return [{"event": read, **kept_json(row)} for read, row in zip(reads, rows, strict=True)]


def kept_json(row: EventRow) -> dict[str, Any]:
    return {
        "status": row.status,
        "standing": row.standing,
        "late": row.late,
        "due_in_s": row.due_in_s,
        "coverage": {
            name: getattr(row.coverage, name) for name in EventCoverage.model_fields if name not in _NOT_SHOWN
        },
    }


def recording_json(recording: Recording) -> dict[str, Any]:
    names = (
        "id", "squad_id", "state", "file_name", "recorder_id", "officer_id", "recorded_from", "recorded_to",
        "duration_s", "received_at", "announced_at", "due_at",
    )  # fmt: skip
    return {name: getattr(recording, name) for name in names}


def link_items(session: Session, rows: Sequence[LinkRow]) -> list[dict[str, Any]]:
    reads = event_reads(session, [row.event for row in rows])
    return [
        {"link": link_read(row.link), "recording": recording_json(row.recording), "event": read}
        for row, read in zip(rows, reads, strict=True)
    ]


def duty_json(day: RatioRow) -> dict[str, Any]:
    return {
        "day": day.day,
        "squad_id": day.squad_id,
        "squad": day.squad,
        "officers": day.officers,
        "recorders": day.recorders,
        "needed": day.needed,
        "officer_ids": day.officer_ids,
        "recorder_ids": day.recorder_ids,
    }


def recorder_json(row: RecorderRow) -> dict[str, Any]:
    return {
        "recorder": recorder_read(row.recorder),
        "clock": clock_read(row.clock) if row.clock else None,
        "held_by": [officer.certificate_no for officer in row.holders],
    }


def change_json(row: LateChange) -> dict[str, Any]:
    return {
        "event_id": row.event.id,
        "external_id": row.event.external_id,
        "title": row.event.title,
        "squad_id": row.event.squad_id,
        "deadline": row.deadline,
        "at": row.entry.at,
        "who": row.entry.who,
        "action": row.entry.action,
        "sentence": row.entry.sentence,
        "reason": row.entry.reason,
        "changes": [
            {"field": one.field, "before": one.before, "after": one.after} for one in row.entry.changes
        ],
    }


def timeline_json(line: Timeline) -> dict[str, Any]:
    return {
        "event_id": line.event.id,
        "as_of": line.as_of,
        "arrived_at": line.event.arrived_at,
        "departed_at": line.event.departed_at,
        "rule": asdict(line.rule),
        **{basis: kept_json(row) for basis, row in line.kept.items()},
        "recordings": [
            {
                **recording_json(strip.recording),
                "link_id": strip.link_id,
                "link_state": strip.state,
                "part_from": strip.start,
                "part_to": strip.end,
                "here": strip.here,
            }
            for strip in line.strips
        ],
        "recordings_elsewhere": line.elsewhere,
    }
