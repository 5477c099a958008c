"""/api/v1/cases and /api/v1/campaigns."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import SQLModel

from schemas.cases import Campaign, CampaignCreate, Case, CaseBase, CaseCreate
from service.access.dependencies import CurrentActor
from service.kernel.database import DatabaseSession
from service.registry.cases import actions, queries
from service.registry.cases.importers import CampaignImporter, CaseImporter
from service.registry.cases.updates import CampaignUpdate, CaseUpdate
from service.registry.importing.routes import DryRun, ImportBody, import_rows

router = APIRouter(prefix="/api/v1", tags=["cases"])


class CaseRead(CaseBase):
    id: UUID
    squad_id: UUID
    created_at: datetime


class CampaignRead(SQLModel):
    id: UUID
    external_id: str | None
    name: str
    starts_on: date | None
    ends_on: date | None


def case_read(case: Case) -> CaseRead:
    return CaseRead.model_validate(case, from_attributes=True)


def campaign_read(campaign: Campaign) -> CampaignRead:
    return CampaignRead.model_validate(campaign, from_attributes=True)


@router.get("/cases")
def list_cases(
    actor: CurrentActor,
    session: DatabaseSession,
    q: str = "",
    squad: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    found = queries.list_cases(session, actor, q=q, squad=squad, cursor=cursor, limit=limit)
    return {"items": [case_read(one) for one in found.items], "next": found.next}


@router.post("/cases", status_code=201)
def create_case(wanted: CaseCreate, actor: CurrentActor, session: DatabaseSession) -> CaseRead:
    return case_read(actions.create_case(session, actor, wanted))


@router.post("/cases/import")
def import_cases(
    actor: CurrentActor, session: DatabaseSession, body: ImportBody, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    return import_rows(CaseImporter(session, actor), body, request, dry_run)


@router.patch("/cases/{case_id}")
def update_case(case_id: UUID, wanted: CaseUpdate, actor: CurrentActor, session: DatabaseSession) -> CaseRead:
    return case_read(actions.update_case(session, actor, case_id, wanted))


@router.get("/campaigns")
def list_campaigns(
    actor: CurrentActor, session: DatabaseSession, q: str = "", cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    found = queries.list_campaigns(session, q=q, cursor=cursor, limit=limit)
    return {"items": [campaign_read(one) for one in found.items], "next": found.next}


@router.post("/campaigns", status_code=201)
def create_campaign(wanted: CampaignCreate, actor: CurrentActor, session: DatabaseSession) -> CampaignRead:
    return campaign_read(actions.create_campaign(session, actor, wanted))


@router.post("/campaigns/import")
def import_campaigns(
    actor: CurrentActor, session: DatabaseSession, body: ImportBody, request: Request, dry_run: DryRun = False
) -> dict[str, Any]:
    return import_rows(CampaignImporter(session, actor), body, request, dry_run)


@router.get("/campaigns/{campaign_id}")
def read_campaign(campaign_id: UUID, actor: CurrentActor, session: DatabaseSession) -> CampaignRead:
    return campaign_read(queries.get_campaign(session, campaign_id))


@router.patch("/campaigns/{campaign_id}")
def update_campaign(
    campaign_id: UUID, wanted: CampaignUpdate, actor: CurrentActor, session: DatabaseSession
) -> CampaignRead:
    return campaign_read(actions.update_campaign(session, actor, campaign_id, wanted))
