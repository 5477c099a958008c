"""/api/v1/recorders/{serial}/clock and /api/v1/clocks."""

from uuid import UUID

from fastapi import APIRouter
from sqlmodel import SQLModel

from schemas.base import AskedTime, KeySaid, Prose, examples
from schemas.clocks import ClockOffsetCreate, ClockOffsetRead
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.kernel.contract import raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.keys import NOT_NEW
from service.registry.clocks import actions, queries
from service.registry.clocks.errors import MeasuredInFuture, OffsetUnbelievable, OffsetUnsaid
from service.registry.clocks.reads import (
    ClockDetailRead,
    ClockPage,
    clock_figure,
    clock_read,
    offset_read,
)
from service.registry.people.errors import NumberTaken
from service.registry.people.queries import squad_of

router = APIRouter(prefix="/api/v1", tags=["clocks"], route_class=Gate)


class ClockOffsetSaid(SQLModel):
    """Either `offset_s` (device − true), or `device_time` as the device showed it at `measured_at`."""

    model_config = {
        "json_schema_extra": examples(
            {"measured_at": "2024-06-03T18:00:00+08:00", "device_time": "2024-06-03T18:00:42+08:00"}
        )
    }

    external_id: KeySaid | None = None
    measured_at: AskedTime
    offset_s: float | None = None
    device_time: AskedTime | None = None
    doubt_s: float = 1.0
    note: Prose = ""


@router.get("/clocks")
def list_clocks(
    actor: CurrentActor, session: DatabaseSession, squad: str = "", out_of_step: bool = False
) -> ClockPage:
    """Figure 15: `figure` counts what `items` shows, whatever is left out by `out_of_step`. All in one page."""
    squad_id = squad_of(session, actor, squad).id if squad else None
    rows = queries.clock_rows(session, actor, squad_id=squad_id)
    figure = queries.figure_of(session, rows)
    shown = [row for row in rows if row.out_of_step or not out_of_step]
    return ClockPage(figure=clock_figure(figure), items=[clock_read(row) for row in shown])


@router.get("/recorders/{serial}/clock")
@raises(NotFound)
def get_clock(
    serial: str, actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> ClockDetailRead:
    """One recorder's clock with its measurements. `serial`: or its id."""
    recorder = queries.get_recorder_named(session, actor, serial)
    found = queries.list_offsets(session, recorder.id, cursor, limit)
    clock, line = clock_read(queries.clock_of(session, recorder)), queries.line_of(session, recorder.id)
    return ClockDetailRead(
        **clock.model_dump(), measurements=[offset_read(one, line) for one in found.items], next=found.next
    )


@router.post("/recorders/{serial}/clock", status_code=201)
@raises(NotFound, OffsetUnsaid, OffsetUnbelievable, MeasuredInFuture, NumberTaken, *NOT_NEW)
@needs("clocks")
def add_clock_offset(
    serial: str, wanted: ClockOffsetSaid, actor: CurrentActor, session: DatabaseSession
) -> ClockOffsetRead:
    """A measurement by hand. Recordings near it are set to their true time anew."""
    recorder = queries.get_recorder_named(session, actor, serial)
    said = ClockOffsetCreate.model_construct(recorder=str(recorder.id), **wanted.model_dump())
    offset = actions.add_offset(session, actor, said)
    return offset_read(offset, queries.line_of(session, recorder.id))


@router.post("/clock-offsets/{offset_id}/withdraw")
@raises(NotFound)
def withdraw_clock_offset(offset_id: UUID, actor: CurrentActor, session: DatabaseSession) -> ClockOffsetRead:
    """It stays on record and counts no more."""
    offset = actions.withdraw_offset(session, actor, offset_id)
    return offset_read(offset, queries.line_of(session, offset.recorder_id))
