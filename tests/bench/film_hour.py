"""What an hour of 1080p H.264 costs in all jobs together, beside the sum of its parts in plain programs: the file read and
hashed, its packets listed, its key frames and its sound decoded, and as many short pieces as are tried out of each file."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.footage import clip, long_clip, never_seen
from tests.bench.installation import installed, workspace
from tests.bench.meter import Spent, spent
from tests.bench.report import Row, compared
from tests.bench.scale import Scale
from workers.media.trial import PIECE_S, PIECES

MOST = 1.4
ROUNDS = 3
FFMPEG = ("ffmpeg", "-nostdin", "-v", "error")
NOWHERE = ("-f", "null", "-")


def run(scale: Scale) -> list[Row]:
    seconds = scale.clip_s * 5
    source = long_clip(5 * clip(scale.clip_s).stat().st_size, scale.clip_s)
    ours: list[Spent] = []
    theirs: list[Spent] = []
    with workspace() as folder, installed() as running:
        for _ in range(min(ROUNDS, scale.rounds)):
            theirs.append(spent(parts, source, seconds))
            arrived = never_seen(source, folder / "arrived.mp4")
            ours.append(spent(all_jobs, running.environment, running.actor, arrived))
    hours = seconds / 3600
    return [
        compared(
            "CPU-seconds for an hour of 1080p H.264, all jobs",
            "s",
            [one.cpu_s / hours for one in ours],
            [one.cpu_s / hours for one in theirs],
            "\n".join(shlex.join(command) for command in commands("FILM", seconds)),
            at_most=MOST,
            film_s=seconds,
            by_kind=ours[-1].result,
            by_part={name: round(cpu_s / hours, 2) for name, cpu_s in theirs[-1].result.items()},
        )
    ]


def commands(film: str, seconds: float) -> list[list[str]]:
    pieces = [
        [
            *FFMPEG,
            "-ss",
            f"{seconds * (number + 0.5) / PIECES:.3f}",
            "-i",
            film,
            "-t",
            str(PIECE_S),
            "-an",
            *NOWHERE,
        ]
        for number in range(PIECES)
    ]
    return [
        ["sha256sum", film],
        ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time,size,flags", "-of", "csv=p=0", film],
        [*FFMPEG, "-skip_frame", "nokey", "-i", film, "-an", *NOWHERE],
        [*FFMPEG, "-i", film, "-vn", *NOWHERE],
        *pieces,
    ]


def parts(source: Path, seconds: float) -> Callable[[], dict[str, float]]:
    def work() -> dict[str, float]:
        names = ["read and hash", "packets", "key frames", "sound"]
        taken: dict[str, float] = {}
        for number, command in enumerate(commands(str(source), seconds)):
            before = _children_s()
            subprocess.run(command, check=True, timeout=600, stdout=subprocess.DEVNULL)
            name = names[number] if number < len(names) else "pieces tried out"
            taken[name] = taken.get(name, 0.0) + _children_s() - before
        return taken

    return work


def _children_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def all_jobs(environment: dict[str, str], actor: Any, source: Path) -> Callable[[], dict[str, float]]:
    """From bytes in the store to nothing left to do, by one worker process; seconds of the processor by kind of work, as
    the attempts say. PostgreSQL's own are not counted."""
    os.environ.update(environment)
    from schemas.base import new_id
    from service.footage.recordings.actions import Arrival, receive
    from service.kernel import database
    from service.kernel.storage import get_store
    from tests.fixtures.jobs import run_all_jobs

    stored = get_store().objects.put_file(f"originals/{new_id()}", source)
    arrival = Arrival(
        store_key=stored.key,
        store_version=stored.version,
        size=stored.size,
        squad_id=actor.squad_id,
        file_name=source.name,
        declared_sha256=None,
        claims={},
    )

    def work() -> dict[str, float]:
        from sqlalchemy import func, or_, select

        from schemas.jobs import Job, JobAttempt
        from schemas.recordings import Recording

        with database.transaction() as session:
            recording_id = receive(session, actor, arrival).id
        run_all_jobs()
        with database.transaction() as session:
            recording = session.get_one(Recording, recording_id)
            if recording.state != "ready":
                raise AssertionError(f"the recording is {recording.state} ({recording.reason})")
            told = session.execute(
                select(Job.kind, func.sum(JobAttempt.cpu_s))
                .join(JobAttempt, JobAttempt.job_id == Job.id)
                .where(or_(Job.subject_id == recording.id, Job.subject_id == recording.original_id))
                .group_by(Job.kind)
            )
            return {str(kind): round(float(cpu_s), 3) for kind, cpu_s in told}

    return work
