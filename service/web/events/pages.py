"""Events: the list, and one event with what shows it."""

from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy import literal
from sqlmodel import Session

from schemas.events import EnforcementEvent, EventCreate, EventUpdate
from schemas.links import Link
from schemas.people import Squad
from service.access.actions import require
from service.access.gate import Gate, needs
from service.access.queries import (
    get_event,
    get_recording,
    visible_events,
    visible_links,
    visible_squads,
)
from service.finding.linking import actions as linking
from service.finding.linking import merging
from service.finding.linking.from_recording import is_made_from, unmake_event
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid, first_fault
from service.kernel.i18n import gettext as _
from service.kernel.ids import id_said
from service.kernel.keyset import page, time, unique
from service.registry.events import actions
from service.registry.events.errors import EventMerged
from service.registry.events.kinds import KINDS
from service.registry.events.queries import said_in
from service.registry.events.recorded import is_recorded
from service.web.events.detail import event_page, event_views
from service.web.events.forms import Filled, edit_form, new_form
from service.web.frame.query import carried, link_with
from service.web.frame.rendering import redirect, render
from service.web.frame.shell import PageActor
from service.web.frame.views import Filter, Listing, Option

router = APIRouter(route_class=Gate)
Wanted = TypeVar("Wanted", EventCreate, EventUpdate)
Text = Annotated[str, Form()]
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
    statement = visible_events(actor).where(EnforcementEvent.merged_into.is_(None))
    if q.strip():
        statement = statement.where(said_in(q))
    if kind:
        statement = statement.where(EnforcementEvent.kind == literal(kind))
    if squad:
        statement = statement.where(EnforcementEvent.squad_id == id_said("squad", squad))
    if recorded:
        statement = statement.where(
            is_recorded(EnforcementEvent.id) if recorded == "yes" else ~is_recorded(EnforcementEvent.id)
        )
    order = [
        time(EnforcementEvent.arrived_at, newest_first=True),
        unique(EnforcementEvent.id, newest_first=True),
    ]
    found = page(session, statement, order, cursor, PAGE)
    query = carried(request, "q", "kind", "squad", "recorded")
    listing = Listing(
        items=event_views(session, actor, found.items),
        q=q,
        query=query,
        filters=_filters(session, actor, kind, squad, recorded),
        next=link_with("/events", query, cursor=found.next) if found.next else None,
    )
    return render(request, "events/list.html", fragment="events/_rows.html", listing=listing)


def _filters(session: Session, actor: Actor, kind: str, squad: str, recorded: str) -> list[Filter]:
    everything = Option("", _("All"))
    kinds = [Option(code, str(one.word.label), code == kind) for code, one in KINDS.items()]
    squads = [
        Option(str(row.id), row.name, str(row.id) == squad)
        for row in session.scalars(visible_squads(actor).order_by(Squad.code))
    ]
    answers = [
        Option("yes", _("With a recording"), recorded == "yes"),
        Option("no", _("Without a recording"), recorded == "no"),
    ]
    return [
        Filter("kind", _("Kind"), [everything, *kinds]),
        Filter("squad", _("Squad"), [everything, *squads]),
        Filter("recorded", _("Recorded?"), [everything, *answers]),
    ]


def event_form(
    title: Text = "",
    kind: Text = "",
    subject: Text = "",
    arrived: Text = "",
    departed: Text = "",
    officers: Annotated[list[str] | None, Form()] = None,
    more_officers: Text = "",
    place: Text = "",
    point: Text = "",
    party: Text = "",
    object: Text = "",
    no_object: bool = Form(default=False),
    case: Text = "",
    campaign: Text = "",
) -> Filled:
    return Filled(
        title, kind, subject, arrived, departed, officers or [], more_officers, place, point, party, object,
        no_object, case, campaign,
    )  # fmt: skip


Sent = Annotated[Filled, Depends(event_form)]


def _wanted(model: type[Wanted], values: dict[str, object]) -> Wanted:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        where, problem = first_fault(error.errors())
        raise Invalid(field=".".join(where), problem=problem) from error


