"""Keeps recordings at their true time: claimed less measured, whatever was known first.

Two that change the same clock, or correct by it, take its lock: whoever changes it alone, whoever reads it together.
A reader never waits; it comes again. The lock is taken before any row's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlmodel import Session

from schemas.base import believable
from schemas.clocks import ClockOffset, OffsetSource
from schemas.jobs import JobKind
from schemas.recorders import Recorder
from schemas.recording_clock import ClockAnswer, CorrectedTime, JudgedClaim, OffsetBasis
from schemas.recordings import Recording, there_by
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.custody import record
from service.kernel.jobs import request_job, request_jobs
from service.kernel.policy import policy
from service.kernel.settings import get_settings
from service.registry.clocks import acts
from service.registry.clocks.policy import DRIFT_PER_DAY
from service.registry.clocks.resets import is_time
from service.registry.clocks.rules import Measurement, Offset, Timeline

CLOCK_LOCK = 0x636C6B  # any number of its own
# From here on a claim that could not be true may be, or the other way round: all claims are weighed anew.
WEIGHED_ANEW_S = 60.0
SAME_ANSWER_S = 120.0  # a new measurement moves an answer by so much at the most
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
    Recording.first_received_at,
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
    answers: list[ClockAnswer] | None = None


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


def offset_when_shown(line: Timeline, shown: datetime, there: datetime) -> Offset | None:
    """The one way in which a recording's claim is corrected. None too where the corrected time is no time. `there`:
    when somebody had its bytes."""
    found = line.of_shown(shown, there)
    if found is None:
        return None
    found = replace(_rounded(found), answers=tuple(map(_rounded, found.answers)))
    return found if _is_time(shown, found) else None


def _rounded(offset: Offset) -> Offset:
    """Finer than any measurement; and a new one far away does not move what it hardly touches."""
    return replace(offset, offset_s=round(offset.offset_s, 1), doubt_s=round(offset.doubt_s, 1))


def _is_time(shown: datetime, offset: Offset) -> bool:
    try:
        return believable(shown - timedelta(seconds=offset.offset_s))
    except OverflowError:
        return False


def corrected(recording: Recording | Row, line: Timeline) -> Corrected:
    """From the claim, or, where there was none beside it, from the time that stood there uncorrected. What a person
    said of the time beats both."""
    before = as_it_is(recording)
    if (said := recording.clock.get("corrected")) is not None:
        return _as_said(recording, datetime.fromisoformat(said["recorded_from"]))
    source = str(recording.clock.get("source") or "").partition(":")[0]
    claimed = recording.claimed_from
    if claimed is None and recording.clock_offset_s is None and line.runs:
        claimed = recording.recorded_from
    if claimed is None or source in TRUE_SOURCES:
        return before
    found = offset_when_shown(line, claimed, there_by(recording))
    answers = found.answers if found else ()
    if answers and (settled := recording.clock.get("settled")) is not None:
        nearest = min(answers, key=lambda one: abs(one.offset_s - settled["offset_s"]))
        if abs(nearest.offset_s - settled["offset_s"]) <= SAME_ANSWER_S and _is_time(claimed, nearest):
            found = nearest
    start = claimed - timedelta(seconds=found.offset_s) if found else claimed
    if recording.original_id is None and not _believed(start, recording.received_at):
        # a list has this one claim; it stays, until a measurement says what it means
        return Corrected(claimed, None, None, None, None, None)
    length = length_of(recording)
    apart = recording.clock.get("apart_s") or 0.0
    return Corrected(
        claimed_from=claimed,
        recorded_from=start,
        recorded_to=start + length if length is not None else None,
        offset_s=found.offset_s if found else None,
        doubt_s=max(found.doubt_s, apart) if found else None,
        basis=found.basis.as_json() if found else None,
        answers=[answer(one) for one in answers] or None,
    )


def _believed(start: datetime, seen_at: datetime) -> bool:
    return believable(start) and is_time(start, seen_at, get_settings().zone)


def length_of(recording: Recording | Row) -> timedelta | None:
    if recording.recorded_from is not None and recording.recorded_to is not None:
        return recording.recorded_to - recording.recorded_from
    return timedelta(seconds=recording.duration_s) if recording.duration_s is not None else None


def answer(offset: Offset) -> ClockAnswer:
    return {
        "offset_s": offset.offset_s,
        "doubt_s": offset.doubt_s,
        "basis": offset.basis.as_json(),
        "came_late": offset.came_late,
    }


def _as_said(recording: Recording | Row, start: datetime) -> Corrected:
    claimed, length = recording.claimed_from, length_of(recording)
    return Corrected(
        claimed_from=claimed,
        recorded_from=start,
        recorded_to=start + length if length is not None else None,
        offset_s=(claimed - start).total_seconds() if claimed is not None else None,
        doubt_s=0.0,
        basis=None,
    )


def as_it_is(recording: Recording | Row) -> Corrected:
    return Corrected(
        recording.claimed_from,
        recording.recorded_from,
        recording.recorded_to,
        recording.clock_offset_s,
        recording.clock_doubt_s,
        recording.clock.get("basis"),
        recording.clock.get("answers"),
    )


def write(recording: Recording, wanted: Corrected) -> bool:
    """True when anything changed."""
    if wanted == as_it_is(recording):
        return False
    recording.claimed_from = wanted.claimed_from
    recording.recorded_from, recording.recorded_to = wanted.recorded_from, wanted.recorded_to
    recording.clock_offset_s, recording.clock_doubt_s = wanted.offset_s, wanted.doubt_s
    clock = recording.clock.copy()
    if clock.get("basis") != wanted.basis:
        clock["basis"] = wanted.basis
    if wanted.answers is not None:
        clock["answers"] = wanted.answers
    else:
        clock.pop("answers", None)
    if clock != recording.clock:
        recording.clock = clock
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
        move(session, locked, line, by)
    changed(session, Recording, moved, {"claimed_from", "recorded_from", "recorded_to", "clock"})
    return moved


def move(session: Session, recording: Recording, line: Timeline, by: Actor | str = "system") -> None:
    """To its true time by this clock, on record. The caller holds the row."""
    before = recording.clock_offset_s
    if write(recording, corrected(recording, line)):
        session.add(recording)
        _note(session, by, recording, before)


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


# ---- what a person says of a time --------------------------------------------------------------------


def put_right(recording: Recording, said: CorrectedTime) -> None:
    """A person's word beats whatever clocks claim, and survives what is measured later. The caller says what changed."""
    clock = recording.clock.copy()
    if recording.claimed_from is None and recording.clock_offset_s is None and "corrected" not in clock:
        recording.claimed_from = recording.recorded_from
    if "corrected" not in clock:
        clock["uncorrected"] = {
            "claimed_from": _iso(recording.claimed_from),
            "recorded_from": _iso(recording.recorded_from),
            "recorded_to": _iso(recording.recorded_to),
            "offset_s": recording.clock_offset_s,
            "doubt_s": recording.clock_doubt_s,
        }
    clock["corrected"] = said
    recording.clock = clock
    write(recording, corrected(recording, Timeline.of([])))


def take_back(recording: Recording, line: Timeline) -> None:
    """The recording stands again where its clocks put it. `line`: of its recorder's clock today."""
    clock = recording.clock.copy()
    clock.pop("corrected", None)
    before = clock.pop("uncorrected", None)
    recording.clock = clock
    if before is not None:
        recording.claimed_from = _moment(before["claimed_from"])
        recording.recorded_from = _moment(before["recorded_from"])
        recording.recorded_to = _moment(before["recorded_to"])
        recording.clock_offset_s, recording.clock_doubt_s = before["offset_s"], before["doubt_s"]
    write(recording, corrected(recording, line))


def true_by_clocks(recording: Recording) -> datetime | None:
    """Whatever a person says beside it."""
    before = recording.clock.get("uncorrected")
    return _moment(before["recorded_from"]) if before is not None else recording.recorded_from


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said is not None else None
