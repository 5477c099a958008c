"""Keeps recordings at their true time: claimed less measured, whatever was known first.

Two that change the same clock, or correct by it, take its lock: whoever changes it alone, whoever reads it together.
A reader never waits; it comes again. The lock is taken before any row's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlmodel import Session

from schemas.base import believable
from schemas.clocks import ClockOffset, OffsetSource
from schemas.jobs import JobKind
from schemas.recorders import Recorder
from schemas.recording_clock import JudgedClaim, OffsetBasis
from schemas.recordings import Recording
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.custody import record
from service.kernel.jobs import request_job, request_jobs
from service.kernel.policy import policy
from service.registry.clocks import acts
from service.registry.clocks.policy import DRIFT_PER_DAY
from service.registry.clocks.rules import Measurement, Offset, Timeline

CLOCK_LOCK = 0x636C6B  # any number of its own
# From here on a claim that could not be true may be, or the other way round: all claims are weighed anew.
WEIGHED_ANEW_S = 60.0
NOTED_S = 1.0  # smaller corrections are no event in a recording's custody
# The time was not the camera's: nothing of its clock has to be taken off.
TRUE_SOURCES = ("gps",)


# All that a correction looks at: a year of one recorder is read each time it docks, without its tracks.
_LOOKED_AT = (
    Recording.id,
    Recording.original_id,
    Recording.claimed_from,
    Recording.recorded_from,
    Recording.recorded_to,
    Recording.duration_s,
    Recording.clock_offset_s,
    Recording.clock_doubt_s,
    Recording.clock,
    Recording.received_at,
)


@dataclass(frozen=True)
class Corrected:
    """What a recording's columns should be."""

    claimed_from: datetime | None
    recorded_from: datetime | None
    recorded_to: datetime | None
    offset_s: float | None
    doubt_s: float | None
    basis: OffsetBasis | None


def change_clock(session: Session, recorder_id: UUID) -> None:
    """From here to the end of the transaction this clock's measurements change. Waits for readers."""
    session.execute(select(func.pg_advisory_xact_lock(CLOCK_LOCK, func.hashtext(str(recorder_id)))))


def read_clock(session: Session, recorder_id: UUID | None) -> bool:
    """Whether its measurements may be read now, to correct by them; False: come again in a moment."""
    if recorder_id is None:
        return True
    lock = func.pg_try_advisory_xact_lock_shared(CLOCK_LOCK, func.hashtext(str(recorder_id)))
    return bool(session.execute(select(lock)).scalar_one())


def measurements_of(session: Session, recorder_ids: Iterable[UUID]) -> dict[UUID, list[Measurement]]:
    """Those that count, of each recorder."""
    found: dict[UUID, list[Measurement]] = {recorder_id: [] for recorder_id in recorder_ids}
    rows = session.execute(
        select(
            ClockOffset.recorder_id,
            ClockOffset.measured_at,
            ClockOffset.offset_s,
            ClockOffset.doubt_s,
            ClockOffset.source,
        ).where(ClockOffset.recorder_id.in_(found), ClockOffset.withdrawn_at.is_(None))
    )
    for recorder_id, measured_at, offset_s, doubt_s, source in rows:
        found[recorder_id].append(Measurement(measured_at, offset_s, doubt_s, OffsetSource(source)))
    return found


def timeline_of(session: Session, recorder_id: UUID | None) -> Timeline:
    drift = policy(session, DRIFT_PER_DAY)
    if recorder_id is None:
        return Timeline.of([], drift)
    session.flush()
    return Timeline.of(measurements_of(session, [recorder_id])[recorder_id], drift)


def offset_when_shown(line: Timeline, shown: datetime, received_at: datetime) -> Offset | None:
    """The one way in which a recording's claim is corrected. None too where the corrected time is no time."""
    found = line.of_shown(shown, received_at)
    if found is None:
        return None
    # Finer than any measurement; and a new one far away does not move what it hardly touches.
    found = Offset(round(found.offset_s, 1), round(found.doubt_s, 1), found.basis)
    try:
        return found if believable(shown - timedelta(seconds=found.offset_s)) else None
    except OverflowError:
        return None


def corrected(recording: Recording | Row, line: Timeline) -> Corrected:
    """From the claim, or, where there was none beside it, from the time that stood there uncorrected."""
    before = as_it_is(recording)
    source = str(recording.clock.get("source") or "").partition(":")[0]
    claimed = recording.claimed_from
    if claimed is None and recording.clock_offset_s is None and line.runs:
        claimed = recording.recorded_from
    if claimed is None or source in TRUE_SOURCES:
        return before
    found = offset_when_shown(line, claimed, recording.received_at)
    start = claimed - timedelta(seconds=found.offset_s) if found else claimed
    length = None
    if recording.recorded_from is not None and recording.recorded_to is not None:
        length = recording.recorded_to - recording.recorded_from
    elif recording.duration_s is not None:
        length = timedelta(seconds=recording.duration_s)
    apart = recording.clock.get("apart_s") or 0.0
    return Corrected(
        claimed_from=claimed,
        recorded_from=start,
        recorded_to=start + length if length is not None else None,
        offset_s=found.offset_s if found else None,
        doubt_s=max(found.doubt_s, apart) if found else None,
        basis=found.basis.as_json() if found else None,
    )


