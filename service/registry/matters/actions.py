"""Publishing a version of the list. What is published never changes: a correction is a new version, and of two from
the same day the higher one holds."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select, text
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.matters import MatterBase, MatterList, RecordingMatter
from service.access.actions import require_bureau
from service.kernel.actor import Actor
from service.kernel.custody import record
from service.kernel.jobs import request_job
from service.registry.matters import acts


def may_publish(actor: Actor) -> None:
    """The list is the whole bureau's: one squad's supervisor would change the figures of the others."""
    require_bureau(actor, "publish_matters")


def publish(
    session: Session, actor: Actor, lines: Sequence[MatterBase], in_force_from: date, note: str = ""
) -> MatterList:
    """One version with these lines, one custody row, one recount."""
    may_publish(actor)
    # two at once would take the same number
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('matter_lists'))"))
    highest = session.scalars(select(func.max(MatterList.version))).one()
    listed = MatterList(
        version=(highest or 0) + 1, in_force_from=in_force_from, note=note, published_by=actor.account_id
    )
    session.add(listed)
    session.flush()
    session.add_all(
        RecordingMatter(list_id=listed.id, **{name: getattr(line, name) for name in MatterBase.model_fields})
        for line in lines
    )
    session.flush()
    record(
        session,
        actor,
        acts.PUBLISH_MATTERS,
        "matter_list",
        listed.id,
        version=listed.version,
        in_force_from=in_force_from.isoformat(),
        lines=len(lines),
        note=note,
    )
    request_job(session, JobKind.recount, listed.id)
    return listed
