"""A table read where it holds nobody up: in a child process, which may cost as much as a sound file of its size."""

from collections.abc import Mapping
from threading import BoundedSemaphore

from service.kernel.bounded import Bounds, OutOfBounds, prepared, run_bounded
from service.kernel.errors import Unavailable
from service.registry.importing.errors import ImportTooCostly
from service.registry.importing.rules import Sheet, read

AT_ONCE = 2
"""Tables read at the same time by one process; the others wait for their turn."""
WAIT_FOR_A_TURN_S = 60.0
BASE_CPU_S, CPU_S_A_MEGABYTE, MOST_CPU_S = 20, 10, 180
PATIENCE = 3  # times the CPU time, on a machine that has other work

prepared("service.registry.importing.rules")
_turns = BoundedSemaphore(AT_ONCE)


def bounds_of(size: int) -> Bounds:
    """A few kilobytes that unpack to a hundred megabytes are not what a workbook of a hundred thousand rows is."""
    cpu_s = min(BASE_CPU_S + CPU_S_A_MEGABYTE * size // 1_000_000, MOST_CPU_S)
    return Bounds(cpu_s=cpu_s, wall_s=PATIENCE * cpu_s)


def read_table(data: bytes, content_type: str, headers: Mapping[str, str]) -> Sheet:
    """`rules.read`, bounded. Hold no connection to the database meanwhile."""
    if not _turns.acquire(timeout=WAIT_FOR_A_TURN_S):
        raise Unavailable(headers={"Retry-After": "30"})
    try:
        return run_bounded(read, data, content_type, dict(headers), bounds=bounds_of(len(data)))
    except OutOfBounds as ended:
        raise ImportTooCostly from ended
    finally:
        _turns.release()
