"""What kept rows are counted by besides events and lists. Where that changes, all are counted again by a job."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.events import EnforcementEvent
from schemas.jobs import JobKind
from schemas.policy import PolicyValue
from service.finding.linking.policy import OPEN_EVENT
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.jobs import request_job
from service.kernel.policy import policy
from service.kernel.settings import get_settings
from service.supervision.coverage import acts
from service.supervision.coverage.rules import VERSION

STANDS_IN = "coverage_counted_by"  # the row of policy_values that says what was counted by last
EVERY_EVENT = UUID(int=0)  # the subject of such a job


def counted_by(session: Session) -> dict[str, Any]:
    return {
        "rules": VERSION,
        "zone": get_settings().timezone,
        OPEN_EVENT.name: policy(session, OPEN_EVENT),
    }


def recount_if_changed(session: Session, by: Actor | str = "system") -> bool:
    """Asks for the recount, on record, unless the rows were counted by what holds now. A zone is a setting of the
    processes, and values may be changed past the program: so this is looked at again and again."""
    held = session.get(PolicyValue, STANDS_IN, with_for_update=True, populate_existing=True)
    today = counted_by(session)
    if held is not None and held.value == today:
        return False
    before = held.value if held else None
    if held is None:
        held = PolicyValue(name=STANDS_IN, value=today)
    held.value, held.changed_at = today, now()
    session.add(held)
    session.flush()
    if session.scalars(select(EnforcementEvent.id).limit(1)).first() is None:
        return False
    job = request_job(session, JobKind.recount, EVERY_EVENT)
    record(session, by, acts.ASK_RECOUNT, "job", job, before=before, after=today)
    return True
