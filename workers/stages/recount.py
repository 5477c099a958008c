"""Recount: the coverage of every event, after the rules changed. The rules are service.supervision.coverage's."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from schemas.events import EnforcementEvent
from service.kernel.database import transaction
from service.supervision.coverage.counting import SINGLY, events_after, recount
from workers.lease import Lease, finish


def run(held: Lease) -> None:
    """In batches, each a transaction of its own. Whoever takes over begins again: what is right already is only
    read, not written."""
    with transaction() as session:
        total = session.scalar(select(func.count()).select_from(EnforcementEvent)) or 0
    done = 0
    last: UUID | None = None
    while batch := held.publish(partial(_batch, after=last)):
        done, last = done + len(batch), batch[-1]
        held.progress(min(1.0, done / max(total, 1)), f"{done} / {max(total, done)}")
    held.publish(lambda session: finish(session, held))


def _batch(session: Session, after: UUID | None) -> list[UUID]:
    ids = events_after(session, after, SINGLY)
    recount(session, ids)
    return ids


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """The rows counted so far stay; the job can be asked for again."""
