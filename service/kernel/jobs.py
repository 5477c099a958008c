"""Asking for background work. The row is the outbox; the broker only carries a nudge with its id."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID

from celery import Celery
from kombu.exceptions import OperationalError as BrokerAway
from redis.exceptions import RedisError
from sqlalchemy import (
    Select,
    TextClause,
    Uuid,
    bindparam,
    case,
    column,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session

from schemas.base import new_id
from schemas.jobs import Heartbeat, Job, JobAttempt, JobKind, JobState
from service.kernel.clock import now
from service.kernel.database import after_commit
from service.kernel.job_kinds import KINDS
from service.kernel.policy import WORKER_SILENT, policy
from service.kernel.queues import QUEUES
from service.kernel.settings import get_settings

log = logging.getLogger(__name__)

TASK = "zhenglu.run"
NUDGED_AT_ONCE = 200
_JOBS = Job.__table__


@cache
def publisher() -> Celery:
    """Publishes by name; it fails within about two seconds when Redis is away, and the sweeper makes up for it."""
    # Not the current application: in a worker that is the one which runs the tasks.
    app = Celery("zhenglu", broker=get_settings().redis_url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        task_ignore_result=True,
        broker_connection_retry=False,
        task_publish_retry=False,
        broker_transport_options={
            "socket_timeout": 1,
            "socket_connect_timeout": 1,
            "retry_on_timeout": False,
            "max_retries": 0,  # kombu's own default makes a publisher wait six seconds for a broker that is away
            "queue_order_strategy": "priority",
            "priority_steps": list(range(10)),
            "sep": ":",
        },
    )
    return app


def publish(job_id: UUID, queue: str, priority: int) -> bool:
    try:
        publisher().send_task(TASK, args=[str(job_id)], queue=queue, priority=priority, ignore_result=True)
    except (BrokerAway, RedisError, OSError) as error:
        log.warning("broker away, job %s waits for the sweeper: %s", job_id, error)
        return False
    return True


def request_job(
    session: Session,
    kind: JobKind,
    subject_id: UUID,
    *,
    priority: int = 5,
    cost_s: float | None = None,
    delay: timedelta | None = None,
) -> UUID:
    """Ask for `kind` on `subject_id`, in this transaction; published after commit.

    Requests for the same kind and subject coalesce while it waits. One made while the job runs makes it
    run again afterwards. A failed or finished job is taken up anew with fresh tries.
    """
    queue, asked = KINDS[kind].queue.name, now()
    wish = {
        "id": new_id(),
        "kind": kind.value,
        "subject_id": subject_id,
        "queue": queue,
        "priority": priority,
        "not_before": asked + (delay or timedelta()),
        "published_at": None if delay else asked,
        "cost_s": cost_s,
        "asked": asked,
    }
    session.flush()  # what the session holds goes first, as before a statement on its own objects
    job_id = session.execute(_one_wish(), wish).scalar_one()
    if delay is None:
        after_commit(session, lambda: publish(job_id, queue, priority))
    return job_id


@cache
def _one_wish() -> ReturningInsert[tuple[UUID]]:
    """Built once: to build it anew for each wish takes four times as long as the rest of `request_job`."""
    given = ("id", "kind", "subject_id", "queue", "priority", "not_before", "published_at", "cost_s")
    statement = insert(_JOBS).values(
        **{name: bindparam(name) for name in given},
        state=JobState.queued.value,
        requested=1,
        satisfied=0,
        attempt=0,
        tries=0,
        max_tries=5,
        seen_request=0,
        progress_note="",
        reason_params={},
        created_at=bindparam("asked"),
        requested_at=bindparam("asked"),
    )
    again = _asked_again(
        bindparam("queue"), bindparam("priority"), bindparam("not_before"), bindparam("asked")
    )
    again["cost_s"] = func.coalesce(statement.excluded.cost_s, _JOBS.c.cost_s)
    return statement.on_conflict_do_update(index_elements=["kind", "subject_id"], set_=again).returning(
        _JOBS.c.id
    )


def request_jobs(
    session: Session,
    kind: JobKind,
    subject_ids: TextClause | Select,
    *,
    priority: int = 5,
    nudged: int = NUDGED_AT_ONCE,
) -> int:
    """`request_job` for every id that the statement answers in its column `subject_id`, in one statement.

    Answers how many. The first `nudged` are published after commit, the sweeper brings the rest.
    """
    queue = KINDS[kind].queue.name
    chosen = (
        subject_ids.columns(column("subject_id", Uuid))
        if isinstance(subject_ids, TextClause)
        else subject_ids
    )
    wanted = chosen.subquery("wanted")
    due = now()
    fresh: dict[str, Any] = {
        "id": func.gen_random_uuid(),
        "kind": literal(kind.value),
        "subject_id": wanted.c.subject_id,
        "queue": literal(queue),
        "priority": literal(priority),
        "state": literal(JobState.queued.value),
        "requested": literal(1),
        "satisfied": literal(0),
        "attempt": literal(0),
        "tries": literal(0),
        "max_tries": literal(5),
        "seen_request": literal(0),
        "not_before": literal(due),
        "progress_note": literal(""),
        "reason_params": literal({}, JSONB),
        "created_at": literal(due),
        "requested_at": literal(due),
    }
    # in the order of the subjects, so that two such statements never wait for each other in a circle
    rows = select(*(value.label(name) for name, value in fresh.items())).order_by(wanted.c.subject_id)
    statement = (
        insert(_JOBS)
        .from_select(list(fresh), rows, include_defaults=False)
        .on_conflict_do_update(
            index_elements=["kind", "subject_id"], set_=_asked_again(queue, priority, due, due)
        )
        .returning(_JOBS.c.id)
    )
    asked = list(session.scalars(statement))
    for job_id in asked[:nudged]:
        after_commit(session, partial(publish, job_id, queue, priority))
    return len(asked)


def _asked_again(queue: Any, priority: Any, due: Any, asked: Any) -> dict[str, Any]:
    """What a further wish does to a job's row."""
    row = _JOBS.c
    running, waiting = row.state == JobState.running.value, row.state == JobState.queued.value
    return {
        "queue": queue,
        "requested": row.requested + 1,
        "requested_at": asked,
        "state": case((running, row.state), else_=JobState.queued.value),
        "tries": case((running, row.tries), else_=0),
        "priority": func.least(row.priority, priority),
        "not_before": case((waiting, func.least(row.not_before, due)), else_=due),
        "reason": case((running, row.reason), else_=None),
    }


