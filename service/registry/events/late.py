"""Events that were changed after their upload deadline: a deadline can be moved, so who moved it is listed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session

from schemas.coverage import Basis, EventCoverage
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent
from service.access.queries import visible_coverage, visible_custody
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.keyset import Order, Page, page
from service.registry.events.history import Entry, entries
from service.supervision.coverage.selection import Filters, chosen_coverage

DEADLINE = "deadline"  # in the detail of a custody row


@dataclass(frozen=True)
class LateChange:
    """`deadline`: the one that held, and was over, when the change was made."""

    event: EnforcementEvent
    entry: Entry
    deadline: datetime


def past_deadline(session: Session, event_id: UUID) -> dict[str, Any]:
    """For the custody row of a change that is being made: the deadline that held until now, if it is over."""
    due_at = session.scalars(
        select(EventCoverage.due_at).where(
            EventCoverage.event_id == event_id, EventCoverage.basis == Basis.counted
        )
    ).first()
    return {DEADLINE: due_at.isoformat()} if due_at is not None and due_at <= now() else {}


def changed_late(actor: Actor, filters: Filters) -> Select:
    """Custody rows of the events that `filters` choose."""
    events = chosen_coverage(visible_coverage(actor), filters).with_only_columns(EventCoverage.event_id)
    return visible_custody(actor).where(
        CustodyEntry.subject_kind == "event",
        CustodyEntry.detail[DEADLINE].astext.is_not(None),
        CustodyEntry.subject_id.in_(events),
    )


def late_changes(session: Session, actor: Actor, filters: Filters, cursor: str | None, limit: int) -> Page:
    """LateChange, newest first."""
    order = [Order(CustodyEntry.id, int, newest_first=True)]
    found = page(session, changed_late(actor, filters), order, cursor, limit)
    ids = [row.subject_id for row in found.items]
    events = {
        one.id: one for one in session.scalars(select(EnforcementEvent).where(EnforcementEvent.id.in_(ids)))
    }
    return Page(
        [
            LateChange(events[row.subject_id], entry, datetime.fromisoformat(row.detail[DEADLINE]))
            for row, entry in zip(found.items, entries(session, actor, found.items), strict=True)
        ],
        found.next,
    )
