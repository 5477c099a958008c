"""What the recorders stand at, for the figures about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, literal_column
from sqlmodel import Session

from schemas.people import Officer
from schemas.recorders import Recorder, RecorderState
from service.access.queries import visible_recorders
from service.kernel.actor import Actor
from service.kernel.policy import policy
from service.registry.clocks.queries import Clock, clock_rows
from service.registry.recorders.policy import DOCK_AFTER
from service.registry.recorders.queries import LAST_SEEN
from service.supervision.coverage.selection import Filters


@dataclass(frozen=True)
class RecorderRow:
    """`clock`: for the figure of clocks; `holders`: for the lists that ask who has it."""

    recorder: Recorder
    clock: Clock | None = None
    holders: Sequence[Officer] = ()


def clock_standings(
    session: Session, actor: Actor, filters: Filters, as_of: datetime
) -> Iterator[tuple[RecorderRow, str]]:
    """good | bad | unmeasured, in the order of clock_rows."""
    for one in clock_rows(session, actor, squad_id=filters.squad, as_of=as_of):
        state = "unmeasured" if one.latest is None else "bad" if one.out_of_step else "good"
        yield RecorderRow(one.recorder, one), state


def dock_standings(
    session: Session, actor: Actor, filters: Filters, as_of: datetime
) -> Iterator[tuple[RecorderRow, str]]:
    """good | bad | not_in_use, by serial."""
    statement = chosen_recorders(actor, filters).with_only_columns(Recorder, dock_standing(session, as_of))
    for recorder, state in session.execute(statement.order_by(Recorder.serial)).all():
        yield RecorderRow(recorder), state


def chosen_recorders(actor: Actor, filters: Filters) -> Select:
    statement = visible_recorders(actor)
    return statement if filters.squad is None else statement.where(Recorder.squad_id == filters.squad)


def dock_standing(session: Session, as_of: datetime) -> Any:
    """good | bad | not_in_use; never docked is bad."""
    limit = as_of - timedelta(days=policy(session, DOCK_AFTER))
    return case(
        (Recorder.state != RecorderState.in_use, literal_column("'not_in_use'")),
        (limit <= LAST_SEEN, literal_column("'good'")),
        else_=literal_column("'bad'"),
    )
