"""What stages have in common when they write down what they found of an original."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.originals import Original
from schemas.recordings import Recording
from service.kernel.jobs import request_job


def ask_for_tags(session: Session, original_id: UUID, priority: int) -> None:
    """Of all recordings that share it; before its row is locked."""
    recordings = select(Recording.id).where(Recording.original_id == original_id).order_by(Recording.id)
    for recording_id in session.scalars(recordings).all():
        request_job(session, JobKind.tags, recording_id, priority=priority, cost_s=1)


def locked(session: Session, original_id: UUID) -> Original:
    """As others have left it."""
    mine = select(Original).where(Original.id == original_id).with_for_update()
    return session.scalars(mine.execution_options(populate_existing=True)).one()
