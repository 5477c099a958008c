"""The form of explanations, on the event's page."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from schemas.coverage import ExplanationReason
from service.access.gate import Gate, needs
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.supervision.explanations.routes import ExplanationWanted, ask_wanted
from service.web.frame.shell import PageActor
from service.web.two_persons.pages import back

router = APIRouter(route_class=Gate)
Text = Annotated[str, Form()]


@router.post("/events/{event_id}/explain")
@needs("explain")
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
    return back(request, f"/events/{event_id}#coverage")


def _stretch(gap: str) -> tuple[datetime | None, datetime | None]:
    if not gap:
        return None, None
    try:
        start, end = (datetime.fromisoformat(one) for one in gap.split("/"))
    except ValueError:
        raise Invalid(field=_("Gap"), problem=gap) from None
    return start, end
