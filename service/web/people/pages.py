"""The bureau's officers, with their accounts and who is on duty."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import func, select

from schemas.accounts import Account, SignIn
from schemas.people import Officer, Squad
from service.access.actions import require, require_accounts
from service.access.gate import Gate, needs
from service.access.queries import visible_officers
from service.desk.doubles.actions import merge_double
from service.desk.doubles.facts import look
from service.desk.doubles.queries import list_merged
from service.kernel.clock import local, now
from service.kernel.database import DatabaseSession
from service.kernel.ids import id_said
from service.registry.doubles.queries import count_doubles, doubles, sees_doubles
from service.registry.people.rosters import on_duty
from service.registry.people.rules import left_by
from service.web.frame.rendering import redirect, render
from service.web.frame.shell import PageActor
from service.web.people.views import Person, merged_view

router = APIRouter(route_class=Gate)
Text = Annotated[str, Form()]
MERGED_SHOWN = 20


@router.get("/people")
def people_page(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    require(actor, "see_people")
    squads = {squad.id: squad.name for squad in session.scalars(select(Squad))}
    accounts = {
        account.officer_id: account
        for account in session.scalars(select(Account).where(Account.officer_id.is_not(None)))
    }
    seen = dict(
        session.execute(select(SignIn.account_id, func.max(SignIn.seen_at)).group_by(SignIn.account_id)).all()
    )
    moment = now()
    today = local(moment).date()
    duties = {duty.officer.id: duty.roster.ends_at for duty in on_duty(session, actor, moment)}
    people = []
    for officer in session.scalars(visible_officers(actor).order_by(Officer.certificate_no)):
        account = accounts.get(officer.id)
        people.append(
            Person(
                number=officer.certificate_no,
                name=officer.name,
                squad=squads.get(officer.squad_id),
                role=str(account.role) if account else None,
                username=account.username if account else None,
                active=not left_by(officer.left_on, today)
                and (account is None or account.disabled_at is None),
                last_seen=seen.get(account.id) if account else None,
                left_on=officer.left_on,
                on_duty_until=duties.get(officer.id),
            )
        )
    twice = count_doubles(session) if sees_doubles(actor) else 0
    return render(request, "people/list.html", people=people, twice=twice)


@router.get("/people/doubles")
def doubles_page(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    return render(
        request,
        "people/doubles.html",
        doubles=doubles(session, actor),
        merged=[merged_view(one) for one in list_merged(session, actor, limit=MERGED_SHOWN).items],
    )


@router.get("/people/doubles/{kind}/{double_id}")
def double_page(
    request: Request, kind: str, double_id: UUID, actor: PageActor, session: DatabaseSession
) -> Response:
    """Both rows beside each other, before one is merged into the other."""
    return render(request, "people/double.html", look=look(session, actor, kind, double_id))


@router.post("/people/doubles/{kind}/{double_id}/merge")
@needs(require_accounts)
def merge(
    request: Request, kind: str, double_id: UUID, actor: PageActor, session: DatabaseSession, into: Text = ""
) -> Response:
    merge_double(session, actor, kind, double_id, id_said("into", into))
    return redirect(request, "/people/doubles")
