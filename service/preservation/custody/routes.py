"""GET /api/v1/custody: who did what, in the caller's scope."""

from uuid import UUID

from fastapi import APIRouter

from schemas.custody import CustodyEntry, CustodyEntryRead
from service.access.actions import require
from service.access.dependencies import CurrentActor
from service.access.gate import Gate
from service.access.queries import visible_custody
from service.kernel.contract import NumberedPage
from service.kernel.database import DatabaseSession

router = APIRouter(prefix="/api/v1/custody", tags=["custody"], route_class=Gate)
LIMIT = 200


@router.get("")
def list_custody(
    actor: CurrentActor, session: DatabaseSession, subject: UUID | None = None, before: int | None = None
) -> NumberedPage[CustodyEntryRead]:
    """Who did what. Newest first; `next` goes into `before`."""
    require(actor, "see_custody")
    statement = visible_custody(actor).order_by(CustodyEntry.id.desc()).limit(LIMIT)
    if subject is not None:
        statement = statement.where(CustodyEntry.subject_id == subject)
    if before is not None:
        statement = statement.where(CustodyEntry.id < before)
    rows = list(session.scalars(statement))
    return NumberedPage[CustodyEntryRead](
        items=[CustodyEntryRead.model_validate(row, from_attributes=True) for row in rows],
        next=rows[-1].id if len(rows) == LIMIT else None,
    )
