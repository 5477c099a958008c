"""Events as lists and pages show them, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import Link, LinkState
from schemas.people import Officer, Squad
from schemas.recordings import Recording
from service.access.actor import Actor
from service.access.queries import visible_cases, visible_links, visible_recordings
from service.recordings.cards import cards
from service.recordings.detail import link_views
from service.web import views

COUNTED = (LinkState.automatic, LinkState.confirmed)


def event_views(session: Session, actor: Actor, events: Sequence[EnforcementEvent]) -> list[views.Event]:
    ids = [event.id for event in events]
    if not ids:
        return []
    squads = {squad.id: squad.name for squad in session.scalars(select(Squad))}
    cases = {
        case.id: case
        for case in session.scalars(
            visible_cases(actor).where(Case.id.in_({event.case_id for event in events if event.case_id}))
        )
    }
    crews: dict[UUID, list[str]] = defaultdict(list)
    for event_id, name in session.execute(
        select(EventOfficer.event_id, Officer.name)
        .join(Officer, Officer.id == EventOfficer.officer_id)
        .where(EventOfficer.event_id.in_(ids))
        .order_by(Officer.certificate_no)
    ):
        crews[event_id].append(name)
    recorded, offered = _counts(session, actor, ids)
    result = []
    for event in events:
        case = cases.get(event.case_id)
        result.append(
            views.Event(
                id=str(event.id),
                title=event.title,
                kind=str(event.kind),
                arrived=event.arrived_at,
                departed=event.departed_at,
                number=event.external_id,
                squad=squads.get(event.squad_id),
                officers=crews[event.id],
                place=event.place or None,
                party=event.party or None,
                case=views.Ref(case.number, f"/cases/{case.id}") if case else None,
                recordings=recorded[event.id],
                offered=offered[event.id],
                must_record=event.cancelled_at is None,
                sample=event.sample,
            )
        )
    return result


def _counts(session: Session, actor: Actor, ids: list[UUID]) -> tuple[dict[UUID, int], dict[UUID, int]]:
    recorded: dict[UUID, int] = defaultdict(int)
    offered: dict[UUID, int] = defaultdict(int)
    seen = visible_links(actor).where(Link.event_id.in_(ids)).subquery()
    for event_id, state, count in session.execute(
        select(seen.c.event_id, seen.c.state, func.count()).group_by(seen.c.event_id, seen.c.state)
    ):
        if state in COUNTED:
            recorded[event_id] += count
        elif state == LinkState.offered:
            offered[event_id] += count
    return recorded, offered


def event_details(
    session: Session, actor: Actor, events: Sequence[EnforcementEvent]
) -> list[views.EventDetail]:
    """Each event with its recordings and the links offered to it."""
    shown = event_views(session, actor, events)
    links = session.scalars(
        visible_links(actor).where(
            Link.event_id.in_([event.id for event in events]), Link.state != LinkState.rejected
        )
    ).all()
    recordings = session.scalars(
        visible_recordings(actor).where(
            Recording.id.in_({link.recording_id for link in links if link.state in COUNTED})
        )
    ).all()
    card_of = {UUID(card.id): card for card in cards(session, actor, recordings)}
    recordings_of: dict[UUID, list[views.RecordingCard]] = defaultdict(list)
    for link in links:
        if link.state in COUNTED and link.recording_id in card_of:
            recordings_of[link.event_id].append(card_of[link.recording_id])
    offers = [link for link in links if link.state == LinkState.offered]
    offered_of: dict[UUID, list[views.Link]] = defaultdict(list)
    event_of = {str(link.id): link.event_id for link in offers}
    for view in link_views(session, actor, offers, with_recordings=True):
        offered_of[event_of[view.id]].append(view)
    return [
        views.EventDetail(
            event=view,
            recordings=sorted(
                recordings_of[event.id], key=lambda card: card.recorded_from or card.received_at
            ),
            offered=sorted(offered_of[event.id], key=lambda link: -link.score),
        )
        for event, view in zip(events, shown, strict=True)
    ]
