"""The clock of the workers: a small loop that survives the loss of any other part.

Every 10 s it re-publishes what is due and held by nobody; the other duties clear up behind killed processes.
"""

import logging
import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from typing import Any

from kombu.exceptions import OperationalError as BrokerAway
from psycopg.errors import LockNotAvailable
from redis.exceptions import RedisError
from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, OperationalError

import service.reactions  # noqa: F401  what follows from each change
from schemas.jobs import Job, JobState
from schemas.sweeps import DutyState
from service.access.actions import forget_sign_ins
from service.finding.search.schema import ensure_partition, month_of, months_without
from service.footage.recordings import damage
from service.footage.uploads import reaper
from service.kernel import logs
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.jobs import publish, publisher
from service.kernel.months import next_month
from service.kernel.one_by_one import is_database_away, told
from service.kernel.queues import QUEUES
from service.kernel.settings import get_settings
from service.preservation.backups import queries as backups
from service.registry.importing.running import forget_old_imports
from service.supervision.coverage.counted_by import recount_if_changed
from workers import clock_watch
from workers.heartbeat import Beat
from workers.stages.duplicates import RELEASE, release_duplicates
from workers.stages.looks import NOT_LOOKED_AT, ask_for_not_looked_at
from workers.stages.publishing import SWEEP, sweep_orphans
from workers.stages.sums import WITHOUT_SUMS, ask_for_sums
from workers.stages.walk import UNMEASURED, ask_for_unmeasured
from workers.stages.watched import SWEEP_SEGMENTS, sweep_segments

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 10.0
PRIORITIES = range(
    10
)  # the most urgent first; each is a list in Redis, named as kombu does with our separator
SAY_EVERY_S = 60.0
WAITS_FOR_WRITERS = "500ms"  # below deadlock_timeout: nobody is ended for its sake
REPUBLISH_AFTER = timedelta(seconds=30)
BATCH = 500
ENOUGH_NUDGES = 200
TAKEOVER_PRIORITY = 0
SETPRIV = "/usr/bin/setpriv"
_backing_up: "subprocess.Popen[bytes] | None" = None


def sweep() -> int:
    """Re-publish what nobody holds: due and unpublished, published long ago, or with a lease that ran out.

    Answers how many. A nudge too many costs one lease that is not given. But a backlog of a day must not be published
    anew every half minute: what has nudges enough before it waits, except for lost leases, which go before all others.
    What is urgent never waits for the nudges of what is not.
    """
    try:
        free = {queue: free_below(nudges_in(queue)) for queue in QUEUES}
    except (BrokerAway, RedisError, OSError) as error:
        log.warning("broker away, nothing is re-published: %s", error)
        return 0
    lost = and_(Job.state == JobState.running, Job.lease_until < func.now())
    unheard = and_(
        Job.state == JobState.queued,
        Job.not_before <= func.now(),
        or_(Job.published_at.is_(None), Job.published_at < func.now() - REPUBLISH_AFTER),
        or_(*(and_(Job.queue == queue, Job.priority < priority) for queue, priority in free.items())),
    )
    with transaction() as session:
        due = session.execute(
            select(Job.id, Job.queue, Job.priority, Job.state)
            .where(or_(lost, unheard))
            .order_by(Job.state.desc(), Job.priority, Job.not_before)
            .limit(BATCH)
        ).all()
    sent = []
    for row in due:
        priority = TAKEOVER_PRIORITY if row.state == JobState.running else row.priority
        try:
            if not publish(row.id, row.queue, priority):
                break
        except Exception:  # one that cannot be sent hides no other
            log.exception("job %s cannot be published", row.id)
            continue
        sent.append(row.id)
    if sent:
        with transaction() as session:
            # Whoever holds a row just now is at work on it: that one needs no mark, and nobody waits here.
            unheld = select(Job.id).where(Job.id.in_(sent)).with_for_update(skip_locked=True)
            session.execute(
                update(Job)
                .where(Job.id.in_(unheld))
                .values(published_at=func.now())
                .execution_options(synchronize_session=False)
            )
    return len(sent)


def nudges_in(queue: str) -> list[int]:
    """How many messages wait in the broker, by priority."""
    with publisher().connection_for_read() as connection:
        client = connection.default_channel.client
        return [client.llen(f"{queue}:{priority}" if priority else queue) for priority in PRIORITIES]


def free_below(nudges: Sequence[int]) -> int:
    """Jobs of a smaller number than this have fewer than enough messages before them."""
    return sum(1 for before in accumulate(nudges) if before < ENOUGH_NUDGES)


