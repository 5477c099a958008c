"""Which start of the machine this is: what was written without a sync is believed only as long as it lasts."""

from functools import cache
from pathlib import Path


@cache
def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
