"""GET /api/v1/recordings and its facets."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from sqlmodel import Session

from schemas.recordings import Recording
from service.access.dependencies import CurrentActor
from service.access.queries import squad_scope, visible_recordings
from service.finding.search import queries
from service.finding.search.cards import cards
from service.finding.search.parameters import Filters
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession

router = APIRouter(prefix="/api/v1/recordings", tags=["recordings"])


def load(session: Session, actor: Actor, page: queries.Page) -> list[Recording]:
    """The recordings of a page of hits, in its order, once more through the actor's scope."""
    ids = [hit.recording_id for hit in page.items]
    found = {r.id: r for r in session.scalars(visible_recordings(actor).where(Recording.id.in_(ids)))}
    return [found[id_] for id_ in ids if id_ in found]


@router.get("")
def list_recordings(
    filters: Filters,
    actor: CurrentActor,
    session: DatabaseSession,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Newest arrival first. `next` is the cursor of the following page, null at the end."""
    page = queries.search(session, squad_scope(actor), filters, cursor, limit)
    items = [asdict(card) for card in cards(session, actor, load(session, actor, page))]
    return {"items": items, "next": page.next}


@router.get("/facets")
def recording_facets(filters: Filters, actor: CurrentActor, session: DatabaseSession) -> dict[str, Any]:
    """Counts by squad, kind, state, tag and linked; `capped` means at least that many."""
    found = queries.facets(session, squad_scope(actor), filters)
    return {name: [asdict(facet) for facet in values] for name, values in found.items()}
