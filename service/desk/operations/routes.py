"""For those who run the service: alive, ready, metrics, the queue."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from pydantic import BaseModel, Field
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from schemas.base import examples
from schemas.jobs import JobKind, JobState
from service.access.actions import require
from service.access.dependencies import CurrentActor, MaybeActor
from service.access.gate import Gate, needs
from service.desk.operations import actions, pace, set_aside
from service.footage.recordings import damage
from service.kernel import jobs
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession, transaction
from service.kernel.disks import disks
from service.kernel.errors import NotAllowed, NotFound, NotSignedIn
from service.kernel.settings import get_settings
from service.preservation.backups import queries as backups

router = APIRouter(tags=["operations"], route_class=Gate)


class Alive(BaseModel):
    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    database: Literal["ok", "away"] = "ok"
    broker: Literal["ok", "away"] = "ok"


class WorkerRead(BaseModel):
    worker: str
    seen_at: datetime


class QueueRead(BaseModel):
    """`unserved`: no worker was heard of lately; `silent`: those heard of before. `backlog_hours`: estimated hours of
    work waiting and running over the workers alive."""

    queue: str
    waiting: int
    delayed: int
    running: int
    failed: int
    oldest_waiting_s: float | None
    backlog_hours: float
    unserved: bool
    workers: list[WorkerRead]
    silent: list[WorkerRead]


class StagePaceRead(BaseModel):
    """`cpu_s`: seconds of the processor; `film_hours`: of the film that this work was done on."""

    kind: JobKind
    attempts: int
    cpu_s: float
    film_hours: float
    cpu_s_per_film_hour: float | None


class PaceRead(BaseModel):
    """Of all work that ended within the last `hours`. `film_hours`: of the film that was taken in; `machine_hours`: for so
    long a machine had work in hand, of all machines together; `cpu_s_per_film_hour`: of all work, for each hour of film
    that was taken in. Null: there was none."""

    hours: int
    film_hours: float
    machine_hours: float
    film_hours_per_machine_hour: float | None
    cpu_s: float
    cpu_s_per_film_hour: float | None
    stages: list[StagePaceRead]


class WaitRead(BaseModel):
    """Recordings in scope that wait for one thing. `oldest_s`: for how long the one that came first has waited."""

    waiting_for: Literal["looks", "playable", "link"]
    count: int
    oldest_s: float | None
    oldest_received_at: datetime | None
    oldest_recording_id: UUID | None


class PaceAndWaits(BaseModel):
    periods: list[PaceRead]
    waits: list[WaitRead]


class JobStanding(BaseModel):
    state: JobState


class SetAsideNamed(BaseModel):
    model_config = {
        "json_schema_extra": examples(
            {"duty": "complete-uploads", "subject_id": "018f3a52-7e1c-7cc0-9a52-5b7f1c2d3e4f"}
        )
    }

    duty: str = Field(max_length=40)
    subject_id: UUID


class SetAsideRead(BaseModel):
    """What a duty of the schedule could not get done. `held_at`: its tries are spent, and it is left alone since then;
    null: it is still tried. `file_name`, `recording_id`: of the file that it is about."""

    duty: str
    subject_id: UUID
    tries: int
    problem: str
    first_failed_at: datetime
    held_at: datetime | None
    file_name: str
    recording_id: UUID | None


@router.get("/healthz")
async def get_health() -> Alive:
    """The process answers."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "The database is away"}})
def get_readiness(response: Response) -> Readiness:
    """Ready means the database answers. Without the broker work waits but nothing is lost, so it only shows."""
    state = Readiness()
    try:
        with transaction() as session:
            session.execute(text("SELECT 1"))
    except DBAPIError:
        state.database, response.status_code = "away", 503
    try:
        Redis.from_url(get_settings().redis_url, socket_timeout=1, socket_connect_timeout=1).ping()
    except RedisError:
        state.broker = "away"
    return state


