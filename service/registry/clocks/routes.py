"""/api/v1/recorders/{serial}/clock and /api/v1/clocks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import SQLModel

from schemas.clocks import ClockOffset, ClockOffsetCreate, OffsetSource
from service.access.dependencies import CurrentActor
from service.kernel.database import DatabaseSession
from service.registry.clocks import actions, queries
from service.registry.clocks.importers import ClockOffsetImporter
from service.registry.importing.routes import DryRun, ImportBody, import_rows
from service.registry.people.queries import squad_of

router = APIRouter(prefix="/api/v1", tags=["clocks"])


class ClockOffsetRead(SQLModel):
    id: UUID
    external_id: str | None
    source: OffsetSource
    measured_at: datetime
    offset_s: float
    doubt_s: float
    recording_id: UUID | None
    note: str
    withdrawn_at: datetime | None


class ClockOffsetSaid(SQLModel):
    """Either `offset_s` (device − true), or `device_time` as the device showed it at `measured_at`."""

    external_id: str | None = None
    measured_at: datetime
    offset_s: float | None = None
    device_time: datetime | None = None
    doubt_s: float = 1.0
    note: str = ""


def offset_read(offset: ClockOffset) -> ClockOffsetRead:
    return ClockOffsetRead.model_validate(offset, from_attributes=True)


def clock_read(clock: queries.Clock) -> dict[str, Any]:
    """Figure 15 for one recorder: the last measurement, the drift, the verdict, and what is expected now."""
    latest, today, drift = clock.latest, clock.today, clock.drift
    return {
        "recorder": clock.recorder.serial,
        "recorder_id": clock.recorder.id,
        "squad_id": clock.recorder.squad_id,
        "offset_s": latest.offset_s if latest else None,
        "doubt_s": latest.doubt_s if latest else None,
        "measured_at": latest.measured_at if latest else None,
        "source": latest.source if latest else None,
        "drift_s_per_day": drift[0] if drift else None,
        "drift_doubt_s_per_day": drift[1] if drift else None,
        "out_of_step": clock.out_of_step,
        "now": {"offset_s": today.offset_s, "doubt_s": today.doubt_s} if today else None,
        "as_of": clock.as_of,
    }


@router.get("/clocks")
def list_clocks(
    actor: CurrentActor, session: DatabaseSession, squad: str = "", out_of_step: bool = False
) -> dict[str, Any]:
    """Figure 15: `figure` counts what `items` shows, whatever is left out by `out_of_step`."""
    squad_id = squad_of(session, actor, squad).id if squad else None
    rows = queries.clock_rows(session, actor, squad_id=squad_id)
    figure = queries.figure_of(session, rows)
    shown = [row for row in rows if row.out_of_step or not out_of_step]
    return {
        "figure": {
            "numerator": figure.out_of_step,
            "denominator": figure.measured,
            "excluded": {"never_measured": figure.unmeasured},
            "rule": {"out_of_step_s": figure.limit_s, "drift_s_per_day": figure.drift_limit},
            "as_of": figure.as_of,
        },
        "items": [clock_read(row) for row in shown],
    }


@router.post("/clocks/import")
def import_offsets(
    actor: CurrentActor, session: DatabaseSession, body: ImportBody, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    return import_rows(ClockOffsetImporter(session, actor), body, request, dry_run)


@router.get("/recorders/{serial}/clock")
def read_clock(
    serial: str, actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    recorder = queries.get_recorder_named(session, actor, serial)
    found = queries.list_offsets(session, recorder.id, cursor, limit)
    clock = clock_read(queries.clock_of(session, recorder))
    return {**clock, "measurements": [offset_read(one) for one in found.items], "next": found.next}


@router.post("/recorders/{serial}/clock", status_code=201)
def add_offset(
    serial: str, wanted: ClockOffsetSaid, actor: CurrentActor, session: DatabaseSession
) -> ClockOffsetRead:
    recorder = queries.get_recorder_named(session, actor, serial)
    said = ClockOffsetCreate.model_construct(recorder=str(recorder.id), **wanted.model_dump())
    return offset_read(actions.add_offset(session, actor, said))


@router.post("/clock-offsets/{offset_id}/withdraw")
def withdraw_offset(offset_id: UUID, actor: CurrentActor, session: DatabaseSession) -> ClockOffsetRead:
    return offset_read(actions.withdraw_offset(session, actor, offset_id))
