"""Whether the machines keep up: what an hour of film costs, how much film an hour of work takes in, and what has waited
longest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, select, text, union
from sqlmodel import Session

from schemas.jobs import Job, JobKind, JobState
from schemas.originals import Rendition, RenditionKind
from schemas.recordings import Recording, RecordingState
from service.access.queries import visible_recordings
from service.desk.operations.words import WAITS
from service.kernel.actor import Actor
from service.kernel.clock import now

PERIODS = (timedelta(days=1), timedelta(days=7))
ON_THE_WAY = (RecordingState.receiving, RecordingState.processing)


@dataclass(frozen=True, slots=True)
class Stage:
    """`cpu_s`: seconds of the processor; `film_s`: of the film that this work was done on."""

    kind: JobKind
    attempts: int
    cpu_s: float
    film_s: float

    @property
    def cpu_s_per_film_hour(self) -> float | None:
        return _per_hour(self.cpu_s, self.film_s)


@dataclass(frozen=True, slots=True)
class Pace:
    """Of all work that ended within `period` and says what it cost. `film_s`: of the film that was taken in. `machine_s`:
    for so long a machine had work in hand, of all machines together."""

    period: timedelta
    film_s: float
    machine_s: float
    stages: list[Stage]

    @property
    def cpu_s(self) -> float:
        return sum(stage.cpu_s for stage in self.stages)

    @property
    def cpu_s_per_film_hour(self) -> float | None:
        return _per_hour(self.cpu_s, self.film_s)

    @property
    def film_hours_per_machine_hour(self) -> float | None:
        return self.film_s / self.machine_s if self.machine_s else None


def _per_hour(cpu_s: float, film_s: float) -> float | None:
    return cpu_s / film_s * 3600 if film_s else None


_ENDED = """
    WITH ended AS MATERIALIZED (
        SELECT jobs.kind, jobs.subject_id, attempts.cpu_s, attempts.worker, attempts.ended_at,
               -- a clock that was set back must not turn an attempt round
               least(greatest(attempts.started_at, :since), attempts.ended_at) AS began_at
        FROM job_attempts AS attempts JOIN jobs ON jobs.id = attempts.job_id
        WHERE attempts.ended_at > :since AND attempts.cpu_s IS NOT NULL
    )
"""
_STAGES = text(
    _ENDED
    + """
    , worked AS (
        SELECT kind, subject_id, count(*) AS attempts, sum(cpu_s) AS cpu_s FROM ended GROUP BY kind, subject_id
    ), shown AS (
        SELECT kind, attempts, cpu_s, coalesce(direct.id, through.id) AS original_id,
               coalesce(direct.recorded_s, direct.measured_duration_s,
                        through.recorded_s, through.measured_duration_s, 0) AS film_s
        FROM worked
        LEFT JOIN originals AS direct ON direct.id = subject_id
        LEFT JOIN recordings ON recordings.id = subject_id
        LEFT JOIN originals AS through ON through.id = recordings.original_id
    ), once AS (  -- recordings that share an original share its film
        SELECT kind, sum(attempts) AS attempts, sum(cpu_s) AS cpu_s, max(film_s) AS film_s
        FROM shown GROUP BY kind, coalesce(original_id, gen_random_uuid())
    )
    SELECT kind, sum(attempts) AS attempts, sum(cpu_s) AS cpu_s, sum(film_s) AS film_s
    FROM once GROUP BY kind
    """
)
_AT_WORK = text(
    _ENDED
    + """
    SELECT coalesce(sum(extract(epoch FROM upper(span) - lower(span))), 0)
    FROM (
        SELECT unnest(range_agg(tstzrange(began_at, ended_at))) AS span
        FROM ended GROUP BY regexp_replace(worker, ':[^:]*$', '')
    ) AS spans
    """
)


def pace(session: Session, period: timedelta) -> Pace:
    since = {"since": now() - period}
    stages = {
        JobKind(row.kind): Stage(JobKind(row.kind), int(row.attempts), float(row.cpu_s), float(row.film_s))
        for row in session.execute(_STAGES, since)
    }
    taken_in = stages.get(JobKind.intake)
    return Pace(
        period,
        film_s=taken_in.film_s if taken_in else 0.0,
        machine_s=float(session.scalar(_AT_WORK, since) or 0),
        stages=[stages[kind] for kind in JobKind if kind in stages],
    )


@dataclass(frozen=True, slots=True)
class Wait:
    """`what`: a key of words.WAITS. `oldest`: the recording that came first, of `count`."""

    what: str
    count: int
    oldest: Recording | None

    @property
    def since(self) -> datetime | None:
        return self.oldest.received_at if self.oldest else None

    @property
    def age_s(self) -> float | None:
        return (now() - self.oldest.received_at).total_seconds() if self.oldest else None


def waits(session: Session, actor: Actor) -> list[Wait]:
    """Of the recordings in scope: what has no pictures, no links, and cannot be played yet. What was tried for the last
    time waits no more: it says so itself."""
    found = []
    for what in WAITS:
        waiting = _waiting(actor, what)
        count = session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
        first = waiting.order_by(Recording.received_at, Recording.id).limit(1)
        found.append(Wait(what, count, session.scalars(first).first() if count else None))
    return found


def _waiting(actor: Actor, what: str) -> Select:
    mine = visible_recordings(actor).where(Recording.merged_into.is_(None))
    on_the_way = mine.where(Recording.state.in_(ON_THE_WAY))
    if what == "looks":
        return on_the_way
    if what == "playable":
        plays = exists().where(
            Rendition.original_id == Recording.original_id, Rendition.kind == RenditionKind.playback
        )
        return on_the_way.where(~plays)
    asked = exists().where(Job.kind == JobKind.link, Job.subject_id == Recording.id)
    # apart, so that each finds its own index: of all jobs ever there are millions
    never_done = [
        select(Job.subject_id).where(Job.kind == JobKind.link, Job.state == state, Job.satisfied == 0)
        for state in (JobState.queued, JobState.running)
    ]
    unasked = on_the_way.where(~asked).with_only_columns(Recording.id)
    return mine.where(Recording.id.in_(union(*never_done, unasked)))
