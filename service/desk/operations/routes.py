"""For those who run the service: alive, ready, metrics, the queue."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from schemas.jobs import JobState
from service.access.actions import require
from service.access.dependencies import CurrentActor, MaybeActor
from service.desk.operations import queries
from service.kernel import jobs
from service.kernel.custody import record
from service.kernel.database import DatabaseSession, transaction
from service.kernel.errors import NotSignedIn
from service.kernel.settings import get_settings

router = APIRouter(tags=["operations"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
def ready(response: Response) -> dict[str, str]:
    """Ready means the database answers. Without the broker work waits but nothing is lost, so it only shows."""
    state = {"database": "ok", "broker": "ok"}
    try:
        with transaction() as session:
            session.execute(text("SELECT 1"))
    except DBAPIError:
        state["database"], response.status_code = "away", 503
    try:
        Redis.from_url(get_settings().redis_url, socket_timeout=1, socket_connect_timeout=1).ping()
    except RedisError:
        state["broker"] = "away"
    return state


@router.get("/metrics")
def metrics(request: Request, actor: MaybeActor, session: DatabaseSession) -> Response:
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
    recordings = Gauge("zhenglu_recordings", "Recordings by state", ["state"], registry=registry)
    for state, count in session.execute(text("SELECT state, count(*) FROM recordings GROUP BY state")):
        recordings.labels(state).set(count)
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")


@router.get("/api/v1/queues")
def queues(actor: CurrentActor, session: DatabaseSession) -> list[dict[str, Any]]:
    require(actor, "see_queue")
    return [
        {
            "queue": health.queue,
            "waiting": health.waiting,
            "delayed": health.delayed,
            "running": health.running,
            "failed": health.failed,
            "oldest_waiting_s": health.oldest_waiting_s,
            "backlog_hours": health.backlog_hours,
            "unserved": health.unserved,
            "workers": [{"worker": beat.worker, "seen_at": beat.seen_at} for beat in health.workers],
            "silent": [{"worker": beat.worker, "seen_at": beat.seen_at} for beat in health.silent],
        }
        for health in jobs.queue_health(session)
    ]


@router.post("/api/v1/jobs/{job_id}/retry", status_code=202)
def retry(job_id: UUID, actor: CurrentActor, session: DatabaseSession) -> dict[str, str]:
    require(actor, "retry_jobs")
    job, squad_id = queries.job_in_scope(session, actor, job_id)
    if job.state == JobState.failed:
        jobs.retry_job(session, job.id)
        record(session, actor, "retry_job", "job", job.id, squad_id=squad_id, kind=job.kind)
        return {"state": "queued"}
    return {"state": str(job.state)}
