"""What those who run the service may do."""

from uuid import UUID

from sqlmodel import Session

from schemas.jobs import JobState
from service.access.actions import require
from service.desk.operations import acts, queries
from service.kernel import jobs
from service.kernel.actor import Actor
from service.kernel.custody import record


def retry_job(session: Session, actor: Actor, job_id: UUID) -> JobState:
    """Where its tries are spent; other work stays as it is."""
    require(actor, "retry_jobs")
    job, squad_id = queries.job_in_scope(session, actor, job_id)
    if job.state != JobState.failed:
        return JobState(job.state)
    jobs.retry_job(session, job.id)
    record(session, actor, acts.RETRY_JOB, "job", job.id, squad_id=squad_id, kind=job.kind)
    return JobState.queued
