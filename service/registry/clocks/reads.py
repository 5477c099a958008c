"""A recorder's clock, as the API answers it."""

from datetime import datetime
from uuid import UUID

from sqlmodel import SQLModel

from schemas.clocks import ClockOffset, ClockOffsetRead, OffsetSource
from service.kernel.contract import Page
from service.registry.clocks.queries import Clock, Figure, unused
from service.registry.clocks.rules import Timeline
from service.registry.clocks.words import UNUSED


class OffsetNow(SQLModel):
    offset_s: float
    doubt_s: float


class ClockRead(SQLModel):
    """Figure 15 for one recorder: the last measurement that is believed, the drift, the verdict, and what is expected
    `now`. Offsets are device − true, in seconds."""

    recorder: str
    recorder_id: UUID
    squad_id: UUID
    offset_s: float | None
    doubt_s: float | None
    measured_at: datetime | None
    source: OffsetSource | None
    drift_s_per_day: float | None
    drift_doubt_s_per_day: float | None
    out_of_step: bool
    now: OffsetNow | None
    as_of: datetime


class ClockDetailRead(ClockRead):
    """`measurements`: latest first, withdrawn ones too; `next` goes into `cursor`."""

    measurements: list[ClockOffsetRead]
    next: str | None


class ClocksExcluded(SQLModel):
    never_measured: int


class ClocksRule(SQLModel):
    out_of_step_s: float
    drift_s_per_day: float


class ClocksFigure(SQLModel):
    """`numerator`: clocks out of step; `denominator`: clocks that were measured."""

    numerator: int
    denominator: int
    excluded: ClocksExcluded
    rule: ClocksRule
    as_of: datetime


class ClockPage(Page[ClockRead]):
    """`figure` counts all, whatever `items` leaves out."""

    figure: ClocksFigure


def offset_read(offset: ClockOffset, line: Timeline) -> ClockOffsetRead:
    """`line`: of its recorder's clock."""
    why = unused(offset, line)
    return ClockOffsetRead(
        **{name: getattr(offset, name) for name in ClockOffsetRead.model_fields if hasattr(offset, name)},
        used=why is None,
        unused_reason=why,
        unused_text=str(UNUSED[why]) if why else None,
    )


def clock_read(clock: Clock) -> ClockRead:
    latest, today, drift = clock.latest, clock.today, clock.drift
    return ClockRead(
        recorder=clock.recorder.serial,
        recorder_id=clock.recorder.id,
        squad_id=clock.recorder.squad_id,
        offset_s=latest.offset_s if latest else None,
        doubt_s=latest.doubt_s if latest else None,
        measured_at=latest.measured_at if latest else None,
        source=latest.source if latest else None,
        drift_s_per_day=drift[0] if drift else None,
        drift_doubt_s_per_day=drift[1] if drift else None,
        out_of_step=clock.out_of_step,
        now=OffsetNow(offset_s=today.offset_s, doubt_s=today.doubt_s) if today else None,
        as_of=clock.as_of,
    )


def clock_figure(figure: Figure) -> ClocksFigure:
    return ClocksFigure(
        numerator=figure.out_of_step,
        denominator=figure.measured,
        excluded=ClocksExcluded(never_measured=figure.unmeasured),
        rule=ClocksRule(out_of_step_s=figure.limit_s, drift_s_per_day=figure.drift_limit),
        as_of=figure.as_of,
    )
