"""What of /api/v1/doubles changes something: one row merged into the other, and what was merged."""

from uuid import UUID

from fastapi import APIRouter, Response

from schemas.doubles import DoubleMerge, MergedDouble, MergedDoubleRead
from service.access.actions import require_accounts
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.desk.doubles import actions, queries
from service.desk.doubles.errors import NoDouble
from service.finding.linking.errors import MergeAcrossSquads, MergeFarApart, MergeIntoCancelled
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.registry.events.errors import EventMerged

router = APIRouter(prefix="/api/v1/doubles", tags=["people"], route_class=Gate)


def merged_read(one: MergedDouble) -> MergedDoubleRead:
    return MergedDoubleRead(
        kind=one.kind,
        into=one.into_id,
        merged=one.gone_id,
        key=one.key,
        differs=one.differs,
        merged_at=one.merged_at,
    )


@router.get("/merged")
def list_merged_doubles(
    actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> Page[MergedDoubleRead]:
    """What persons merged, newest first, with what both rows said. Events are not among them: see their history."""
    found = queries.list_merged(session, actor, cursor, limit)
    return Page[MergedDoubleRead](items=[merged_read(one) for one in found.items], next=found.next)


@router.post("/{kind}/{double_id}/merge", status_code=204)
@needs(require_accounts)
@raises(NotFound, NoDouble, EventMerged, MergeIntoCancelled, MergeFarApart, MergeAcrossSquads)
def merge_double(
    kind: str, double_id: UUID, wanted: DoubleMerge, actor: CurrentActor, session: DatabaseSession
) -> Response:
    """What hangs on the row follows to `into`; what both say differently is kept beside it. Frozen months do not change.
    It cannot be taken back, but for events (`/api/v1/events/{id}/unmerge`)."""
    actions.merge_double(session, actor, kind, double_id, wanted.into)
    return Response(status_code=204)
