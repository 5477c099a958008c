"""Runs one claimed job: its stage, its failures, what follows from them."""

import logging
import traceback
from uuid import UUID

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from service.storage.errors import StorageError
from workers.claim import JobFailed, LeaseLost, TryLater, claim, fail, give_back, kept
from workers.stages import STAGES

log = logging.getLogger(__name__)


def prepare() -> None:
    """Once a worker starts: scratch left behind by killed attempts is swept."""
    from workers.scratch import sweep

    sweep()


def backoff_s(tries: int) -> float:
    return min(5.0 * 2 ** (tries - 1), 300.0)


def run_job(job_id: UUID, worker: str) -> None:
    held = claim(job_id, worker)
    if held is None:
        return
    stage = STAGES[held.kind]
    try:
        with kept(held):
            stage.run(held)
    except LeaseLost:
        log.warning("job %s attempt %s: another worker took over", held.job_id, held.attempt)
    except TryLater as later:
        give_back(held, later.reason, later.params, after_s=later.after_s, costs_try=False)
    except JobFailed as failure:
        _failed(held, stage, failure.reason, failure.params, final=failure.final)
    except (OperationalError, InterfaceError, StorageError) as error:
        # a part of the service is away: the lease runs out or the job is given back, and it is tried again
        log.warning("job %s: %s", held.job_id, error)
        reason = "store_away" if isinstance(error, StorageError) else "database_away"
        try:
            give_back(held, reason, {}, after_s=10, costs_try=False)
        except (DBAPIError, LeaseLost):
            log.warning("job %s is left to the sweeper", held.job_id)
    except Exception:  # whatever a stage raises, its job must end in a state that a person can see
        log.error("job %s (%s) broke:\n%s", held.job_id, held.kind, traceback.format_exc())
        _failed(held, stage, "internal", {"trace": traceback.format_exc()[-1500:]}, final=False)


def _failed(held, stage, reason: str, params: dict, *, final: bool) -> None:
    if held.lost.is_set():
        return
    try:
        if final or held.tries >= held.max_tries:
            fail(held, reason, params, lambda session: stage.failed(session, held, reason, params))
        else:
            give_back(held, reason, params, after_s=backoff_s(held.tries))
    except (LeaseLost, DBAPIError) as error:
        log.warning("job %s: outcome not written (%s), left to the sweeper", held.job_id, error)
