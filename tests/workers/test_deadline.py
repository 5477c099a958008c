"""A stage that does not end: told at its deadline, ended with its process where it does not listen, and said why."""

import signal
import time
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session

from deploy.process import wait_until
from schemas.base import new_id
from schemas.jobs import Job, JobKind, JobState
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from tests.fixtures.jobs import Bureau
from tests.fixtures.processes import Processes
from workers import lease, runner
from workers.lease import BUSY_TRIES, Lease, LeaseLost
from workers.media.sandbox import AllowanceSpent

DEAF = """
import sys
from uuid import UUID
from schemas.jobs import JobKind
from workers import allowed, lease, runner

class Deaf:
    def run(self, held):
        held.within(0.5)
        print("at work", flush=True)
        while True:
            sum(range(1000))

    def failed(self, session, held, reason, params):
        print("failed", reason, flush=True)

lease.expendable, lease.GRACE_S, lease.PROGRESS_EVERY_S = True, 5.0, 0.2
runner.STAGES[JobKind.noop] = Deaf()
runner.run_job(UUID(sys.argv[1]), "deaf")
"""


def ask() -> Any:
    with transaction() as session:
        return request_job(session, JobKind.noop, new_id())


def job(job_id: Any) -> Job:
    with transaction() as session:
        return session.scalars(select(Job).where(Job.id == job_id)).one()


class Stage:
    def __init__(self, act: Any) -> None:
        self.act, self.told = act, list[str]()

    def run(self, held: Lease) -> None:
        self.act(held)

    def failed(self, session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
        self.told.append(reason)


def test_a_stage_past_its_deadline_is_told_and_its_attempt_ends_with_a_reason(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "PROGRESS_EVERY_S", 0.1)

    def listens(held: Lease) -> None:
        held.within(0.2)
        assert held.lost.wait(30)
        raise LeaseLost

    stage = Stage(listens)
    monkeypatch.setitem(runner.STAGES, JobKind.noop, stage)
    job_id = ask()
    for number in range(1, BUSY_TRIES + 1):
        with transaction() as session:
            session.get_one(Job, job_id).not_before = session.get_one(Job, job_id).created_at
        runner.run_job(job_id, "here")
        assert job(job_id).reason == "took_too_long" and job(job_id).attempt == number
    assert job(job_id).state == JobState.failed and stage.told == ["took_too_long"]


def test_what_is_spent_is_not_spent_again(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    def costs(_: Lease) -> None:
        raise AllowanceSpent("cpu_time")

    monkeypatch.setitem(runner.STAGES, JobKind.noop, Stage(costs))
    job_id = ask()
    runner.run_job(job_id, "here")
    assert (job(job_id).state, job(job_id).reason, job(job_id).attempt) == (
        JobState.failed,
        "limit_exceeded",
        1,
    )


def test_a_stage_that_does_not_listen_ends_with_its_process_and_is_not_begun_anew(
    bureau: Bureau, processes: Processes
) -> None:
    job_id = ask()
    began = time.monotonic()
    deaf = processes.python("-c", DEAF, str(job_id), name="deaf", env=bureau.env)
    processes.wait_for_output("at work", deaf)
    assert wait_until(lambda: not deaf.running, 60), deaf.output()
    assert deaf.process is not None and deaf.process.wait(10) == -signal.SIGKILL
    assert "failed took_too_long" in deaf.output()
    assert (job(job_id).state, job(job_id).reason) == (JobState.failed, "took_too_long")
    assert time.monotonic() - began < 120
