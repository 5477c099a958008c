"""Forms of disputes: on the event's page, and in the list of the rows that concern the caller."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from service.access.gate import Gate
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.ids import id_said
from service.supervision.disputes import actions
from service.web.frame.rendering import redirect
from service.web.frame.shell import PageActor
from service.web.two_persons.pages import back

router = APIRouter(route_class=Gate)
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
    return back(request, f"/events/{event_id}#coverage")


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
