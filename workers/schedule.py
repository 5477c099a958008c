"""The clock of the workers: a small loop that survives the loss of any other part.

Every 10 s it re-publishes what is due and held by nobody; once a minute the reapers run.
"""

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import DBAPIError

from schemas.jobs import Job, JobState
from service.database import transaction
from service.jobs import publish

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 10.0
REPUBLISH_AFTER = timedelta(seconds=30)
BATCH = 500


def sweep() -> int:
    """Re-publish what nobody holds: due and unpublished, published long ago, or with a lease that ran out.

    Answers how many. A nudge too many costs one refused claim, so this errs on the side of publishing.
    """
    nobody = or_(
        and_(
            Job.state == JobState.queued,
            Job.not_before <= func.now(),
            or_(Job.published_at.is_(None), Job.published_at < func.now() - REPUBLISH_AFTER),
        ),
        and_(Job.state == JobState.running, Job.lease_until < func.now()),
    )
    with transaction() as session:
        due = session.execute(
            select(Job.id, Job.queue, Job.priority)
            .where(nobody)
            .order_by(Job.priority, Job.not_before)
            .limit(BATCH)
        ).all()
    sent = []
    for row in due:
        if not publish(row.id, row.queue, row.priority):
            break
        sent.append(row.id)
    if sent:
        with transaction() as session:
            session.execute(update(Job).where(Job.id.in_(sent)).values(published_at=func.now()))
    return len(sent)


@dataclass(frozen=True)
class Duty:
    name: str
    every_s: float
    act: Callable[[], object]


def duties() -> list[Duty]:
    from service.uploads.reaper import reap_uploads

    return [Duty("sweep", SWEEP_EVERY_S, sweep), Duty("reap uploads", 60.0, reap_uploads)]


def run(stop: threading.Event) -> None:
    waiting = {duty.name: 0.0 for duty in duties()}
    while not stop.is_set():
        for duty in duties():
            waiting[duty.name] -= 1.0
            if waiting[duty.name] > 0:
                continue
            waiting[duty.name] = duty.every_s
            try:
                duty.act()
            except DBAPIError as error:
                log.warning("%s: the database is away: %s", duty.name, error)
            except Exception:  # one broken duty must not stop the others
                log.exception("%s broke", duty.name)
        stop.wait(1.0)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(stop)


if __name__ == "__main__":
    main()