@router.get("/metrics", response_class=PlainTextResponse, responses={200: {"description": "Prometheus text"}})
@raises(NotSignedIn, NotAllowed)
def get_metrics(request: Request, actor: MaybeActor, session: DatabaseSession) -> Response:
    """For a collector on this machine; from elsewhere with a token of someone who may see the queue."""
    local = request.client is not None and request.client.host in ("127.0.0.1", "::1")
    if not local or "x-forwarded-for" in request.headers:
        if actor is None:
            raise NotSignedIn(headers={"WWW-Authenticate": "Bearer"})
        require(actor, "see_queue")
    registry = CollectorRegistry()
    waiting = Gauge("zhenglu_jobs_waiting", "Jobs due and not yet claimed", ["queue"], registry=registry)
    running = Gauge("zhenglu_jobs_running", "Jobs claimed", ["queue"], registry=registry)
    failed = Gauge("zhenglu_jobs_failed", "Jobs whose tries are spent", ["queue"], registry=registry)
    backlog = Gauge("zhenglu_backlog_hours", "Estimated hours of work waiting", ["queue"], registry=registry)
    oldest = Gauge(
        "zhenglu_oldest_waiting_seconds", "Age of the oldest job due", ["queue"], registry=registry
    )
    workers = Gauge("zhenglu_workers", "Workers that were heard of lately", ["queue"], registry=registry)
    for health in jobs.queue_health(session):
        waiting.labels(health.queue).set(health.waiting)
        running.labels(health.queue).set(health.running)
        failed.labels(health.queue).set(health.failed)
        backlog.labels(health.queue).set(health.backlog_hours)
        oldest.labels(health.queue).set(health.oldest_waiting_s or 0)
        workers.labels(health.queue).set(len(health.workers))
    if (age := backups.standing(session).age_s) is not None:
        Gauge("zhenglu_backup_age_seconds", "Age of the newest backup that is whole", registry=registry).set(
            age
        )
    free = Gauge("zhenglu_disk_free_bytes", "Room where a part writes", ["part"], registry=registry)
    for disk in disks(get_settings()):
        for part in disk.parts:
            free.labels(part).set(disk.free)
    Gauge(
        "zhenglu_damaged_objects", "Objects of which the store does not give the bytes", registry=registry
    ).set(damage.damaged_objects(session))
    recordings = Gauge("zhenglu_recordings", "Recordings by state", ["state"], registry=registry)
    by_state = text("SELECT state, count(*) FROM recordings WHERE merged_into IS NULL GROUP BY state")
    for state, count in session.execute(by_state):
        recordings.labels(state).set(count)
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")


@router.get("/api/v1/queues")
def list_queues(actor: CurrentActor, session: DatabaseSession) -> Page[QueueRead]:
    """How much work waits, and who does it."""
    require(actor, "see_queue")
    return Page[QueueRead](
        items=[
            QueueRead(
                queue=health.queue,
                waiting=health.waiting,
                delayed=health.delayed,
                running=health.running,
                failed=health.failed,
                oldest_waiting_s=health.oldest_waiting_s,
                backlog_hours=health.backlog_hours,
                unserved=health.unserved,
                workers=[WorkerRead(worker=beat.worker, seen_at=beat.seen_at) for beat in health.workers],
                silent=[WorkerRead(worker=beat.worker, seen_at=beat.seen_at) for beat in health.silent],
            )
            for health in jobs.queue_health(session)
        ]
    )


@router.get("/api/v1/pace")
def get_pace(actor: CurrentActor, session: DatabaseSession) -> PaceAndWaits:
    """Whether the machines keep up: what an hour of film costs by kind of work, over 24 hours and 7 days, and what has
    waited longest."""
    require(actor, "see_queue")
    return PaceAndWaits(
        periods=[_pace(pace.pace(session, period)) for period in pace.PERIODS],
        waits=[
            WaitRead(
                waiting_for=wait.what,  # type: ignore[arg-type]  # the keys of words.WAITS
                count=wait.count,
                oldest_s=wait.age_s,
                oldest_received_at=wait.since,
                oldest_recording_id=wait.oldest.id if wait.oldest else None,
            )
            for wait in pace.waits(session, actor)
        ],
    )


def _pace(one: pace.Pace) -> PaceRead:
    return PaceRead(
        hours=round(one.period.total_seconds() / 3600),
        film_hours=one.film_s / 3600,
        machine_hours=one.machine_s / 3600,
        film_hours_per_machine_hour=one.film_hours_per_machine_hour,
        cpu_s=one.cpu_s,
        cpu_s_per_film_hour=one.cpu_s_per_film_hour,
        stages=[
            StagePaceRead(
                kind=stage.kind,
                attempts=stage.attempts,
                cpu_s=stage.cpu_s,
                film_hours=stage.film_s / 3600,
                cpu_s_per_film_hour=stage.cpu_s_per_film_hour,
            )
            for stage in one.stages
        ],
    )


@router.get("/api/v1/set-aside")
def list_set_aside(actor: CurrentActor, session: DatabaseSession) -> Page[SetAsideRead]:
    """What the schedule could not clear up, the longest set aside first."""
    require(actor, "see_queue")
    return Page[SetAsideRead](
        items=[
            SetAsideRead.model_validate(item, from_attributes=True)
            for item in set_aside.items(session, actor)
        ]
    )


@router.post("/api/v1/set-aside/retry", status_code=204)
@raises(NotFound)
@needs("retry_jobs")
def retry_set_aside(named: SetAsideNamed, actor: CurrentActor, session: DatabaseSession) -> None:
    """It is tried again like all others."""
    set_aside.try_again(session, actor, named.duty, named.subject_id)


@router.post("/api/v1/jobs/{job_id}/retry", status_code=202)
@raises(NotFound)
def retry_job(job_id: UUID, actor: CurrentActor, session: DatabaseSession) -> JobStanding:
    """Work whose tries are spent is tried again; other work stays as it is."""
    return JobStanding(state=actions.retry_job(session, actor, job_id))
