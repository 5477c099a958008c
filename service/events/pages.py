"""Events: the list, and one event with what shows it."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import or_, tuple_
from sqlmodel import Session

from schemas.events import EnforcementEvent
from schemas.people import Squad
from service.access.actor import Actor
from service.access.queries import get_event, visible_events, visible_squads
from service.access.rules import may
from service.database import DatabaseSession
from service.errors import Invalid
from service.events.queries import is_recorded
from service.events.views import event_details, event_views
from service.i18n import gettext as _
from service.web import views, words
from service.web.query import carried, like, link_with
from service.web.rendering import render
from service.web.shell import PageActor

router = APIRouter()
PAGE = 50


@router.get("/events")
def events_page(
    request: Request,
    actor: PageActor,
    session: DatabaseSession,
    q: str = "",
    kind: str = "",
    squad: str = "",
    recorded: str = "",
    cursor: str | None = None,
) -> Response:
    statement = visible_events(actor).order_by(EnforcementEvent.arrived_at.desc(), EnforcementEvent.id.desc())
    if q.strip():
        columns = (
            EnforcementEvent.title,
            EnforcementEvent.place,
            EnforcementEvent.party,
            EnforcementEvent.external_id,
        )
        for word in q.split():
            statement = statement.where(or_(*(column.ilike(like(word), escape="\\") for column in columns)))
    if kind:
        statement = statement.where(EnforcementEvent.kind == kind)
    if squad:
        statement = statement.where(EnforcementEvent.squad_id == _uuid("squad", squad))
    if recorded:
        statement = statement.where(is_recorded(actor) if recorded == "yes" else ~is_recorded(actor))
    if cursor:
        last = get_event(session, actor, _uuid("cursor", cursor))
        statement = statement.where(
            tuple_(EnforcementEvent.arrived_at, EnforcementEvent.id) < tuple_(last.arrived_at, last.id)
        )
    found = list(session.scalars(statement.limit(PAGE + 1)))
    shown = found[:PAGE]
    query = carried(request, "q", "kind", "squad", "recorded")
    listing = views.Listing(
        items=event_views(session, actor, shown),
        q=q,
        query=query,
        filters=_filters(session, actor, kind, squad, recorded),
        next=link_with("/events", query, cursor=shown[-1].id) if len(found) > PAGE else None,
    )
    return render(request, "events/list.html", fragment="events/_rows.html", listing=listing)


def _uuid(field: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise Invalid(field=field, problem=value) from None


def _filters(session: Session, actor: Actor, kind: str, squad: str, recorded: str) -> list[views.Filter]:
    everything = views.Option("", _("All"))
    kinds = [views.Option(code, str(word.label), code == kind) for code, word in words.KINDS.items()]
    squads = [
        views.Option(str(row.id), row.name, str(row.id) == squad)
        for row in session.scalars(visible_squads(actor).order_by(Squad.code))
    ]
    answers = [
        views.Option("yes", _("With a recording"), recorded == "yes"),
        views.Option("no", _("Without a recording"), recorded == "no"),
    ]
    return [
        views.Filter("kind", _("Kind"), [everything, *kinds]),
        views.Filter("squad", _("Squad"), [everything, *squads]),
        views.Filter("recorded", _("Recorded"), [everything, *answers]),
    ]


@router.get("/events/{event_id}")
def event_page(request: Request, event_id: UUID, actor: PageActor, session: DatabaseSession) -> Response:
    event = get_event(session, actor, event_id)
    shown = event_details(session, actor, [event])[0]
    shown.may_decide = may(actor.role, "link")
    if event.cancelled_at is not None:
        shown.note = _("This event was cancelled; it does not have to be recorded.")
    return render(request, "events/one.html", detail=shown)
