"""Forms of disputes: raised on the event's page, answered there or in the queue."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from schemas.coverage import Dispute
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid, NotFound
from service.kernel.i18n import gettext as _
from service.kernel.ids import id_said
from service.supervision.disputes import actions
from service.web.disputes.views import dispute_lines
from service.web.explanations.pages import back
from service.web.frame.rendering import redirect, render, wants_fragment
from service.web.frame.shell import PageActor
from service.web.frame.views import Table

router = APIRouter()
Text = Annotated[str, Form()]


@router.post("/events/{event_id}/dispute")
def raise_dispute(
    request: Request,
    event_id: UUID,
    actor: PageActor,
    session: DatabaseSession,
    statement: Text = "",
    recording: Text = "",
) -> Response:
    """`recording`: the one that should have counted, where there is one."""
    named = id_said(_("Recording"), recording) if recording else None
    actions.raise_dispute(session, actor, event_id, statement, named)
    return back(request, event_id)


@router.post("/disputes")
def dispute_row(
    request: Request,
    actor: PageActor,
    session: DatabaseSession,
    about: Text = "",
    row: Text = "",
    day: Text = "",
    statement: Text = "",
) -> Response:
    """From the list of the rows that concern the caller, where the dispute then stands."""
    try:
        named, on = UUID(row), date.fromisoformat(day) if day else None
    except ValueError:
        raise Invalid(field=_("Row"), problem=row) from None
    actions.dispute_row(session, actor, about, named, statement, on)
    return redirect(request, "/coverage/mine?name=disputes")


@router.post("/disputes/{dispute_id}/{decision}")
def decide(
    request: Request,
    dispute_id: UUID,
    decision: str,
    actor: PageActor,
    session: DatabaseSession,
    answer: Text = "",
    queue: Text = "",
) -> Response:
    match decision:
        case "uphold":
            dispute = actions.uphold(session, actor, dispute_id, answer)
        case "dismiss":
            dispute = actions.dismiss(session, actor, dispute_id, answer)
        case "withdraw":
            dispute = actions.withdraw(session, actor, dispute_id)
        case _:
            raise NotFound
    session.flush()
    if queue or dispute.event_id is None:
        return _row(request, session, actor, dispute)
    return back(request, dispute.event_id)


def _row(request: Request, session: Session, actor: Actor, dispute: Dispute) -> Response:
    """In the queue the row stays, with its answer."""
    if not wants_fragment(request):
        own = dispute.raised_by == actor.account_id
        return redirect(request, "/coverage/mine?name=disputes" if own else "/coverage/lists/disputes")
    table = Table("dispute", dispute_lines(session, actor, [dispute], _("Answered.")))
    return render(request, "coverage/_lines.html", table=table)
