"""An event made from a recording: what it would be, and taking it back."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.events import EnforcementEvent, EventCreate
from schemas.links import Link
from schemas.recordings import Recording
from service.finding.linking import actions as linking
from service.finding.linking.errors import NoTime, NotMadeFromRecording
from service.finding.linking.relink import LINK_JOBS
from service.kernel.actor import Actor
from service.kernel.changes import changed, settle
from service.kernel.clock import now
from service.kernel.i18n import gettext as _
from service.kernel.i18n import moment
from service.registry.events.actions import held_event, set_cancelled
from service.registry.events.kinds import KINDS

MADE = "made_from"  # the first reason of the link between an event and the recording that it was made from


def proposal(session: Session, actor: Actor, recording: Recording) -> tuple[EventCreate, bool]:
    """What the form begins with, and whether its times are the recording's: else they are left to the person."""
    try:
        wanted, timed = linking.event_from_recording(session, actor, recording.id), True
    except NoTime:
        wanted = linking.event_from_recording(session, actor, recording.id, arrived_at=now())
        timed = False
    if not recording.note:  # a file's name says nothing to whoever reads the event
        kind = str(KINDS[wanted.kind].word.label)
        wanted.title = (
            _("{kind}, {time}").format(kind=kind, time=moment(wanted.arrived_at)) if timed else kind
        )
    return wanted, timed


def is_made_from(link: Link) -> bool:
    return bool(link.reasons) and link.reasons[0].get("code") == MADE


def is_made(session: Session, event_id: UUID) -> bool:
    """Made from a recording, and only that recording was linked to it by a person."""
    decided = _decided(session, event_id)
    return len(decided) == 1 and is_made_from(decided[0])


def _decided(session: Session, event_id: UUID) -> list[Link]:
    return list(session.scalars(select(Link).where(Link.event_id == event_id, Link.decided_by.is_not(None))))


def unmake_event(session: Session, actor: Actor, event_id: UUID) -> EnforcementEvent:
    """Made by mistake: cancelled, on record, and unlinked from the recording that it was made from. Not once a
    person linked another recording to it."""
    event = held_event(session, actor, event_id)
    if event.cancelled_at is not None or not is_made(session, event.id):
        raise NotMadeFromRecording
    (made,) = _decided(session, event.id)
    set_cancelled(session, actor, event, True, _("made from a recording by mistake"))
    changed(session, EnforcementEvent, [event.id], {"cancelled_at"})
    settle(session, through=LINK_JOBS)  # before the links of the recording are held
    linking.undo(session, actor, made.id)
    return event
