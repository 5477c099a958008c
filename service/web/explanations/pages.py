"""Forms of explanations: asked on the event's page, decided there or in the queue."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from schemas.coverage import Explanation, ExplanationReason
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid, NotFound
from service.kernel.i18n import gettext as _
from service.supervision.explanations import actions
from service.supervision.explanations.routes import ExplanationWanted, ask_wanted
from service.web.explanations.views import explanation_lines
from service.web.frame.rendering import redirect, render, wants_fragment
from service.web.frame.shell import PageActor
from service.web.frame.views import Table

router = APIRouter()
Text = Annotated[str, Form()]


@router.post("/events/{event_id}/explain")
def explain(
    request: Request,
    event_id: UUID,
    actor: PageActor,
    session: DatabaseSession,
    reason: Text = "",
    note: Text = "",
    gap: Text = "",
) -> Response:
    """`gap`: `from/to` of one of the gaps shown; without it an exemption of the whole event is asked for."""
    try:
        why = ExplanationReason(reason)
    except ValueError:
        raise Invalid(field=_("Reason"), problem=reason) from None
    start, end = _stretch(gap)
    wanted = ExplanationWanted(reason=why, note=note, gap_from=start, gap_to=end)
    ask_wanted(session, actor, event_id, wanted)
    return back(request, event_id)


def _stretch(gap: str) -> tuple[datetime | None, datetime | None]:
    if not gap:
        return None, None
    try:
        start, end = (datetime.fromisoformat(one) for one in gap.split("/"))
    except ValueError:
        raise Invalid(field=_("Gap"), problem=gap) from None
    return start, end


@router.post("/explanations/{explanation_id}/{decision}")
def decide(
    request: Request,
    explanation_id: UUID,
    decision: str,
    actor: PageActor,
    session: DatabaseSession,
    answer: Text = "",
    queue: Text = "",
) -> Response:
    match decision:
        case "approve":
            wish = actions.approve(session, actor, explanation_id, answer)
        case "decline":
            wish = actions.decline(session, actor, explanation_id, answer)
        case "reopen":
            wish = actions.reopen(session, actor, explanation_id)
        case "withdraw":
            wish = actions.withdraw(session, actor, explanation_id)
        case _:
            raise NotFound
    session.flush()
    return _row(request, session, actor, wish, decision) if queue else back(request, wish.event_id)


def _row(request: Request, session: Session, actor: Actor, wish: Explanation, decision: str) -> Response:
    """In the queue the row stays, with what was decided and the way back."""
    if not wants_fragment(request):
        return redirect(request, "/coverage/lists/explanations")
    said = {
        "approve": _("Approved."),
        "decline": _("Declined."),
        "reopen": _("Open again."),
        "withdraw": _("Withdrawn."),
    }[decision]
    table = Table("explanation", explanation_lines(session, actor, [wish], said))
    return render(request, "coverage/_lines.html", table=table)


def back(request: Request, event_id: UUID) -> Response:
    """To the event: its page is loaded anew, where it was."""
    if "HX-Request" in request.headers:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return redirect(request, f"/events/{event_id}#coverage")
