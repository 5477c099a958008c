"""The bureau's officers and its recorders, as lists."""

from collections import defaultdict

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, or_, select

from schemas.accounts import Account, SignIn
from schemas.people import Officer, Squad
from schemas.recorders import Assignment, Recorder, RecorderModel, RecorderState
from schemas.recordings import Recording
from service.access.actions import require
from service.access.queries import visible_officers, visible_recorders, visible_recordings
from service.clock import now
from service.database import DatabaseSession
from service.web import views
from service.web.rendering import render
from service.web.shell import PageActor

router = APIRouter()


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
    people = []
    for officer in session.scalars(visible_officers(actor).order_by(Officer.certificate_no)):
        account = accounts.get(officer.id)
        people.append(
            views.Person(
                number=officer.certificate_no,
                name=officer.name,
                squad=squads.get(officer.squad_id),
                role=str(account.role) if account else None,
                username=account.username if account else None,
                active=officer.left_on is None and (account is None or account.disabled_at is None),
                last_seen=seen.get(account.id) if account else None,
            )
        )
    return render(request, "people.html", people=people)


@router.get("/recorders")
def recorders_page(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    require(actor, "see_people")
    squads = {squad.id: squad.name for squad in session.scalars(select(Squad))}
    models = {model.id: model for model in session.scalars(select(RecorderModel))}
    moment = now()
    holders = defaultdict(list)
    for recorder_id, name in session.execute(
        select(Assignment.recorder_id, Officer.name)
        .join(Officer, Officer.id == Assignment.officer_id)
        .where(Assignment.held_from <= moment, or_(Assignment.held_to.is_(None), Assignment.held_to > moment))
        .order_by(Assignment.held_from)
    ):
        holders[recorder_id].append(name)
    last = dict(
        session.execute(
            select(Recording.recorder_id, func.max(Recording.received_at))
            .where(Recording.id.in_(visible_recordings(actor).with_only_columns(Recording.id)))
            .group_by(Recording.recorder_id)
        ).all()
    )
    recorders = []
    for recorder in session.scalars(visible_recorders(actor).order_by(Recorder.serial)):
        model = models.get(recorder.model_id)
        recorders.append(
            views.Recorder(
                number=recorder.serial,
                model=f"{model.vendor} {model.name}".strip() if model else "",
                squad=squads.get(recorder.squad_id),
                holders=holders[recorder.id],
                last_recording=last.get(recorder.id),
                active=recorder.state in (RecorderState.in_use, RecorderState.spare),
            )
        )
    return render(request, "recorders.html", recorders=recorders)
