"""GET /api/v1/backups: what was backed up, read back and tried."""

from fastapi import APIRouter

from schemas.backups import BackupRead
from service.access.actions import require
from service.access.dependencies import CurrentActor
from service.access.gate import Gate
from service.kernel.contract import Page
from service.kernel.database import DatabaseSession
from service.preservation.backups import queries

router = APIRouter(prefix="/api/v1/backups", tags=["operations"], route_class=Gate)


@router.get("")
def list_backups(
    actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> Page[BackupRead]:
    """Newest first; those that younger ones replaced are gone from here."""
    require(actor, "see_queue")
    found = queries.backups(session, cursor, limit)
    return Page[BackupRead](items=[queries.read(row) for row in found.items], next=found.next)
