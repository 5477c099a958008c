"""/api/v1/disputes, and those of one event."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from sqlmodel import SQLModel

from schemas.coverage import Dispute, DisputeAbout, DisputeState
from service.access.dependencies import CurrentActor
from service.access.queries import get_event
from service.kernel.database import DatabaseSession
from service.supervision.disputes import actions, queries

router = APIRouter(prefix="/api/v1", tags=["disputes"])


class DisputeWanted(SQLModel):
    """`recording`: the recording that should have counted, where there is one."""

    statement: str
    recording: UUID | None = None


class RowDisputed(SQLModel):
    """`about`: recording, recorder or duty_day. `row`: the id of the recording or the recorder, of a day on duty that of
    its squad. `day`: of a day on duty; of a recorder the day on which it stood so, today unless said."""

    about: Literal["recording", "recorder", "duty_day"]
    row: UUID
    statement: str
    day: date | None = None


class DisputeAnswer(SQLModel):
    answer: str


class DisputeRead(SQLModel):
    """`snapshot_id`: the frozen month that it concerns."""

    id: UUID
    about: DisputeAbout
    event_id: UUID | None
    recording_id: UUID | None
    recorder_id: UUID | None
    squad_id: UUID | None
    day: date | None
    snapshot_id: UUID | None
    statement: str
    state: DisputeState
    raised_at: datetime
    answered_at: datetime | None
    answer: str


def dispute_read(dispute: Dispute) -> DisputeRead:
    return DisputeRead(**{name: getattr(dispute, name) for name in DisputeRead.model_fields})


@router.get("/disputes")
def list_disputes(
    actor: CurrentActor,
    session: DatabaseSession,
    event: UUID | None = None,
    state: DisputeState | None = None,
    about: DisputeAbout | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    found = queries.list_disputes(
        session, actor, event=event, state=state, about=about, cursor=cursor, limit=limit
    )
    return {"items": [dispute_read(one) for one in found.items], "next": found.next}


@router.post("/disputes", status_code=201)
def dispute_row(wanted: RowDisputed, actor: CurrentActor, session: DatabaseSession) -> DisputeRead:
    """Of rows that are no events; an event's is raised at the event."""
    return dispute_read(
        actions.dispute_row(session, actor, wanted.about, wanted.row, wanted.statement, wanted.day)
    )


@router.get("/events/{event_id}/disputes")
def disputes_of_event(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> dict[str, Any]:
    event = get_event(session, actor, event_id)
    found = queries.list_disputes(session, actor, event=event.id, limit=200)
    return {"items": [dispute_read(one) for one in found.items], "next": found.next}


@router.post("/events/{event_id}/disputes", status_code=201)
def raise_dispute(
    event_id: UUID, wanted: DisputeWanted, actor: CurrentActor, session: DatabaseSession
) -> DisputeRead:
    return dispute_read(actions.raise_dispute(session, actor, event_id, wanted.statement, wanted.recording))


@router.post("/disputes/{dispute_id}/uphold")
def uphold(
    dispute_id: UUID, said: DisputeAnswer, actor: CurrentActor, session: DatabaseSession
) -> DisputeRead:
    return dispute_read(actions.uphold(session, actor, dispute_id, said.answer))


@router.post("/disputes/{dispute_id}/dismiss")
def dismiss(
    dispute_id: UUID, said: DisputeAnswer, actor: CurrentActor, session: DatabaseSession
) -> DisputeRead:
    return dispute_read(actions.dismiss(session, actor, dispute_id, said.answer))


@router.post("/disputes/{dispute_id}/withdraw")
def withdraw(dispute_id: UUID, actor: CurrentActor, session: DatabaseSession) -> DisputeRead:
    return dispute_read(actions.withdraw(session, actor, dispute_id))
