"""The job contract between the row and whoever runs it.

A worker takes a job by compare-and-set, for a lease of 30 s that it renews every 8 s, and may publish results
only in a transaction in which its attempt still holds the row. A lease that ran out is taken over.

Order of locks, for every transaction that touches more than one of these: clocks, then job rows (one's own; walk, looks
and renditions; then the others in the order of JobKind), then originals, then recordings' links (service.finding.linking.writing), then recordings by id, then search documents,
then coverage. Whoever keeps to it never waits in a ring.
"""

import faulthandler
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import case, func, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from schemas.jobs import AttemptOutcome, Job, JobAttempt, JobKind, JobState
from service.kernel.database import after_commit, at_once, transaction
from service.kernel.jobs import publish
from workers.allowed import ALLOWED, of_a_file_s, within_s
from workers.media.renditions import LEAST_BYTES

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
RENEW_EVERY_S = 8.0
GRACE_S = 12.0  # from its deadline on a stage may end by itself; within a lease, so that nobody takes over meanwhile
BUSY_TRIES = 2  # at what took too long by the clock alone: the machine may have had other things to do
PROGRESS_EVERY_S = 2.0
# Counted for an attempt that cannot say what it took, for its worker is gone: a machine that is started anew may lose
# several of each file, and that is no fault of the file's.
UNKNOWN_S = 3.0
T = TypeVar("T")


class LeaseLost(Exception):
    """Another worker holds the job now: stop, publish nothing."""


class JobFailed(Exception):
    """A failure with a reason for a person. `final`: trying again would not help."""

    def __init__(self, reason: str, *, final: bool = False, **params: Any) -> None:
        super().__init__(reason)
        self.reason, self.final, self.params = reason, final, params


class TryLater(Exception):
    """Not a failure: something is not there yet (scratch full, store away). Costs no try."""

    def __init__(self, reason: str, *, after_s: float = 15.0, **params: Any) -> None:
        super().__init__(reason)
        self.reason, self.after_s, self.params = reason, after_s, params


expendable = False
"""Whether this process runs jobs and nothing else, and another one takes its place: then a job that does not end ends
with it."""


@dataclass
class Lease:
    """`lost` is set when the lease could not be kept: media processes watch it and die. So they do when the attempt is
    `overdue`: its deadline has passed."""

    job_id: UUID
    kind: JobKind
    subject_id: UUID
    attempt: int
    tries: int
    max_tries: int
    seen_request: int
    worker: str
    lost: threading.Event = field(default_factory=threading.Event)
    overdue: bool = False
    began: float = field(default_factory=time.monotonic)
    until: float = math.inf  # by the monotonic clock
    left_s: float = (
        math.inf
    )  # seconds of the processor that its file has left, of what all its stages and tries have
    _progress: tuple[float | None, str] = (None, "")

    def within(self, seconds: float) -> None:
        """From now on this attempt has so long."""
        self.until = time.monotonic() + seconds
        if expendable:
            # Also where the interpreter itself is held up; the lease runs out then.
            faulthandler.dump_traceback_later(seconds + 2 * GRACE_S, exit=True, file=2)

    def progress(self, share: float | None, note: str = "") -> None:
        """Kept here, written within about two seconds."""
        self._progress = (share, note)

    @contextmanager
    def publishing(self) -> Iterator[Session]:
        """A transaction that commits only if this attempt still holds the job; else LeaseLost."""
        with transaction() as session:
            held = session.execute(
                update(Job).where(*self._mine()).values(lease_until=func.now() + LEASE).returning(Job.id)
            ).scalar_one_or_none()
            if held is None:
                self.lost.set()
                raise LeaseLost
            yield session

    def publish(self, act: Callable[[Session], T]) -> T:
        """`act` in a publishing transaction, tried again over a deadlock or a short absence of the database, so
        that what took minutes to make is not thrown away. LeaseLost also when a commit went through unheard."""

        def once() -> T:
            with self.publishing() as session:
                return act(session)

        return self._patiently(once)

    def finish(self) -> None:
        """Publishes nothing but that the wish is satisfied: `finish()` in one statement, as patient as `publish`."""
        row = self._patiently(lambda: at_once(_FINISH, self._seen()))
        if not row:
            self.lost.set()
            raise LeaseLost
        if row[0].state == JobState.queued and row[0].due:
            publish(self.job_id, row[0].queue, row[0].priority)

    def _patiently(self, act: Callable[[], T]) -> T:
        deadline = time.monotonic() + LEASE.total_seconds()
        while True:
            try:
                return act()
            except OperationalError as error:
                if self.lost.is_set() or time.monotonic() > deadline:
                    raise
                log.warning("job %s: publishing again: %s", self.job_id, error)
                time.sleep(0.2 if is_deadlock(error) else 1.0)

    def _seen(self) -> dict[str, Any]:
        return {"job": self.job_id, "attempt": self.attempt, "seen": self.seen_request}

    def _mine(self) -> tuple:
        return Job.id == self.job_id, Job.attempt == self.attempt, Job.state == JobState.running

    def renew(self) -> bool:
        share, note = self._progress
        with transaction() as session:
            held = session.execute(
                update(Job)
                .where(*self._mine())
                .values(lease_until=func.now() + LEASE, progress=share, progress_note=note[:200])
                .returning(Job.id)
            ).scalar_one_or_none()
        return held is not None


