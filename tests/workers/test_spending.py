"""What an attempt took of the processor is written, however it ended, with what was killed under its hands."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlmodel import Session

from schemas.base import new_id
from schemas.jobs import AttemptOutcome, Job, JobAttempt, JobKind
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage
from workers import runner
from workers.lease import JobFailed, Lease, LeaseLost, TryLater, finish, take
from workers.media.apart import Bounds, Exceeded, apart
from workers.media.sandbox import AllowanceSpent, Limits, Sandbox, sandboxes_cpu_s

DECODED_S = 0.1  # at the very least, of any of the runs below


def ffmpeg(seconds: int) -> list[str]:
    source = f"testsrc2=size=640x360:rate=25:duration={seconds}"
    return ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", source, "-f", "null", "-"]


def ask() -> UUID:
    with transaction() as session:
        return request_job(session, JobKind.noop, new_id())


def attempts(job_id: UUID) -> list[tuple[str, float | None]]:
    with transaction() as session:
        rows = session.execute(
            select(JobAttempt.outcome, JobAttempt.cpu_s)
            .where(JobAttempt.job_id == job_id)
            .order_by(JobAttempt.attempt)
        )
        return [tuple(row) for row in rows]


def taken_over(held: Lease) -> None:
    with transaction() as session:
        session.execute(update(Job).where(Job.id == held.job_id).values(lease_until=func.now()))
    assert take(held.job_id, "another") is not None
    held.finish()


def raises(error: Exception) -> Callable[[Lease], None]:
    def end(_: Lease) -> None:
        raise error

    return end


class Works:
    """A stage that runs a real ffmpeg, for so many seconds of the processor, and then ends in one of the ways."""

    def __init__(self, private: Path, end: Callable[[Lease], None]) -> None:
        self.private, self.end, self.told_s = private, end, 0.0

    def run(self, held: Lease) -> None:
        self.told_s += Sandbox.here().run(ffmpeg(30), private_dir=self.private).cpu_s
        self.end(held)

    def failed(self, session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
        pass


@pytest.mark.parametrize(
    ("end", "outcomes"),
    [
        (lambda held: held.finish(), ["done"]),
        (lambda held: held.publish(lambda session: finish(session, held)), ["done"]),
        (raises(JobFailed("internal")), ["retry"]),
        (raises(JobFailed("internal", final=True)), ["failed"]),
        (raises(AllowanceSpent("cpu_time")), ["failed"]),
        (raises(TryLater("scratch_full")), ["retry"]),
        (raises(ValueError("a bug")), ["retry"]),
        (raises(LeaseLost()), ["running"]),
        (taken_over, ["lost", "running"]),
    ],
)
def test_every_outcome_says_what_it_cost(
    bureau: Bureau,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Lease], None],
    outcomes: list[str],
) -> None:
    stage = Works(tmp_path, end)
    monkeypatch.setitem(runner.STAGES, JobKind.noop, stage)
    job_id = ask()
    runner.run_job(job_id, "here")
    story = attempts(job_id)
    assert [outcome for outcome, _ in story] == outcomes
    first = story[0][1]
    assert first is not None and DECODED_S < stage.told_s <= first < stage.told_s + 5
    assert all(cpu_s is None for _, cpu_s in story[1:]), "what another process does is not this one's"


@pytest.mark.parametrize("ending", ["cancelled", "wall_time", "callback"])
def test_what_was_killed_has_cost_what_it_took(tmp_path: Path, ending: str) -> None:
    """By what the same pictures cost where nobody ends it: the kernel itself tells nobody what the killed took."""
    box, cancel, pictures_s = Sandbox.here(), Event(), 30
    whole = box.run(ffmpeg(pictures_s), private_dir=tmp_path)
    came_to: list[float] = [0.0]

    def watch(at_s: float) -> None:
        came_to.append(at_s)
        if at_s > pictures_s and ending == "callback":
            raise ValueError
        if at_s > pictures_s and ending == "cancelled":
            cancel.set()

    before, began = sandboxes_cpu_s(), time.monotonic()
    limits = Limits(wall_s=1.0 if ending == "wall_time" else 60)
    with contextlib.suppress(ValueError):
        killed = box.run(ffmpeg(3600), private_dir=tmp_path, limits=limits, cancel=cancel, on_progress=watch)
        assert killed.ended == ending
        assert killed.cpu_s == pytest.approx(sandboxes_cpu_s() - before)
    told = sandboxes_cpu_s() - before
    assert told > 0.6 * whole.cpu_s * came_to[-1] / pictures_s
    assert DECODED_S < told < (time.monotonic() - began) * (os.cpu_count() or 1) + 0.1


def test_a_reading_that_was_ended_has_cost_what_it_took(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def endless() -> None:
        while True:
            sum(range(1000))

    class Reads(Works):
        def run(self, held: Lease) -> None:
            try:
                apart(endless, Bounds(cpu_s=1))
            except Exceeded as exceeded:
                raise JobFailed("limit_exceeded", final=True) from exceeded

    monkeypatch.setitem(runner.STAGES, JobKind.noop, Reads(tmp_path, lambda _: None))
    job_id = ask()
    runner.run_job(job_id, "here")
    [(outcome, cpu_s)] = attempts(job_id)
    assert outcome == AttemptOutcome.failed and cpu_s is not None and 0.5 < cpu_s < 5


def test_jobs_that_share_a_process_say_nothing_of_what_each_of_them_cost(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    both = threading.Barrier(2)

    class Meets(Works):
        def run(self, held: Lease) -> None:
            both.wait(30)
            held.finish()
            both.wait(30)

    monkeypatch.setitem(runner.STAGES, JobKind.noop, Meets(tmp_path, lambda _: None))
    ids = [ask(), ask()]
    threads = [threading.Thread(target=runner.run_job, args=(one, "here")) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [attempts(one) for one in ids] == [[("done", None)], [("done", None)]]
    alone = ask()
    monkeypatch.setitem(runner.STAGES, JobKind.noop, Works(tmp_path, lambda held: held.finish()))
    runner.run_job(alone, "here")
    assert attempts(alone)[0][1] is not None


def test_all_jobs_of_a_recording_say_what_they_cost(bureau: Bureau, tmp_path: Path) -> None:
    clip = footage(tmp_path / "clip.mp4", seconds=1.0, size="320x240", rate=10)
    bureau.receive(clip)
    run_all_jobs()
    with bureau.session() as session:
        cost = {
            kind: cpu_s
            for kind, cpu_s in session.execute(
                select(Job.kind, JobAttempt.cpu_s).join(JobAttempt, JobAttempt.job_id == Job.id)
            )
        }
    assert {JobKind.intake, JobKind.walk, JobKind.tags, JobKind.link} <= set(cost)
    assert all(cpu_s is not None and cpu_s > 0 for cpu_s in cost.values()), cost
