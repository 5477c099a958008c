"""/api/v1/explanations, and those of one event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlmodel import SQLModel

from schemas.base import FieldTime
from schemas.coverage import Explanation, ExplanationKind, ExplanationReason, ExplanationState
from service.access.dependencies import CurrentActor
from service.access.queries import get_event
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid
from service.supervision.explanations import actions, queries

router = APIRouter(prefix="/api/v1", tags=["explanations"])


class ExplanationWanted(SQLModel):
    """`gap_from` and `gap_to` for a gap reason; neither for an exemption of the whole event."""

    reason: ExplanationReason
    note: str
    gap_from: FieldTime | None = None
    gap_to: FieldTime | None = None


class Answer(SQLModel):
    answer: str = ""


class ExplanationRead(SQLModel):
    id: UUID
    event_id: UUID
    kind: ExplanationKind
    reason: ExplanationReason
    gap_from: datetime | None
    gap_to: datetime | None
    note: str
    state: ExplanationState
    asked_at: datetime
    decided_at: datetime | None
    answer: str


def explanation_read(wish: Explanation) -> ExplanationRead:
    return ExplanationRead(**{name: getattr(wish, name) for name in ExplanationRead.model_fields})


@router.get("/explanations")
def list_explanations(
    actor: CurrentActor,
    session: DatabaseSession,
    event: UUID | None = None,
    state: ExplanationState | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    found = queries.list_explanations(session, actor, event=event, state=state, cursor=cursor, limit=limit)
    return {"items": [explanation_read(one) for one in found.items], "next": found.next}


@router.get("/events/{event_id}/explanations")
def explanations_of_event(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> dict[str, Any]:
    event = get_event(session, actor, event_id)
    found = queries.list_explanations(session, actor, event=event.id, limit=200)
    return {"items": [explanation_read(one) for one in found.items], "next": found.next}


@router.post("/events/{event_id}/explanations", status_code=201)
def ask(
    event_id: UUID, wanted: ExplanationWanted, actor: CurrentActor, session: DatabaseSession
) -> ExplanationRead:
    return explanation_read(ask_wanted(session, actor, event_id, wanted))


def ask_wanted(session, actor, event_id: UUID, wanted: ExplanationWanted) -> Explanation:
    if wanted.gap_from is None and wanted.gap_to is None:
        return actions.ask_exemption(session, actor, event_id, wanted.reason, wanted.note)
    if wanted.gap_from is None or wanted.gap_to is None:
        raise Invalid(field="gap_from" if wanted.gap_from is None else "gap_to", problem="missing")
    return actions.ask_gap_reason(
        session, actor, event_id, wanted.reason, wanted.note, wanted.gap_from, wanted.gap_to
    )


@router.post("/explanations/{explanation_id}/approve")
def approve(
    explanation_id: UUID, actor: CurrentActor, session: DatabaseSession, said: Answer | None = None
) -> ExplanationRead:
    return explanation_read(actions.approve(session, actor, explanation_id, said.answer if said else ""))


@router.post("/explanations/{explanation_id}/decline")
def decline(
    explanation_id: UUID, said: Answer, actor: CurrentActor, session: DatabaseSession
) -> ExplanationRead:
    return explanation_read(actions.decline(session, actor, explanation_id, said.answer))


@router.post("/explanations/{explanation_id}/reopen")
def reopen(explanation_id: UUID, actor: CurrentActor, session: DatabaseSession) -> ExplanationRead:
    return explanation_read(actions.reopen(session, actor, explanation_id))


@router.post("/explanations/{explanation_id}/withdraw")
def withdraw(explanation_id: UUID, actor: CurrentActor, session: DatabaseSession) -> ExplanationRead:
    return explanation_read(actions.withdraw(session, actor, explanation_id))
