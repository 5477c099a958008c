"""What every page of a signed-in person needs, fetched once a request."""

from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from schemas.accounts import Account
from schemas.people import Squad
from service.access.dependencies import CurrentActor
from service.access.rules import may
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.i18n import gettext as _
from service.kernel.jobs import queue_health
from service.kernel.policy import holds_samples
from service.kernel.queues import QUEUES
from service.web.frame.views import Shell, Viewer


def page_actor(request: Request, actor: CurrentActor, session: DatabaseSession) -> Actor:
    if i18n.COOKIE not in request.cookies:
        i18n.use(actor.locale)
    request.state.shell = _shell(session, actor)
    return actor


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
    return next(iter(stalled_sentences(session)), None)


PageActor = Annotated[Actor, Depends(page_actor)]
