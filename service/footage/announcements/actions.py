"""A station's list taken in, announcements withdrawn and restored, deadlines set."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.events import EnforcementEvent
from schemas.jobs import JobKind
from schemas.links import COUNTED, Link
from schemas.recordings import Recording, RecordingState
from service.access.actions import require
from service.access.queries import get_recording
from service.access.rules import may
from service.footage.announcements import acts, rules
from service.footage.announcements.errors import NotAnnounced, NotWithdrawn
from service.footage.announcements.lists import Listed, StationList
from service.footage.announcements.policy import DUE_AFTER
from service.footage.announcements.rules import WITHDRAWN
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.clock import local, now
from service.kernel.custody import Act, record
from service.kernel.errors import Invalid, NotAllowed
from service.kernel.i18n import gettext as _
from service.kernel.jobs import request_job
from service.kernel.policy import policy
from service.kernel.text import fold
from service.registry.importing.actions import Outcome
from service.registry.matters.queries import book


def require_may_announce(actor: Actor) -> None:
    """A dock's token may what its account may."""
    if not may(actor.role, "upload"):
        raise NotAllowed


def announce(
    session: Session,
    actor: Actor,
    files: Sequence[Listed],
    *,
    squad_id: UUID,
    listed_at: datetime | None = None,
    complete: bool = True,
    recorder: str = "",
) -> list[Outcome]:
    """Takes a list in; answers what became of each file."""
    require_may_announce(actor)
    station = StationList(session, actor, squad_id, listed_at or now(), complete, recorder)
    with session.no_autoflush:
        station.load(files)
        outcomes = [station.take(one)[0] for one in files]
    station.finish()
    return outcomes


def withdraw(session: Session, actor: Actor, recording_id: UUID, reason: str) -> Recording:
    """The device was lost, or the file was never footage: a supervisor says so, on record."""
    require(actor, "withdraw_announcement")
    recording = get_recording(session, actor, recording_id)
    why = _said(reason)
    request_job(session, JobKind.link, recording.id)
    session.refresh(recording, with_for_update=True)
    if recording.state != RecordingState.announced:
        raise NotAnnounced
    recording.state, recording.reason = RecordingState.refused, WITHDRAWN
    recording.reason_params = {"why": why}
    return _settled(session, actor, recording, acts.WITHDRAW_ANNOUNCEMENT, why)


def restore(session: Session, actor: Actor, recording_id: UUID, reason: str) -> Recording:
    require(actor, "withdraw_announcement")
    recording = get_recording(session, actor, recording_id)
    why = _said(reason)
    request_job(session, JobKind.link, recording.id)
    session.refresh(recording, with_for_update=True)
    if recording.reason != WITHDRAWN:
        raise NotWithdrawn
    recording.state, recording.reason, recording.reason_params = RecordingState.announced, None, {}
    return _settled(session, actor, recording, acts.RESTORE_ANNOUNCEMENT, why)


def _settled(session: Session, actor: Actor, recording: Recording, act: Act, why: str) -> Recording:
    session.add(recording)
    record(session, actor, act, "recording", recording.id, squad_id=recording.squad_id, reason=why)
    changed(session, Recording, [recording.id])
    return recording


def keep_due(session: Session, recording: Recording) -> None:
    """The deadline of the rule that holds for the event, where one is linked; the earliest of several. Called
    whenever the links of an announced recording may have changed."""
    if recording.state != RecordingState.announced:
        return
    events = session.scalars(
        select(EnforcementEvent)
        .join(Link, Link.event_id == EnforcementEvent.id)
        .where(Link.recording_id == recording.id, Link.state.in_(COUNTED))
    ).all()
    if events:
        rules_of = book(session)
        due = min(
            rules_of.find(local(one.arrived_at).date(), one.kind, one.subject).due_at(
                one.departed_at or recording.recorded_to or one.arrived_at
            )
            for one in events
        )
    else:
        facts = rules.facts_of(recording.claims)
        ended = recording.recorded_to or recording.recorded_from
        listed_at = recording.announced_at or recording.received_at
        hours = policy(session, DUE_AFTER)
        due = rules.due_at(hours, rules.believed(facts.get("collected")), ended, listed_at)
    if recording.due_at != due:
        recording.due_at = due
        session.add(recording)


def _said(reason: str) -> str:
    if not fold(reason):  # also where nobody sees what stands there
        raise Invalid(field="reason", problem=_("say why: it stays on record"))
    return reason.strip()[:1000]
