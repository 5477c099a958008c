"""Wall and CPU time of a piece of work with all that it starts, measured in a fresh process."""

import ctypes
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
WITHIN_S = 1200.0


@dataclass(frozen=True)
class Spent:
    wall_s: float
    cpu_s: float
    result: Any


def spent(prepare: Callable[..., Callable[[], Any]], *arguments: Any) -> Spent:
    """`prepare(*arguments)` answers the work; only the work is measured. Both must be reachable by import."""
    with get_context("spawn").Pool(1) as process:
        return process.apply_async(_measure, (prepare, arguments)).get(WITHIN_S)


def _measure(prepare: Callable[..., Callable[[], Any]], arguments: tuple[Any, ...]) -> Spent:
    # bubblewrap ends without waiting for what it started. Orphans come to us, and with them the time they took.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1)
    work = prepare(*arguments)
    _reap()
    cpu, wall = _cpu_s(), time.perf_counter()
    result = work()
    wall = time.perf_counter() - wall
    _reap()
    return Spent(wall, _cpu_s() - cpu, result)


def _reap() -> None:
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
