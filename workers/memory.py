"""How much memory one piece of work may take: what the machine has, shared among all that work on it at once."""

import os
from functools import cache
from pathlib import Path

from service.kernel.queues import QUEUES
from service.kernel.settings import get_settings

FOR_WORK = 0.5  # the rest is the database's, the pages' and the cache's
LEAST, MOST = 2**30, 4 * 2**30
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@cache
def share() -> int:
    """Bytes. Below LEAST nothing could be decoded; above MOST no recording needs more."""
    return share_of(
        machine(), get_settings().workers_at_once or sum(one.processes for one in QUEUES.values())
    )


def share_of(machine_bytes: int, workers: int) -> int:
    return max(LEAST, min(MOST, int(FOR_WORK * machine_bytes) // max(1, workers)))


def machine() -> int:
    """What this machine has, or the container."""
    has = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(has, int(CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # "max", or no container
        return has