def retry_job(session: Session, job_id: UUID) -> None:
    """A person asks again for a failed job."""
    job = session.get(Job, job_id)
    if job is not None:
        request_job(session, JobKind(job.kind), job.subject_id, priority=job.priority)


def raise_priority(session: Session, kind: JobKind, subject_id: UUID, priority: int) -> None:
    """Footage linked to a case goes first: moves a waiting job forward."""
    job_id = session.execute(
        update(Job)
        .where(
            Job.kind == kind,
            Job.subject_id == subject_id,
            Job.state == JobState.queued,
            Job.priority > priority,
        )
        .values(priority=priority)
        .returning(Job.id)
    ).scalar_one_or_none()
    if job_id is not None:
        after_commit(session, lambda: publish(job_id, KINDS[kind].queue.name, priority) and None)


def jobs_of(session: Session, subject_ids: list[UUID]) -> list[Job]:
    return list(session.scalars(select(Job).where(Job.subject_id.in_(subject_ids)).order_by(Job.created_at)))


def attempts_of(session: Session, job_ids: list[UUID]) -> list[JobAttempt]:
    return list(
        session.scalars(
            select(JobAttempt)
            .where(JobAttempt.job_id.in_(job_ids))
            .order_by(JobAttempt.job_id, JobAttempt.attempt)
        )
    )


@dataclass(frozen=True)
class QueueHealth:
    """`backlog_hours`: estimated seconds of waiting and running work over the workers alive, in hours."""

    queue: str
    waiting: int
    running: int
    failed: int
    delayed: int
    oldest_waiting_s: float | None
    backlog_hours: float
    workers: list[Heartbeat]
    silent: list[Heartbeat]

    @property
    def unserved(self) -> bool:
        return not self.workers


def queue_health(session: Session) -> list[QueueHealth]:
    silent_after = timedelta(seconds=policy(session, WORKER_SILENT))
    moment = now()
    rows = {
        row.queue: row
        for row in session.execute(
            text(
                """
                SELECT queue,
                       count(*) FILTER (WHERE state = 'queued' AND not_before <= now()) AS waiting,
                       count(*) FILTER (WHERE state = 'queued' AND not_before > now()) AS delayed,
                       count(*) FILTER (WHERE state = 'running') AS running,
                       count(*) FILTER (WHERE state = 'failed') AS failed,
                       extract(epoch FROM now() - min(requested_at)
                               FILTER (WHERE state = 'queued' AND not_before <= now())) AS oldest,
                       coalesce(sum(coalesce(cost_s, 1) * CASE WHEN state = 'running'
                                    THEN 1 - coalesce(progress, 0) ELSE 1 END)
                                FILTER (WHERE state IN ('queued', 'running')), 0) AS cost
                FROM jobs WHERE state IN ('queued', 'running', 'failed') GROUP BY queue
                """
            )
        )
    }
    beats = list(session.scalars(select(Heartbeat).where(Heartbeat.seen_at > moment - timedelta(days=1))))
    result = []
    for queue in QUEUES.values():
        mine = [beat for beat in beats if beat.queue == queue.name]
        alive = [b for b in mine if b.stopped_at is None and moment - b.seen_at <= silent_after]
        silent = [b for b in mine if b.stopped_at is None and moment - b.seen_at > silent_after]
        row = rows.get(queue.name)
        result.append(
            QueueHealth(
                queue=queue.name,
                waiting=row.waiting if row else 0,
                running=row.running if row else 0,
                failed=row.failed if row else 0,
                delayed=row.delayed if row else 0,
                oldest_waiting_s=float(row.oldest) if row and row.oldest is not None else None,
                backlog_hours=float(row.cost) / 3600 / max(1, len(alive)) if row else 0.0,
                workers=alive,
                silent=silent,
            )
        )
    return result


def job_facts(job: Job) -> dict[str, Any]:
    """A job as the API and the pages show it."""
    return {
        "id": str(job.id),
        "kind": job.kind,
        "state": job.state,
        "queue": job.queue,
        "progress": job.progress,
        "note": job.progress_note,
        "attempt": job.attempt,
        "tries": job.tries,
        "max_tries": job.max_tries,
        "reason": job.reason,
        "reason_params": job.reason_params,
        "requested_at": job.requested_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }
