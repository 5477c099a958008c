"""Whatever the real actions do in whatever order, the rows kept are those of a full recount."""

import threading
from random import Random
from typing import Any

import pytest
from sqlmodel import select

from schemas.coverage import EventCoverage
from schemas.jobs import JobKind
from service.kernel.database import transaction
from service.supervision.coverage.counting import recount_all
from tests.fixtures.jobs import bureau as installation  # noqa: F401  the tests here stand on it
from tests.fixtures.jobs import run_all_jobs
from tests.service.supervision.coverage.walk import STEPS, Walk, differences

LINK_AND_COUNT = (JobKind.link, JobKind.recount)


def rows() -> list[tuple]:
    with transaction() as session:
        kept = session.scalars(
            select(EventCoverage).order_by(EventCoverage.event_id, EventCoverage.basis)
        ).all()
        return [tuple(getattr(row, name) for name in EventCoverage.model_fields) for row in kept]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_changes_leave_what_a_full_recount_would_write(installation: Any, seed: int) -> None:  # noqa: F811
    walk = Walk(Random(seed))
    walk.prepare()
    for n in range(150):
        done = walk.step()
        if walk.chance.random() < 0.3:
            run_all_jobs((JobKind.link,))
        if n % 5 == 0:
            run_all_jobs((JobKind.recount,))
            assert differences() == {}, (n, done)
    run_all_jobs(LINK_AND_COUNT)
    assert differences() == {}
    before = rows()
    with transaction() as session:
        recount_all(session)
    assert rows() == before
    assert len(walk.taken) > len(STEPS) * 0.8, walk.taken


@pytest.mark.timeout(600)
def test_four_at_once_leave_the_same_and_never_wait_for_each_other(installation: Any) -> None:  # noqa: F811
    first = Walk(Random(0))
    first.prepare()
    for _ in range(40):
        first.step()
    failures: list[BaseException] = []

    def go(seed: int) -> None:
        walk = Walk(Random(seed), dict(first.known), made=seed * 10_000)
        try:
            for _ in range(40):
                walk.step()
        except BaseException as error:  # a thread's failure must reach the test
            failures.append(error)

    def work(stop: threading.Event) -> None:
        try:
            while not stop.wait(0.05):
                run_all_jobs(LINK_AND_COUNT)
        except BaseException as error:  # the same
            failures.append(error)

    stop = threading.Event()
    threads = [threading.Thread(target=go, args=(seed,)) for seed in range(1, 4)]
    worker = threading.Thread(target=work, args=(stop,))
    for thread in [worker, *threads]:
        thread.start()
    for thread in threads:
        thread.join(300)
    stop.set()
    worker.join(120)
    assert not failures, failures
    run_all_jobs(LINK_AND_COUNT)
    assert differences() == {}
