"""GET /api/v1/cases/{id}: the case with what shows it."""

from uuid import UUID

from fastapi import APIRouter
from sqlmodel import SQLModel

from schemas.cases import CaseRead
from service.access.dependencies import CurrentActor
from service.access.gate import Gate
from service.finding.linking.cases import case_detail
from service.finding.linking.reads import LinkShown, link_reads
from service.kernel.contract import raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.registry.cases.routes import case_read
from service.registry.events.reads import EventRead, event_reads

router = APIRouter(prefix="/api/v1", tags=["cases"], route_class=Gate)


class CaseEventRead(SQLModel):
    event: EventRead
    links: list[LinkShown]
    offered: list[LinkShown]


class CaseDetailRead(CaseRead):
    """`direct`: links to the case itself, to none of its events."""

    events: list[CaseEventRead]
    direct: list[LinkShown]
    without_recording: int


@router.get("/cases/{case_id}")
@raises(NotFound)
def get_case(case_id: UUID, actor: CurrentActor, session: DatabaseSession) -> CaseDetailRead:
    """The case with each of its events, recorded or not, and the links that show them."""
    found = case_detail(session, actor, case_id)
    events = event_reads(session, [one.event for one in found.events])
    shown = [
        CaseEventRead(event=event, links=link_reads(one.links), offered=link_reads(one.offered))
        for event, one in zip(events, found.events, strict=True)
    ]
    return CaseDetailRead(
        **case_read(found.case).model_dump(),
        events=shown,
        direct=link_reads(found.direct),
        without_recording=len(found.without_recording),
    )
