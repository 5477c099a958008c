"""What an attempt takes of the processor: its process, the children that it waited for, and all that ran in sandboxes."""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from workers.media.sandbox import sandboxes_cpu_s


@dataclass(eq=False)
class Spending:
    """`alone`: no other job was at work in this process meanwhile, so that what the process took is this one's."""

    began_s: float
    alone: bool

    def cpu_s(self) -> float | None:
        """Seconds so far; None where nobody can say whose they are."""
        return round(_taken_s() - self.began_s, 3) if self.alone else None


_at_work: list[Spending] = []
_changing = threading.Lock()


@contextmanager
def counted() -> Iterator[Spending]:
    with _changing:
        spending = Spending(_taken_s(), alone=not _at_work)
        for other in _at_work:
            other.alone = False
        _at_work.append(spending)
    try:
        yield spending
    finally:
        with _changing:
            _at_work.remove(spending)


def _taken_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used) + sandboxes_cpu_s()
