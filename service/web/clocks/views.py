"""What the pages of recorders and their clocks show."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.clocks import ClockOffset
from service.kernel.words import Word
from service.registry.clocks import words
from service.registry.clocks.queries import Clock, Figure, Known
from service.registry.clocks.rules import Timeline
from service.registry.clocks.words import CLOCK_SOURCES, UNUSED
from service.web.frame import drawing

SAMPLES = 160


@dataclass(slots=True)
class Held:
    officer: str
    number: str
    since: datetime
    until: datetime | None


@dataclass(slots=True)
class Measured:
    """A row of the table; `state`: counts, withdrawn, disbelieved."""

    id: str
    at: datetime
    source: Word
    off: str
    doubt: str
    state: str
    unused: str | None
    note: str
    by: str | None
    recording: str | None
    may_withdraw: bool


@dataclass(slots=True)
class Mark:
    """A measurement in the chart: x in per cent of the width, y, top and bottom in per cent of the height."""

    x: float
    y: float
    top: float
    bottom: float
    state: str
    title: str


@dataclass(slots=True)
class Chart:
    """`line` and `band` are paths in a square of 100 by 100."""

    axis: drawing.Axis
    scale: drawing.Steps
    line: str
    band: str
    marks: list[Mark]

    @property
    def levels(self) -> list[tuple[float, str]]:
        return [(y, words.signed(seconds) if seconds else "0") for y, seconds in self.scale.ticks()]


@dataclass(slots=True)
class ClockView:
    """`verdict`: unmeasured, in_step, out_of_step."""

    verdict: str
    latest: str | None = None
    doubt: str | None = None
    source: Word | None = None
    measured_at: datetime | None = None
    drift: str | None = None
    today: str | None = None
    today_doubt: str | None = None
    basis: str | None = None


@dataclass(slots=True)
class ClockRow:
    number: str
    href: str
    squad: str | None
    clock: ClockView


@dataclass(slots=True)
class Clocks:
    figure: Figure
    rows: list[ClockRow]
    only_out_of_step: bool
    limit: str


@dataclass(slots=True)
class RecorderPage:
    number: str
    href: str
    model: str
    squad: str | None
    state: Word
    last_dock: datetime | None
    battery_percent: int | None
    recordings: int
    clock: ClockView
    chart: Chart | None
    measured: list[Measured]
    more_measured: bool
    held: list[Held] = field(default_factory=list)
    time_lapse: bool | None = None  # None: its model is not known
    may_count: bool = (
        False  # /recorders/{number}/time-lapse says whether its model's pictures far apart count
    )
    may_measure: bool = False
    limit: str = ""
    drift_limit: float = 3.0


def clock_view(clock: Clock) -> ClockView:
    if clock.latest is None:
        return ClockView("unmeasured")
    return ClockView(
        verdict="out_of_step" if clock.out_of_step else "in_step",
        latest=words.off(clock.latest.offset_s),
        doubt=words.doubt(clock.latest.doubt_s),
        source=CLOCK_SOURCES[clock.latest.source],
        measured_at=clock.latest.measured_at,
        drift=words.drift(clock.drift) if clock.drift else None,
        today=words.off(clock.today.offset_s) if clock.today else None,
        today_doubt=words.doubt(clock.today.doubt_s) if clock.today else None,
        basis=words.basis_sentence(clock.today.basis) if clock.today else None,
    )


def measured_view(known: Known, *, may_withdraw: bool) -> Measured:
    row = known.offset
    return Measured(
        id=str(row.id),
        at=row.measured_at,
        source=CLOCK_SOURCES[row.source],
        off=words.off(row.offset_s),
        doubt=words.doubt(row.doubt_s),
        state=_state(known),
        unused=str(UNUSED[known.unused]) if known.unused else None,
        note=row.note,
        by=known.by,
        recording=f"/recordings/{row.recording_id}" if row.recording_id else None,
        may_withdraw=may_withdraw and row.withdrawn_at is None,
    )


def _state(known: Known) -> str:
    return "withdrawn" if known.offset.withdrawn_at else "counts" if known.used else "disbelieved"


def chart(line: Timeline, known: Sequence[Known], now: datetime) -> Chart | None:
    """From the first measurement shown to today: what was measured with its doubt, and what is drawn from it."""
    if not known or not line.runs:
        return None
    first = min(one.offset.measured_at for one in known)
    axis = drawing.axis([first - timedelta(hours=12), now])
    if axis is None:
        return None
    step = (axis.end - axis.start) / SAMPLES
    moments = sorted(
        {axis.start + n * step for n in range(SAMPLES + 1)}
        | {m.measured_at for m in line.believed if axis.start <= m.measured_at <= axis.end}
    )
    found = [(axis.at(moment), offset) for moment in moments if (offset := line.at(moment)) is not None]
    rows = [one.offset for one in known if one.offset.withdrawn_at is None]
    values = [v for row in rows for v in (row.offset_s - row.doubt_s, row.offset_s + row.doubt_s)]
    scale = drawing.steps([*values, *(offset.offset_s for _x, offset in found)])
    points = [(x, scale.at(offset.offset_s)) for x, offset in found]
    above = [(x, scale.at(offset.offset_s + offset.doubt_s)) for x, offset in found]
    below = [(x, scale.at(offset.offset_s - offset.doubt_s)) for x, offset in found]
    return Chart(
        axis=axis,
        scale=scale,
        line=_path(points),
        band=_path([*above, *reversed(below)]) + "Z",
        marks=[_mark(axis, scale, one.offset, _state(one)) for one in reversed(known)],
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def _mark(axis: drawing.Axis, scale: drawing.Steps, row: ClockOffset, state: str) -> Mark:
    source = CLOCK_SOURCES[row.source].label
    return Mark(
        x=axis.at(row.measured_at),
        y=scale.at(row.offset_s),
        top=scale.at(row.offset_s + row.doubt_s),
        bottom=scale.at(row.offset_s - row.doubt_s),
        state=state,
        title=f"{source}: {words.off(row.offset_s)} {words.doubt(row.doubt_s)}",
    )
