"""Withdrawing an announcement, from the recording's page."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from service.access.gate import Gate, needs
from service.footage.announcements import actions
from service.kernel.database import DatabaseSession
from service.web.frame.rendering import redirect
from service.web.frame.shell import PageActor

router = APIRouter(route_class=Gate)
Reason = Annotated[str, Form()]


@router.post("/announcements/{recording_id}/withdraw")
@needs("withdraw_announcement")
def withdraw(
    request: Request, recording_id: UUID, actor: PageActor, session: DatabaseSession, reason: Reason = ""
) -> Response:
    recording = actions.withdraw(session, actor, recording_id, reason)
    return redirect(request, f"/recordings/{recording.id}")


@router.post("/announcements/{recording_id}/restore")
@needs("withdraw_announcement")
def restore(
    request: Request, recording_id: UUID, actor: PageActor, session: DatabaseSession, reason: Reason = ""
) -> Response:
    recording = actions.restore(session, actor, recording_id, reason)
    return redirect(request, f"/recordings/{recording.id}")
