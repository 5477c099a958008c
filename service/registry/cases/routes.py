"""/api/v1/cases and /api/v1/campaigns."""

from uuid import UUID

from fastapi import APIRouter

from schemas.cases import Campaign, CampaignCreate, CampaignRead, Case, CaseCreate, CaseRead
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.kernel.asked import QueryTooLong
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.keys import NOT_NEW
from service.registry.cases import actions, queries
from service.registry.cases.errors import CampaignExists, CaseExists, CaseWrittenOtherwise
from service.registry.cases.updates import CampaignUpdate, CaseUpdate

router = APIRouter(prefix="/api/v1", tags=["cases"], route_class=Gate)


def case_read(case: Case) -> CaseRead:
    return CaseRead.model_validate(case, from_attributes=True)


def campaign_read(campaign: Campaign) -> CampaignRead:
    return CampaignRead.model_validate(campaign, from_attributes=True)


@router.get("/cases")
@raises(QueryTooLong)
def list_cases(
    actor: CurrentActor,
    session: DatabaseSession,
    q: str = "",
    squad: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[CaseRead]:
    """Newest first. `q`: words of number, title, party or place."""
    found = queries.list_cases(session, actor, q=q, squad=squad, cursor=cursor, limit=limit)
    return Page[CaseRead](items=[case_read(one) for one in found.items], next=found.next)


@router.post("/cases", status_code=201)
@raises(CaseExists, CaseWrittenOtherwise)
@needs("edit_cases")
def create_case(wanted: CaseCreate, actor: CurrentActor, session: DatabaseSession) -> CaseRead:
    """A new case. `squad` by id or code. Brackets, width and spaces of `number` make no difference."""
    return case_read(actions.create_case(session, actor, wanted))


@router.patch("/cases/{case_id}")
@raises(NotFound, CaseExists, CaseWrittenOtherwise)
@needs("edit_cases")
def update_case(case_id: UUID, wanted: CaseUpdate, actor: CurrentActor, session: DatabaseSession) -> CaseRead:
    """Fields left out stay as they are."""
    return case_read(actions.update_case(session, actor, case_id, wanted))


@router.get("/campaigns")
@raises(QueryTooLong)
def list_campaigns(
    actor: CurrentActor, session: DatabaseSession, q: str = "", cursor: str | None = None, limit: int = 50
) -> Page[CampaignRead]:
    """Campaigns of the whole bureau."""
    found = queries.list_campaigns(session, q=q, cursor=cursor, limit=limit)
    return Page[CampaignRead](items=[campaign_read(one) for one in found.items], next=found.next)


@router.post("/campaigns", status_code=201)
@raises(CampaignExists, *NOT_NEW)
@needs("edit_cases", bureau=True)
def create_campaign(wanted: CampaignCreate, actor: CurrentActor, session: DatabaseSession) -> CampaignRead:
    """A new campaign, by who sees the whole bureau. Events name it by `external_id` or id."""
    return campaign_read(actions.create_campaign(session, actor, wanted))


@router.get("/campaigns/{campaign_id}")
@raises(NotFound)
def get_campaign(campaign_id: UUID, actor: CurrentActor, session: DatabaseSession) -> CampaignRead:
    """One campaign."""
    return campaign_read(queries.get_campaign(session, campaign_id))


@router.patch("/campaigns/{campaign_id}")
@raises(NotFound)
@needs("edit_cases", bureau=True)
def update_campaign(
    campaign_id: UUID, wanted: CampaignUpdate, actor: CurrentActor, session: DatabaseSession
) -> CampaignRead:
    """By who sees the whole bureau. Fields left out stay as they are."""
    return campaign_read(actions.update_campaign(session, actor, campaign_id, wanted))
