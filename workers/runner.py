"""Takes one job and runs it: its stage, its failures, what follows from them."""

import errno
import logging
import os
import random
import signal
import time
import traceback
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

import service.reactions  # noqa: F401  what follows from each change
from service.kernel.database import stopped
from service.kernel.storage.errors import BytesChanged, ObjectMissing, StorageError, StorageFull
from workers import lease, scratch
from workers.lease import (
    BUSY_TRIES,
    JobFailed,
    Lease,
    LeaseLost,
    TryLater,
    fail,
    give_back,
    kept,
    left_of_its_file_s,
    note_spent,
    take,
)
from workers.media.apart import Exceeded
from workers.media.sandbox import AllowanceSpent, SandboxUnavailable
from workers.spending import Spending, counted
from workers.stages import STAGES, Stage

log = logging.getLogger(__name__)

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def prepare() -> None:
    """Once a worker starts, and then every minute: what killed attempts left in scratch is swept."""
    scratch.sweep()


def backoff_s(tries: int) -> float:
    return min(5.0 * 2 ** (tries - 1), 300.0) * random.uniform(0.8, 1.0)


def run_job(job_id: UUID, worker: str) -> None:
    """Whatever happens, the row says it, or its lease runs out and another worker takes over."""
    try:
        with counted() as spending:
            held = take(job_id, worker)
            if held is None:
                return
            try:
                _run(held, STAGES[held.kind], spending)
            finally:
                note_spent(held, spending.cpu_s())
    except LeaseLost:
        log.warning("job %s: another worker took over", job_id)
    except DBAPIError as error:
        log.warning("job %s: outcome not written (%s), left to the sweeper", job_id, error)


def _run(held: Lease, stage: Stage, spending: Spending) -> None:
    if held.tries > held.max_tries:
        # Only lost attempts get here: a job that ends its workers must not do so for ever.
        fail(held, "worker_lost", {}, lambda session: stage.failed(session, held, "worker_lost", {}))
        return
    try:
        held.left_s = left_of_its_file_s(held)
        if held.left_s <= 0:
            _failed(held, stage, "limit_exceeded", {"limit": "all_cpu_time"}, final=True)
            return
        with kept(held, lambda: _give_up(held, stage, spending)):
            stage.run(held)
    except LeaseLost:
        if not held.overdue:
            raise
        _failed(held, stage, "took_too_long", _so_long(held), final=held.tries >= BUSY_TRIES)
    except (AllowanceSpent, Exceeded) as spent:
        final = spent.limit != "wall_time" or held.tries >= BUSY_TRIES
        _failed(held, stage, "limit_exceeded", {"limit": spent.limit}, final=final)
    except TryLater as later:
        give_back(held, later.reason, later.params, after_s=later.after_s, costs_try=False)
    except JobFailed as failure:
        _failed(held, stage, failure.reason, failure.params, final=failure.final)
    except SandboxUnavailable as closed:
        give_back(held, "sandbox_closed", {"detail": str(closed)}, after_s=60, costs_try=False)
    except (OperationalError, InterfaceError) as error:
        if stopped(error):  # it would take as long the next time
            _failed(held, stage, "internal", {"trace": str(error)[-1500:]}, final=False)
            return
        log.warning("job %s: %s", held.job_id, error)
        give_back(held, "database_away", {}, after_s=5, costs_try=False)
    except ObjectMissing as missing:
        _failed(held, stage, "bytes_missing", missing.params, final=False)
    except StorageFull as full:
        log.warning("job %s: %s", held.job_id, full)
        give_back(held, "store_full", {}, after_s=15, costs_try=False)
    except BytesChanged as changed:
        _failed(held, stage, "bytes_changed", {"mib": changed.block}, final=False)
    except StorageError as error:
        log.warning("job %s: %s", held.job_id, error)
        # Not all at once, when it is well again.
        give_back(held, "store_away", {"detail": str(error)}, after_s=random.uniform(5, 15), costs_try=False)
    except Exception as error:  # whatever a stage raises, its job must end in a state that a person can see
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            give_back(held, "scratch_full", {}, after_s=15, costs_try=False)
            return
        trace = traceback.format_exc()
        log.exception("job %s (%s) broke", held.job_id, held.kind)
        _failed(held, stage, "internal", {"trace": trace[-1500:]}, final=False)


def _so_long(held: Lease) -> dict[str, Any]:
    return {"seconds": round(time.monotonic() - held.began)}


def _give_up(held: Lease, stage: Stage, spending: Spending) -> None:
    """In the thread that keeps the leases: the stage goes on although it was told to end. Its process ends with it, and
    another takes its place."""
    log.error("job %s (%s) does not end", held.job_id, held.kind)
    params = _so_long(held)
    try:
        fail(
            held,
            "took_too_long",
            params,
            lambda session: stage.failed(session, held, "took_too_long", params),
        )
    except LeaseLost:  # it has just ended
        return
    except DBAPIError as error:
        log.warning("job %s: outcome not written (%s), left to the sweeper", held.job_id, error)
    if lease.expendable:
        note_spent(held, spending.cpu_s())
        os.kill(os.getpid(), signal.SIGKILL)


def _failed(held: Lease, stage: Stage, reason: str, params: dict[str, Any], *, final: bool) -> None:
    if final or held.tries >= held.max_tries:
        fail(held, reason, params, lambda session: stage.failed(session, held, reason, params))
    else:
        give_back(held, reason, params, after_s=backoff_s(held.tries))
