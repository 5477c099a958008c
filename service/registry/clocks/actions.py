"""What changes the measurements of a recorder's clock. Each correction of recordings follows in the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.clocks import ClockOffset, ClockOffsetCreate, OffsetSource
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.access.actions import require
from service.access.queries import visible_recorders
from service.kernel.actor import Actor
from service.kernel.clock import as_utc, now
from service.kernel.custody import Act, record
from service.kernel.errors import NotFound, OutOfScope
from service.kernel.i18n import gettext as _
from service.kernel.keys import new_key
from service.registry.clocks import acts
from service.registry.clocks.correcting import change_clock, correct_recordings
from service.registry.clocks.errors import MeasuredInFuture, OffsetUnbelievable, OffsetUnsaid
from service.registry.clocks.queries import recorder_named
from service.registry.people.errors import NumberTaken

MACHINE = "system"
LARGEST_S = 150 * 366 * 86400.0  # a clock reset to 1904
LARGEST_DOUBT_S = 86400.0
AHEAD = timedelta(minutes=10)
SAME_S = 0.05


@dataclass(frozen=True)
class Read:
    """What a machine measured: `offset_s` = device − true at the true moment `measured_at`."""

    measured_at: datetime
    offset_s: float
    doubt_s: float


def add_offset(session: Session, actor: Actor, wanted: ClockOffsetCreate) -> ClockOffset:
    """A measurement by hand. Recordings of the recorder whose corrected time changes are updated and linked anew."""
    require(actor, "clocks")
    recorder = recorder_named(session, actor, wanted.recorder)
    read = checked(wanted)
    name = wanted.external_id
    taken = NumberTaken(number=name)
    seen = select(ClockOffset).where(
        ClockOffset.recorder_id.in_(visible_recorders(actor).with_only_columns(Recorder.id))
    )
    kept = new_key(session, ClockOffset.external_id, name, taken, seen) if name else None
    change_clock(session, recorder.id)
    offset = ClockOffset(
        external_id=kept,
        recorder_id=recorder.id,
        source=OffsetSource.hand,
        measured_at=read.measured_at,
        offset_s=read.offset_s,
        doubt_s=read.doubt_s,
        note=wanted.note.strip()[:500],
        created_by=actor.account_id,
    )
    session.add(offset)
    session.flush()
    note_measurement(session, actor, recorder, acts.MEASURE_CLOCK, offset)
    correct_recordings(session, recorder.id, actor)
    return offset


def withdraw_offset(session: Session, actor: Actor, offset_id: UUID) -> ClockOffset:
    """It stays on record and counts no more; the machine does not enter the same value again."""
    require(actor, "clocks")
    offset, recorder = _held(session, actor, offset_id)
    change_clock(session, recorder.id)
    session.refresh(offset)
    if offset.withdrawn_at is None:
        offset.withdrawn_at, offset.withdrawn_by = now(), actor.account_id
        session.add(offset)
        session.flush()
        note_measurement(session, actor, recorder, acts.WITHDRAW_CLOCK, offset)
        correct_recordings(session, recorder.id, actor)
    return offset


def checked(wanted: ClockOffsetCreate) -> Read:
    """The offset as said, or from what the clock showed; refused where it cannot be one."""
    measured_at = as_utc(wanted.measured_at)
    if measured_at > now() + AHEAD:
        raise MeasuredInFuture
    if (wanted.offset_s is None) == (wanted.device_time is None):
        raise OffsetUnsaid
    if wanted.device_time is not None:
        offset_s = (as_utc(wanted.device_time) - measured_at).total_seconds()
    else:
        offset_s = float(wanted.offset_s or 0.0)
    if not isfinite(offset_s) or abs(offset_s) > LARGEST_S:
        raise OffsetUnbelievable(problem=_("the offset is {seconds} s").format(seconds=offset_s))
    if not isfinite(wanted.doubt_s) or not 0 <= wanted.doubt_s <= LARGEST_DOUBT_S:
        raise OffsetUnbelievable(problem=_("the doubt is {seconds} s").format(seconds=wanted.doubt_s))
    return Read(measured_at, offset_s, float(wanted.doubt_s))


def keep_readings(session: Session, recording_id: UUID, readings: Mapping[OffsetSource, Read]) -> bool:
    """What the machine measured with this recording is exactly `readings` from now on; True when that is news.
    What a person withdrew stays withdrawn. Call it in a transaction of its own: it locks other recordings' rows."""
    recording = session.get_one(Recording, recording_id, populate_existing=True)
    known = session.scalars(
        select(ClockOffset).where(
            ClockOffset.recording_id == recording_id, ClockOffset.source != OffsetSource.hand
        )
    ).all()
    if recording.recorder_id is None or recording.merged_into is not None:
        readings = {}
    if not _news(known, recording.recorder_id, readings):
        return False
    concerned = {row.recorder_id for row in known}
    if recording.recorder_id is not None:
        concerned.add(recording.recorder_id)
    for recorder_id in sorted(concerned, key=str):
        change_clock(session, recorder_id)
    for row in known:
        read = readings.get(OffsetSource(row.source))
        if row.withdrawn_at is None and (row.recorder_id != recording.recorder_id or not _same(row, read)):
            row.withdrawn_at = now()
            session.add(row)
            note_measurement(
                session, MACHINE, session.get_one(Recorder, row.recorder_id), acts.WITHDRAW_CLOCK, row
            )
    session.flush()
    for source, read in sorted(readings.items()):
        if not any(_stands(row, recording.recorder_id, source, read) for row in known):
            _enter(session, recording, source, read)
    session.flush()
    for recorder_id in sorted(concerned, key=str):
        correct_recordings(session, recorder_id, MACHINE)
    return True


