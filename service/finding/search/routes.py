"""GET /api/v1/recordings and its facets."""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlmodel import Session

from schemas.recordings import Recording
from service.access.dependencies import CurrentActor
from service.access.gate import Gate
from service.access.queries import squad_scope, visible_recordings
from service.finding.search import queries
from service.finding.search.cards import RecordingCard, cards
from service.finding.search.errors import CursorUnreadable
from service.finding.search.named import require_named
from service.finding.search.parameters import Filters
from service.kernel import contract
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession

router = APIRouter(prefix="/api/v1/recordings", tags=["recordings"], route_class=Gate)


def load(session: Session, actor: Actor, page: queries.Page) -> list[Recording]:
    """The recordings of a page of hits, in its order, once more through the actor's scope."""
    ids = [hit.recording_id for hit in page.items]
    found = {r.id: r for r in session.scalars(visible_recordings(actor).where(Recording.id.in_(ids)))}
    return [found[id_] for id_ in ids if id_ in found]


@router.get("")
@contract.raises(CursorUnreadable)
def list_recordings(
    filters: Filters,
    actor: CurrentActor,
    session: DatabaseSession,
    cursor: str | None = None,
    limit: int = 50,
) -> contract.Page[RecordingCard]:
    """Newest arrival first. `next` is the cursor of the following page, null at the end."""
    page = queries.search(session, squad_scope(actor), filters, cursor, limit)
    require_named(session, actor, filters, found=bool(page.items or cursor))
    items = cards(session, actor, load(session, actor, page))
    return contract.Page[RecordingCard](items=items, next=page.next)


class FacetsRead(BaseModel):
    total: list[queries.Facet]
    squad: list[queries.Facet]
    kind: list[queries.Facet]
    state: list[queries.Facet]
    media: list[queries.Facet]
    tag: list[queries.Facet]
    linked: list[queries.Facet]


@router.get("/facets")
def count_recordings(filters: Filters, actor: CurrentActor, session: DatabaseSession) -> FacetsRead:
    """Counts by squad, kind, state, media, tag and linked; `capped` means at least that many."""
    found = queries.facets(session, squad_scope(actor), filters)
    require_named(session, actor, filters, found=any(one.count for one in found["total"]))
    return FacetsRead(**found)
