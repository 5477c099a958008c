"""The Celery application: one task, which runs whatever job it is told the id of."""

import contextlib
import ctypes
import logging
import os
import signal
import socket
import threading
import time
from datetime import timedelta
from uuid import UUID

from celery import Celery
from celery.signals import worker_process_init, worker_ready, worker_shutdown
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from schemas.jobs import Heartbeat
from service.clock import now
from service.database import get_engine, transaction
from service.jobs import TASK, publisher
from service.recordings.keeping import get_store
from service.settings import get_settings
from workers import runner

log = logging.getLogger(__name__)

app = Celery("zhenglu", broker=get_settings().redis_url)
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=False,  # the sweeper re-publishes; Redis's own redelivery is never relied on
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_hijack_root_logger=False,
    broker_connection_retry=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "visibility_timeout": int(timedelta(days=2).total_seconds()),
        "queue_order_strategy": "priority",
        "priority_steps": list(range(10)),
        "sep": ":",
    },
)


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@app.task(name=TASK, ignore_result=True)
def run(job_id: str) -> None:
    runner.run_job(UUID(job_id), worker_name())


PR_SET_PDEATHSIG = 1


@worker_process_init.connect
def _begin_child(**_: object) -> None:
    """A child that runs jobs dies with its main process, and ffmpeg dies with the child."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent or parent == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    # What was opened before the fork would be shared by two processes.
    for kept in (get_engine, get_store, publisher):
        kept.cache_clear()


BEAT_EVERY_S = 5.0
TIDY_EVERY_S = 60.0


class Beat:
    """Tells every 5 s that this worker lives, and tidies this machine's scratch once a minute."""

    def __init__(self, queue: str) -> None:
        self.worker, self.queue = worker_name(), queue
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beating, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)
        with contextlib.suppress(DBAPIError):
            self._write(stopped=True)

    def _beating(self) -> None:
        tidied = time.monotonic()
        while True:
            try:
                self._write(stopped=False)
                if time.monotonic() - tidied > TIDY_EVERY_S:
                    tidied = time.monotonic()
                    runner.prepare()
            except DBAPIError as error:
                log.warning("heartbeat not written: %s", error)
            except Exception:  # whatever it is, a worker that lives must go on saying so
                log.exception("the heartbeat stumbled")
            if self._stop.wait(BEAT_EVERY_S):
                return

    def _write(self, *, stopped: bool) -> None:
        with transaction() as session:
            values = {"seen_at": now(), "stopped_at": now() if stopped else None, "queue": self.queue}
            session.execute(
                insert(Heartbeat)
                .values(worker=self.worker, started_at=now(), **values)
                .on_conflict_do_update(index_elements=["worker"], set_=values)
            )


_beat: Beat | None = None


@worker_ready.connect
def _begin(sender: object, **_: object) -> None:
    global _beat
    queues = ",".join(sorted(sender.app.amqp.queues.consume_from))  # type: ignore[attr-defined]
    _beat = Beat(queues)
    _beat.start()
    runner.prepare()


@worker_shutdown.connect
def _end(**_: object) -> None:
    if _beat is not None:
        _beat.stop()
