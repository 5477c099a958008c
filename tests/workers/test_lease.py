"""The job contract: nothing asked for is lost, nothing is done twice in a way that shows."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from deploy.embedded.redis import Redis
from deploy.process import wait_until
from schemas.base import new_id
from schemas.jobs import AttemptOutcome, Job, JobAttempt, JobKind, JobState
from service.kernel.database import transaction
from service.kernel.jobs import publisher, raise_priority, request_job, retry_job
from tests.fixtures.jobs import Bureau, run_all_jobs
from workers import runner, schedule
from workers.lease import JobFailed, Lease, LeaseLost, TryLater, fail, finish, give_back, kept, take


@pytest.fixture(autouse=True)
def _installation(bureau: Bureau) -> None:
    """Real commits, a real broker."""


@pytest.fixture
def own_redis(bureau: Bureau, redis_server: Redis) -> Iterator[Redis]:
    yield redis_server
    if not redis_server.ready():
        redis_server.start()


def ask(subject: UUID | None = None, **options: Any) -> UUID:
    with transaction() as session:
        return request_job(session, JobKind.noop, subject or new_id(), **options)


def job(job_id: UUID) -> Job:
    with transaction() as session:
        return session.get_one(Job, job_id)


def story(job_id: UUID) -> list[tuple[int, str, str | None]]:
    with transaction() as session:
        rows = session.execute(
            select(JobAttempt.attempt, JobAttempt.outcome, JobAttempt.reason)
            .where(JobAttempt.job_id == job_id)
            .order_by(JobAttempt.attempt)
        )
        return [tuple(row) for row in rows]


def end_lease(job_id: UUID) -> None:
    with transaction() as session:
        session.execute(
            update(Job).where(Job.id == job_id).values(lease_until=func.now() - timedelta(seconds=1))
        )


def done(held: Lease) -> None:
    held.publish(lambda session: finish(session, held))


class Broken:
    """A stage of the test: raises what it is given."""

    def __init__(self, error: Exception) -> None:
        self.error, self.told = error, list[str]()

    def run(self, held: Lease) -> None:
        raise self.error

    def failed(self, session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
        self.told.append(reason)


@pytest.fixture
def noop_that(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], Broken]:
    def put(error: Exception) -> Broken:
        stage = Broken(error)
        monkeypatch.setitem(runner.STAGES, JobKind.noop, stage)
        return stage

    return put


def test_wishes_for_the_same_work_are_one_row() -> None:
    subject = new_id()
    first, second = ask(subject, priority=7), ask(subject, priority=3)
    assert first == second
    assert (job(first).requested, job(first).priority) == (2, 3)
    assert len(run_all_jobs()) == 1
    assert job(first).state == JobState.done


def test_a_wish_made_while_it_runs_makes_it_run_again() -> None:
    subject = new_id()
    job_id = ask(subject)
    held = take(job_id, "a")
    ask(subject)
    done(held)
    assert job(job_id).state == JobState.queued
    assert len(run_all_jobs()) == 1
    assert job(job_id).satisfied == job(job_id).requested == 2


def test_a_wish_for_later_made_while_it_runs_waits_for_its_time() -> None:
    subject = new_id()
    job_id = ask(subject)
    held = take(job_id, "a")
    ask(subject, delay=timedelta(minutes=5))
    done(held)
    assert job(job_id).state == JobState.queued
    assert run_all_jobs() == []


def test_a_wish_made_while_its_last_try_fails_is_not_lost() -> None:
    subject = new_id()
    job_id = ask(subject)
    held = take(job_id, "a")
    ask(subject)
    fail(held, "internal", {})
    assert (job(job_id).state, job(job_id).tries) == (JobState.queued, 0)
    assert story(job_id) == [(1, AttemptOutcome.failed, "internal")]


def test_of_many_who_take_it_at_once_one_wins() -> None:
    job_id = ask()
    start, won = threading.Barrier(8), []

    def one(name: str) -> None:
        start.wait()
        if (held := take(job_id, name)) is not None:
            won.append(held)

    threads = [threading.Thread(target=one, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert take(job_id, "late") is None


def test_a_job_whose_lease_ran_out_is_taken_over_and_the_story_says_so() -> None:
    job_id = ask()
    first = take(job_id, "a")
    assert take(job_id, "b") is None
    end_lease(job_id)
    second = take(job_id, "b")
    assert second.attempt == first.attempt + 1
    done(second)
    assert story(job_id) == [
        (1, AttemptOutcome.lost, "worker_lost"),
        (2, AttemptOutcome.done, None),
    ]


def test_a_stale_attempt_publishes_nothing() -> None:
    job_id = ask()
    stale = take(job_id, "a")
    end_lease(job_id)
    fresh = take(job_id, "b")
    other = new_id()
    with pytest.raises(LeaseLost):
        stale.publish(lambda session: request_job(session, JobKind.noop, other))
    assert stale.lost.is_set()
    with transaction() as session:
        assert session.scalars(select(Job).where(Job.subject_id == other)).first() is None
    with pytest.raises(LeaseLost):
        give_back(stale, "internal", {}, after_s=0)
    done(fresh)
    assert job(job_id).state == JobState.done


def test_an_attempt_without_results_satisfies_only_what_it_still_holds() -> None:
    subject = new_id()
    job_id = ask(subject)
    stale = take(job_id, "a")
    end_lease(job_id)
    fresh = take(job_id, "b")
    with pytest.raises(LeaseLost):
        stale.finish()
    assert stale.lost.is_set()
    assert job(job_id).state == JobState.running
    ask(subject)
    nudges = sum(schedule.nudges_in("light"))
    fresh.finish()
    assert job(job_id).state == JobState.queued
    assert sum(schedule.nudges_in("light")) == nudges + 1, "the wish made meanwhile is published"
    take(job_id, "c").finish()
    assert job(job_id).satisfied == job(job_id).requested == 2
    assert [outcome for _, outcome, _ in story(job_id)] == ["lost", "done", "done"]


def test_leases_of_several_jobs_are_renewed_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lease.PROGRESS_EVERY_S", 0.05)
    monkeypatch.setattr("workers.lease.RENEW_EVERY_S", 0.1)
    leases = [take(ask(), "a") for _ in range(3)]
    before = {held.job_id: job(held.job_id).lease_until for held in leases}

    def renewed(held: Lease) -> bool:
        return job(held.job_id).lease_until > before[held.job_id]

    with kept(leases[0]), kept(leases[1]):
        with kept(leases[2]):
            pass
        assert wait_until(lambda: [renewed(held) for held in leases] == [True, True, False], 60)
    assert sum(thread.name == "leases" for thread in threading.enumerate()) == 1


def test_the_lease_is_renewed_while_work_goes_on_and_its_loss_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.lease.PROGRESS_EVERY_S", 0.05)
    monkeypatch.setattr("workers.lease.RENEW_EVERY_S", 0.1)
    job_id = ask()
    held = take(job_id, "a")
    with transaction() as session:
        before = session.get_one(Job, job_id).lease_until
    with kept(held):
        held.progress(0.5, "encoding")
        assert wait_until(lambda: job(job_id).lease_until > before and bool(job(job_id).progress), 60)
        assert (job(job_id).progress, job(job_id).progress_note) == (0.5, "encoding")
        end_lease(job_id)
        with transaction() as session:  # as the taker-over leaves it
            session.execute(update(Job).where(Job.id == job_id).values(attempt=Job.attempt + 1))
        assert held.lost.wait(60)


def test_a_failure_is_tried_again_later_and_fails_for_good_when_tries_are_spent(
    noop_that: Callable[[Exception], Broken],
) -> None:
    stage = noop_that(JobFailed("encoder_failed", code=1, detail="x"))
    job_id = ask()
    for attempt in range(1, 6):
        runner.run_job(job_id, "a")
        row = job(job_id)
        assert row.tries == attempt
        if attempt < 5:
            assert row.state == JobState.queued and row.reason == "encoder_failed"
            with transaction() as session:
                session.execute(update(Job).where(Job.id == job_id).values(not_before=func.now()))
    assert job(job_id).state == JobState.failed
    assert stage.told == ["encoder_failed"]
    assert [outcome for _, outcome, _ in story(job_id)] == [*["retry"] * 4, "failed"]


def test_a_person_retries_a_failed_job(
    noop_that: Callable[[Exception], Broken], monkeypatch: pytest.MonkeyPatch
) -> None:
    noop_that(JobFailed("internal", final=True))
    job_id = ask()
    runner.run_job(job_id, "a")
    assert job(job_id).state == JobState.failed
    monkeypatch.undo()
    with transaction() as session:
        retry_job(session, job_id)
    assert (job(job_id).state, job(job_id).tries) == (JobState.queued, 0)


def test_what_only_has_to_wait_costs_no_try(noop_that: Callable[[Exception], Broken]) -> None:
    noop_that(TryLater("scratch_full", after_s=0))
    job_id = ask()
    for _ in range(7):
        runner.run_job(job_id, "a")
    assert (job(job_id).state, job(job_id).tries) == (JobState.queued, 0)
    assert story(job_id)[-1] == (7, AttemptOutcome.retry, "scratch_full")


@pytest.mark.parametrize(
    ("cause", "tries", "reason"),
    [
        (psycopg.errors.QueryCanceled("canceling statement due to statement timeout"), 1, "internal"),
        (psycopg.errors.AdminShutdown("the server stops"), 0, "database_away"),
    ],
)
def test_a_statement_that_took_too_long_costs_a_try_and_a_server_that_is_away_none(
    noop_that: Callable[[Exception], Broken], cause: psycopg.Error, tries: int, reason: str
) -> None:
    """Else a job whose statement never ends in time would be begun for ever."""
    noop_that(OperationalError("SELECT", {}, cause))
    job_id = ask()
    runner.run_job(job_id, "a")
    row = job(job_id)
    assert (row.state, row.tries, row.reason) == (JobState.queued, tries, reason)


def test_a_bug_in_a_stage_ends_in_the_row_with_its_trace(noop_that: Callable[[Exception], Broken]) -> None:
    noop_that(ZeroDivisionError("by nought"))
    job_id = ask()
    runner.run_job(job_id, "a")
    row = job(job_id)
    assert row.reason == "internal" and "by nought" in row.reason_params["trace"]


def test_a_job_that_ends_its_workers_fails_instead_of_going_round_for_ever() -> None:
    job_id = ask()
    for _ in range(5):
        assert take(job_id, "dies") is not None
        end_lease(job_id)
    runner.run_job(job_id, "survivor")
    assert (job(job_id).state, job(job_id).reason) == (JobState.failed, "worker_lost")


def test_asking_while_redis_is_down_is_quick_and_loses_nothing(own_redis: Redis) -> None:
    own_redis.stop()
    began = time.monotonic()
    job_id = ask()
    assert time.monotonic() - began < 5.5  # six are what the client library would wait by itself
    assert job(job_id).state == JobState.queued
    assert schedule.sweep() == 0
    own_redis.start()
    with transaction() as session:
        session.execute(update(Job).values(published_at=func.now() - timedelta(minutes=1)))
    assert schedule.sweep() == 1
    assert sum(schedule.nudges_in("light")) == 1


def test_a_kill_between_commit_and_publish_is_made_up_for_by_the_sweeper(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.kernel.jobs.publish", lambda *_: None)  # as if the process had ended here
    job_id = ask()
    monkeypatch.undo()
    assert sum(schedule.nudges_in("light")) == 0
    assert schedule.sweep() == 0, "a fresh wish is given its thirty seconds"
    with transaction() as session:
        session.execute(update(Job).values(published_at=func.now() - timedelta(seconds=31)))
    assert schedule.sweep() == 1
    assert sum(schedule.nudges_in("light")) == 1
    assert job(job_id).state == JobState.queued


def test_the_sweeper_publishes_lost_leases_before_all_others() -> None:
    lost = ask(priority=9)
    take(lost, "dies")
    end_lease(lost)
    publisher().control.purge()
    assert schedule.sweep() == 1
    assert schedule.sweep() == 1, "as long as nobody takes it"


def test_a_backlog_is_not_published_anew_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "ENOUGH_NUDGES", 20)
    for _ in range(30):
        ask()
    with transaction() as session:
        session.execute(update(Job).values(published_at=func.now() - timedelta(minutes=5)))
    assert sum(schedule.nudges_in("light")) == 30
    assert schedule.sweep() == 0


@pytest.mark.parametrize(("priority", "published"), [(0, 1), (4, 1), (5, 0), (9, 0)])
def test_what_is_urgent_is_published_anew_behind_any_backlog_of_what_is_not(
    monkeypatch: pytest.MonkeyPatch, priority: int, published: int
) -> None:
    """Its own message was lost with a broker that was killed."""
    monkeypatch.setattr(schedule, "ENOUGH_NUDGES", 20)
    for _ in range(20):
        ask(priority=5)
    with monkeypatch.context() as patch:
        patch.setattr("service.kernel.jobs.publish", lambda *_: None)
        urgent = ask(priority=priority)
    with transaction() as session:
        session.execute(
            update(Job).where(Job.id == urgent).values(published_at=func.now() - timedelta(minutes=5))
        )
    assert schedule.sweep() == published


def test_a_raised_priority_moves_a_waiting_job_forward() -> None:
    subject = new_id()
    job_id = ask(subject, priority=7)
    with transaction() as session:
        raise_priority(session, JobKind.noop, subject, 1)
    assert job(job_id).priority == 1
    with transaction() as session:
        raise_priority(session, JobKind.noop, subject, 5)
    assert job(job_id).priority == 1
