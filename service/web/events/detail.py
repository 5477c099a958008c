"""Events as lists and pages show them, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from schemas.cases import Campaign, Case
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import COUNTED, Link, LinkState
from schemas.people import Officer, Squad
from schemas.recordings import Recording
from service.access.queries import (
    get_event,
    visible_cases,
    visible_events,
    visible_links,
    visible_recordings,
)
from service.access.rules import may
from service.finding.linking.from_recording import is_made
from service.finding.search.cards import cards
from service.kernel.actor import Actor
from service.kernel.custody import Act
from service.kernel.i18n import moment
from service.registry.events import acts
from service.registry.events.history import history
from service.registry.events.recorded import is_recorded
from service.registry.events.subjects import subjects
from service.web.events import views
from service.web.events.coverage_block import event_block
from service.web.frame.views import Option, Ref
from service.web.recordings.detail import link_views
from service.web.recordings.views import Link as LinkView
from service.web.recordings.views import RecordingCard

NEAR = timedelta(days=1)
MERGE_OPTIONS = 30


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
    linked, offered = _counts(session, actor, ids)
    recorded = set(
        session.scalars(
            visible_events(actor)
            .where(EnforcementEvent.id.in_(ids), is_recorded(EnforcementEvent.id))
            .with_only_columns(EnforcementEvent.id)
        )
    )
    result = []
    for event in events:
        case = cases.get(event.case_id) if event.case_id else None
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
                object=event.object,
                case=Ref(case.number, f"/cases/{case.id}") if case else None,
                recordings=linked[event.id],
                offered=offered[event.id],
                recorded=event.id in recorded,
                must_record=event.cancelled_at is None and event.merged_into is None,
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
    recordings_of: dict[UUID, list[RecordingCard]] = defaultdict(list)
    for link in links:
        if link.event_id and link.state in COUNTED and link.recording_id in card_of:
            recordings_of[link.event_id].append(card_of[link.recording_id])
    offers = [link for link in links if link.state == LinkState.offered]
    offered_of: dict[UUID, list[LinkView]] = defaultdict(list)
    event_of = {str(link.id): link.event_id for link in offers if link.event_id}
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


def event_page(
    session: Session, actor: Actor, event: EnforcementEvent, before: int | None = None
) -> views.EventPage:
    told = history(session, actor, event.id, before)
    campaign = session.get(Campaign, event.campaign_id) if event.campaign_id else None
    absorbed = session.scalars(
        visible_events(actor)
        .where(EnforcementEvent.merged_into == event.id)
        .order_by(EnforcementEvent.arrived_at)
    ).all()
    survivor = get_event(session, actor, event.merged_into) if event.merged_into else None
    detail = event_details(session, actor, [event])[0]
    detail.may_decide = may(actor.role, "link")
    may_edit = may(actor.role, "edit_events")
    alive = event.merged_into is None and event.cancelled_at is None
    return views.EventPage(
        detail=detail,
        subject=subjects(session).word(event.subject) or None,
        campaign=campaign.name if campaign else None,
        point=f"{event.latitude:.5f}, {event.longitude:.5f}"
        if event.latitude is not None and event.longitude is not None
        else None,
        cancelled=_settled(session, event, acts.CANCEL) if event.cancelled_at else None,
        merged=_settled(session, event, acts.MERGE) if survivor else None,
        merged_into=_ref(survivor) if survivor else None,
        absorbed=[_ref(one) for one in absorbed],
        history=told.items,
        older=f"/events/{event.id}/history?before={told.next}" if told.next else None,
        may_edit=may_edit,
        may_unmake=may_edit and alive and is_made(session, event.id),
        merge_options=_merge_options(session, actor, event) if may_edit and alive else [],
        coverage=event_block(session, actor, event),
    )


def _ref(event: EnforcementEvent) -> Ref:
    return Ref(event.title, f"/events/{event.id}")


def _settled(session: Session, event: EnforcementEvent, act: Act) -> views.Settled:
    """As custody has it; an event that came in cancelled has only the time."""
    entry = session.scalars(
        select(CustodyEntry)
        .where(
            CustodyEntry.subject_kind == "event",
            CustodyEntry.subject_id == event.id,
            CustodyEntry.action == act.code,
        )
        .order_by(CustodyEntry.id.desc())
        .limit(1)
    ).first()
    if entry is None:
        return views.Settled(event.cancelled_at or event.created_at, "–")
    return views.Settled(entry.at, entry.actor, str(entry.detail.get("reason") or ""))


def _merge_options(session: Session, actor: Actor, event: EnforcementEvent) -> list[Option]:
    """Events of the squad that may be the same act: those of the day, the nearest in time first."""
    apart = func.abs(func.extract("epoch", EnforcementEvent.arrived_at - event.arrived_at))
    rows = session.scalars(
        visible_events(actor)
        .where(
            EnforcementEvent.squad_id == event.squad_id,
            EnforcementEvent.id != event.id,
            EnforcementEvent.merged_into.is_(None),
            EnforcementEvent.cancelled_at.is_(None),
            EnforcementEvent.arrived_at.between(event.arrived_at - NEAR, event.arrived_at + NEAR),
        )
        .order_by(apart, EnforcementEvent.id)
        .limit(MERGE_OPTIONS)
    )
    return [Option(str(one.id), f"{moment(one.arrived_at)} {one.title}") for one in rows]
