"""The file that ffmpeg is given of an original: its bytes as they lie, or all its movies laid end to end."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from workers import scratch
from workers.lease import JobFailed, Lease, LeaseLost
from workers.media import movies
from workers.media.apart import Exceeded
from workers.media.probe import Probe
from workers.media.sandbox import AllowanceSpent, Sandbox
from workers.scratch import Part

log = logging.getLogger(__name__)


def room_for(size: int) -> int:
    """Bytes of scratch: a transport stream is a little larger, and one movie lies there twice."""
    return int(2.4 * size) + 16 * 2**20


@contextlib.contextmanager
def footage_of(held: Lease, box: Sandbox, path: Path, facts: Probe) -> Iterator[Path]:
    if not facts.joined:
        yield path
        return
    with scratch.here().room(room_for(facts.size), "shared") as private:
        joined = movies.join(path, movies.ranges(path, held.lost), facts, box, private, held.lost)
        if held.lost.is_set():
            raise LeaseLost
        if joined is None:
            raise JobFailed("output_missing")
        yield joined


def with_later_movies(
    box: Sandbox, path: Path, facts: Probe, hole_s: float, cancel: Event, of: Part = "shared"
) -> Probe:
    """What was probed, with the movies behind the first; only the first where they ask for too much. Also of a single
    one whose edit list hides it from ffmpeg."""
    if facts.movies < 2 and not facts.edited_away:
        return facts
    with scratch.here().room(room_for(facts.size), of) as private:
        try:
            return movies.measure(path, facts, box, private, cancel, hole_s)
        except (AllowanceSpent, Exceeded) as ended:
            if ended.limit == "wall_time":
                raise
            log.warning("later movies of a file left out: %s", ended.limit)
            return facts
