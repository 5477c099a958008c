"""A recording's time, put right by a reviewer or supervisor who knows better than any clock."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.recorders import Assignment
from schemas.recordings import Receipt, Recording, there_by
from service.access.actions import require
from service.access.queries import get_recording
from service.footage.recordings import acts
from service.footage.recordings.errors import NotCorrected, OwnTime, TimeUnbelievable
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.clock import as_utc, now
from service.kernel.custody import Act, record
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.jobs import request_job
from service.kernel.text import fold
from service.registry.clocks.correcting import change_clock, length_of, put_right, take_back, timeline_of
from service.registry.clocks.rules import CLOCKS_APART

TIMES = ("claimed_from", "recorded_from", "recorded_to", "clock")


def correct_time(
    session: Session, actor: Actor, recording_id: UUID, recorded_from: datetime, reason: str
) -> Recording:
    """It beats every claim of a clock and survives what is measured later; a second correction replaces the first."""
    recording = _held(session, actor, recording_id)
    start = as_utc(recorded_from)
    if not fold(reason):  # also where nobody sees what stands there
        raise Invalid(field="reason", problem=_("say why: it stays on record"))
    _believable(recording, start)
    before = recording.recorded_from
    put_right(
        recording,
        {
            "recorded_from": start.isoformat(),
            "by": actor.username,
            "at": now().isoformat(),
            "reason": reason.strip()[:1000],
        },
    )
    _said(session, actor, recording, acts.CORRECT_TIME, before, reason=reason.strip()[:1000])
    return recording


def withdraw_time(session: Session, actor: Actor, recording_id: UUID) -> Recording:
    """The recording stands again where its clocks put it, by what is measured today."""
    recording = _held(session, actor, recording_id)
    if "corrected" not in recording.clock:
        raise NotCorrected
    before = recording.recorded_from
    take_back(recording, timeline_of(session, recording.recorder_id))
    _said(session, actor, recording, acts.WITHDRAW_TIME, before)
    return recording


def may_correct(session: Session, actor: Actor, recording: Recording) -> bool:
    """Neither who filmed it nor who uploaded it."""
    return not _concerns(session, actor, recording)


def _held(session: Session, actor: Actor, recording_id: UUID) -> Recording:
    """In the order of workers.lease: the clock, the jobs, the recording."""
    require(actor, "correct_times")
    recording = get_recording(session, actor, recording_id)
    if _concerns(session, actor, recording):
        raise OwnTime
    if recording.recorder_id is not None:
        change_clock(session, recording.recorder_id)
    request_job(session, JobKind.link, recording.id)
    session.refresh(recording, with_for_update={"key_share": True})
    return recording


def _concerns(session: Session, actor: Actor, recording: Recording) -> bool:
    if recording.uploaded_by == actor.account_id:
        return True
    sent = select(Receipt.id).where(
        Receipt.recording_id == recording.id, Receipt.account_id == actor.account_id
    )
    if session.scalars(sent.limit(1)).first() is not None:
        return True
    if actor.officer_id is None:
        return False
    if recording.officer_id is not None:
        return recording.officer_id == actor.officer_id
    if recording.recorder_id is None or recording.recorded_from is None:
        return False
    held = select(Assignment.id).where(
        Assignment.recorder_id == recording.recorder_id,
        Assignment.officer_id == actor.officer_id,
        Assignment.held_from <= (recording.recorded_to or recording.recorded_from),
        or_(Assignment.held_to.is_(None), Assignment.held_to >= recording.recorded_from),
    )
    return session.scalars(held.limit(1)).first() is not None


def _believable(recording: Recording, start: datetime) -> None:
    end = start + (length_of(recording) or timedelta())
    if end > there_by(recording) + CLOCKS_APART:
        raise TimeUnbelievable(problem=_("it would end after its bytes arrived"))


def _said(
    session: Session, actor: Actor, recording: Recording, act: Act, before: datetime | None, **more: str
) -> None:
    session.add(recording)
    after = recording.recorded_from
    record(
        session, actor, act, "recording", recording.id, squad_id=recording.squad_id,
        before=before.isoformat() if before else None, recorded_from=after.isoformat() if after else None, **more,
    )  # fmt: skip
    changed(session, Recording, [recording.id], TIMES)
