"""Events made and changed. Whatever may move a link asks for the recordings concerned to be linked anew."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import Session

from schemas.events import EnforcementEvent, EventCreate, EventOfficer, EventUpdate
from schemas.links import Link
from service.access.actions import require
from service.access.actor import Actor
from service.access.queries import get_event
from service.cases.actions import reindex_cases
from service.cases.queries import campaign_of, case_of
from service.clock import as_utc, now
from service.custody.actions import record
from service.errors import Invalid
from service.events import rules
from service.events.errors import DepartureBeforeArrival, ExternalIdTaken, PlaceUnreadable
from service.events.queries import officers_of
from service.linking.relink import relink, touched_by_events
from service.people.queries import officer_of, squad_of
from service.search.project import index_recordings

# What the links do not depend on; a change of these only changes what is found by words.
WORDS = frozenset({"title", "subject", "party", "place", "kind", "campaign_id"})
NEVER_EMPTY = frozenset({"title", "subject", "party", "place", "kind", "arrived_at"})


def create_event(session: Session, actor: Actor, wanted: EventCreate) -> EnforcementEvent:
    require(actor, "edit_events")
    if (
        wanted.external_id
        and session.scalars(
            select(EnforcementEvent.id).where(EnforcementEvent.external_id == wanted.external_id)
        ).first()
    ):
        raise ExternalIdTaken(external_id=wanted.external_id)
    values = wanted.model_dump(exclude={"squad", "officers", "case", "campaign"})
    values["arrived_at"] = as_utc(wanted.arrived_at)
    values["departed_at"] = as_utc(wanted.departed_at) if wanted.departed_at else None
    event = EnforcementEvent(**values, squad_id=squad_of(session, actor, wanted.squad).id)
    if wanted.case:
        event.case_id = case_of(session, actor, wanted.case).id
    if wanted.campaign:
        event.campaign_id = campaign_of(session, wanted.campaign).id
    check(event)
    session.add(event)
    session.flush()
    numbers = set_officers(session, event.id, wanted.officers)
    record(
        session,
        actor,
        "create_event",
        "event",
        event.id,
        squad_id=event.squad_id,
        external_id=event.external_id,
        title=event.title,
        officers=numbers,
    )
    reindex_cases(session, [event.case_id] if event.case_id else [])
    relink(session, touched_by_events(session, [event.id]), [event.id])
    return event


def update_event(session: Session, actor: Actor, event_id: UUID, wanted: EventUpdate) -> EnforcementEvent:
    """Fields left out stay; a cancelled event keeps its row and its history."""
    require(actor, "edit_events")
    event = get_event(session, actor, event_id)
    session.refresh(event, with_for_update=True)
    before_spans = touched_by_events(session, [event.id])
    values = _values(session, actor, event, wanted)
    changes = {name: value for name, value in values.items() if getattr(event, name) != value}
    before = {name: _plain(getattr(event, name)) for name in changes}
    case_before = event.case_id
    for name, value in changes.items():
        setattr(event, name, value)
    check(event)
    session.add(event)
    after = {name: _plain(value) for name, value in changes.items()}
    if wanted.officers is not None:
        held = [officer.certificate_no for officer in officers_of(session, [event.id])[event.id]]
        numbers = set_officers(session, event.id, wanted.officers)
        if sorted(held) != sorted(numbers):
            before["officers"], after["officers"] = held, numbers
    if not after:
        return event
    record(session, actor, "edit", "event", event.id, squad_id=event.squad_id, before=before, after=after)
    session.flush()
    follow_up(session, [event.id], before_spans, moved=bool(set(after) - WORDS))
    if "case_id" in changes:  # to a squad a case is visible, and found, by its events
        reindex_cases(session, [case for case in (case_before, event.case_id) if case])
    return event


def follow_up(session: Session, event_ids: list[UUID], before_spans: list, *, moved: bool) -> None:
    """What follows from changed events: search documents of what is linked, and links where they may move."""
    linked = session.scalars(select(Link.recording_id).where(Link.event_id.in_(event_ids)).distinct()).all()
    index_recordings(session, linked)
    if moved:
        relink(session, [*before_spans, *touched_by_events(session, event_ids)], event_ids)


def check(event: EnforcementEvent) -> None:
    if not rules.span_fits(event.arrived_at, event.departed_at):
        raise DepartureBeforeArrival
    if not rules.place_fits(event.latitude, event.longitude):
        raise PlaceUnreadable


def set_officers(session: Session, event_id: UUID, names: list[str]) -> list[str]:
    """Exactly these took part; answers their certificate numbers."""
    officers = {officer.id: officer for officer in (officer_of(session, name) for name in names)}
    held = set(
        session.scalars(select(EventOfficer.officer_id).where(EventOfficer.event_id == event_id)).all()
    )
    gone = held - set(officers)
    if gone:
        session.execute(
            delete(EventOfficer).where(EventOfficer.event_id == event_id, EventOfficer.officer_id.in_(gone))
        )
    session.add_all(
        EventOfficer(event_id=event_id, officer_id=officer_id)
        for officer_id in officers
        if officer_id not in held
    )
    session.flush()
    return sorted(officer.certificate_no for officer in officers.values())


def _values(session: Session, actor: Actor, event: EnforcementEvent, wanted: EventUpdate) -> dict[str, Any]:
    values = wanted.model_dump(exclude_unset=True, exclude={"officers", "case", "cancelled"})
    for name in NEVER_EMPTY & set(values):
        if values[name] is None:
            raise Invalid(field=name, problem="null")
    for name in ("arrived_at", "departed_at"):
        if values.get(name) is not None:
            values[name] = as_utc(values[name])
    if "case" in wanted.model_fields_set:
        values["case_id"] = case_of(session, actor, wanted.case).id if wanted.case else None
    if wanted.cancelled is not None and wanted.cancelled != (event.cancelled_at is not None):
        values["cancelled_at"] = now() if wanted.cancelled else None
    return values


def _plain(value: object) -> str | None:
    return None if value is None else str(value)
