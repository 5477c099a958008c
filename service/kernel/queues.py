"""The queues of background work. A queue that is added here is served by `zhenglu up`, started by `zhenglu worker`,
shown on the queue page and looked for by `doctor`; a test says which manifests lack it."""

from dataclasses import dataclass

from service.kernel.i18n import lazy as _
from service.kernel.i18n import noop as _n
from service.kernel.words import Word


@dataclass(frozen=True)
class Queue:
    """`worker`: what `doctor` calls those who serve it. `at_once`: what the number of its `processes` counts, the
    usual one on a single machine."""

    name: str
    word: Word
    worker: object
    at_once: str
    processes: int


LIGHT = Queue(
    "light",
    Word(_("Light work: hash, probe, tags, links"), icon="list-checks"),
    worker=_("worker for light work"),
    at_once=_n("jobs of hashing, tags and links at once"),
    processes=2,
)
LOOKS = Queue(
    "looks",
    Word(_("Looking through: trial, pictures, waveform, quality"), icon="eye"),
    worker=_("worker for looking through"),
    at_once=_n("recordings looked through at once"),
    processes=1,
)
ENCODE = Queue(
    "encode",
    Word(_("Encoding"), icon="film"),
    worker=_("worker for encoding"),
    at_once=_n("videos encoded at once"),
    processes=1,
)
QUEUES = {queue.name: queue for queue in (LIGHT, LOOKS, ENCODE)}