def make_search_partitions() -> None:
    """This month's and the next one's, and those of what came in months without one. Whoever writes goes first: where
    they leave no moment free, it is made another time."""
    with transaction() as session:
        waiting = months_without(session)
    for month in {month_of(now()), next_month(month_of(now())), *waiting}:
        try:
            with transaction() as session:
                session.execute(
                    text("SELECT set_config('lock_timeout', :most, true)"), {"most": WAITS_FOR_WRITERS}
                )
                ensure_partition(session, month)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            log.info("the partition of %s is made another time: others write", f"{month:%Y-%m}")


def back_up() -> None:
    """Starts the backup that is due; it goes with this process."""
    global _backing_up
    if get_settings().backup_dir is None or (_backing_up is not None and _backing_up.poll() is None):
        return
    with transaction() as session:
        if not backups.is_due(session):
            return
    _backing_up = subprocess.Popen(
        [SETPRIV, "--pdeathsig", "TERM", "--", sys.executable, "-m", "workers.backup"],
        stdin=subprocess.DEVNULL,
    )


def recount_after_changes() -> None:
    with transaction() as session:
        recount_if_changed(session)


@dataclass(frozen=True)
class Duty:
    name: str
    every_s: float
    act: Callable[[], object]
    forgets: bool = False  # by the calendar: it rests for a day after a jump, and a person can look


DUTIES = (
    Duty("publish-jobs", SWEEP_EVERY_S, sweep),
    Duty(reaper.COMPLETE, 60.0, reaper.complete_left_over),
    Duty("expire-uploads", 60.0, reaper.expire),
    Duty("retire-pieces", 60.0, reaper.retire_pieces),
    Duty(reaper.CLEAR, 60.0, reaper.clear_ended),
    Duty("abort-orphans", 60.0, reaper.abort_orphans),
    Duty(RELEASE, 60.0, release_duplicates),
    Duty(SWEEP, 60.0, sweep_orphans),
    Duty(SWEEP_SEGMENTS, 60.0, sweep_segments),
    Duty(damage.LOOK, 20.0, damage.look_at_damage),
    Duty(WITHOUT_SUMS, 60.0, ask_for_sums),
    Duty(UNMEASURED, 60.0, ask_for_unmeasured),
    Duty(NOT_LOOKED_AT, 60.0, ask_for_not_looked_at),
    Duty("recount", 60.0, recount_after_changes),
    Duty("watch-clock", 1.0, clock_watch.look),
    Duty("forget-sign-ins", 3600.0, forget_sign_ins, forgets=True),
    Duty("forget-imports", 3600.0, forget_old_imports, forgets=True),
    Duty("search-partitions", 600.0, make_search_partitions),
    Duty("back-up", 60.0, back_up),
)


def run(stop: threading.Event) -> None:
    """Each duty in a thread of its own: one that waits for a slow store, or breaks, keeps no other from its turn."""
    due = {duty.name: 0.0 for duty in DUTIES}
    at_work: dict[str, threading.Thread] = {}
    while not stop.is_set():
        for duty in DUTIES:
            busy = at_work.get(duty.name)
            if time.monotonic() < due[duty.name] or (busy is not None and busy.is_alive()):
                continue
            due[duty.name] = time.monotonic() + duty.every_s
            at_work[duty.name] = threading.Thread(target=perform, args=(duty,), name=duty.name, daemon=True)
            at_work[duty.name].start()
        stop.wait(1.0)
    for thread in at_work.values():
        thread.join(timeout=2)


def perform(duty: Duty) -> None:
    """Once, and says how it went."""
    try:
        clock_watch.look()  # before anything is judged by the time
        if duty.forgets and clock_watch.jumped_lately():
            return
        duty.act()
    except Exception as error:  # whatever it is, it stands on the page of queues
        if is_database_away(error):
            log.warning("%s: the database is away: %s", duty.name, error)
            return
        log.exception("%s broke", duty.name)
        _say(duty, told(error))
    else:
        _say(duty, None)


_said: dict[str, tuple[float, str | None]] = {}


def _say(duty: Duty, problem: str | None) -> None:
    """As often as it changes, and else once a minute."""
    at, before = _said.get(duty.name, (-math.inf, ""))
    if problem == before and time.monotonic() - at < SAY_EVERY_S:
        return
    values: dict[str, Any] = {"problem": problem or ""}
    if problem is None:
        values |= {"done_at": func.now(), "failing_since": None}
    else:
        values |= {"failing_since": func.coalesce(DutyState.failing_since, func.now())}
    first = values | ({"failing_since": func.now()} if problem is not None else {})
    try:
        with transaction() as session:
            session.execute(
                insert(DutyState)
                .values(name=duty.name, **first)
                .on_conflict_do_update(index_elements=["name"], set_=values)
            )
        _said[duty.name] = time.monotonic(), problem
    except DBAPIError as error:
        log.warning("%s: not written how it went: %s", duty.name, error)


def main() -> None:
    logs.begin()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    beat = Beat("schedule")
    beat.start()
    run(stop)
    beat.stop()


if __name__ == "__main__":
    main()
