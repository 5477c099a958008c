"""A job that does nothing, from asking for it until its row says done, beside a bare Celery task that does nothing."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from itertools import chain
from statistics import median

import psycopg

from deploy.process import Child
from schemas.base import new_id
from schemas.jobs import JobKind
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from tests.bench.installation import Running, installed
from tests.bench.report import Row, compared, milliseconds, quantile
from tests.bench.scale import Scale

POLL_S = 0.0005
WITHIN_S = 30.0
WARM_UP = 10


def run(scale: Scale) -> list[Row]:
    with installed("light") as running, bare_worker(running) as (bare, command):
        database = running.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(database, autocommit=True) as connection:
            sides: dict[str, Callable[[], None]] = {"job": lambda: job(connection), "bare": bare}
            for side in sides.values():
                timed(side, WARM_UP)
            taken: dict[str, list[list[float]]] = {name: [] for name in sides}
            for _ in range(scale.rounds):
                for name, side in sides.items():
                    taken[name].append(timed(side, scale.no_ops))
    return [
        compared(
            "no-op job, enqueue → done, p50",
            "ms",
            [median(one) for one in taken["job"]],
            [median(one) for one in taken["bare"]],
            f"{command}\nno_op.delay().get()  # of tests/bench/bare_celery.py, JSON, result by Redis",
            at_most=3.0,
            p95=round(quantile(chain(*taken["job"])), 3),
            reference_p95=round(quantile(chain(*taken["bare"])), 3),
            jobs=scale.no_ops * scale.rounds,
        )
    ]


def timed(act: Callable[[], None], count: int) -> list[float]:
    """Milliseconds of each, one after the other."""
    return [milliseconds(act) for _ in range(count)]


def job(connection: psycopg.Connection) -> None:
    """Asked for in a transaction as the service does; done when another connection can see it."""
    with transaction() as session:
        job_id = request_job(session, JobKind.noop, new_id())
    until = time.monotonic() + WITHIN_S
    while True:
        (state,) = connection.execute("SELECT state FROM jobs WHERE id = %s", [job_id]).fetchone()
        if state == "done":
            return
        if time.monotonic() > until:
            raise AssertionError(f"the job is still {state} after {WITHIN_S} s")
        time.sleep(POLL_S)


@contextlib.contextmanager
def bare_worker(running: Running) -> Iterator[tuple[Callable[[], None], str]]:
    """The light worker's own command line with another application and queue, on the same Redis."""
    light = running.children["light"].argv
    other = {"workers.app": "tests.bench.bare_celery", "light": "bare", "light@%h": "bare@%h"}
    argv = [other.get(word, word) for word in light]
    broker = f"{running.redis_url.rpartition('/')[0]}/1"
    child = Child(
        "bare",
        argv,
        running.folder / "bare.log",
        env={**running.children["light"].env, "BARE_BROKER": broker},
    )
    try:
        child.start()
        os.environ["BARE_BROKER"] = broker
        from tests.bench.bare_celery import no_op

        def bare() -> None:
            no_op.delay().get(timeout=WITHIN_S)

        bare()
        yield bare, f"python {' '.join(argv[1:])}"
    finally:
        os.environ.pop("BARE_BROKER", None)
        child.stop()
