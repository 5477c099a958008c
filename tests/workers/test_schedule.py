"""The workers' clock: its duties do not wait for each other, and say how they fare."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from deploy.process import wait_until
from schemas.sweeps import DutyState
from service.desk.operations.words import SWEEPS
from service.finding.search.documents import SearchDocument, write_documents
from service.finding.search.schema import month_of, partition_months
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.months import next_month
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


@pytest.mark.usefixtures("bureau")
def test_what_came_in_a_month_without_a_partition_moves_there_as_soon_as_nobody_writes() -> None:
    def write(number: int) -> SearchDocument:
        arrived = datetime(2019, 3, 31, 23, tzinfo=UTC) + timedelta(days=number)
        return SearchDocument(
            recording_id=UUID(int=number), received_at=arrived, squad_id=None, state="ready"
        )

    def months() -> list[datetime]:
        with transaction() as session:
            return partition_months(session)

    with transaction() as session:
        write_documents(session, [write(1), write(2)])
    this_month = {month_of(now()), next_month(month_of(now()))}
    with transaction() as session:
        write_documents(session, [write(3)])
        schedule.make_search_partitions()  # gives way, and says nothing of it
        assert datetime(2019, 4, 1, tzinfo=UTC) not in months()
    schedule.make_search_partitions()
    assert set(months()) >= this_month | {datetime(2019, 4, 1, tzinfo=UTC)}
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM search_documents_2019_04")) == 3
        assert session.scalar(text("SELECT count(*) FROM search_documents_default")) == 0
        assert session.scalar(text("SELECT count(*) FROM search_documents")) == 3
