"""The workers' clock: its duties do not wait for each other, and say how they fare."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from deploy.process import wait_until
from schemas.sweeps import DutyState
from service.desk.operations.words import SWEEPS
from service.kernel.database import transaction
from tests.fixtures.jobs import Bureau
from workers import schedule
from workers.schedule import Duty


def states() -> dict[str, DutyState]:
    with transaction() as session:
        return {row.name: row for row in session.scalars(select(DutyState))}


@pytest.fixture
def running(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    monkeypatch.setattr(schedule, "_said", {})
    stop = threading.Event()

    def run(*duties: Duty) -> None:
        monkeypatch.setattr(schedule, "DUTIES", duties)
        thread = threading.Thread(target=schedule.run, args=(stop,), daemon=True)
        thread.start()

    yield run
    stop.set()
    time.sleep(0.1)


def test_every_duty_has_words_for_the_page_of_queues() -> None:
    assert {duty.name for duty in schedule.DUTIES} == set(SWEEPS)


def test_a_duty_that_hangs_and_one_that_breaks_keep_no_other_from_its_turn(
    running: Callable[..., None],
) -> None:
    released, turns = threading.Event(), list[float]()

    def broken() -> None:
        raise RuntimeError("this one\nis broken")

    running(
        Duty("hangs", 0.1, lambda: released.wait(60)),
        Duty("breaks", 0.1, broken),
        Duty("works", 0.1, lambda: turns.append(time.monotonic())),
    )
    assert wait_until(lambda: len(turns) >= 2 and {"breaks", "works"} <= set(states()), 20)
    released.set()
    found = states()
    assert found["breaks"].failing_since is not None and found["breaks"].done_at is None
    assert found["breaks"].problem == "RuntimeError: this one is broken"
    assert found["works"].failing_since is None and found["works"].done_at is not None


def test_a_duty_that_works_again_says_so(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "_said", {})
    broken = [True]

    def act() -> None:
        if broken:
            raise RuntimeError

    duty = Duty("d", 1.0, act)
    schedule.perform(duty)
    since = states()["d"].failing_since
    schedule.perform(duty)
    assert since is not None and states()["d"].failing_since == since
    broken.clear()
    schedule.perform(duty)
    assert states()["d"].failing_since is None and states()["d"].problem == ""
