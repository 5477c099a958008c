"""The rendition pass, and all jobs of a recording, beside a plain ffmpeg that makes the same 720p file."""

import itertools
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.bench.footage import clip, never_seen
from tests.bench.installation import installed, workspace
from tests.bench.meter import Spent, spent
from tests.bench.report import Row, compared
from tests.bench.scale import Scale

# The settings of the rendition's encoder: `same_settings` fails when they are not those of the pass any more.
ENCODER = [
    *("-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-profile:v", "high"),
    *("-force_key_frames", "expr:gte(t,n_forced*2)", "-vsync", "vfr"),
    *("-c:a", "aac", "-b:a", "64k", "-ac", "1", "-ar", "48000"),
    *("-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+faststart", "-f", "mp4"),
]
PLAIN = ["-vf", "scale=1280:720,format=yuv420p,setsar=1", *ENCODER]


def run(scale: Scale) -> list[Row]:
    with workspace() as folder, installed() as running:
        source = clip(scale.clip_s)
        same_settings(source, folder)
        taken: dict[str, list[Spent]] = {"plain": [], "pass": [], "jobs": []}
        for number in range(scale.rounds):
            taken["plain"].append(spent(plain, source, folder / "plain.mp4"))
            private = folder / f"pass-{number}"
            private.mkdir()
            taken["pass"].append(spent(rendition_pass, source, private))
            arrived = never_seen(source, folder / "arrived.mp4")
            taken["jobs"].append(spent(all_jobs, running.environment, running.actor, arrived))
    return [
        *rows("the rendition pass", taken, "pass", 1.10, scale),
        *rows("all jobs", taken, "jobs", 1.25, scale),
    ]


def rows(what: str, taken: dict[str, list[Spent]], side: str, bound: float, scale: Scale) -> list[Row]:
    command = shlex.join(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", "SOURCE", *PLAIN, "TARGET"])
    made = []
    for name, of in (("wall", lambda one: one.wall_s), ("CPU", lambda one: one.cpu_s)):
        row = compared(
            f"{what} of {scale.clip_s} s 1080p30, {name} time",
            "s",
            [of(one) for one in taken[side]],
            [of(one) for one in taken["plain"]],
            command,
            at_most=bound,
            told=taken[side][-1].result,
        )
        made.append(row)
    return made


def same_settings(source: Path, folder: Path) -> None:
    """A reference with other settings would be no reference."""
    from workers.media import graphs

    _, facts, verdict = _looked_at(source, folder)
    argv = graphs.compose(graphs.plan(facts, verdict))
    argv = argv[: argv.index(graphs.PLAYABLE) + 1]
    pairs = set(itertools.pairwise(argv))
    for option in zip(ENCODER[::2], ENCODER[1::2], strict=True):
        if option not in pairs:
            raise AssertionError(f"the rendition pass does not say {' '.join(option)}: {shlex.join(argv)}")


def plain(source: Path, target: Path) -> Callable[[], None]:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source), *PLAIN, str(target)]

    def work() -> None:
        subprocess.run(command, check=True, timeout=900)

    return work


def rendition_pass(source: Path, private: Path) -> Callable[[], dict[str, Any]]:
    """What the encode worker does with a recording at hand: the sandboxed pass, its checks, its pictures."""
    from workers.media.renditions import render

    box, facts, verdict = _looked_at(source, private)

    def work() -> dict[str, Any]:
        made = render(source, facts, verdict, box, private)
        if made.faults:
            raise AssertionError(f"the pass failed: {made.faults}")
        return {"ffmpeg_wall_s": round(made.wall_s, 3), "ffmpeg_cpu_s": round(made.cpu_s, 3)}

    return work


def _looked_at(source: Path, private: Path) -> tuple[Any, Any, Any]:
    from workers.media import sniff
    from workers.media.probe import probe
    from workers.media.sandbox import Sandbox
    from workers.media.verdict import judge

    box = Sandbox.here()
    aside = private / "probe"
    aside.mkdir()
    facts = probe(source, box, aside)
    aside.rmdir()
    with source.open("rb") as file:
        return box, facts, judge(facts, sniff.refuse(file.read(sniff.HEAD_BYTES)))


def all_jobs(environment: dict[str, str], actor: Any, source: Path) -> Callable[[], dict[str, Any]]:
    """From bytes in the store to nothing left to do, by one worker process. PostgreSQL's own CPU is not counted."""
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

    def work() -> dict[str, Any]:
        with database.transaction() as session:
            recording_id = receive(session, actor, arrival).id
        return {"jobs": len(run_all_jobs()), **_ready(recording_id)}

    return work


def _ready(recording_id: UUID) -> dict[str, Any]:
    """Raises unless everything that was to be made is there. Seconds of each job beside it."""
    from sqlalchemy import func, select

    from schemas.jobs import Job, JobAttempt, JobState
    from schemas.recordings import Recording
    from service.kernel import database

    with database.transaction() as session:
        recording = session.get_one(Recording, recording_id)
        mine = Job.subject_id.in_([recording.id, recording.original_id])
        undone = session.scalars(select(Job.kind).where(mine, Job.state != JobState.done)).all()
        if recording.state != "ready" or undone:
            raise AssertionError(f"the recording is {recording.state} ({recording.reason}), undone: {undone}")
        took = func.extract("epoch", func.sum(JobAttempt.ended_at - JobAttempt.started_at))
        parts = session.execute(
            select(Job.kind, took)
            .join(JobAttempt, JobAttempt.job_id == Job.id)
            .where(mine)
            .group_by(Job.kind)
        )
        return {"seconds_by_kind": {str(kind): round(float(seconds), 3) for kind, seconds in parts}}