def _news(
    known: Sequence[ClockOffset], recorder_id: UUID | None, readings: Mapping[OffsetSource, Read]
) -> bool:
    standing = [row for row in known if row.withdrawn_at is None]
    wrong = any(
        row.recorder_id != recorder_id or not _same(row, readings.get(OffsetSource(row.source)))
        for row in standing
    )
    return wrong or any(
        not any(_stands(row, recorder_id, source, read) for row in known) for source, read in readings.items()
    )


def _stands(row: ClockOffset, recorder_id: UUID | None, source: OffsetSource, read: Read) -> bool:
    """Entered already, or withdrawn by a person, whose word holds."""
    same = row.recorder_id == recorder_id and row.source == source and _same(row, read)
    return same and (row.withdrawn_at is None or row.withdrawn_by is not None)


def _same(row: ClockOffset, read: Read | None) -> bool:
    return (
        read is not None
        and abs(row.offset_s - read.offset_s) < SAME_S
        and abs(row.doubt_s - read.doubt_s) < SAME_S
        and abs((row.measured_at - read.measured_at).total_seconds()) < SAME_S
    )


def _enter(session: Session, recording: Recording, source: OffsetSource, read: Read) -> None:
    assert recording.recorder_id is not None
    offset = ClockOffset(
        recorder_id=recording.recorder_id,
        recording_id=recording.id,
        source=source,
        measured_at=read.measured_at,
        offset_s=round(read.offset_s, 3),
        doubt_s=round(read.doubt_s, 3),
    )
    session.add(offset)
    session.flush()
    note_measurement(
        session, MACHINE, session.get_one(Recorder, recording.recorder_id), acts.MEASURE_CLOCK, offset
    )


def _held(session: Session, actor: Actor, offset_id: UUID) -> tuple[ClockOffset, Recorder]:
    offset = session.get(ClockOffset, offset_id)
    if offset is None:
        raise NotFound
    recorder = session.scalars(visible_recorders(actor).where(Recorder.id == offset.recorder_id)).first()
    if recorder is None:
        owner = session.get_one(Recorder, offset.recorder_id)
        raise OutOfScope("recorder", owner.id, owner.squad_id)
    return offset, recorder


def note_measurement(
    session: Session, by: Actor | str, recorder: Recorder, act: Act, offset: ClockOffset, **more: Any
) -> None:
    record(
        session,
        by,
        act,
        "recorder",
        recorder.id,
        squad_id=recorder.squad_id,
        recorder=recorder.serial,
        offset=str(offset.id),
        source=str(offset.source),
        measured_at=offset.measured_at.isoformat(),
        offset_s=offset.offset_s,
        doubt_s=offset.doubt_s,
        recording=str(offset.recording_id) if offset.recording_id else None,
        **more,
    )
