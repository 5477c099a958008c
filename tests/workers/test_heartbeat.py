"""Who lives shows, and so does who stopped or was killed."""

import os
import socket
import subprocess

from sqlalchemy import select

from deploy.process import wait_until
from schemas.jobs import Heartbeat
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.jobs import queue_health
from service.kernel.queues import QUEUES
from tests.fixtures.jobs import Bureau
from workers.heartbeat import Beat, worker_name


def beats() -> dict[str, Heartbeat]:
    with transaction() as session:
        return {row.worker: row for row in session.scalars(select(Heartbeat))}


def test_a_worker_shows_while_it_lives_and_a_queue_without_one_is_unserved(bureau: Bureau) -> None:
    with transaction() as session:
        assert all(health.unserved for health in queue_health(session))
    beat = Beat("encode")
    beat.start()
    assert wait_until(lambda: worker_name() in beats(), 5)
    with transaction() as session:
        served = {health.queue: not health.unserved for health in queue_health(session)}
    assert served == {name: name == "encode" for name in QUEUES}
    beat.stop()
    assert beats()[worker_name()].stopped_at is not None
    with transaction() as session:
        assert all(health.unserved for health in queue_health(session))


def test_a_killed_worker_of_this_machine_is_noticed_by_the_next_one(bureau: Bureau) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    dead, elsewhere = f"{socket.gethostname()}:{process.pid}", "another-machine:1"
    with transaction() as session:
        for name in (dead, elsewhere):
            session.add(Heartbeat(worker=name, queue="light", seen_at=now()))
    beat = Beat("light")
    beat.start()
    assert wait_until(lambda: beats()[dead].stopped_at is not None, 5)
    beat.stop()
    assert beats()[elsewhere].stopped_at is None
    assert worker_name().endswith(f":{os.getpid()}")
