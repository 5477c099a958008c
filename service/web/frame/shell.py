"""What every page of a signed-in person needs, fetched once a request."""

import logging
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from schemas.accounts import Account
from schemas.people import Squad
from service.access.dependencies import CurrentActor, credentials, identify
from service.access.rules import may
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession, session_for
from service.kernel.disks import disks
from service.kernel.i18n import gettext as _
from service.kernel.jobs import queue_health
from service.kernel.policy import holds_samples
from service.kernel.queues import QUEUES
from service.kernel.settings import get_settings
from service.web.frame.views import Shell, Viewer

log = logging.getLogger(__name__)


def page_actor(request: Request, actor: CurrentActor, session: DatabaseSession) -> Actor:
    if i18n.COOKIE not in request.cookies:
        i18n.use(actor.locale)
    request.state.shell = _shell(session, actor)
    return actor


def frame(request: Request) -> None:
    """For an answer that no route has prepared: whoever is signed in keeps the navigation, if that can be told now."""
    if getattr(request.state, "shell", None) is not None or not credentials(request)[0]:
        return
    try:
        with session_for(request) as session:
            actor = getattr(request.state, "actor", None) or identify(request, session)
            if actor is not None and not actor.is_dock:
                page_actor(request, actor, session)
    except SQLAlchemyError as error:  # the answer is given without
        log.warning("whose frame it is was not found out: %s", error)


def _shell(session: Session, actor: Actor) -> Shell:
    account = session.get_one(Account, actor.account_id)
    squad = session.get(Squad, actor.squad_id) if actor.squad_id else None
    return Shell(
        viewer=Viewer(
            name=account.display_name or account.username,
            username=account.username,
            role=actor.role,
            squad=squad.name if squad else None,
            officer=actor.officer_id is not None,
        ),
        csrf_token=actor.csrf_token,
        demo=holds_samples(session),
        stalled=stalled_sentence(session) if may(actor.role, "see_queue") else None,
    )


def stalled_sentences(session: Session) -> list[str]:
    """One for each queue that has work and that no living worker serves."""
    return [
        _("No worker serves the queue “{queue}”: {count} jobs wait. Start one with “zhenglu worker”.").format(
            queue=QUEUES[health.queue].word.label, count=health.waiting + health.running
        )
        for health in queue_health(session)
        if health.unserved
    ]


def stalled_sentence(session: Session) -> str | None:
    return next(iter(stalled_sentences(session) or full_disks()), None)


def full_disks() -> list[str]:
    return [disk.alarm for disk in disks(get_settings()) if disk.alarm]


PageActor = Annotated[Actor, Depends(page_actor)]
