"""How far the recorders' clocks are off: each one's measurements, and figure 15 of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session

from schemas.accounts import Account
from schemas.clocks import ClockOffset, OffsetSource
from schemas.people import Squad
from schemas.recorders import Recorder, RecorderState
from service.access.queries import visible_recorders
from service.kernel import keys
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.errors import Invalid, NotFound, OutOfScope
from service.kernel.ids import as_id
from service.kernel.keyset import Page, page, time, unique
from service.kernel.policy import policy
from service.registry.clocks.correcting import measurements_of
from service.registry.clocks.policy import DRIFT_PER_DAY, OUT_OF_STEP
from service.registry.clocks.rules import Measurement, Offset, Timeline, Unused, out_of_step

COUNTED_STATES = (RecorderState.in_use, RecorderState.spare)


def get_recorder_named(session: Session, actor: Actor, name: str) -> Recorder:
    """By serial, else by id; 404 out of scope."""
    known = as_id(name)
    found = session.scalars(
        select(Recorder)
        .where(or_(Recorder.serial == name, keys.known(Recorder, [name]), Recorder.id == known))
        .order_by((Recorder.serial == name).desc(), Recorder.double_of.desc())
    ).first()
    if found is None:
        raise NotFound
    if session.scalars(visible_recorders(actor).where(Recorder.id == found.id)).first() is None:
        raise OutOfScope("recorder", found.id, found.squad_id)
    return found


def recorder_named(session: Session, actor: Actor, name: str) -> Recorder:
    """As a field of a body: a wrong one is the field's fault."""
    try:
        return get_recorder_named(session, actor, name)
    except NotFound:
        raise Invalid(field="recorder", problem=name) from None


def list_offsets(session: Session, recorder_id: UUID, cursor: str | None = None, limit: int = 50) -> Page:
    """Of a recorder that the caller may see; latest first, withdrawn ones too."""
    statement = select(ClockOffset).where(ClockOffset.recorder_id == recorder_id)
    order = [time(ClockOffset.measured_at, newest_first=True), unique(ClockOffset.id, newest_first=True)]
    return page(session, statement, order, cursor, limit)


@dataclass(frozen=True)
class Known:
    """One measurement with what became of it. `unused`: why it corrects nothing, None where it does."""

    offset: ClockOffset
    unused: Unused | None
    by: str | None

    @property
    def used(self) -> bool:
        return self.unused is None


@dataclass(frozen=True)
class Clock:
    """A recorder's clock. `latest`: its last measurement that is believed; `today`: the offset expected at `as_of`;
    `drift`: (seconds a day, ± how much)."""

    recorder: Recorder
    as_of: datetime
    latest: Measurement | None
    today: Offset | None
    drift: tuple[float, float] | None
    out_of_step: bool


@dataclass(frozen=True)
class Figure:
    """Figure 15: recorders in use or spare whose clock is out of step, of those whose clock was ever measured.
    `unmeasured` ones are excluded; `limit_s` and `drift_limit` are the rule in force."""

    out_of_step: int
    measured: int
    unmeasured: int
    limit_s: float
    drift_limit: float
    as_of: datetime


def clock_of(session: Session, recorder: Recorder, as_of: datetime | None = None) -> Clock:
    return _clocks(session, [recorder], as_of)[0]


def clock_rows(
    session: Session,
    actor: Actor,
    *,
    squad_id: UUID | None = None,
    only_out_of_step: bool = False,
    as_of: datetime | None = None,
) -> list[Clock]:
    """Of every recorder in use or spare that the actor may see, the furthest off first, unmeasured ones last."""
    statement = visible_recorders(actor).where(Recorder.state.in_(COUNTED_STATES))
    if squad_id is not None:
        statement = statement.where(Recorder.squad_id == squad_id)
    found = _clocks(session, list(session.scalars(statement)), as_of)
    if only_out_of_step:
        found = [one for one in found if one.out_of_step]

    def order(one: Clock) -> tuple:
        return (one.latest is None, not one.out_of_step, -abs(one.latest.offset_s if one.latest else 0))

    return sorted(found, key=lambda one: (*order(one), one.recorder.serial))


def clock_figure(
    session: Session, actor: Actor, *, squad_id: UUID | None = None, as_of: datetime | None = None
) -> Figure:
    """Its rows are `clock_rows`."""
    return figure_of(session, clock_rows(session, actor, squad_id=squad_id, as_of=as_of), as_of)


def figure_of(session: Session, rows: Sequence[Clock], as_of: datetime | None = None) -> Figure:
    measured = [row for row in rows if row.latest is not None]
    return Figure(
        out_of_step=sum(row.out_of_step for row in measured),
        measured=len(measured),
        unmeasured=len(rows) - len(measured),
        limit_s=policy(session, OUT_OF_STEP),
        drift_limit=policy(session, DRIFT_PER_DAY),
        as_of=as_of or now(),
    )


def latest_offsets(session: Session, recorder_ids: Sequence[UUID]) -> dict[UUID, float]:
    """For lists of recorders that the caller may see: the last believed offset of each that has one."""
    drift = policy(session, DRIFT_PER_DAY)
    found = {}
    for recorder_id, measured in measurements_of(session, recorder_ids).items():
        if (latest := _latest(Timeline.of(measured, drift))) is not None:
            found[recorder_id] = latest.offset_s
    return found


def known_offsets(session: Session, recorder: Recorder, limit: int = 100) -> list[Known]:
    """Latest first, withdrawn and disbelieved ones too."""
    line = line_of(session, recorder.id)
    rows = session.execute(
        select(ClockOffset, Account.display_name, Account.username)
        .outerjoin(Account, Account.id == ClockOffset.created_by)
        .where(ClockOffset.recorder_id == recorder.id)
        .order_by(ClockOffset.measured_at.desc(), ClockOffset.id.desc())
        .limit(limit)
    ).all()
    return [Known(row, unused(row, line), display or name) for row, display, name in rows]


def unused(row: ClockOffset, line: Timeline) -> Unused | None:
    """Of a measurement of the clock that `line` is of."""
    if row.withdrawn_at is not None:
        return Unused.withdrawn
    measured = Measurement(row.measured_at, row.offset_s, row.doubt_s, OffsetSource(row.source))
    return Unused.contradicted if measured in line.disbelieved else None


def line_of(session: Session, recorder_id: UUID) -> Timeline:
    drift = policy(session, DRIFT_PER_DAY)
    return Timeline.of(measurements_of(session, [recorder_id])[recorder_id], drift)


def squads_by_id(session: Session, clocks: Sequence[Clock]) -> dict[UUID, Squad]:
    wanted = {one.recorder.squad_id for one in clocks}
    return {squad.id: squad for squad in session.scalars(select(Squad).where(Squad.id.in_(wanted)))}


def _latest(line: Timeline) -> Measurement | None:
    return line.believed[-1] if line.believed else None


def _clocks(session: Session, recorders: list[Recorder], as_of: datetime | None) -> list[Clock]:
    moment = as_of or now()
    limit, drift = policy(session, OUT_OF_STEP), policy(session, DRIFT_PER_DAY)
    measured = measurements_of(session, [recorder.id for recorder in recorders])
    found = []
    for recorder in recorders:
        known = [m for m in measured[recorder.id] if m.measured_at <= moment + timedelta(minutes=10)]
        line = Timeline.of(known, drift)
        latest, rate = _latest(line), line.drift_s_per_day()
        off = False
        if latest is not None and (then := line.at(latest.measured_at)) is not None:
            off = out_of_step(then, rate, limit, drift)
        found.append(Clock(recorder, moment, latest, line.at(moment), rate, off))
    return found
