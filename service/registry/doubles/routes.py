"""/api/v1/doubles."""

from uuid import UUID

from fastapi import APIRouter
from sqlmodel import SQLModel

from service.access.dependencies import CurrentActor
from service.access.gate import Gate
from service.kernel.contract import Page
from service.kernel.database import DatabaseSession
from service.kernel.keyset import sliced
from service.registry.doubles import queries

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=Gate)


class DoubleRead(SQLModel):
    """Row `id` has the same key as row `double_of`. `key`, `first`: as each is written; `how`: what differs, in words."""

    kind: str
    id: UUID
    key: str
    double_of: UUID
    first: str
    how: str


@router.get("/doubles")
def list_doubles(
    actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> Page[DoubleRead]:
    """Rows of one key, written differently, from before they were known to be one. None is merged by itself."""
    found, following = sliced(queries.doubles(session, actor), cursor, limit)
    items = [
        DoubleRead(
            kind=one.kind.name, id=one.id, key=one.key, double_of=one.double_of, first=one.first, how=one.how
        )
        for one in found
    ]
    return Page[DoubleRead](items=items, next=following)
