"""Whether an event is changed after its upload deadline: a deadline can be moved, so who moved it stands in custody."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.coverage import Basis, EventCoverage
from service.kernel.clock import now

DEADLINE = "deadline"  # in the detail of a custody row


def past_deadline(session: Session, event_id: UUID) -> dict[str, Any]:
    """For the custody row of a change that is being made: the deadline that held until now, if it is over."""
    due_at = session.scalars(
        select(EventCoverage.due_at).where(
            EventCoverage.event_id == event_id, EventCoverage.basis == Basis.counted
        )
    ).first()
    return {DEADLINE: due_at.isoformat()} if due_at is not None and due_at <= now() else {}
