"""Events made, changed, cancelled and restored."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent, EventCreate, EventOfficer, EventUpdate
from service.access.actions import require
from service.access.queries import get_event, visible_events
from service.kernel.actor import Actor
from service.kernel.changes import NEW, changed, changing
from service.kernel.clock import as_utc, now
from service.kernel.custody import record
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.keys import new_key
from service.kernel.policy import policy
from service.kernel.text import fold
from service.registry.cases.queries import campaign_of, case_of
from service.registry.events import acts, rules
from service.registry.events.errors import (
    DepartureBeforeArrival,
    EventMerged,
    EventTooLong,
    ExternalIdTaken,
    NotCancelled,
    PlaceUnreadable,
)
from service.registry.events.late import past_deadline
from service.registry.events.policy import LONGEST_EVENT
from service.registry.events.queries import officers_of
from service.registry.events.subjects import subjects
from service.registry.people.queries import officers_named, squad_of

NEVER_EMPTY = frozenset({"title", "subject", "party", "place", "kind", "arrived_at"})


def create_event(session: Session, actor: Actor, wanted: EventCreate) -> EnforcementEvent:
    require(actor, "edit_events")
    name = wanted.external_id
    if name:
        taken = ExternalIdTaken(external_id=name)
        name = new_key(session, EnforcementEvent.external_id, name, taken, visible_events(actor))
    values = wanted.model_dump(exclude={"squad", "officers", "case", "campaign"})
    values["arrived_at"] = as_utc(wanted.arrived_at)
    values["departed_at"] = as_utc(wanted.departed_at) if wanted.departed_at else None
    values["subject"] = subjects(session).code_of(wanted.subject)
    values["object"] = rules.object_said(wanted.object)
    values["external_id"] = name or None
    event = EnforcementEvent(**values, squad_id=squad_of(session, actor, wanted.squad).id)
    if wanted.case:
        event.case_id = case_of(session, actor, wanted.case).id
    if wanted.campaign:
        event.campaign_id = campaign_of(session, wanted.campaign).id
    check(session, event)
    session.add(event)
    session.flush()
    numbers = set_officers(session, actor, event.id, wanted.officers)
    record(
        session,
        actor,
        acts.CREATE_EVENT,
        "event",
        event.id,
        squad_id=event.squad_id,
        external_id=event.external_id,
        title=event.title,
        officers=numbers,
    )
    changed(session, EnforcementEvent, [event.id], NEW)
    changed(session, Case, [event.case_id], {"events"})
    return event


def update_event(session: Session, actor: Actor, event_id: UUID, wanted: EventUpdate) -> EnforcementEvent:
    """Fields left out stay; a cancelled event keeps its row and its history."""
    event = held_event(session, actor, event_id)
    values = _values(session, actor, wanted)
    changes = {name: value for name, value in values.items() if getattr(event, name) != value}
    before: dict[str, Any] = {name: plain(getattr(event, name)) for name in changes}
    case_before = event.case_id
    for name, value in changes.items():
        setattr(event, name, value)
    check(session, event)
    session.add(event)
    after: dict[str, Any] = {name: plain(value) for name, value in changes.items()}
    if wanted.officers is not None:
        held = [officer.certificate_no for officer in officers_of(session, [event.id])[event.id]]
        numbers = set_officers(session, actor, event.id, wanted.officers)
        if sorted(held) != sorted(numbers):
            before["officers"], after["officers"] = held, numbers
    if after:
        record(
            session, actor, acts.EDIT, "event", event.id,
            squad_id=event.squad_id, before=before, after=after, **past_deadline(session, event.id),
        )  # fmt: skip
    turned = wanted.cancelled is not None and wanted.cancelled != (event.cancelled_at is not None)
    if turned:
        set_cancelled(session, actor, event, bool(wanted.cancelled), said_reason(wanted.reason or ""))
    if not after and not turned:
        return event
    changed(session, EnforcementEvent, [event.id], {*after, *(("cancelled_at",) if turned else ())})
    if "case_id" in changes:
        changed(session, Case, [case_before, event.case_id], {"events"})
    return event


def cancel_event(session: Session, actor: Actor, event_id: UUID, reason: str) -> EnforcementEvent:
    """It does not have to be recorded any more; its row, its links by persons and its history stay."""
    event = held_event(session, actor, event_id)
    if event.cancelled_at is not None:
        return event
    set_cancelled(session, actor, event, True, said_reason(reason))
    changed(session, EnforcementEvent, [event.id], {"cancelled_at"})
    return event


def restore_event(session: Session, actor: Actor, event_id: UUID, reason: str) -> EnforcementEvent:
    event = held_event(session, actor, event_id)
    if event.cancelled_at is None:
        raise NotCancelled
    set_cancelled(session, actor, event, False, said_reason(reason))
    changed(session, EnforcementEvent, [event.id], {"cancelled_at"})
    return event


def held_event(session: Session, actor: Actor, event_id: UUID, *, merged: bool = False) -> EnforcementEvent:
    """The event, locked for a change. The lock lets links to it be written meanwhile."""
    require(actor, "edit_events")
    event = get_event(session, actor, event_id)
    session.refresh(event, with_for_update={"key_share": True})
    if event.merged_into is not None and not merged:
        raise EventMerged(into=event.merged_into)
    changing(session, EnforcementEvent, [event.id])
    return event


def set_cancelled(
    session: Session, actor: Actor, event: EnforcementEvent, cancelled: bool, reason: str, **more: Any
) -> None:
    event.cancelled_at = now() if cancelled else None
    session.add(event)
    record(
        session, actor, acts.CANCEL if cancelled else acts.RESTORE, "event", event.id,
        squad_id=event.squad_id, reason=reason, **past_deadline(session, event.id), **more,
    )  # fmt: skip


def said_reason(reason: str) -> str:
    if not fold(reason):  # also where nobody sees what stands there
        raise Invalid(field="reason", problem=_("say why: it stays on record"))
    return reason.strip()[:1000]


def check(session: Session, event: EnforcementEvent) -> None:
    if not event.title.strip():
        raise Invalid(field="title", problem=_("it is empty"))
    if not rules.span_fits(event.arrived_at, event.departed_at):
        raise DepartureBeforeArrival
    with session.no_autoflush:  # the table's own look at the span would be a worse sentence
        hours = policy(session, LONGEST_EVENT)
    if not rules.length_fits(event.arrived_at, event.departed_at, hours):
        raise EventTooLong(hours=hours)
    if not rules.place_fits(event.latitude, event.longitude):
        raise PlaceUnreadable


def set_officers(session: Session, actor: Actor, event_id: UUID, names: list[str]) -> list[str]:
    """Exactly these took part; answers their certificate numbers."""
    officers = {officer.id: officer for officer in officers_named(session, actor, names)}
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


def _values(session: Session, actor: Actor, wanted: EventUpdate) -> dict[str, Any]:
    left_out = {"officers", "case", "campaign", "cancelled", "reason"}
    values = wanted.model_dump(exclude_unset=True, exclude=left_out)
    for name in NEVER_EMPTY & set(values):
        if values[name] is None:
            raise Invalid(field=name, problem=_("it may not be null"))
    for name in ("arrived_at", "departed_at"):
        if values.get(name) is not None:
            values[name] = as_utc(values[name])
    if "subject" in values:
        values["subject"] = subjects(session).code_of(values["subject"])
    if "object" in values:
        values["object"] = rules.object_said(values["object"])
    if "case" in wanted.model_fields_set:
        values["case_id"] = case_of(session, actor, wanted.case).id if wanted.case else None
    if "campaign" in wanted.model_fields_set:
        values["campaign_id"] = campaign_of(session, wanted.campaign).id if wanted.campaign else None
    return values


def plain(value: object) -> str | None:
    return None if value is None else str(value)
