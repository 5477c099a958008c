"""/api/v1/explanations, and those of one event."""

from uuid import UUID

from fastapi import APIRouter
from sqlmodel import Session, SQLModel

from schemas.base import FieldTime, Prose, examples
from schemas.coverage import Explanation, ExplanationRead, ExplanationReason, ExplanationState
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.access.queries import get_event
from service.kernel.actor import Actor
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid, NotFound
from service.kernel.i18n import gettext as _
from service.kernel.two_persons.errors import DecidedAlready, SecondPerson
from service.supervision.explanations import actions, queries
from service.supervision.explanations.approval import EXPLANATION
from service.supervision.explanations.errors import NoGapThere, NothingToExplain

router = APIRouter(prefix="/api/v1", tags=["explanations"], route_class=Gate)


class ExplanationWanted(SQLModel):
    """`gap_from` and `gap_to` for a gap reason; neither for an exemption of the whole event."""

    model_config = {"json_schema_extra": examples({"reason": "urgent", "note": "A fire next door"})}

    reason: ExplanationReason
    note: Prose
    gap_from: FieldTime | None = None
    gap_to: FieldTime | None = None


class Answer(SQLModel):
    model_config = {"json_schema_extra": examples({"answer": "Seen, and agreed"})}

    answer: Prose = ""


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
) -> Page[ExplanationRead]:
    """Exemptions asked for and gaps explained, newest first."""
    found = queries.list_explanations(session, actor, event=event, state=state, cursor=cursor, limit=limit)
    return Page[ExplanationRead](items=[explanation_read(one) for one in found.items], next=found.next)


@router.get("/events/{event_id}/explanations")
@raises(NotFound)
def list_event_explanations(
    event_id: UUID, actor: CurrentActor, session: DatabaseSession
) -> Page[ExplanationRead]:
    """Those of one event."""
    event = get_event(session, actor, event_id)
    found = queries.list_explanations(session, actor, event=event.id, limit=200)
    return Page[ExplanationRead](items=[explanation_read(one) for one in found.items], next=found.next)


@router.post("/events/{event_id}/explanations", status_code=201)
@raises(NotFound, NothingToExplain, NoGapThere)
@needs("explain")
def create_explanation(
    event_id: UUID, wanted: ExplanationWanted, actor: CurrentActor, session: DatabaseSession
) -> ExplanationRead:
    """Why it was not recorded, or why the camera was off for a while. Another person decides."""
    return explanation_read(ask_wanted(session, actor, event_id, wanted))


def ask_wanted(session: Session, actor: Actor, event_id: UUID, wanted: ExplanationWanted) -> Explanation:
    if wanted.gap_from is None and wanted.gap_to is None:
        return actions.ask_exemption(session, actor, event_id, wanted.reason, wanted.note)
    if wanted.gap_from is None or wanted.gap_to is None:
        raise Invalid(field="gap_from" if wanted.gap_from is None else "gap_to", problem=_("it is missing"))
    return actions.ask_gap_reason(
        session, actor, event_id, wanted.reason, wanted.note, wanted.gap_from, wanted.gap_to
    )


@router.post("/explanations/{explanation_id}/approve")
@raises(NotFound, SecondPerson, DecidedAlready)
@needs("decide_explanations")
def approve_explanation(
    explanation_id: UUID, actor: CurrentActor, session: DatabaseSession, said: Answer | None = None
) -> ExplanationRead:
    """By another person than who asked."""
    return explanation_read(EXPLANATION.approve(session, actor, explanation_id, said.answer if said else ""))


@router.post("/explanations/{explanation_id}/decline")
@raises(NotFound, SecondPerson, DecidedAlready)
@needs("decide_explanations")
def decline_explanation(
    explanation_id: UUID, said: Answer, actor: CurrentActor, session: DatabaseSession
) -> ExplanationRead:
    """By another person than who asked; `answer` says why."""
    return explanation_read(EXPLANATION.decline(session, actor, explanation_id, said.answer))


@router.post("/explanations/{explanation_id}/reopen")
@raises(NotFound, SecondPerson, DecidedAlready)
@needs("decide_explanations")
def reopen_explanation(
    explanation_id: UUID, actor: CurrentActor, session: DatabaseSession
) -> ExplanationRead:
    """A decision taken back."""
    return explanation_read(EXPLANATION.reopen(session, actor, explanation_id))


@router.post("/explanations/{explanation_id}/withdraw")
@raises(NotFound, DecidedAlready)
def withdraw_explanation(
    explanation_id: UUID, actor: CurrentActor, session: DatabaseSession
) -> ExplanationRead:
    """By who asked, before it is decided."""
    return explanation_read(EXPLANATION.withdraw(session, actor, explanation_id))
