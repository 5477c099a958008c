"""/api/v1/cases and /api/v1/campaigns."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import SQLModel

from schemas.cases import Campaign, CampaignCreate, Case, CaseBase, CaseCreate
from service.access.dependencies import CurrentActor
from service.finding.linking.routes import LinkShown, link_reads
from service.kernel.database import DatabaseSession
from service.registry.cases import actions, queries
from service.registry.cases.importers import CampaignImporter, CaseImporter
from service.registry.cases.updates import CampaignUpdate, CaseUpdate
from service.registry.events.routes import EventRead, event_reads
from service.registry.importing.routes import DryRun, ImportBody, import_rows

router = APIRouter(prefix="/api/v1", tags=["cases"])


class CaseRead(CaseBase):
    id: UUID
    squad_id: UUID
    created_at: datetime


class CaseEventRead(SQLModel):
    event: EventRead
    links: list[LinkShown]
    offered: list[LinkShown]


class CaseDetailRead(CaseRead):
    """`direct`: links to the case itself, to none of its events."""

    events: list[CaseEventRead]
    direct: list[LinkShown]
    without_recording: int


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


@router.get("/cases/{case_id}")
def read_case(case_id: UUID, actor: CurrentActor, session: DatabaseSession) -> CaseDetailRead:
    """The case with each of its events, recorded or not, and the links that show them."""
    found = queries.case_detail(session, actor, case_id)
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
