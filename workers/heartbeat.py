"""A row that says: this process lives, and serves this queue."""

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from schemas.jobs import Heartbeat
from service.kernel.clock import now
from service.kernel.database import transaction

log = logging.getLogger(__name__)

BEAT_EVERY_S = 5.0
TIDY_EVERY_S = 60.0


def worker_name(pid: int | None = None) -> str:
    """By the main process: what its children hold shows beside its signs of life."""
    return f"{socket.gethostname()}:{pid or os.getpid()}"


class Beat:
    """Tells every 5 s that this process lives, and calls `tidy` once a minute."""

    def __init__(self, queue: str, tidy: Callable[[], None] | None = None) -> None:
        self.worker, self.queue, self.tidy = worker_name(), queue, tidy
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
        buried = False
        while True:
            try:
                self._write(stopped=False)
                if not buried:
                    _bury_the_dead()
                    buried = True
                if self.tidy is not None and time.monotonic() - tidied > TIDY_EVERY_S:
                    tidied = time.monotonic()
                    self.tidy()
            except DBAPIError as error:
                log.warning("heartbeat not written: %s", error)
            except Exception:  # whatever it is, a process that lives must go on saying so
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


def _bury_the_dead() -> None:
    """Processes of this machine that were killed could not say that they stopped."""
    host = socket.gethostname()
    with transaction() as session:
        names = session.scalars(select(Heartbeat.worker).where(Heartbeat.stopped_at.is_(None))).all()
        gone = [name for name in names if name.rpartition(":")[0] == host and not _lives(name)]
        session.execute(update(Heartbeat).where(Heartbeat.worker.in_(gone)).values(stopped_at=now()))


def _lives(name: str) -> bool:
    try:
        os.kill(int(name.rpartition(":")[2]), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        pass
    return True
