"""Cases: the list, and one case with its events, those without a recording too, and what is offered."""

from datetime import UTC, datetime, time
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, or_, select
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent
from schemas.links import COUNTED, Link, LinkState
from schemas.people import Squad
from schemas.recordings import Recording
from service.access.gate import Gate
from service.access.queries import (
    get_case,
    visible_events,
    visible_links,
    visible_recordings,
    visible_squads,
)
from service.access.rules import may
from service.finding.search.cards import cards
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.i18n import gettext as _
from service.kernel.settings import get_settings
from service.registry.cases.queries import list_cases
from service.registry.events.recorded import is_recorded
from service.web.cases import views
from service.web.events.detail import event_details
from service.web.frame.query import carried, link_with
from service.web.frame.rendering import render
from service.web.frame.shell import PageActor
from service.web.frame.views import Filter, Listing, Option
from service.web.recordings.detail import link_views

router = APIRouter(route_class=Gate)
PAGE = 50


def case_views(session: Session, actor: Actor, cases: list[Case]) -> list[views.Case]:
    ids = [case.id for case in cases]
    if not ids:
        return []
    squads = {squad.id: squad.name for squad in session.scalars(select(Squad))}
    events = (
        visible_events(actor)
        .where(
            EnforcementEvent.case_id.in_(ids),
            EnforcementEvent.cancelled_at.is_(None),
            EnforcementEvent.merged_into.is_(None),
        )
        .subquery()
    )
    shown_by = is_recorded(events.c.id)
    counts = {
        case_id: (total, bare)
        for case_id, total, bare in session.execute(
            select(events.c.case_id, func.count(), func.count().filter(~shown_by)).group_by(events.c.case_id)
        )
    }
    links = visible_links(actor).subquery()
    linked: dict[UUID, tuple[int, int]] = {
        case_id: (recorded, offered)
        for case_id, recorded, offered in session.execute(
            select(
                func.coalesce(links.c.case_id, events.c.case_id).label("of_case"),
                func.count(links.c.recording_id.distinct()).filter(links.c.state.in_(COUNTED)),
                func.count().filter(links.c.state == LinkState.offered),
            )
            .select_from(links)
            .outerjoin(events, events.c.id == links.c.event_id)
            .where(or_(links.c.case_id.in_(ids), events.c.id.is_not(None)))
            .group_by("of_case")
        )
    }
    zone = get_settings().zone
    return [
        views.Case(
            id=str(case.id),
            number=case.number,
            title=case.title,
            opened=datetime.combine(case.opened_on, time(12), zone).astimezone(UTC)
            if case.opened_on
            else None,
            party=case.party or None,
            place=case.place or None,
            squad=squads.get(case.squad_id),
            events=counts.get(case.id, (0, 0))[0],
            without_recording=counts.get(case.id, (0, 0))[1],
            recordings=linked.get(case.id, (0, 0))[0],
            offered=linked.get(case.id, (0, 0))[1],
            sample=case.sample,
        )
        for case in cases
    ]


@router.get("/cases")
def cases_page(
    request: Request,
    actor: PageActor,
    session: DatabaseSession,
    q: str = "",
    squad: str = "",
    cursor: str | None = None,
) -> Response:
    found = list_cases(session, actor, q=q, squad=squad, cursor=cursor, limit=PAGE)
    query = carried(request, "q", "squad")
    squads = [
        Option(str(row.id), row.name, str(row.id) == squad)
        for row in session.scalars(visible_squads(actor).order_by(Squad.code))
    ]
    listing = Listing(
        items=case_views(session, actor, found.items),
        q=q,
        query=query,
        filters=[Filter("squad", _("Squad"), [Option("", _("All")), *squads])],
        next=link_with("/cases", query, cursor=found.next) if found.next else None,
    )
    return render(request, "cases/list.html", fragment="cases/_rows.html", listing=listing)


@router.get("/cases/{case_id}")
def case_page(request: Request, case_id: UUID, actor: PageActor, session: DatabaseSession) -> Response:
    case = get_case(session, actor, case_id)
    events = list(
        session.scalars(
            visible_events(actor)
            .where(EnforcementEvent.case_id == case.id)
            .order_by(EnforcementEvent.arrived_at, EnforcementEvent.id)
        )
    )
    details = event_details(session, actor, events)
    direct = list(session.scalars(visible_links(actor).where(Link.case_id == case.id)))
    to_case = [link.recording_id for link in direct if link.state in COUNTED]
    in_events = {card.id for event in details for card in event.recordings}
    loose = [
        recording
        for recording in session.scalars(visible_recordings(actor).where(Recording.id.in_(to_case)))
        if str(recording.id) not in in_events
    ]
    offered = link_views(
        session, actor, [link for link in direct if link.state == LinkState.offered], with_recordings=True
    )
    for event in details:
        offered += event.offered
    detail = views.CaseDetail(
        case=case_views(session, actor, [case])[0],
        events=details,
        offered=offered,
        loose=cards(session, actor, loose),
        may_decide=may(actor.role, "link"),
    )
    return render(request, "cases/one.html", detail=detail)
