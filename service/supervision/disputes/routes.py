"""/api/v1/disputes, and those of one event."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from sqlmodel import SQLModel

from schemas.base import Prose, examples
from schemas.coverage import Dispute, DisputeAbout, DisputeRead, DisputeState
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.access.queries import get_event
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.two_persons.errors import SecondPerson
from service.supervision.disputes import actions, queries
from service.supervision.disputes.approval import DISPUTE
from service.supervision.disputes.errors import AnsweredAlready, NotConcerned

router = APIRouter(prefix="/api/v1", tags=["disputes"], route_class=Gate)


class DisputeWanted(SQLModel):
    """`recording`: the recording that should have counted, where there is one."""

    model_config = {"json_schema_extra": examples({"statement": "The recording of that morning shows it."})}

    statement: Prose
    recording: UUID | None = None


class RowDisputed(SQLModel):
    """`about`: recording, recorder or duty_day. `row`: the id of the recording or the recorder, of a day on duty that of
    its squad. `day`: of a day on duty; of a recorder the day on which it stood so, today unless said."""

    model_config = {
        "json_schema_extra": examples(
            {
                "about": "recorder",
                "row": "01970000-0000-7000-8000-000000000000",
                "statement": "It has been in repair since Monday.",
            }
        )
    }

    about: Literal["recording", "recorder", "duty_day"]
    row: UUID
    statement: Prose
    day: date | None = None


class DisputeAnswer(SQLModel):
    model_config = {"json_schema_extra": examples({"answer": "Seen; the link was put right."})}

    answer: Prose


def dispute_read(dispute: Dispute) -> DisputeRead:
    answered = dispute.decided_at if dispute.decided_by else None
    same = {name: getattr(dispute, name) for name in DisputeRead.model_fields if hasattr(dispute, name)}
    return DisputeRead(**same, raised_at=dispute.asked_at, answered_at=answered)


@router.get("/disputes")
def list_disputes(
    actor: CurrentActor,
    session: DatabaseSession,
    event: UUID | None = None,
    state: DisputeState | None = None,
    about: DisputeAbout | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[DisputeRead]:
    """Rows that an officer says are wrong, newest first."""
    found = queries.list_disputes(
        session, actor, event=event, state=state, about=about, cursor=cursor, limit=limit
    )
    return Page[DisputeRead](items=[dispute_read(one) for one in found.items], next=found.next)


@router.post("/disputes", status_code=201)
@raises(NotFound, NotConcerned)
def dispute_row(wanted: RowDisputed, actor: CurrentActor, session: DatabaseSession) -> DisputeRead:
    """Of rows that are no events; an event's is raised at the event."""
    return dispute_read(
        actions.dispute_row(session, actor, wanted.about, wanted.row, wanted.statement, wanted.day)
    )


@router.get("/events/{event_id}/disputes")
@raises(NotFound)
def list_event_disputes(event_id: UUID, actor: CurrentActor, session: DatabaseSession) -> Page[DisputeRead]:
    """Those of one event."""
    event = get_event(session, actor, event_id)
    found = queries.list_disputes(session, actor, event=event.id, limit=200)
    return Page[DisputeRead](items=[dispute_read(one) for one in found.items], next=found.next)


@router.post("/events/{event_id}/disputes", status_code=201)
@raises(NotFound, NotConcerned)
def raise_dispute(
    event_id: UUID, wanted: DisputeWanted, actor: CurrentActor, session: DatabaseSession
) -> DisputeRead:
    """By an officer whom the event concerns."""
    return dispute_read(actions.raise_dispute(session, actor, event_id, wanted.statement, wanted.recording))


@router.post("/disputes/{dispute_id}/uphold")
@raises(NotFound, SecondPerson, AnsweredAlready)
@needs("answer_disputes")
def uphold_dispute(
    dispute_id: UUID, said: DisputeAnswer, actor: CurrentActor, session: DatabaseSession
) -> DisputeRead:
    """The row is wrong indeed. Figures change only where facts are put right."""
    return dispute_read(DISPUTE.approve(session, actor, dispute_id, said.answer))


@router.post("/disputes/{dispute_id}/dismiss")
@raises(NotFound, SecondPerson, AnsweredAlready)
@needs("answer_disputes")
def dismiss_dispute(
    dispute_id: UUID, said: DisputeAnswer, actor: CurrentActor, session: DatabaseSession
) -> DisputeRead:
    """The row is right."""
    return dispute_read(DISPUTE.decline(session, actor, dispute_id, said.answer))


@router.post("/disputes/{dispute_id}/withdraw")
@raises(NotFound, AnsweredAlready)
def withdraw_dispute(dispute_id: UUID, actor: CurrentActor, session: DatabaseSession) -> DisputeRead:
    """By who raised it, before it is answered."""
    return dispute_read(DISPUTE.withdraw(session, actor, dispute_id))
