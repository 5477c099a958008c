"""The file that ffmpeg is given of an original: its bytes as they lie, or all its movies laid end to end."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from workers import scratch
from workers.lease import JobFailed, Lease, LeaseLost
from workers.media import movies
from workers.media.probe import Probe
from workers.stages.bytes_at_hand import sandbox


def room_for(size: int) -> int:
    """Bytes of scratch: a transport stream is a little larger, and one movie lies there twice."""
    return int(2.4 * size) + 16 * 2**20


@contextlib.contextmanager
def footage_of(held: Lease, path: Path, facts: Probe) -> Iterator[Path]:
    if not facts.joined:
        yield path
        return
    with scratch.here().room(room_for(facts.size)) as private:
        joined = movies.join(path, movies.ranges(path), facts, sandbox(), private, held.lost)
        if held.lost.is_set():
            raise LeaseLost
        if joined is None:
            raise JobFailed("output_missing")
        yield joined


def with_later_movies(held: Lease, path: Path, facts: Probe, hole_s: float) -> Probe:
    """What was probed, with the movies behind the first."""
    if facts.movies < 2:
        return facts
    with scratch.here().room(room_for(facts.size)) as private:
        return movies.measure(path, facts, sandbox(), private, held.lost, hole_s)
