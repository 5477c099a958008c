"""Events that were changed after their upload deadline: a deadline can be moved, so who moved it is listed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlmodel import Session

from schemas.coverage import EventCoverage
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent
from service.access.queries import visible_coverage, visible_custody
from service.kernel.actor import Actor
from service.kernel.keyset import Order, Page, page
from service.registry.events.history import Entry, entries
from service.registry.events.late import DEADLINE
from service.supervision.coverage.selection import Filters, chosen_coverage


@dataclass(frozen=True)
class LateChange:
    """`deadline`: the one that held, and was over, when the change was made."""

    event: EnforcementEvent
    entry: Entry
    deadline: datetime


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
