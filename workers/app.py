"""The Celery application: one task, which runs whatever job it is told the id of."""

import ctypes
import logging
import os
import signal
from datetime import timedelta
from uuid import UUID

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init, worker_ready, worker_shutdown

from service.kernel import logs
from service.kernel.database import get_engine
from service.kernel.jobs import TASK, publisher
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from workers import lease, runner
from workers.heartbeat import Beat, worker_name

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


@app.task(name=TASK, ignore_result=True)
def run(job_id: str) -> None:
    runner.run_job(UUID(job_id), worker_name(_main_pid))


@setup_logging.connect
def _log(**_: object) -> None:
    """In place of Celery's own, which would write the words of an error as they are."""
    logs.begin()


PR_SET_PDEATHSIG = 1
_main_pid = os.getpid()


@worker_init.connect
def _remember_main(**_: object) -> None:
    global _main_pid
    _main_pid = os.getpid()


@worker_process_init.connect
def _begin_child(**_: object) -> None:
    """A child that runs jobs dies with its main process, and ffmpeg dies with the child."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != _main_pid:  # it died before the line above
        os.kill(os.getpid(), signal.SIGKILL)
    lease.expendable = True
    # What was opened before the fork would be shared by two processes: left to the parent, not closed.
    if get_engine.cache_info().currsize:
        get_engine().dispose(close=False)
    for kept in (get_engine, get_store, publisher):
        kept.cache_clear()


_beat: Beat | None = None


@worker_ready.connect
def _begin(sender: object, **_: object) -> None:
    global _beat
    queues = ",".join(sorted(sender.app.amqp.queues.consume_from))  # type: ignore[attr-defined]  # the sender is the consumer
    _beat = Beat(queues, tidy=runner.prepare)
    _beat.start()
    runner.prepare()


@worker_shutdown.connect
def _end(**_: object) -> None:
    if _beat is not None:
        _beat.stop()