@router.get("/events/{event_id}")
def one_event(request: Request, event_id: UUID, actor: PageActor, session: DatabaseSession) -> Response:
    event = get_event(session, actor, event_id)
    shown = event_page(session, actor, event)
    return render(request, "events/one.html", shown=shown, detail=shown.detail)


@router.get("/events/{event_id}/history")
def older_history(
    request: Request, event_id: UUID, actor: PageActor, session: DatabaseSession, before: int | None = None
) -> Response:
    event = get_event(session, actor, event_id)
    shown = event_page(session, actor, event, before)
    return render(
        request, "events/one.html", fragment="events/_history.html", shown=shown, detail=shown.detail
    )


@router.get("/events/{event_id}/edit")
def edit_page(request: Request, event_id: UUID, actor: PageActor, session: DatabaseSession) -> Response:
    require(actor, "edit_events")
    event = get_event(session, actor, event_id)
    if event.merged_into is not None:
        raise EventMerged(into=event.merged_into)
    form = edit_form(session, actor, event)
    return render(request, "events/form.html", form=form, heading=event.title)


@router.post("/events/{event_id}/edit")
@needs("edit_events")
def edit(
    request: Request, event_id: UUID, sent: Sent, actor: PageActor, session: DatabaseSession
) -> Response:
    actions.update_event(session, actor, event_id, _wanted(EventUpdate, sent.values()))
    return redirect(request, f"/events/{event_id}")


@router.get("/recordings/{recording_id}/new-event")
def new_event_page(
    request: Request, recording_id: UUID, actor: PageActor, session: DatabaseSession
) -> Response:
    """What the event would be, to be looked over before it is made."""
    require(actor, "edit_events")
    recording = get_recording(session, actor, recording_id)
    form = new_form(session, actor, recording)
    return render(
        request, "events/form.html", fragment="events/_form.html", form=form, heading=_("New event")
    )


@router.post("/recordings/{recording_id}/new-event")
@needs("edit_events")
def make_event(
    request: Request, recording_id: UUID, sent: Sent, actor: PageActor, session: DatabaseSession
) -> Response:
    recording = get_recording(session, actor, recording_id)
    squad = session.get_one(Squad, recording.squad_id).code
    wanted = _wanted(EventCreate, {**sent.values(), "squad": squad})
    linking.create_event_from_recording(session, actor, recording.id, wanted)
    return redirect(request, f"/recordings/{recording.id}")


@router.post("/events/{event_id}/unmake")
def unmake(request: Request, event_id: UUID, actor: PageActor, session: DatabaseSession) -> Response:
    """Back to the recording that it had been made from."""
    made = [link for link in session.scalars(visible_links(actor).where(Link.event_id == event_id))]
    back = next(
        (f"/recordings/{link.recording_id}" for link in made if is_made_from(link)), f"/events/{event_id}"
    )
    unmake_event(session, actor, event_id)
    return redirect(request, back)


@router.post("/events/{event_id}/cancel")
@needs("edit_events")
def cancel(
    request: Request, event_id: UUID, actor: PageActor, session: DatabaseSession, reason: Text = ""
) -> Response:
    actions.cancel_event(session, actor, event_id, reason)
    return redirect(request, f"/events/{event_id}")


@router.post("/events/{event_id}/restore")
@needs("edit_events")
def restore(
    request: Request, event_id: UUID, actor: PageActor, session: DatabaseSession, reason: Text = ""
) -> Response:
    actions.restore_event(session, actor, event_id, reason)
    return redirect(request, f"/events/{event_id}")


@router.post("/events/{event_id}/merge")
@needs("edit_events")
def merge(
    request: Request, event_id: UUID, actor: PageActor, session: DatabaseSession, into: Text = ""
) -> Response:
    """To the surviving event."""
    survivor = merging.merge_event(session, actor, event_id, id_said("into", into))
    return redirect(request, f"/events/{survivor.id}")


@router.post("/events/{event_id}/unmerge")
def unmerge(request: Request, event_id: UUID, actor: PageActor, session: DatabaseSession) -> Response:
    merging.unmerge_event(session, actor, event_id)
    return redirect(request, f"/events/{event_id}")
