"""Answering, withdrawing and reopening, whatever was asked: from a queue, or where the row stands that it is about."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.routing import Match
from starlette.types import Scope

from schemas.approvals import ApprovalRequest
from service.access.gate import Gate
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.two_persons.approval import Approval, queues
from service.web.frame.rendering import redirect, render, wants_fragment
from service.web.frame.shell import PageActor
from service.web.two_persons.views import wish_lines

Text = Annotated[str, Form()]


class OfQueue(Gate):
    """One route for the queues of all kinds, and for nothing else that is addressed alike."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, more = super().matches(scope)
        known = match is Match.NONE or more["path_params"]["queue"] in queues()
        return (match, more) if known else (Match.NONE, {})


router = APIRouter(route_class=OfQueue)


@router.post("/{queue}/{wish_id}/{verb}")
def take(
    request: Request,
    queue: str,
    wish_id: UUID,
    verb: str,
    actor: PageActor,
    session: DatabaseSession,
    answer: Text = "",
    listed: Annotated[str, Form(alias="queue")] = "",
) -> Response:
    """`listed`: from the queue, where the row stays with what was done and the way back."""
    kind = queues()[queue]
    taken = next((step for step, one in kind.verbs.items() if one.name == verb), None)
    if taken is None:
        raise NotFound
    wish = kind.take(session, actor, wish_id, taken, answer)
    line = wish_lines(session, actor, kind, [wish], kind.verbs[taken].done)[0]
    if not listed:
        return back(request, line.row.href or "/")
    if wants_fragment(request):
        return render(request, "two_persons/_lines.html", wishes=[line])
    return redirect(request, _list_of(actor, kind, wish))


def _list_of(actor: Actor, kind: Approval[Any], wish: ApprovalRequest) -> str:
    own = kind.mine and wish.asked_by == actor.account_id
    return f"/coverage/mine?name={kind.queue}" if own else f"/coverage/lists/{kind.queue}"


def back(request: Request, address: str) -> Response:
    """To the row that it is about: its page is loaded anew, where it was."""
    if "HX-Request" in request.headers:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return redirect(request, address)