def as_it_is(recording: Recording | Row) -> Corrected:
    return Corrected(
        recording.claimed_from,
        recording.recorded_from,
        recording.recorded_to,
        recording.clock_offset_s,
        recording.clock_doubt_s,
        recording.clock.get("basis"),
    )


def write(recording: Recording, wanted: Corrected) -> bool:
    """True when anything changed."""
    if wanted == as_it_is(recording):
        return False
    recording.claimed_from = wanted.claimed_from
    recording.recorded_from, recording.recorded_to = wanted.recorded_from, wanted.recorded_to
    recording.clock_offset_s, recording.clock_doubt_s = wanted.offset_s, wanted.doubt_s
    if recording.clock.get("basis") != wanted.basis:
        recording.clock = {**recording.clock, "basis": wanted.basis}
    return True


def correct(session: Session, recording: Recording) -> bool:
    """For whoever has a recording in hand whose recorder or claim just became known: an announced one, say. The
    caller indexes it and asks for its link job. While the clock is being changed, a `tags` job comes again."""
    if recording.recorder_id is None:
        return False
    if not read_clock(session, recording.recorder_id):
        request_job(session, JobKind.tags, recording.id, delay=timedelta(seconds=1))
        return False
    changed = write(recording, corrected(recording, timeline_of(session, recording.recorder_id)))
    session.add(recording)
    return changed


def correct_recordings(session: Session, recorder_id: UUID, by: Actor | str = "system") -> list[UUID]:
    """Brings every recording of this recorder to its true time, after its measurements changed; answers those that
    moved. They are linked anew. The caller holds `change_clock`."""
    line = timeline_of(session, recorder_id)
    of_it = select(*_LOOKED_AT).where(Recording.recorder_id == recorder_id, Recording.merged_into.is_(None))
    moved: list[UUID] = []
    weighed: list[UUID] = []
    for recording in session.execute(of_it):
        wanted = corrected(recording, line)
        if wanted != as_it_is(recording):
            moved.append(recording.id)
        if _needs_weighing(recording, wanted):
            weighed.append(recording.id)
    _ask(session, JobKind.tags, weighed)
    _ask(session, JobKind.link, moved)
    if not moved:
        return []
    rows = session.scalars(
        select(Recording)
        .where(Recording.id.in_(moved))
        .order_by(Recording.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for locked in rows:
        before = locked.clock_offset_s
        if write(locked, corrected(locked, line)):
            session.add(locked)
            _note(session, by, locked, before)
    changed(session, Recording, moved, {"claimed_from", "recorded_from", "recorded_to", "clock"})
    return moved


def weigh_model(session: Session, model_id: UUID) -> None:
    """A model's conventions were set right: what its recorders' files claim is read anew."""
    weigh_recorders(session, session.scalars(select(Recorder.id).where(Recorder.model_id == model_id)).all())


def weigh_recorders(session: Session, recorder_ids: Iterable[UUID]) -> None:
    """They are, as is known now, of another model: what their files claim is read by its conventions."""
    wanted = select(Recording.id.label("subject_id")).where(
        Recording.recorder_id.in_(list(recorder_ids)),
        Recording.original_id.is_not(None),
        Recording.merged_into.is_(None),
    )
    request_jobs(session, JobKind.tags, wanted, priority=7)


def _ask(session: Session, kind: JobKind, recording_ids: list[UUID]) -> None:
    if recording_ids:
        wanted = select(Recording.id.label("subject_id")).where(Recording.id.in_(recording_ids))
        request_jobs(session, kind, wanted, priority=6)


def _needs_weighing(recording: Recording | Row, wanted: Corrected) -> bool:
    """Whether another claim, or none, might be believed under the other offset. Only bytes can be weighed."""
    if recording.original_id is None:
        return False
    if wanted.recorded_from is None or recording.recorded_from is None:
        return True
    judged: list[JudgedClaim] = recording.clock.get("judged") or []
    far = abs((wanted.recorded_from - recording.recorded_from).total_seconds()) >= WEIGHED_ANEW_S
    return far or (
        wanted != as_it_is(recording)
        and any(one.get("finding") not in ("ok", "unreadable") for one in judged)
    )


def _note(session: Session, by: Actor | str, recording: Recording, before: float | None) -> None:
    after = recording.clock_offset_s
    if abs((after or 0.0) - (before or 0.0)) < NOTED_S and (after is None) == (before is None):
        return
    record(
        session,
        by,
        acts.CORRECT_CLOCK,
        "recording",
        recording.id,
        squad_id=recording.squad_id,
        before=before,
        offset_s=after,
        doubt_s=recording.clock_doubt_s,
        recorded_from=recording.recorded_from.isoformat() if recording.recorded_from else None,
    )