def is_deadlock(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in ("40P01", "40001")


# Every job passes through these two; as one statement each they cost half of what the same in steps does.
_TAKE = text(
    """
    WITH taken AS (
        UPDATE jobs
        SET state = 'running', attempt = attempt + 1, tries = tries + 1, seen_request = requested,
            worker = :worker, lease_until = now() + :lease, started_at = now(), finished_at = NULL,
            progress = NULL, progress_note = ''
        WHERE id = :job AND satisfied < requested
          AND ((state = 'queued' AND not_before <= now() + interval '250 milliseconds')
               OR (state = 'running' AND lease_until < now()))
        RETURNING id, kind, subject_id, attempt, tries, max_tries, seen_request
    ), lost AS (
        UPDATE job_attempts SET outcome = 'lost', reason = 'worker_lost', ended_at = now()
        FROM taken WHERE job_id = taken.id AND job_attempts.attempt < taken.attempt AND outcome = 'running'
    ), noted AS (
        INSERT INTO job_attempts (job_id, attempt, worker, outcome, reason_params, started_at)
        SELECT id, attempt, :worker, 'running', '{}', now() FROM taken
    )
    SELECT kind, subject_id, attempt, tries, max_tries, seen_request FROM taken
    """
)
_FINISH = text(
    """
    WITH held AS (
        UPDATE jobs
        SET satisfied = :seen, state = CASE WHEN requested > :seen THEN 'queued' ELSE 'done' END,
            tries = 0, progress = 1, progress_note = '', worker = NULL, lease_until = NULL,
            reason = NULL, reason_params = '{}', published_at = NULL, finished_at = now(),
            -- a wish for later keeps its time: a stage may ask for its own repetition in a while
            not_before = CASE WHEN requested > :seen THEN not_before ELSE now() END
        WHERE id = :job AND attempt = :attempt AND state = 'running'
        RETURNING id, attempt, state, queue, priority, not_before <= now() AS due
    ), ended AS (
        UPDATE job_attempts SET outcome = 'done', reason = NULL, reason_params = '{}', ended_at = now()
        FROM held WHERE job_id = held.id AND job_attempts.attempt = held.attempt
    )
    SELECT state, queue, priority, due FROM held
    """
)

# Outside the lease, and not waited for: what it tells is lost with the power only.
_NOTE_SPENT = text(
    """
    WITH unhurried AS (SELECT set_config('synchronous_commit', 'off', true)), noted AS (
        UPDATE job_attempts SET cpu_s = :cpu_s FROM unhurried
        WHERE job_id = :job AND attempt = :attempt RETURNING attempt
    )
    SELECT attempt FROM noted
    """
)


# A wish anew is a new account, as it has fresh tries; so is tomorrow, and what a clock that was put back shows as of then.
_SPENT = text(
    """
    WITH file AS (
        SELECT coalesce((SELECT original_id FROM recordings WHERE id = :subject), CAST(:subject AS uuid)) AS id
    ), concerned AS (
        SELECT CAST(:subject AS uuid) AS id UNION SELECT id FROM file
        UNION (SELECT r.id FROM recordings r JOIN file ON r.original_id = file.id ORDER BY r.id LIMIT 1)
    ), spent AS (
        SELECT sum(coalesce(
            a.cpu_s, least(CAST(extract(epoch FROM coalesce(a.ended_at, now()) - a.started_at) AS float), :unknown)
        )) AS s
        FROM jobs j JOIN job_attempts a ON a.job_id = j.id
        WHERE j.subject_id IN (SELECT id FROM concerned) AND j.kind = ANY(CAST(:kinds AS text[]))
          AND a.started_at BETWEEN greatest(j.requested_at, now() - interval '1 day') AND now()
          AND a.outcome <> 'running'
    )
    SELECT coalesce(spent.s, 0) AS spent_s,
           coalesce(o.size, (SELECT max(size) FROM receipts WHERE recording_id = :subject), 0) AS size,
           coalesce(o.recorded_s, o.measured_duration_s, 0) AS film_s,
           coalesce((SELECT max(CAST(one ->> 'samples' AS bigint))
                     FROM jsonb_array_elements(o.media -> 'probe' -> 'streams') AS one
                     WHERE one ->> 'kind' = 'video'), 0) AS pictures
    FROM spent CROSS JOIN file LEFT JOIN originals o ON o.id = file.id
    """
)


def take(job_id: UUID, worker: str) -> Lease | None:
    """None when there is nothing to do: satisfied, not due, or held by a living worker."""
    taken = at_once(_TAKE, {"job": job_id, "worker": worker, "lease": LEASE})
    if not taken:
        return None
    row = taken[0]
    held = Lease(
        job_id=job_id,
        kind=JobKind(row.kind),
        subject_id=row.subject_id,
        attempt=row.attempt,
        tries=row.tries,
        max_tries=row.max_tries,
        seen_request=row.seen_request,
        worker=worker,
    )
    held.within(within_s(held.kind))
    return held


def left_of_its_file_s(held: Lease) -> float:
    """Seconds of the processor: what its file has, less what all stages and tries have taken before this attempt."""
    if held.kind not in ALLOWED:
        return math.inf
    asked = {"subject": held.subject_id, "kinds": [*ALLOWED], "unknown": UNKNOWN_S}
    (row,) = at_once(_SPENT, asked)
    pictures = min(row.pictures, row.size // LEAST_BYTES)
    return of_a_file_s(row.size, float(row.film_s), pictures) - float(row.spent_s)


@dataclass(eq=False)
class _Renewal:
    """`renewed_at` by the monotonic clock: a machine whose wall clock is set while it works must not lose or keep a
    lease by it. `told`: the progress that the row knows. `give_up`: what ends a stage that does not end by itself."""

    held: Lease
    renewed_at: float
    told: tuple[float | None, str]
    give_up: Callable[[], None] | None = None
    busy: threading.Lock = field(default_factory=threading.Lock)

    def look_after(self) -> None:
        """A database that is away for less than the lease is no loss; after that the lease counts as lost."""
        held, moment = self.held, time.monotonic()
        if moment > held.until and not held.lost.is_set():
            log.warning("job %s: its deadline has passed", held.job_id)
            held.overdue = True
            held.lost.set()
        if held.overdue and moment > held.until + GRACE_S and self.give_up is not None:
            give_up, self.give_up = self.give_up, None
            give_up()
        if held.lost.is_set():
            return
        if time.monotonic() - self.renewed_at < RENEW_EVERY_S and held._progress == self.told:
            return
        try:
            self.told = held._progress
            if held.renew():
                self.renewed_at = time.monotonic()
            else:
                held.lost.set()
        except DBAPIError as error:
            log.warning("lease of job %s not renewed: %s", held.job_id, error)
            if time.monotonic() - self.renewed_at > LEASE.total_seconds():
                held.lost.set()


class _Keeper:
    """The one thread of this process that renews leases. A thread for each job would cost a short one a third of
    its time."""

    def __init__(self) -> None:
        self._leases: list[_Renewal] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wakes_at = 0.0

    def keep(self, lease: _Renewal) -> None:
        with self._changed:
            self._leases.append(lease)
            if self._thread is None or not self._thread.is_alive():  # nor does it live on in a forked child
                self._thread = threading.Thread(target=self._keeping, name="leases", daemon=True)
                self._thread.start()
            elif self._wakes_at > time.monotonic() + PROGRESS_EVERY_S:
                self._changed.notify()

    def leave(self, lease: _Renewal) -> None:
        """Waits for a renewal that is under way."""
        with self._changed:
            self._leases.remove(lease)
        if lease.busy.acquire(timeout=5):
            lease.busy.release()

    def _keeping(self) -> None:
        while True:
            with self._changed:
                self._wakes_at = time.monotonic() + PROGRESS_EVERY_S
                self._changed.wait(PROGRESS_EVERY_S)
                leases = list(self._leases)
            for lease in leases:
                with lease.busy:
                    if lease in self._leases:
                        lease.look_after()


_keeper = _Keeper()


@contextmanager
def kept(held: Lease, give_up: Callable[[], None] | None = None) -> Iterator[Lease]:
    """Renews the lease while the block runs, tells it when its deadline has passed, and calls `give_up` where it goes on
    all the same."""
    lease = _Renewal(held, time.monotonic(), held._progress, give_up)
    _keeper.keep(lease)
    try:
        yield held
    finally:
        _keeper.leave(lease)
        if expendable:
            faulthandler.cancel_dump_traceback_later()


def finish(session: Session, held: Lease) -> None:
    """The wish this attempt had seen is satisfied. Call inside `held.publish()`."""
    row = session.execute(_FINISH, held._seen()).one()
    if row.state == JobState.queued and row.due:
        after_commit(session, lambda: publish(held.job_id, row.queue, row.priority))


def note_spent(held: Lease, cpu_s: float | None) -> None:
    """After its end, however it ended and whoever holds the job now."""
    if cpu_s is None:
        return
    try:
        at_once(_NOTE_SPENT, {"job": held.job_id, "attempt": held.attempt, "cpu_s": cpu_s})
    except DBAPIError as error:
        log.warning("job %s: not written what it cost: %s", held.job_id, error)


def _end_attempt(
    session: Session,
    held: Lease,
    outcome: AttemptOutcome,
    reason: str | None = None,
    params: dict[str, Any] | None = None,
) -> None:
    session.execute(
        update(JobAttempt)
        .where(JobAttempt.job_id == held.job_id, JobAttempt.attempt == held.attempt)
        .values(outcome=outcome, reason=reason, reason_params=params or {}, ended_at=func.now())
    )


def give_back(
    held: Lease, reason: str, params: dict[str, Any], *, after_s: float, costs_try: bool = True
) -> None:
    """Queued again for later."""
    with held.publishing() as session:
        session.execute(
            update(Job)
            .where(Job.id == held.job_id)
            .values(
                state=JobState.queued,
                lease_until=None,
                worker=None,
                tries=Job.tries if costs_try else Job.tries - 1,
                not_before=func.now() + timedelta(seconds=after_s),
                published_at=None,
                reason=reason,
                reason_params=params,
                progress=None,
            )
        )
        _end_attempt(session, held, AttemptOutcome.retry, reason, params)


def fail(
    held: Lease, reason: str, params: dict[str, Any], on_failed: Callable[[Session], None] | None = None
) -> None:
    """Tries are spent. `on_failed` writes what that means for the subject, in the same transaction.
    A wish made meanwhile is a new one: the job is queued again with fresh tries."""
    asked_again = Job.requested > held.seen_request
    with held.publishing() as session:
        row = session.execute(
            update(Job)
            .where(Job.id == held.job_id)
            .values(
                state=case((asked_again, JobState.queued.value), else_=JobState.failed.value),
                satisfied=held.seen_request,
                tries=case((asked_again, 0), else_=Job.tries),
                worker=None,
                lease_until=None,
                published_at=None,
                reason=reason,
                reason_params=params,
                not_before=func.now(),
                finished_at=func.now(),
            )
            .returning(Job.state)
        ).one()
        _end_attempt(session, held, AttemptOutcome.failed, reason, params)
        if row.state == JobState.failed and on_failed is not None:
            on_failed(session)
